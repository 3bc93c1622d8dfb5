"""The state folder: nobody else reads it, git leaves it out, and what went wrong with it is mended or told."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from dbtasks.errors import SettingsError
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import MakeSettings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def state(make_settings: MakeSettings, tmp_path: Path) -> State:
    return State(make_settings(tmp_path))


@pytest.mark.usefixtures("umask")
def test_all_in_it_is_private_whatever_the_umask_is(state: State) -> None:
    state.keep_password("one", "secret")
    with state.lock("two"):
        pass
    assert mode(state.folder) == 0o700
    assert {
        path.name: oct(mode(path)) for path in state.folder.iterdir() if "lock" not in path.name
    } == {
        ".gitignore": "0o600",
        "one.password": "0o600",
    }
    assert mode(state.folder / "two.lock") & 0o077 == 0
    assert state.kept_password("one") == "secret"


def test_generated_passwords_are_long_and_different(state: State) -> None:
    made = {state.password(f"p{number}") for number in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {32}
    assert state.password("p7") in made


def test_permissions_that_others_got_are_taken_away(state: State) -> None:
    state.keep_password("one", "secret")
    state.folder.chmod(0o755)
    for path in state.folder.iterdir():
        path.chmod(0o666)
    state.path("")
    assert mode(state.folder) == 0o700
    assert {oct(mode(path)) for path in state.folder.iterdir()} == {"0o600"}


def test_a_password_that_others_could_read_is_closed_when_it_is_read(state: State) -> None:
    state.keep_password("one", "secret")
    path = state.folder / "one.password"
    path.chmod(0o644)
    assert state.kept_password("one") == "secret"
    assert mode(path) == 0o600


def test_a_chosen_folder_may_let_others_through(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    state = State(make_settings(tmp_path, state_dir="chosen"))
    state.path("")
    state.folder.chmod(0o755)
    state.path("")
    assert mode(state.folder) == 0o711


def test_a_folder_with_other_things_in_it_keeps_its_permissions(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o755)
    (folder / "letter").touch(mode=0o644)
    (folder / ".gitignore").write_text("*.log\n")
    state = State(make_settings(tmp_path, state_dir="mine"))
    with pytest.raises(SettingsError) as raised:
        state.keep_password("one", "secret")
    assert (raised.value.message, raised.value.remedy, raised.value.code) == (
        f"the state folder {folder} holds passwords, and its .gitignore lets git take them along",
        "let the only line of that .gitignore be *, or let DBTASKS_STATE_DIR name another folder",
        "state-folder",
    )
    assert oct(mode(folder)) == "0o755"
    assert oct(mode(folder / "letter")) == "0o644"


def test_a_folder_that_everybody_writes_in_is_refused(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / ".gitignore").write_text("*\n*.log\n!kept\n")
    folder.chmod(0o1777)
    state = State(make_settings(tmp_path, state_dir="public"))
    with pytest.raises(SettingsError):
        state.password("one")
    (folder / ".gitignore").unlink()
    (folder / ".gitignore").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text("*\n")
    state.password("one")  # all in it is ignored, so it is ours, and mended
    assert oct(mode(folder)) == "0o1711"


@pytest.mark.parametrize("place", [".", "..", "{root}"])
def test_the_projects_own_folder_is_refused(
    place: str, make_settings: MakeSettings, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    state = State(make_settings(root, state_dir=place.format(root=root)))
    with pytest.raises(SettingsError) as raised:
        state.password("one")
    assert raised.value.message == (
        f"the state folder {state.folder} is the project's folder, or one around it"
    )
    assert list(root.iterdir()) == []


def test_git_leaves_it_out(state: State, tmp_path: Path) -> None:
    state.password("one")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    listed = ["git", "-C", str(tmp_path), "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(listed, check=True, capture_output=True).stdout == b""
