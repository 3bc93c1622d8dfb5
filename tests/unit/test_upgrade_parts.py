"""The line of pyproject.toml that an upgrade changes, and the client programs that it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtasks.errors import ServerError
from dbtasks.server_upgrade import client
from dbtasks.server_upgrade.move import Command
from dbtasks.server_upgrade.setting_line import SettingLine, change
from dbtasks.settings import load_settings

OURS = "pyproject.toml [tool.dbtasks]"


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("[tool.dbtasks]\npostgres = 17\n", "[tool.dbtasks]\npostgres = 18\n", 2),
        ("[tool.dbtasks]\r\npostgres='17' # x\r\n", "[tool.dbtasks]\r\npostgres='18' # x\r\n", 2),
        (
            "[tool.other]\npostgres = 17\n[ tool . dbtasks ]\n  postgres = 17",
            "[tool.other]\npostgres = 17\n[ tool . dbtasks ]\n  postgres = 18",
            4,
        ),
    ],
)
def test_the_one_line_is_changed(tmp_path: Path, before: str, after: str, line: int) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(before.encode())
    path.chmod(0o640)

    told = change(load_settings(root=tmp_path, environ={}), 18)

    assert told == SettingLine(
        source=OURS, text="postgres = 18", path="pyproject.toml", line=line, changed=True
    )
    assert path.read_bytes().decode() == after
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize(
    "text",
    [
        "tool.dbtasks.postgres = 17\n",
        "tool = {dbtasks = {postgres = 17}}\n",
        '[tool.dbtasks]\nsetup_sql = """\n[tool.dbtasks]\npostgres = 17\n"""\npostgres = 17\n',
        '[tool.dbtasks]\n"postgres" = 17\n',
    ],
)
def test_what_is_written_otherwise_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")

    told = change(load_settings(root=tmp_path, environ={}), 18)

    assert told == SettingLine(source=OURS, text="postgres = 18", path="pyproject.toml")
    assert path.read_text(encoding="utf-8") == text


def test_other_places_are_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dbtasks]\npostgres = 17\n", encoding="utf-8")

    told = change(load_settings(root=tmp_path, environ={"DBTASKS_POSTGRES": "16"}), 18)

    assert told == SettingLine(source="DBTASKS_POSTGRES", text="postgres = 18")
    assert change(load_settings(root=tmp_path, environ={"DBTASKS_POSTGRES": "18"}), 18) is None


def test_a_full_disk_is_told() -> None:
    command = Command(
        argv=("sh", "-c"), environment={"PATH": "/bin:/usr/bin", "LC_ALL": "C"}, secret=""
    )
    with Path("/dev/full").open("wb") as full, pytest.raises(ServerError) as caught:
        client.run(command, ["head -c 100000 /dev/zero"], doing="x cannot be dumped", take=full)

    assert caught.value.code == "disk-full"
    assert caught.value.message == "x cannot be dumped: no space left on the disk"


def test_a_secret_in_an_error_is_masked() -> None:
    command = Command(argv=("sh", "-c"), environment={"PATH": "/bin:/usr/bin"}, secret="pa ss")
    with pytest.raises(ServerError) as caught:
        client.run(command, ["echo 'psql: error: no pa ss' >&2; exit 3"], doing="x failed")

    assert caught.value.message == "x failed: psql: error: no ***"


def test_bytes_pass_as_they_are() -> None:
    command = Command(argv=("sh", "-c"), environment={"PATH": "/bin:/usr/bin"}, secret="")
    data = bytes(range(256)) * 1000

    assert client.run(command, ["cat"], doing="x", give=data) == data


def test_what_another_process_wrote_meanwhile_is_not_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.dbtasks]\npostgres = 17\n", encoding="utf-8")
    settings = load_settings(root=tmp_path, environ={})
    file.write_text("[tool.dbtasks]\npostgres = 18\n", encoding="utf-8")
    assert change(settings, 18) is None
