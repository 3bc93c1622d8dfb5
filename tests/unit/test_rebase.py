"""Re-parenting: what moves where, what is refused, and which bytes of which file change."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dbtasks.errors import DbtasksError
from dbtasks.git import Repository
from dbtasks.git.base_branch import BaseBranch
from dbtasks.rebase import LocalWay, plan_rebase
from dbtasks.revisions import read_history
from dbtasks.revisions.change import Change
from dbtasks.revisions.edit import reparent
from dbtasks.revisions.file import parse
from dbtasks.revisions.history import History
from dbtasks.revisions.source import RevisionSource
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.rebase import RebasePlan

USUAL = '''\
"""add title

Revision ID: bbbb
Revises: aaaa
Create Date: 2025-07-08 10:10:33

"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "bbbb"
down_revision: Union[str, Sequence[str], None] = "aaaa"  # the parent
branch_labels = None


def upgrade() -> None:
    op.execute("-- Revises: aaaa")
'''
SHORT = "revision = 'bbbb'\ndown_revision = 'aaaa'\n"


def edited(text: str | bytes, parent: str = "cccc", *, folder: Path) -> bytes:
    """Write a file, re-parent it, and return what it is then."""
    path = folder / "b.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    one = parse(path.read_bytes(), str(path))
    assert one is not None
    reparent(one, parent).write()
    assert [one.name for one in folder.iterdir()] == ["b.py"]
    told = parse(path.read_bytes(), str(path))
    assert told is not None
    assert told.down_revision == (parent,)
    return path.read_bytes()


# In these the parent is @, in every place that has to change and in no other.
FORMS = [
    USUAL.replace('= "aaaa"', '= "@"').replace("Revises: aaaa\nC", "Revises: @\nC"),
    "revision = 'bbbb'\ndown_revision = '@'\n",
    "revision = 'bbbb'\ndown_revision='@'",
    "revision = 'bbbb'; down_revision = '@'; x = 'aaaa'\n",
    "revision = 'bbbb'\ndown_revision = (  # why\n\t'@'\n)\n",
    "revision = 'bbbb'\ndown_revision = \\\n    '@'\n",
    "revision = 'bbbb'\ndown_revision = '''@'''\n",
    "revision = 'bbbb'\ndown_revision = r\"@\"\n",
    "revision = 'bbbb'\ndown_revision = u'@'\n",
    "revision = 'bbbb'\nö = '€\U0001f600'; down_revision = '@'\n",
    "x = '\x0c\u2028\x1c'\nrevision = 'bbbb'\n\x0cdown_revision = '@'\n",
    "# Revises: aaaa\nrevision = 'bbbb'\ndown_revision = '@'\n",
    "r'''x\n\nRevises: @ (see aaaa) '''\nrevision = 'bbbb'\ndown_revision = '@'\n",
    "'''x\n\nRevises: the law of aaaaa'''\nrevision = 'bbbb'\ndown_revision = '@'\n",
    "'''x\nRevises: @'''\nrevision = 'bbbb'\ndown_revision = '@'\n",
    "'x' 'Revises: aaaa'\nrevision = 'bbbb'\ndown_revision = '@'\n",
]
# A base: what it says of its parent, and what it says then.
BASES = [
    ("revision = 'b'\ndown_revision = None\n", "revision = 'b'\ndown_revision = 'cccc'\n"),
    ('revision = "b"\ndown_revision: None = None', 'revision = "b"\ndown_revision: None = "cccc"'),
    ('revision="""b"""\ndown_revision=None', 'revision="""b"""\ndown_revision="cccc"'),
    *(
        (
            f"'''x\n\n{line}'''\nrevision = 'b'\ndown_revision = None\n",
            f"'''x\n\n{then}'''\nrevision = 'b'\ndown_revision = 'cccc'\n",
        )
        for line, then in (
            ("Revises:", "Revises: cccc"),
            ("\tRevises: \n", "\tRevises: cccc\n"),
            ("Revises: <base>", "Revises: cccc"),
            ("Revises: nothing", "Revises: nothing"),
        )
    ),
]


@pytest.mark.parametrize("form", FORMS)
def test_only_the_parent_changes(form: str, tmp_path: Path) -> None:
    after = edited(form.replace("@", "aaaa"), folder=tmp_path)
    assert after.decode() == form.replace("@", "cccc")


@pytest.mark.parametrize(("before", "after"), BASES)
def test_a_base_gets_a_parent(before: str, after: str, tmp_path: Path) -> None:
    assert edited(before, folder=tmp_path).decode() == after


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_and_the_byte_order_mark_stay(bom: bytes, newline: str, tmp_path: Path) -> None:
    before = bom + USUAL.replace("\n", newline).replace("    op", "\top").encode()
    after = edited(before, folder=tmp_path)
    assert after == before.replace(b'= "aaaa"', b'= "cccc"').replace(
        b"aaaa" + newline.encode() + b"C", b"cccc" + newline.encode() + b"C"
    )


def test_a_declared_encoding_stays(tmp_path: Path) -> None:
    text = (
        "# -*- coding: latin-1 -*-\n'''été'''\nrevision = 'bbbb'\né = 1; down_revision = 'aaaa'\n"
    )
    after = edited(text.encode("latin-1"), folder=tmp_path)
    assert after == text.replace("aaaa", "cccc").encode("latin-1")
    with pytest.raises(DbtasksError) as caught:
        edited(text.encode("latin-1"), "日本", folder=tmp_path)
    assert caught.value.code == "edit-by-hand"


@pytest.mark.parametrize("parent", ["a'b", 'a"b', "a\\b", "é", "x y", "'"])
def test_odd_ids_are_quoted(parent: str, tmp_path: Path) -> None:
    edited(USUAL, parent, folder=tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('down_revision = ["aaaa"]', "has a list as down_revision"),
        ('down_revision = ("aaaa",)', "has a tuple as down_revision"),
        ('down_revision = "aaaa", "dddd"', "has a tuple as down_revision"),
        ('down_revision = {"aaaa"}', "has a set as down_revision"),
        ('down_revision = "aa" "aa"', "puts down_revision together from several strings"),
        ('down_revision = "aa" + "aa"', "computes down_revision"),
        ('down_revision = f"{1}"', "computes down_revision"),
        ("from x import down_revision", "does not set down_revision in one plain statement"),
        ("PARENT = 1\ndown_revision = PARENT", "takes down_revision from the name PARENT"),
        (
            'down_revision = "aaaa"\ndown_revision = "aaaa"',
            "does not set down_revision in one plain statement",
        ),
        ('x = down_revision = "aaaa"', "does not set down_revision in one plain statement"),
        (
            'if True:\n    down_revision = "aaaa"',
            "does not set down_revision in one plain statement",
        ),
        ('down_revision = "aaaa"\nglobals()', "computes its identifiers"),
    ],
)
def test_what_is_unclear_is_left_to_people(line: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "b.py"
    path.write_text(f'revision = "bbbb"\n{line}\n', encoding="utf-8")
    before = path.read_bytes()
    one = parse(before, str(path)) or RevisionSource(
        revision="bbbb", down_revision=("aaaa",), path=str(path), computed=True
    )
    with pytest.raises(DbtasksError) as caught:
        reparent(one, "cccc")
    assert (caught.value.code, caught.value.exit_code) == ("edit-by-hand", 4)
    assert caught.value.message == f"{path} {reason}; nothing was changed"
    assert caught.value.remedy == f"edit {path} by hand: let down_revision be 'cccc'"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "broken-file"),
        (b"\xff\xfe", "broken-file"),
        (b"revision = (", "broken-file"),
        (SHORT.encode() + b"# caf\xe9\n", "broken-file"),
    ],
)
def test_a_file_that_became_unreadable(content: bytes, code: str, tmp_path: Path) -> None:
    one = written(tmp_path, SHORT)
    Path(one.path).write_bytes(content)
    with pytest.raises(DbtasksError) as caught:
        reparent(one, "cccc")
    assert caught.value.code == code


def written(folder: Path, text: str) -> RevisionSource:
    path = folder / "b.py"
    path.write_text(text, encoding="utf-8")
    found = parse(path.read_bytes(), str(path))
    assert found is not None
    return found


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    one = written(tmp_path, SHORT)
    change = reparent(one, "cccc")
    theirs = SHORT + "# by somebody else\n"
    Path(one.path).write_text(theirs, encoding="utf-8")
    with pytest.raises(DbtasksError, match="changed by somebody else"):
        change.write()
    assert Path(one.path).read_text(encoding="utf-8") == theirs
    Path(one.path).write_text(SHORT.replace("aaaa", "dddd"), encoding="utf-8")
    with pytest.raises(DbtasksError, match="changed while it was read"):
        reparent(one, "cccc")
    Path(one.path).unlink()
    with pytest.raises(DbtasksError, match="cannot be rewritten: No such file"):
        reparent(one, "cccc")


def test_permissions_stay_and_a_link_stays_a_link(tmp_path: Path) -> None:
    one = written(tmp_path, SHORT)
    path = Path(one.path)
    path.chmod(0o640)
    before = path.stat()
    link = tmp_path / "elsewhere" / "b.py"
    link.parent.mkdir()
    link.symlink_to("../b.py")
    change = reparent(one, "cccc")
    Change(path=link, before=change.before, after=change.after).write()
    after = path.stat()
    assert link.is_symlink()
    assert path.read_bytes() == change.after
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert after.st_mtime_ns // 10**9 != before.st_mtime_ns // 10**9
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b.py", "elsewhere"]


def test_compiled_code_of_the_old_file_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    (tmp_path / "versions").mkdir()
    for name, parent in (("aaaa", None), ("cccc", "aaaa"), ("bbbb", "aaaa")):
        text = f"revision = '{name}'\ndown_revision = {parent!r}\n"
        (tmp_path / "versions" / f"{name}.py").write_text(text)

    def heads() -> list[str]:
        return ScriptDirectory.from_config(Config(tmp_path / "alembic.ini")).get_heads()

    assert sorted(heads()) == ["bbbb", "cccc"]  # and compiles each file
    one = read_history(load_settings(root=tmp_path, environ={})).revisions["bbbb"]
    reparent(one, "cccc").write()
    assert heads() == ["bbbb"]


def test_a_draft_that_a_killed_process_left_goes_when_its_file_is_written(tmp_path: Path) -> None:
    one = written(tmp_path, SHORT)
    path = Path(one.path)
    left, other = (path.with_name(f".{name}.0123abcd.dbtasks") for name in (path.name, "other.py"))
    left.touch()
    other.touch()
    reparent(one, "cccc").write()
    assert sorted(path.parent.glob(".*")) == [other]


def test_what_is_read_only_is_told(tmp_path: Path) -> None:
    one = written(tmp_path, SHORT)
    path = Path(one.path)
    change = reparent(one, "cccc")
    path.chmod(0o444)
    with pytest.raises(DbtasksError) as caught:
        change.write()
    assert (caught.value.code, caught.value.exit_code) == ("not-writable", 4)
    assert caught.value.message == f"{path} cannot be rewritten: it is read-only"
    assert path.read_bytes() == change.before
    if os.geteuid():
        path.chmod(0o644)
        tmp_path.chmod(0o555)
        with pytest.raises(DbtasksError, match="its folder is read-only"):
            change.write()
        tmp_path.chmod(0o755)


def test_an_interruption_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    one = written(tmp_path, SHORT)
    new = SHORT.replace("aaaa", "cccc")
    code = (
        "import sys, pathlib; from dbtasks.revisions.change import Change;"
        "path = pathlib.Path(sys.argv[1]); old, new = sys.argv[2].encode(), sys.argv[3].encode()\n"
        "print(flush=True)\n"
        "while True:\n"
        "    Change(path=path, before=old, after=new).write(); old, new = new, old\n"
    )
    argv = [sys.executable, "-c", code, one.path, SHORT, new]
    seen = set()
    for _ in range(5):
        Path(one.path).write_text(SHORT)
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            for _ in range(50):
                seen.add(Path(one.path).read_text())
            writer.kill()
        seen.add(Path(one.path).read_text())
    assert seen <= {SHORT, new}
    assert len(list(tmp_path.glob("*.py"))) == 1


def test_the_diff_is_one_that_git_takes(tmp_path: Path) -> None:
    for text in (USUAL, SHORT.rstrip("\n"), USUAL.replace("\n", "\r\n")):
        folder = tmp_path / "versions"
        folder.mkdir(exist_ok=True)
        path = folder / "b.py"
        path.write_bytes(text.encode())
        one = parse(path.read_bytes(), str(path))
        assert one is not None
        change = reparent(one, "cccc")
        diff = change.diff(tmp_path)
        assert diff.startswith("--- a/versions/b.py\n+++ b/versions/b.py\n@@ ")
        subprocess.run(
            ["git", "apply", "-"], cwd=tmp_path, input=diff.encode(), check=True, timeout=20
        )
        assert path.read_bytes() == change.after


# What moves where


def revision(name: str, *parents: str, **more: Any) -> RevisionSource:
    return RevisionSource(
        revision=name, down_revision=parents, message=f"do {name}", path=f"/v/{name}.py", **more
    )


def on(*names: str) -> BaseBranch:
    """A base branch that has some revisions."""
    return BaseBranch(
        name="origin/main",
        commit="",
        history=History(revision(name) for name in names),
        repository=Repository(root=Path("/")),
    )


MAIN = on("f", "a")
FORK = (revision("f"), revision("a", "f"), revision("b1", "f"), revision("b2", "b1"))


def planned(*revisions: RevisionSource, base: BaseBranch | None = MAIN, **more: Any) -> RebasePlan:
    return plan_rebase(History(revisions or FORK), base=base, **more)


def refused(*revisions: RevisionSource, **more: Any) -> DbtasksError:
    with pytest.raises(DbtasksError) as caught:
        planned(*revisions, **more)
    assert caught.value.remedy
    assert caught.value.exit_code in {1, 4, 5}
    return caught.value


def moves(plan: RebasePlan) -> tuple[str, str, list[str]]:
    moved = [one.revision for one in plan.moved]
    return plan.first.revision, plan.onto.revision, moved


def test_the_branch_that_is_not_on_the_base_branch_moves() -> None:
    plan = planned()
    assert moves(plan) == ("b1", "a", ["b1", "b2"])
    assert (plan.way, plan.breaks, plan.notes) == (None, (), ())
    assert plan.after.effective_heads == ("b2",)
    for name in ("b1", "b2"):
        assert moves(planned(revision=name)) == moves(plan)
    assert moves(planned(onto="a")) == moves(plan)


def test_of_two_own_branches_the_one_that_is_nowhere_applied_moves() -> None:
    nothing = on("f")
    told = refused(base=nothing)
    assert (told.code, told.exit_code) == ("unclear-branch", 5)
    assert told.message == "2 branches could be moved: a (do a), b2 (do b2)"
    assert moves(planned(base=nothing, applied=["a"])) == ("b1", "a", ["b1", "b2"])
    assert moves(planned(base=nothing, applied=["b1"], elsewhere={"test": ["b2"]}))[:2] == (
        "a",
        "b2",
    )
    assert moves(planned(base=nothing, revision="a")) == ("a", "b2", ["a"])
    assert moves(planned(base=nothing, onto="b2")) == ("a", "b2", ["a"])


def test_of_two_own_branches_the_one_behind_the_base_branch_stays() -> None:
    history = (*FORK, revision("c", "a"))
    assert moves(planned(*history)) == ("b1", "c", ["b1", "b2"])
    told = refused(*history, applied=["b2"])
    assert (told.code, told.details[0]) == ("applied", "by hand: invoke db.rollback --to f")


def test_nothing_moves_where_it_should_not() -> None:
    assert refused(FORK[0], FORK[1]).code == "one-head"
    assert refused(FORK[0], FORK[1], base=on("f", "x")).remedy.startswith("origin/main has 1 more")
    assert refused(base=on("f", "a", "b1", "b2")).code == "on-base"
    assert refused(revision="a", onto="b2").code == "on-base"
    assert refused(base=None).code == "unclear-branch"
    assert refused(base=None, revision="b2").code == "base-unknown"
    assert refused(revision="f").code == "one-head"
    assert refused(revision="b2", onto="f").code == "nothing-to-move"
    assert refused(revision="b1", onto="b2").code == "nothing-to-move"
    assert refused(revision="nope").code == "unknown-revision"
    forced = planned(revision="a", onto="b2", force=True)
    assert forced.breaks == (
        "a is on origin/main already: a database that has it would never get b2, which would come before it",
    )
    assert planned(base=None, revision="b2", force=True).breaks


def test_what_is_applied_moves_with_its_database_only() -> None:
    told = refused(applied=["b1"])
    assert (told.code, told.exit_code) == ("applied", 5)
    assert told.message == (
        "the local database has b1 applied: it would never get a, which would come before"
    )
    assert told.remedy == "invoke db.rebase --migrate rolls back, re-parents and migrates"
    assert told.details == (
        "by hand: invoke db.rollback --to f",
        "by hand: invoke db.rebase b1 --onto a",
        "by hand: invoke db.migrate",
    )
    assert planned(applied=["b1"], migrate=True).way == LocalWay(undone=("b1",), target="f")
    both = planned(applied=["a", "b2"], migrate=True).way
    assert both == LocalWay(undone=("b1", "b2"), target="b1@f")
    assert "version table would name a too" in refused(applied=["a", "b2"]).message
    assert planned(applied=["a"]).way is planned(applied=["a"], migrate=True).way is None
    elsewhere = refused(elsewhere={"staging": ["b2"]}, migrate=True)
    assert elsewhere.message.startswith("staging has b1, b2 applied")
    assert refused(applied=["gone"]).code == "unknown-current"
    assert refused(applied=["gone"], migrate=True).code == "unknown-current"
    forced = planned(applied=["b1"], force=True)
    assert (forced.breaks, forced.way) == ((told.message,), None)


def test_merge_points() -> None:
    within = (*FORK, revision("c", "b1"), revision("m", "b2", "c"))
    assert moves(planned(*within))[:2] == ("b1", "a")
    onto_main = (*FORK, revision("m", "b2", "a"), revision("a2", "a"))
    told = refused(*onto_main, base=on("f", "a", "a2"))
    assert told.code == "merge-point"
    assert told.message == (
        "the branch has the merge point m (do m), which also follows a outside of it"
    )
    two = (*FORK, revision("c", "f"), revision("m", "b2", "c"))
    assert refused(*two).code == "merge-point"
    first = (revision("f"), revision("g"), revision("m", "f", "g"), revision("a", "f"))
    assert refused(*first, base=on("f", "g", "a")).code == "merge-point"


def test_dependencies_and_labels() -> None:
    assert refused(*FORK[:3], revision("b2", "b1", depends_on=("a",))).code == "one-head"
    needs = (*FORK, revision("a2", "a", depends_on=("b1",)))
    assert refused(*needs, base=on("f", "a", "a2")).code == "cycle"
    needed = (*FORK, revision("x", "f", depends_on=("b1",)))
    assert refused(*needed).code == "unclear-branch"
    assert moves(planned(*needed, revision="b1", onto="a"))[:2] == ("b1", "a")
    labelled = (*FORK[:2], revision("b1", "f", branch_labels=("mine",)), FORK[3])
    told = refused(*labelled)
    assert told.code == "labelled"
    assert told.message.startswith("b1 (do b1) carries the branch label mine")
    assert planned(*labelled, force=True).breaks == (told.message,)


def test_several_histories_in_one_project() -> None:
    other = (revision("z1"), revision("z2", "z1"))
    assert moves(planned(*FORK, *other, base=on("f", "a", "z1", "z2")))[:2] == ("b1", "a")
    new = (revision("f"), revision("a", "f"), *other)
    assert refused(*new).code == "unrelated"
    plan = planned(*new, revision="z2")
    assert moves(plan) == ("z1", "a", ["z1", "z2"])
    way = planned(*new, revision="z2", applied=["z2", "a"], migrate=True).way
    assert way == LocalWay(undone=("z1", "z2"), target="z1@base")


def test_several_heads_are_left_where_several_branches_are() -> None:
    more = (*FORK, revision("c", "b1"), revision("d", "f"))
    plan = planned(*more, revision="c")
    assert moves(plan) == ("b1", "a", ["b1", "c", "b2"])
    assert plan.notes == ("b2 moves with it", "3 heads are left: b2, c, d")
    two = (*FORK, revision("a2", "f"))
    assert refused(*two, base=on("f", "a", "a2")).code == "unclear-onto"


def test_an_unsound_history_is_left_alone() -> None:
    assert refused(*FORK, revision("x", "gone")).code == "missing-parent"
    assert refused(*FORK, revision("x", "y"), revision("y", "x")).code == "cycle"


# Any history, read by Alembic afterwards


@st.composite
def forked(draw: st.DrawFn) -> tuple[list[RevisionSource], set[str]]:
    """A history that forks once: a stem, the base branch's side, and ours, each with a diamond."""
    stem, theirs, ours = (draw(st.integers(low, 4)) for low in (0, 1, 1))
    found: list[RevisionSource] = []
    on_base: set[str] = set()
    tip = ""
    for number in range(stem):
        found.append(revision(f"stem{number}", *([tip] if tip else [])))
        tip = f"stem{number}"
    on_base.update(one.revision for one in found)
    assume(tip)
    for side, count in (("base", theirs), ("ours", ours)):
        last = tip
        for number in range(count):
            name = f"{side}{number}"
            known = [one.revision for one in found if side == "ours" or one.revision in on_base]
            needs = draw(st.lists(st.sampled_from(known), max_size=1))
            needs = [one for one in needs if side == "base" or one != f"base{theirs - 1}"]
            found.append(revision(name, last, depends_on=tuple(needs)))
            last = name
        if draw(st.booleans()):
            found.append(revision(f"{side}x", f"{side}0"))
            found.append(revision(f"{side}m", last, f"{side}x"))
        if side == "base":
            on_base.update(one.revision for one in found)
    return draw(st.permutations(found)), on_base


@st.composite
def file_of(draw: st.DrawFn, one: RevisionSource) -> bytes:
    """A revision's file, in one of the ways that can be rewritten."""
    quote = draw(st.sampled_from(["'", '"']))
    parents = ", ".join(f"{quote}{name}{quote}" for name in one.down_revision)
    value = f"({parents})" if len(one.down_revision) > 1 else parents or "None"
    note = draw(st.sampled_from(["", "  # why", ": str | None"]))
    annotation, comment = (note, "") if note.startswith(":") else ("", note)
    lines = [
        draw(st.sampled_from(["", "# ä first\n"])),
        draw(
            st.sampled_from(
                [
                    "",
                    f'"""{one.message}\n\nRevises: {", ".join(one.down_revision)}\nCreate Date: now\n"""\n',
                    f"'''{one.message}\n\n\tRevises:{', '.join(one.down_revision)}'''\n",
                ]
            )
        ),
        draw(st.sampled_from(["", "from alembic import op\n", "x = 'ü'; "])),
        f"revision = {quote}{one.revision}{quote}\n",
        f"down_revision{annotation} = {value}{comment}\n",
        f"depends_on = {one.depends_on!r}\n" if one.depends_on else "",
        f"\n\ndef upgrade():\n\tprint({parents or 0!r})",
        draw(st.sampled_from(["", "\n", "\n\n"])),
    ]
    text = "".join(lines).replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(forked(), st.data())
def test_alembic_reads_one_head_and_one_file_changed(
    case: tuple[list[RevisionSource], set[str]], data: st.DataObject
) -> None:
    revisions, on_base = case
    assume(len(History(revisions).effective_heads) == 2)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary).resolve()
        (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
        (root / "versions").mkdir()
        for one in revisions:
            content = data.draw(file_of(one))
            (root / "versions" / f"{one.revision}.py").write_bytes(content)
        before = {path: path.read_bytes() for path in (root / "versions").iterdir()}
        history = read_history(load_settings(root=root, environ={}), cache=False)
        plan = plan_rebase(history, base=on(*on_base))
        assert plan.first.revision == "ours0"
        reparent(plan.first, plan.onto.revision).write()
        after = {path: path.read_bytes() for path in (root / "versions").glob("*.py")}
        changed = [path for path in before if before[path] != after[path]]
        assert [path.name for path in changed] == ["ours0.py"]
        assert set(before) == set(after)
        assert_only_the_parent(
            before[changed[0]], after[changed[0]], plan.first.down_revision[0], plan.onto.revision
        )
        script = ScriptDirectory.from_config(Config(root / "alembic.ini"))
        assert script.get_heads(consider_depends_on=True) == list(plan.after.effective_heads)
        assert len(plan.after.effective_heads) == 1
        assert len(list(script.walk_revisions())) == len(revisions)
        assert plan.first.revision in {
            one.revision for one in script.iterate_revisions("heads", plan.onto.revision)
        }


def assert_only_the_parent(before: bytes, after: bytes, old: str, new: str) -> None:
    """The new file is the old one with the parent replaced in its two places."""

    def value(parent: bytes) -> Callable[[re.Match[bytes]], bytes]:
        return lambda found: found[1] + parent + found[3]

    pattern = rb"(\ndown_revision[^=]*= ['\"])(" + old.encode() + rb")(['\"])"
    expected = re.sub(pattern, value(new.encode()), before, count=1)
    docstring = rb"((?:\n|\n\t)Revises:)( ?)" + old.encode()
    expected = re.sub(
        docstring, lambda found: found[1] + (found[2] or b" ") + new.encode(), expected, count=1
    )
    tight = expected.replace(b"Revises: " + new.encode(), b"Revises:" + new.encode())
    assert after in {expected, tight}
