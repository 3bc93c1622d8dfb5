"""Bad histories, configurations and revisions: one line, a remedy, an exit code, nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from histories import (
    PLAIN,
    document,
    error,
    relations,
    replace,
    revisions,
    succeeded,
    version,
    write_revision,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL


@pytest.fixture
def plain(copy_project: CopyProject, database: DatabaseURL) -> Project:
    return copy_project("plain", database)


def versions(project: Project) -> Path:
    return project.root / "migrations" / "versions"


def duplicate(project: Project) -> None:
    write_revision(project, PLAIN[2], PLAIN[1], file="a_copy")


def circle(project: Project) -> None:
    write_revision(project, "aaaa", "bbbb")
    write_revision(project, "bbbb", "aaaa")


def circle_of_one(project: Project) -> None:
    write_revision(project, "aaaa", "aaaa")


def missing_dependency(project: Project) -> None:
    replace(write_revision(project, "aaaa"), "depends_on = None", 'depends_on = "bbbb"')


def no_utf8(project: Project) -> None:
    path = write_revision(project, "aaaa", message="été")
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))


def null_byte(project: Project) -> None:
    write_revision(project, "aaaa", message="\0")


def missing_import(project: Project) -> None:
    replace(write_revision(project, "aaaa"), "import sqlalchemy as sa", "import no_such_module")


def no_parent_named(project: Project) -> None:
    replace(write_revision(project, "aaaa"), "down_revision", "parent")


def bad_id(project: Project) -> None:
    write_revision(project, "a-b", file="aaaa")


def no_upgrade(project: Project) -> None:
    replace(write_revision(project, "aaaa"), "def upgrade", "def up")


@pytest.mark.parametrize(
    ("spoil", "code", "message", "details"),
    [
        (
            duplicate,
            "duplicate-revision",
            f"revision {PLAIN[2]} is in 2 files",
            ["file: {versions}/a_copy.py", "file: {versions}/ed7760b0e974_index_title.py"],
        ),
        (
            circle,
            "cycle",
            "the history runs in a circle: aaaa, bbbb",
            ["file: {versions}/aaaa.py", "file: {versions}/bbbb.py"],
        ),
        (
            circle_of_one,
            "cycle",
            "the history runs in a circle: aaaa",
            ["file: {versions}/aaaa.py"],
        ),
        (
            missing_dependency,
            "missing-parent",
            "revision aaaa (a change) depends on bbbb, which no revision file has",
            ["file: {versions}/aaaa.py wants bbbb"],
        ),
        (
            no_utf8,
            "broken-file",
            "{versions}/aaaa.py ",
            None,
        ),
        (
            null_byte,
            "broken-file",
            "{versions}/aaaa.py ",
            None,
        ),
        (
            missing_import,
            "broken-file",
            "{versions}/aaaa.py raised ModuleNotFoundError: No module named 'no_such_module'",
            ["{versions}/aaaa.py:3 in <module>: import no_such_module"],
        ),
        (
            no_parent_named,
            "broken-file",
            "{versions}/aaaa.py has no down_revision",
            [],
        ),
        (
            bad_id,
            "broken-file",
            "{versions}/aaaa.py has the revision id 'a-b', and - cannot be in one",
            [],
        ),
        (no_upgrade, "broken-file", "{versions}/aaaa.py has no function upgrade()", []),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_history_that_cannot_be_read_changes_nothing(
    spoil: Callable[[Project], None],
    code: str,
    message: str,
    details: list[str] | None,
    plain: Project,
    database: DatabaseURL,
) -> None:
    spoil(plain)
    found = error(plain, "db.init")
    here = str(versions(plain))
    said = found["message"]
    if details is None:  # the rest is Python's own, and differs between its versions
        assert said.startswith(message.replace("{versions}", here))
    else:
        assert said == message.replace("{versions}", here)
        assert found.get("details", []) == [line.replace("{versions}", here) for line in details]
    assert found["code"] == code
    assert relations(database) == set()


def test_a_syntax_error_names_the_file_and_the_line(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("broken_file", database)
    expected = {
        "code": "broken-file",
        "message": f"{versions(project)}/7d15f30df044_index_title.py has a syntax error"
        " in line 18: '(' was never closed",
        "remedy": "mend the file, then run this again",
    }
    for task in ("db.init", "db.history", "db.heads", "db.current", "db.merge-heads"):
        assert error(project, task) == expected
    assert error(project, "db.revision", "x", "--empty") == expected
    assert document(project, "db.status")["problem"] == expected["message"]
    assert relations(database) == set()
    replace(versions(project) / "7d15f30df044_index_title.py", '["title"]', '["title"])')
    assert document(project, "db.init")["pending"] == 0


def test_a_parent_that_no_file_has_is_named_with_its_child(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("missing_parent", database)
    expected = {
        "code": "missing-parent",
        "message": "revision 957a8ea6a040 (index title) follows ceed697d4902, which no revision file has",
        "remedy": "fetch the missing file from version control, or correct down_revision",
        "details": [f"file: {versions(project)}/957a8ea6a040_index_title.py wants ceed697d4902"],
    }
    for task in ("db.init", "db.history", "db.heads"):
        assert error(project, task) == expected
    done = project.invoke("db.migrate")
    assert done.err.splitlines() == [
        f"error: {expected['message']}",
        f"  {expected['details'][0]}",
        f"remedy: {expected['remedy']}",
    ]
    assert relations(database) == set()


def test_a_revision_id_that_the_version_table_cannot_hold(
    plain: Project, database: DatabaseURL
) -> None:
    long = "a" * 33
    remedy = "give the revision an id of at most 32 characters, also in the down_revision of what follows it"
    write_revision(plain, long)
    found = error(plain, "db.init")
    assert (found["message"], found["remedy"]) == (
        f"revision {long} (a change) could not be applied: value too long for type character varying(32)",
        remedy,
    )
    assert relations(database) == set()
    found = error(plain, *plain.named("db.stamp", "head"))
    assert (found["message"], found["remedy"]) == (
        "the version table could not be used: value too long for type character varying(32)",
        remedy,
    )


def test_an_unknown_or_ambiguous_revision_changes_nothing(
    plain: Project, database: DatabaseURL
) -> None:
    write_revision(plain, "aaaa1111")
    write_revision(plain, "aaaa2222", "aaaa1111")
    succeeded(plain.invoke("db.init"))
    unknown = {
        "code": "unknown-revision",
        "message": "Can't locate revision identified by 'nope'",
        "remedy": "invoke db.history lists the revisions",
    }
    ambiguous = {
        "code": "ambiguous-revision",
        "message": "Multiple revisions start with 'aaaa': 'aaaa1111', 'aaaa2222'...",
        "remedy": "write more of the revision's id",
    }
    for task in ("db.migrate", "db.rollback --to", "db.stamp"):
        assert error(plain, *plain.named(*task.split(), "nope")) == unknown
        assert error(plain, *plain.named(*task.split(), "aaaa")) == ambiguous
    assert error(plain, "db.migrate", "nope", "--plan") == unknown
    assert error(plain, "db.migrate", "nope", "--sql") == unknown
    assert version(database) == ["aaaa2222"]
    assert (
        error(plain, *plain.named("db.rollback", "--steps", "0"), code=2)["message"]
        == "--steps 0 undoes nothing"
    )
    assert error(plain, *plain.named("db.rollback", "--steps", "x"), code=2)["message"] == (
        "--steps x is no whole number"
    )
    assert error(plain, *plain.named("db.rollback", "--steps", "9")) == {
        "code": "nothing-to-undo",
        "message": "9 revisions cannot be undone: 5 applied",
        "remedy": "invoke db.rollback-all undoes all",
    }
    assert version(database) == ["aaaa2222"]


def test_a_database_of_another_branch_is_told_and_can_be_stamped(
    plain: Project, database: DatabaseURL
) -> None:
    path = write_revision(plain, "aaaa")
    succeeded(plain.invoke("db.init"))
    path.unlink()
    expected = {
        "code": "unknown-current",
        "message": "the database is at revision aaaa, which no revision file has",
        "remedy": "switch to the branch that has it and roll back there, or invoke db.recreate",
    }
    for task in (
        "db.migrate",
        "db.migrate --plan",
        "db.migrate --sql",
        "db.rollback",
        "db.rollback-all --yes",
        f"db.rollback --to {PLAIN[0]}",
        "db.redo",
        "db.current",
        "db.check --live",
        "db.revision x --from-live",
    ):
        assert error(plain, *plain.named(*task.split())) == expected
    assert document(plain, "db.status")["problem"] == (
        f"{expected['message']}; invoke db.doctor looks for it in git"
    )
    assert [one["is_current"] for one in document(plain, "db.history")] == [False] * 3
    assert version(database) == ["aaaa"]
    assert document(plain, *plain.named("db.stamp", PLAIN[1]))["current"] == [PLAIN[1]]
    assert version(database) == [PLAIN[1]]
    assert revisions(document(plain, *plain.named("db.rollback"))) == [PLAIN[1]]


@pytest.mark.parametrize(
    ("file", "text", "code", "message"),
    [
        (
            "alembic.ini",
            None,
            "no-alembic",
            "{root} has no Alembic configuration (alembic.ini, or [tool.alembic] in pyproject.toml)",
        ),
        (
            "pyproject.toml",
            '[tool.dbtasks]\nalembic = "nope.ini"\n',
            "no-alembic",
            "there is no Alembic configuration at {root}/nope.ini",
        ),
        (
            "pyproject.toml",
            "[tool.dbtasks\n",
            "settings",
            "{root}/pyproject.toml is no valid TOML: ",
        ),
        ("alembic.ini", "hello\n", "alembic-config", "the Alembic configuration is malformed: "),
        ("alembic.ini", "\xff\xfe", "alembic-config", "the Alembic configuration is malformed: "),
        (
            "alembic.ini",
            "[alembic]\nscript_location = %(nowhere)s/x\n",
            "alembic-config",
            "the Alembic configuration is malformed: Bad value substitution: ",
        ),
        (
            "alembic.ini",
            "[alembic]\n",
            "no-scripts",
            "script_location in the Alembic configuration: No 'script_location' key found in configuration",
        ),
        (
            "alembic.ini",
            "[alembic]\nscript_location = nowhere\n",
            "no-scripts",
            "script_location in the Alembic configuration: Path doesn't exist: ",
        ),
        (
            "alembic.ini",
            "[alembic]\nscript_location = no_such_package:migrations\n",
            "alembic-config",
            "the Alembic configuration is malformed: no package named 'no_such_package'",
        ),
    ],
)
def test_a_configuration_that_cannot_be_used_is_a_usage_error(
    file: str, text: str | None, code: str, message: str, plain: Project
) -> None:
    path = plain.root / file
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="latin-1")
    for task in ("db.init", "db.history"):
        found: dict[str, Any] = error(plain, task, code=2)
        assert found["code"] == code
        assert found["message"].startswith(message.replace("{root}", str(plain.root)))
        assert "\n" not in found["message"]
