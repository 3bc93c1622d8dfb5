"""What a failed CREATE INDEX CONCURRENTLY of a revision leaves is named, and with --fix built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from background import running
from dbtasks import maintenance
from histories import PLAIN, error, execute, rows, succeeded, version, write_revision

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

LAST = {"plain": PLAIN[2], "async_engine": "3c45577beb9c"}
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
BY_CODE = 'CREATE UNIQUE INDEX CONCURRENTLY {}"By code" ON item (code)'
SHORT: Any = {"DBTASKS_CONCURRENTLY_LOCK_TIMEOUT": "100ms", "DBTASKS_LOCK_RETRY_WAIT": "0.01"}
LEFT = 'it left the invalid index public."By code" of public.item'
DROP = 'DROP INDEX CONCURRENTLY "public"."By code"'


def block(*statements: str) -> str:
    """Return the source of an autocommit block."""
    return "\n        ".join(
        [
            "with op.get_context().autocommit_block():",
            *(f"op.execute({one!r})" for one in statements),
        ]
    )


@pytest.fixture(params=["plain", "async_engine"])
def project(
    request: pytest.FixtureRequest, copy_project: CopyProject, database: DatabaseURL
) -> Project:
    """A project at head and a table with two equal rows, of which a revision wants a unique index."""
    project = copy_project(request.param, database)
    succeeded(project.invoke("db.init"))
    execute(database, "CREATE TABLE item (code text)")
    execute(database, "INSERT INTO item VALUES ('a'), ('a')")
    write_revision(project, "aaaa", LAST[request.param], upgrade=block(BY_CODE.format("")))
    return project


def test_it_is_named_and_built_anew_with_fix(project: Project, database: DatabaseURL) -> None:
    found = error(project, "db.migrate")
    assert found["message"].startswith(
        "revision aaaa (a change) could not be applied: could not create unique index"
    )
    assert LEFT in found["details"]
    assert found["remedy"] == (
        "mend what it failed of, then invoke db.migrate --fix, which drops the invalid index"
        f" and builds it anew; by hand: {DROP}"
    )
    execute(database, "DELETE FROM item")
    assert error(project, "db.migrate")["message"] == (
        'revision aaaa (a change) could not be applied: the index public."By code" of public.item'
        " is there, and invalid: it was left by a CREATE INDEX CONCURRENTLY that failed"
    )
    done = succeeded(project.invoke("db.migrate", "--fix"))
    assert 'dropped the invalid index public."By code" of public.item, to build it anew' in done.err
    assert rows(database, INVALID) == []
    assert version(database) == ["aaaa"]


@pytest.fixture
def plain(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """As `project`, with psycopg only."""
    project = copy_project("plain", database)
    succeeded(project.invoke("db.init"))
    execute(database, "CREATE TABLE item (code text)")
    execute(database, "INSERT INTO item VALUES ('a'), ('a')")
    return project


def test_if_not_exists_does_not_take_it_for_done(plain: Project, database: DatabaseURL) -> None:
    write_revision(plain, "aaaa", upgrade=block(BY_CODE.format("IF NOT EXISTS ")))
    error(plain, "db.migrate")
    execute(database, "DELETE FROM item")
    assert error(plain, "db.migrate") == {
        "code": "invalid-index",
        "message": 'revision aaaa (a change) could not be applied: the index public."By code" of public.item'
        " is there, and invalid: it was left by a CREATE INDEX CONCURRENTLY that failed",
        "remedy": f"invoke db.migrate --fix drops it and builds it anew; by hand: {DROP}",
        "details": [
            f"file: {plain.root}/migrations/versions/aaaa.py",
            "applied before it: none",
            f"the database is at: {PLAIN[2]}; 1 of 1 left",
        ],
    }
    assert version(database) == [PLAIN[2]]


def test_one_that_a_killed_run_had_built_is_named_with_what_drops_it(
    project: Project, database: DatabaseURL
) -> None:
    """Killed after the statement and before the version table said so."""
    execute(database, "DELETE FROM item")
    execute(database, BY_CODE.format(""))
    for arguments in ((), ("--fix",)):
        assert error(project, "db.migrate", *arguments)["remedy"] == (
            "a valid index of that name is there:"
            ' CREATE UNIQUE INDEX "By code" ON public.item USING btree (code);'
            f" if a killed run built it, drop it, then run this again: {DROP}"
        )
    execute(database, DROP)
    succeeded(project.invoke("db.migrate"))
    assert version(database) == ["aaaa"]


def test_an_index_of_another_table_or_of_a_constraint_is_not_taken_for_it(
    plain: Project, database: DatabaseURL
) -> None:
    write_revision(plain, "aaaa", upgrade=block(BY_CODE.format("")))
    execute(database, "DELETE FROM item")
    execute(database, 'ALTER TABLE item ADD CONSTRAINT "By code" UNIQUE (code)')
    general = "mend the revision's file, undo by hand what it did in autocommit blocks, then run this again"
    assert error(plain, "db.migrate")["remedy"] == general
    execute(database, 'ALTER TABLE item DROP CONSTRAINT "By code"')
    execute(database, 'CREATE INDEX "By code" ON note (title)')
    assert error(plain, "db.migrate")["remedy"] == general


def test_one_that_a_killed_run_had_dropped_is_to_be_dropped_if_it_exists(
    plain: Project, database: DatabaseURL
) -> None:
    write_revision(plain, "aaaa", upgrade=block("DROP INDEX CONCURRENTLY by_code"))
    assert error(plain, "db.migrate")["remedy"] == (
        "if a killed run dropped it, let the revision drop it with IF EXISTS (if_exists=True),"
        " then run this again"
    )
    write_revision(plain, "aaaa", upgrade=block("DROP INDEX CONCURRENTLY IF EXISTS by_code"))
    succeeded(plain.invoke("db.migrate"))
    assert version(database) == ["aaaa"]


def test_fix_leaves_alone_what_the_revisions_do_not_build(
    plain: Project, database: DatabaseURL
) -> None:
    for name in ("theirs", '"By code"'):
        with pytest.raises(Exception, match="could not create unique index"):
            execute(database, f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON item (code)")
    execute(database, "DELETE FROM item")
    write_revision(plain, "aaaa", upgrade=block(BY_CODE.format("")))
    done = succeeded(plain.invoke("db.migrate", "--fix"))
    assert (
        "--fix leaves other invalid indexes alone, which this does not build:\n"
        '  public.theirs of public.item: DROP INDEX CONCURRENTLY "public"."theirs"\n'
    ) in done.err
    assert rows(database, INVALID) == ["theirs"]


@pytest.mark.parametrize("name", ["old ", ""])
def test_one_that_waited_too_long_is_built_again_with_fix_only(
    name: str, plain: Project, database: DatabaseURL
) -> None:
    """Also one that PostgreSQL names."""
    index = '"old one"' if name else ""
    build = f"CREATE INDEX CONCURRENTLY {index} ON item (code)"
    write_revision(plain, "aaaa", upgrade=block(build))
    with maintenance.connect(database) as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")  # an old snapshot
        found = error(plain, "db.migrate", **SHORT)
        assert found["details"][-1] == (
            "not tried again: revision aaaa had committed a part of itself, as an autocommit block does"
        )
        assert len(rows(database, INVALID)) == 1
        with running(plain, "db.migrate", "--fix", **SHORT) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "trying again" in line:
                    break
            other.execute("COMMIT")
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert rows(database, INVALID) == (["item_code_idx"] if not name else [])
    assert version(database) == ["aaaa"]


def test_what_else_the_revision_did_is_not_done_twice(
    plain: Project, database: DatabaseURL
) -> None:
    upgrade = f"op.execute('CREATE TABLE one (id integer)')\n    {block(BY_CODE.format(''))}"
    write_revision(plain, "aaaa", upgrade=upgrade)
    found = error(plain, "db.migrate", "--fix")
    assert found["details"][-5:] == [
        LEFT,
        "half applied: aaaa (a change); of it stays",
        "  CREATE TABLE one (id integer)",
        "applied before it: none",
        f"the database is at: {PLAIN[2]}; 1 of 1 left",
    ]
    assert found["remedy"] == (
        "mend the revision's file, undo by hand what it did in autocommit blocks, then run this again"
    )


def test_a_failed_drop_is_said_to_be_half_done(plain: Project, database: DatabaseURL) -> None:
    execute(database, "CREATE INDEX by_code ON item (code)")
    write_revision(plain, "aaaa", upgrade=block("DROP INDEX CONCURRENTLY by_code"))
    with maintenance.connect(database) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM item")
        found = error(plain, "db.migrate", **SHORT)
    assert found["remedy"] == "run this again: the index is half dropped"
    assert "it left the invalid index public.by_code of public.item" in found["details"]
    succeeded(plain.invoke("db.migrate"))
    assert rows(database, "SELECT 1 FROM pg_class WHERE relname = 'by_code'") == []


class TestSharedTransaction:
    """Autocommit blocks in an env.py that uses one transaction for all revisions."""

    WARNING = (
        "env.py runs these 2 revisions in one transaction, and autocommit blocks end it midway:\n"
        "  aaaa a change\n"
        "if one fails, others may be left half done; commit_each = true (DBTASKS_COMMIT_EACH=true)"
        " gives each revision a transaction of its own\n"
    )

    @pytest.fixture
    def half(self, plain: Project) -> Project:
        """The second of two revisions fails; the first has an autocommit block and goes on after it."""
        index = block("CREATE INDEX CONCURRENTLY by_code ON item (code)")
        write_revision(
            plain, "aaaa", upgrade=f"{index}\n    op.execute('CREATE TABLE one (id integer)')"
        )
        write_revision(plain, "bbbb", "aaaa", upgrade="op.execute('SELECT 1 / 0')")
        return plain

    def test_it_is_said_before_and_what_is_half_done_after(
        self, half: Project, database: DatabaseURL
    ) -> None:
        done = half.invoke("db.migrate")
        assert self.WARNING in done.err
        assert done.err.endswith(
            "  half applied: aaaa (a change); of it stays\n"
            "    CREATE INDEX CONCURRENTLY by_code ON item (code)\n"
            "  rolled back with it: aaaa (they shared one transaction)\n"
            f"  the database is at: {PLAIN[2]}; 2 of 2 left\n"
            "remedy: mend the revision's file, undo by hand what it did in autocommit blocks, then run"
            " this again; commit_each = true (DBTASKS_COMMIT_EACH=true) gives each revision a"
            " transaction of its own\n"
        ), done.err
        assert version(database) == [PLAIN[2]]

    def test_with_commit_each_there_is_nothing_to_say(
        self, half: Project, database: DatabaseURL
    ) -> None:
        done = half.invoke("db.migrate", DBTASKS_COMMIT_EACH="true")
        assert "one transaction" not in done.err
        assert "half" not in done.err
        assert version(database) == ["aaaa"]
