"""What git knows of a project, asked of real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import missing
from dbtasks.errors import DbtasksError, MigrationError, UsageError
from dbtasks.git import find_repository
from dbtasks.git.base_branch import merged_heads, read_base
from dbtasks.git.last_change import last_change
from dbtasks.git.places import place_of
from dbtasks.rebase.run import prepare_rebase
from dbtasks.revisions import read_history
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.git.base_branch import MergedHeads
    from dbtasks.settings import Settings

FILE = '''"""add {revision}

Revision ID: {revision}
Revises: {parents}
"""

revision = "{revision}"
down_revision = {value}
'''


class Clone:
    """A git clone with revision files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str) -> str:
        options = ("-c", "user.name=A Writer", "-c", "user.email=writer@example.org")
        # Without --no-local a shallow clone of a folder is not shallow.
        done = subprocess.run(
            ["git", *options, "-c", "protocol.file.allow=always", *arguments],
            cwd=self.root,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def path(self, name: str) -> Path:
        return self.root / "db" / "versions" / f"{name}.py"

    def write(self, revision: str, *parents: str, name: str = "", value: str = "") -> Path:
        path = self.path(name or revision)
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = repr(parents[0]) if len(parents) == 1 else repr(parents) if parents else "None"
        text = FILE.format(revision=revision, parents=", ".join(parents), value=value or shown)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, message: str = "a change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    @property
    def settings(self) -> Settings:
        return load_settings(root=self.root, environ={})

    def merged(self, base: str | None = None) -> MergedHeads:
        return merged_heads(self.settings, read_history(self.settings), base)


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("git") is None:
        missing("there is no git")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def origin(tmp_path: Path) -> Clone:
    """A repository in a folder with an odd name, with one revision on its branch main."""
    clone = Clone(tmp_path / "the orígin")
    clone.root.mkdir()
    clone.git("init", "-q", "-b", "main")
    (clone.root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/db\n")
    (clone.root / ".gitignore").write_text(".dbtasks/\n")
    clone.write("one")
    clone.commit()
    return clone


@pytest.fixture
def cloned(origin: Clone, tmp_path: Path) -> Callable[..., Clone]:
    def clone(*options: str) -> Clone:
        root = tmp_path / "a clone"
        origin.git("clone", "-q", *options, origin.root.as_uri(), str(root))
        return Clone(root)

    return clone


@pytest.fixture
def work(origin: Clone, cloned: Callable[..., Clone]) -> Clone:
    """A clone with a branch of its own; meanwhile the base branch went on from the same parent."""
    clone = cloned()
    clone.git("checkout", "-q", "-b", "feature")
    clone.write("ours", "one")
    clone.commit()
    origin.write("theirs", "one")
    origin.commit()
    clone.git("fetch", "-q")
    return clone


def error(call: Callable[[], object]) -> DbtasksError:
    with pytest.raises(DbtasksError) as caught:
        call()
    assert caught.value.remedy
    assert "\n" not in caught.value.message
    return caught.value


def test_two_branches_of_one_parent_would_make_two_heads(work: Clone) -> None:
    assert read_history(work.settings).effective_heads == ("ours",)
    found = work.merged()
    assert {one.revision for one in found.heads} == {"ours", "theirs"}
    assert (found.base, found.on_base, found.on_branch) == ("origin/main", ("theirs",), ("ours",))
    assert (found.ahead, found.conflicts) == (("theirs",), ())
    told = error(found.check)
    assert told.code == "several-heads"
    assert told.message == "origin/main with this branch merged would have 2 heads: theirs, ours"
    assert told.remedy == (
        "git merge origin/main, then invoke db.rebase re-parents this branch"
        " (or invoke db.merge-heads joins the heads)"
    )
    assert told.details == ("on origin/main: theirs", "on this branch: ours")


def test_following_the_advice_leaves_one_head(work: Clone) -> None:
    hint = error(lambda: prepare_rebase(work.settings))
    assert hint.code == "one-head"
    assert hint.remedy == "origin/main has 1 more: git merge origin/main, then run this again"
    work.git("merge", "-q", "--no-edit", "origin/main")
    assert work.merged().ahead == ()
    prepared = prepare_rebase(work.settings)
    assert (prepared.plan.first.revision, prepared.plan.onto.revision) == ("ours", "theirs")
    prepared.change.write()
    (work.root / "a.patch").write_text(prepared.diff, encoding="utf-8")
    work.git("apply", "--check", "--reverse", "a.patch")
    found = work.merged()
    found.check()
    assert [one.revision for one in found.heads] == ["ours"]
    assert work.git("status", "--short", "--", "db") == "M db/versions/ours.py"


def test_one_side_merged_first_and_nothing_of_ours_is_fine(
    origin: Clone, cloned: Callable[..., Clone]
) -> None:
    clone = cloned()
    origin.write("theirs", "one")
    origin.commit()
    clone.git("fetch", "-q")
    found = clone.merged()
    assert [one.revision for one in found.heads] == ["theirs"]
    assert found.remedy == ""


def test_what_either_side_removed_or_re_parented_counts(work: Clone, origin: Clone) -> None:
    origin.path("one").unlink()
    origin.write("zero")
    origin.write("theirs", "zero")
    origin.commit()
    work.git("fetch", "-q")
    told = error(work.merged)
    assert (told.code, told.exit_code) == ("missing-parent", 4)
    work.write("zero")
    work.write("one", "zero")
    conflict = work.merged()
    assert conflict.conflicts == (str(work.path("one")),)
    assert error(conflict.check).code == "several-heads"
    work.path("one").unlink()
    work.write("theirs", "zero")
    work.write("ours", "theirs")
    assert [one.revision for one in work.merged().heads] == ["ours"]


def test_a_renamed_file_is_one_file_and_a_copy_is_two(work: Clone, origin: Clone) -> None:
    work.path("one").rename(work.path("0001_first"))
    work.write("ours", "theirs")
    work.write("theirs", "one", name="0002_copied")
    assert error(work.merged).code == "duplicate-revision"
    work.path("0002_copied").rename(work.path("theirs"))
    found = work.merged()
    assert [one.revision for one in found.heads] == ["ours"]
    assert found.conflicts == ()


def test_what_is_on_the_base_branch_is_not_moved(work: Clone) -> None:
    work.git("merge", "-q", "--no-edit", "origin/main")
    refused = error(lambda: prepare_rebase(work.settings, revision="theirs", onto="ours"))
    assert (refused.code, refused.exit_code) == ("on-base", 5)
    # Not even where this branch has its files in another folder than the base branch.
    (work.root / "db").rename(work.root / "migrations")
    ini = work.root / "alembic.ini"
    ini.write_text(ini.read_text().replace("/db", "/migrations"))
    refused = error(lambda: prepare_rebase(work.settings, revision="theirs", onto="ours"))
    assert refused.message == "theirs is on origin/main already, in db/versions/theirs.py"


def test_the_base_branch_is_found_out(work: Clone, origin: Clone) -> None:
    repository = find_repository(work.root / "db")
    assert repository.root == work.root.resolve()
    assert repository.branch() == "feature"
    assert repository.base()[0] == "origin/main"
    work.git("remote", "set-head", "origin", "--delete")
    assert repository.base()[0] == "origin/main"
    work.git("remote", "remove", "origin")
    assert repository.base()[0] == "main"
    assert repository.base("HEAD~1") == ("HEAD~1", repository.commit("main"))
    work.git("branch", "-m", "main", "trunk")
    told = error(repository.base)
    assert isinstance(told, UsageError)
    assert told.remedy == (
        "name the branch that this one is merged into with --base, or in the setting base (DBTASKS_BASE)"
    )


def test_the_branch_that_is_checked_out_is_not_its_own_base(
    work: Clone, origin: Clone, tmp_path: Path
) -> None:
    (tmp_path / "next").mkdir()
    colleague = Clone(tmp_path / "next")
    colleague.git("clone", "-q", work.root.as_uri(), ".")  # work has `feature` checked out
    repository = find_repository(colleague.root)
    assert (repository.branch(), repository.commit("origin/HEAD")) == (
        "feature",
        repository.commit("origin/feature"),
    )
    assert repository.base()[0] == "origin/main"
    colleague.git("checkout", "-q", "-b", "other")
    assert repository.base()[0] == "origin/feature"
    work.git("checkout", "-q", "main")  # a trunk has its own state on origin to compare with
    assert find_repository(work.root).base()[0] == "origin/main"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        (
            "origin/develop",
            "git fetch origin develop:refs/remotes/origin/develop, or name another one with --base",
        ),
        ("develop", "name another one with --base"),
        ("--all", "name another one with --base"),
        ("", "name another one with --base"),
    ],
)
def test_a_base_branch_that_does_not_exist(work: Clone, name: str, remedy: str) -> None:
    told = error(lambda: work.merged(name))
    assert (told.code, told.exit_code) == ("no-base", 2)
    assert told.remedy == remedy


def test_a_detached_head_works(work: Clone) -> None:
    work.git("checkout", "-q", "--detach")
    assert find_repository(work.root).branch() is None
    assert work.merged().on_branch == ("ours",)


def test_a_shallow_clone_is_told_and_mended(origin: Clone, cloned: Callable[..., Clone]) -> None:
    origin.git("checkout", "-q", "-b", "feature")
    origin.write("ours", "one")
    origin.commit()
    origin.git("checkout", "-q", "main")
    origin.write("theirs", "one")
    origin.commit()
    clone = cloned("--depth", "1", "--branch", "feature")
    assert error(clone.merged).code == "no-base"
    clone.git("fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    told = error(clone.merged)
    assert (told.code, told.exit_code) == ("shallow", 4)
    assert told.remedy.startswith("git fetch --unshallow")
    assert "theirs" in read_base(clone.settings, read_history(clone.settings)).history.revisions
    clone.git("fetch", "-q", "--unshallow", "origin", "main:refs/remotes/origin/main")
    clone.git("fetch", "-q", "origin", "feature")
    assert clone.merged().on_branch == ("ours",)


def test_what_cannot_be_told_of_a_branch_moves_nothing(
    work: Clone, origin: Clone, tmp_path: Path
) -> None:
    work.git("merge", "-q", "--no-edit", "origin/main")
    files = {path: path.read_bytes() for path in work.path("").parent.glob("*.py")}

    told = error(lambda: prepare_rebase(work.settings, base="origin/nowhere"))
    assert (told.code, told.exit_code) == ("no-base", 2)
    work.git("checkout", "-q", "--detach")
    told = error(lambda: prepare_rebase(work.settings))
    assert (told.code, told.exit_code) == ("detached", 4)
    assert told.message == (
        f"no branch is checked out in {work.root.resolve()} (HEAD is detached),"
        " so which revisions are of this branch cannot be told"
    )
    assert told.remedy == (
        "git switch BRANCH, or end the git rebase that is under way; then run this again"
    )
    work.git("checkout", "-q", "feature")
    work.git("push", "-q", "origin", "feature")
    (tmp_path / "cut").mkdir()
    cut = Clone(tmp_path / "cut")
    cut.git("clone", "-q", "--depth", "1", "--branch", "feature", origin.root.as_uri(), ".")
    cut.git("fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    told = error(lambda: prepare_rebase(cut.settings))
    assert (told.code, told.exit_code) == ("shallow", 4)
    assert told.message == "the git clone is shallow, and what the base branch has may be cut off"
    assert told.remedy == (
        "git fetch --unshallow (in GitHub Actions: fetch-depth: 0 of actions/checkout)"
    )
    assert {path: path.read_bytes() for path in files} == files
    assert cut.git("status", "--short") == ""
    cut.git("fetch", "-q", "--unshallow", "origin")
    assert prepare_rebase(cut.settings).plan.first.revision == "ours"


def test_no_git_and_no_repository(
    work: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(work.root / "db", tmp_path / "bare" / "db")
    shutil.copy(work.root / "alembic.ini", tmp_path / "bare")
    outside = Clone(tmp_path / "bare")
    told = error(outside.merged)
    assert (told.code, told.exit_code) == ("no-repository", 4)
    monkeypatch.setenv("PATH", str(tmp_path))
    told = error(work.merged)
    assert (told.code, told.remedy) == ("no-git", "install git")
    before = {path: path.read_bytes() for path in work.path("").parent.glob("*.py")}
    work.write("other", "one")
    assert error(lambda: prepare_rebase(work.settings, revision="ours")).code == "no-git"
    forced = prepare_rebase(work.settings, revision="ours", force=True)
    assert forced.plan.breaks == ("whether ours is on the base branch already cannot be told",)
    assert {path: path.read_bytes() for path in before} == before


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q", "-b", "main")
    (clone.root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/db\n")
    clone.write("one")
    assert error(clone.merged).code == "no-base"
    assert error(find_repository(clone.root).head).code == "no-commit"
    assert last_change(clone.root, clone.path("one")) is None


def test_a_hook_of_another_repository_leads_nowhere(
    work: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert find_repository(work.root).root == work.root.resolve()


def test_thousands_of_files_with_odd_names_and_links(origin: Clone) -> None:
    origin.write("odd", "one", name="a\tb \"c' é $(d)")
    parent = "odd"
    for number in range(2000):
        origin.write(f"r{number}", parent)
        parent = f"r{number}"
    origin.path("link").symlink_to("../elsewhere.py")
    (origin.root / "db" / "elsewhere.py").write_text(
        FILE.format(revision="linked", parents=parent, value=repr(parent)), encoding="utf-8"
    )
    origin.path("dangling").symlink_to("gone.py")
    origin.path("__init__").write_text("")
    (origin.root / "db" / "versions" / "deep").mkdir()
    shutil.copy(origin.path("r0"), origin.root / "db" / "versions" / "deep")
    origin.commit()
    origin.path("dangling").unlink()
    here = read_history(origin.settings)
    found = read_base(origin.settings, here, "main").history
    assert set(found.revisions) == set(here.revisions)
    assert found.effective_heads == here.effective_heads == ("linked",)


def test_files_that_compute_their_identifiers(work: Clone) -> None:
    computed = 'str("on" + "e")'
    work.write("ours", value=computed)
    work.commit()
    found = work.merged("feature")
    assert [one.revision for one in found.heads] == ["ours"]
    work.write("ours", "one")
    told = error(lambda: work.merged("feature"))
    assert told.code == "computed"
    assert told.message.startswith("feature:db/versions/ours.py computes its identifiers")


def test_a_broken_file_of_the_base_branch_is_named(work: Clone, origin: Clone) -> None:
    origin.path("theirs").write_text("revision = (\n", encoding="utf-8")
    origin.commit()
    work.git("fetch", "-q")
    told = error(work.merged)
    assert told.message.startswith("origin/main:db/versions/theirs.py has a syntax error in line 1")
    assert told.remedy == "mend the file on origin/main"


def test_revision_files_in_a_submodule(origin: Clone, tmp_path: Path) -> None:
    outer = Clone(tmp_path / "outer")
    outer.root.mkdir()
    outer.git("init", "-q", "-b", "main")
    outer.git("submodule", "add", "-q", origin.root.as_uri(), "sub")
    (outer.root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/sub/db\n")
    outer.commit()
    assert error(outer.merged).code == "submodule"


def test_who_changed_a_file_last(work: Clone, tmp_path: Path) -> None:
    found = last_change(work.root, work.path("ours"))
    assert found is not None
    assert found.author == "A Writer"
    assert found.date == work.git("log", "-1", "--format=%aI")
    assert last_change(work.root, work.write("new", "ours")) is None
    assert last_change(work.root, Path(sys.executable)) is None
    (tmp_path / "shallow").mkdir()
    shallow = Clone(tmp_path / "shallow")
    shallow.git("clone", "-q", "--depth", "1", work.root.as_uri(), ".")
    assert last_change(shallow.root, shallow.path("ours")) is None


def test_where_a_missing_parent_is(work: Clone) -> None:
    repository = find_repository(work.root)
    work.git("checkout", "-q", "-b", "other", "main")
    work.write("a.parent", "one")
    work.commit()
    work.git("checkout", "-q", "feature")
    found = place_of(repository, "a.parent")
    assert found is not None
    assert str(found) == "other has it in db/versions/a.parent.py"
    assert found.remedy == "git restore --source=other -- 'db/versions/a.parent.py' fetches it"
    assert place_of(repository, "aXparent") is None
    assert place_of(repository, "theirs", [repository.head()]) is None
    work.git("branch", "-q", "-D", "other")
    lost = place_of(repository, "a.parent")  # the reflog has it
    assert lost is not None
    assert (lost.name, lost.path) == (f"commit {lost.commit}", "db/versions/a.parent.py")
    work.git("reflog", "expire", "--expire=now", "--all")
    assert place_of(repository, "a.parent") is None
    work.write("gone", "ours")
    commit = work.commit()
    work.path("gone").unlink()
    work.commit()
    found = place_of(repository, "gone")
    assert found is not None
    assert commit.startswith(found.commit)
    assert str(found) == f"commit {found.commit} has it in db/versions/gone.py"


def test_a_damaged_repository_is_told(work: Clone) -> None:
    commit = work.git("rev-parse", "origin/main^{tree}")
    (work.root / ".git" / "objects" / commit[:2] / commit[2:]).unlink(missing_ok=True)
    for pack in (work.root / ".git" / "objects" / "pack").iterdir():
        pack.unlink()
    with pytest.raises((MigrationError, UsageError)):
        work.merged()
