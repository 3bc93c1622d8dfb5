"""A server that dbtasks did not make loses nothing unless somebody names the database."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from dbtasks import policy
from dbtasks.database import Database
from dbtasks.errors import RefusedError, UsageError
from dbtasks.migrator import Migrator
from dbtasks.settings import load_settings
from histories import (
    PLAIN,
    document,
    error,
    execute,
    rows,
    succeeded,
    version,
)
from terminals import at_terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

QUESTION = "Type the database's name to go on: "
OPERATIONS = {
    "db.rollback": "undo revisions of",
    "db.rollback --steps 2": "undo revisions of",
    "db.rollback --to base": "undo revisions of",
    "db.rollback-all": "undo every revision of",
    "db.rollback-all --yes": "undo every revision of",
    "db.redo": "undo revisions of",
    "db.stamp base": "overwrite the version table of",
}
AFTER = {
    "db.rollback": [PLAIN[1]],
    "db.rollback-all": [],
    "db.redo": [PLAIN[2]],
    "db.stamp base": [],
}
OF_THE_SERVER = (
    *("stop", "recreate", "recreate --yes", "destroy", "destroy --yes"),
    *("recreate --yes-destroy {}", "destroy --yes-destroy {}", "destroy --yes-destroy other"),
)


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """A project whose database is on a server of somebody else's, at head, with three rows."""
    made = copy_project("plain", database)
    succeeded(made.invoke("db.init"))
    execute(database, "INSERT INTO note (title) VALUES ('one'), ('two'), ('three')")
    return made


def where(url: DatabaseURL) -> str:
    return f'database "{url.database}" at {url.place} (its URL is from DATABASE_URL)'


def refusal(operation: str, url: DatabaseURL) -> dict[str, Any]:
    return {
        "code": "external",
        "message": f"refused to {operation} {where(url)}: dbtasks did not make that server,"
        " and nothing was changed",
        "remedy": "type the database's name at a terminal, or pass it with --yes-destroy NAME;"
        " --yes does not suffice there",
    }


def other_name(operation: str, url: DatabaseURL, how: str, name: str) -> dict[str, Any]:
    return {
        "code": "other-name",
        "message": f'refused to {operation} {where(url)}: the name that {how} is "{name}",'
        " and nothing was changed",
        "remedy": "check which database is meant (invoke db.status), and give exactly its name",
    }


def text(found: dict[str, Any]) -> str:
    return f"error: {found['message']}\nremedy: {found['remedy']}\n"


def state(url: DatabaseURL) -> list[Any]:
    """Return what a refused command must not change; `xmin` tells which transaction wrote a row."""
    return [
        rows(url, "SELECT concat_ws(' ', title, xmin) FROM note ORDER BY title"),
        rows(url, "SELECT concat_ws(' ', version_num, xmin) FROM alembic_version"),
        rows(url, "SELECT count(*) FROM pg_indexes WHERE indexname = 'ix_note_title'"),
        version(url),
    ]


@pytest.fixture
def unchanged(project: Project, database: DatabaseURL) -> Callable[[], bool]:
    """Tells whether rows, schema and version table are what they were when the test began."""
    assert project.root.exists()
    before = state(database)
    assert (len(before[0]), before[2], before[3]) == (3, [1], [PLAIN[2]])
    return lambda: state(database) == before


def test_without_a_name_and_without_a_terminal_it_is_refused(
    project: Project, database: DatabaseURL, unchanged: Callable[[], bool]
) -> None:
    for task, operation in OPERATIONS.items():
        assert error(project, *task.split(), code=5) == refusal(operation, database), task
    done = project.invoke("db.rollback", "--yes-destroy", "")
    assert (done.code, done.out) == (5, "")
    assert done.err == text(refusal("undo revisions of", database))
    assert unchanged()


def test_a_wrong_name_is_refused_and_said(
    project: Project, database: DatabaseURL, unchanged: Callable[[], bool]
) -> None:
    wrong = (database.database.upper(), f"{database.database} ", "postgres", "*")
    for (task, operation), name in zip(list(OPERATIONS.items())[-4:], wrong, strict=True):
        expected = other_name(operation, database, "was given with --yes-destroy", name)
        assert error(project, *task.split(), "--yes-destroy", name, code=5) == expected, task
    assert unchanged()


@pytest.mark.parametrize("task", AFTER)
def test_with_exactly_its_name_it_is_done(
    task: str, project: Project, database: DatabaseURL
) -> None:
    done = document(project, *task.split(), "--yes-destroy", database.database)
    assert done["current"] == version(database) == AFTER[task]


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
@pytest.mark.parametrize(
    "task", ["db.rollback", "db.rollback-all --yes", "db.redo", "db.stamp base"]
)
def test_at_a_terminal_a_wrong_name_is_refused(
    task: str,
    json_flag: tuple[str, ...],
    project: Project,
    database: DatabaseURL,
    unchanged: Callable[[], bool],
) -> None:
    operation = OPERATIONS[task]
    done = at_terminal(project, *task.split(), *json_flag, question=QUESTION, typed="yes\n")
    expected = other_name(operation, database, "was typed", "yes")
    asked, _, answer = done.out.partition(f"{QUESTION}yes\n")
    assert (
        f"This will {operation} {where(database)}, and dbtasks did not make that server.\n" in asked
    )
    assert done.code == 5
    if json_flag:
        assert json.loads(answer) == {"error": expected}
    else:
        assert answer == text(expected)
    assert unchanged()


def test_at_a_terminal_nothing_typed_is_no_name(
    project: Project, database: DatabaseURL, unchanged: Callable[[], bool]
) -> None:
    done = at_terminal(project, "db.rollback", question=QUESTION, typed="\n")
    assert done.code == 5
    assert text(other_name("undo revisions of", database, "was typed", "")) in done.out
    done = at_terminal(project, "db.rollback", question=QUESTION, typed="\x04")
    assert done.code == 5
    assert text(refusal("undo revisions of", database)) in done.out
    done = at_terminal(project, "db.rollback", question=QUESTION, typed="\x03")
    assert done.code == 130
    assert "error: interrupted\n" in done.out
    assert unchanged()


@pytest.mark.parametrize("task", AFTER)
def test_at_a_terminal_its_name_suffices(
    task: str, project: Project, database: DatabaseURL
) -> None:
    typed = f"{database.database}\n"
    done = at_terminal(project, *task.split(), question=QUESTION, typed=typed)
    assert done.code == 0, done
    assert "Go on?" not in done.out, done  # nobody is asked a second time
    assert version(database) == AFTER[task]


def test_the_server_itself_is_refused_whatever_is_typed(
    project: Project, database: DatabaseURL, unchanged: Callable[[], bool]
) -> None:
    for task in OF_THE_SERVER:
        verb = "stop" if task == "stop" else "destroy"
        words = f"db.{task.format(database.database)}".split()
        assert error(project, *words, code=5) == {
            "code": "external",
            "message": f"refused to {verb} the external server {database.place} with database"
            f' "{database.database}" (its URL is from DATABASE_URL): dbtasks did not make it',
            "remedy": f"{verb} it where it runs; for a server of dbtasks' own unset DATABASE_URL",
        }
    assert unchanged()


def test_migrating_tells_where_and_what_first_and_asks_nothing(
    project: Project, database: DatabaseURL
) -> None:
    plan = [
        where(database),
        f"  will apply {PLAIN[1]} add body",
        f"  will apply {PLAIN[2]} index title",
    ]
    back = ("db.rollback", "--to", PLAIN[0], "--yes-destroy", database.database)
    done = succeeded(project.invoke(*back))
    assert done.err.splitlines()[:3] == [
        where(database),
        f"  will undo {PLAIN[2]} index title",
        f"  will undo {PLAIN[1]} add body",
    ]
    done = succeeded(project.invoke("db.migrate"))
    assert done.err.splitlines()[:3] == plan
    assert [line.split()[0] for line in done.err.splitlines()[3:]] == ["1/2", "2/2"]

    succeeded(project.invoke(*back))
    done = succeeded(project.invoke("db.migrate", "+1"))
    assert done.err.splitlines()[:2] == plan[:2]
    done = succeeded(project.invoke("db.migrate", "--json"))
    assert done.err == ""
    assert json.loads(done.out)["current"] == [PLAIN[2]]
    done = succeeded(project.invoke("db.migrate"))
    assert (done.out, done.err) == (f"nothing to do, the database is at {PLAIN[2]}\n", "")


def test_on_a_server_of_ours_nothing_is_asked_and_a_wrong_name_is_refused(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", DBTASKS_SERVER="local", DBTASKS_DATABASE="shop")
    try:
        done = succeeded(project.invoke("db.init", "db.rollback", "db.migrate", "db.stamp", "head"))
        assert "will apply" not in done.err
        found = error(project, "db.rollback", "--yes-destroy", database.database, code=5)
        assert found["code"] == "other-name"
        assert 'refused to undo revisions of database "shop" at ' in found["message"]
        assert error(project, "db.rollback-all", code=5)["code"] == "not-confirmed"
        for typed in ("shop\n", "\x04"):
            done = at_terminal(project, "db.rollback-all", question="Go on? [y/N] ", typed=typed)
            assert (done.code, "nobody agreed to that" in done.out) == (5, True), done
        assert document(project, "db.current")[0]["revision"] == PLAIN[2]
        assert document(project, "db.rollback-all", "--yes-destroy", "shop")["current"] == []
        where = document(project, "db.status")["server"]["where"]
        for task in ("db.destroy", "db.recreate --yes"):
            assert error(project, *task.split(), "--yes-destroy", "other", code=5) == {
                "code": "other-name",
                "message": f'refused to remove {where} of database "shop": the name that was given with'
                ' --yes-destroy is "other", and nothing was changed',
                "remedy": "check which database is meant (invoke db.status), and give exactly its name",
            }
        assert document(project, "db.recreate", "--yes-destroy", "shop")["current"] == [PLAIN[2]]
    finally:
        gone = document(project, "db.destroy", "--yes-destroy", "shop")
    assert gone["server"]["state"] == "absent"


def refused(url: DatabaseURL, call: Callable[[], object]) -> str:
    """Return the operation of a refusal of a call in Python, which says all else that it has to."""
    with pytest.raises(RefusedError) as caught:
        call()
    assert (caught.value.code, caught.value.exit_code) == ("external", 5)
    assert caught.value.remedy == (
        "if that is the database meant, give its name: Migrator(settings, url, yes_destroy=NAME)"
    )
    start, _, rest = caught.value.message.partition(" database ")
    assert f"database {rest}" == (
        f"{where(url)}: dbtasks did not make that server, and nothing was changed"
    )
    return start.removeprefix("refused to ")


def test_from_python_it_is_refused_without_the_name(
    project: Project, database: DatabaseURL, unchanged: Callable[[], bool]
) -> None:
    settings = load_settings(root=project.root, environ=project.environ)
    migrator, runs = Migrator(settings, database), Database(settings).runs
    for undo in (
        *(lambda: migrator.downgrade("base"), migrator.rollback, migrator.redo),
        lambda: migrator.stairway(PLAIN),
        *(runs.rollback, lambda: runs.rollback(to="base"), runs.redo),
    ):
        assert refused(database, undo) == "undo revisions of"
    for stamp in (migrator.stamp, runs.stamp):
        assert refused(database, lambda: stamp("base")) == "overwrite the version table of"  # noqa: B023
    with pytest.raises(RefusedError) as caught:
        Migrator(settings, database, yes_destroy="shop").rollback()
    assert (caught.value.code, caught.value.message) == (
        "other-name",
        f'refused to undo revisions of {where(database)}: yes_destroy is "shop", and nothing was changed',
    )
    assert unchanged()
    assert runs.migrate().current == (PLAIN[2],)
    own = load_settings(
        root=project.root, environ=project.environ, flags={"server": "local"}
    )  # whose URL the application has, too
    policy.check_call(own, database, "undo revisions of", "")
    named = Migrator(settings, database, yes_destroy=database.database)
    assert named.rollback().current == (PLAIN[1],)
    assert named.stamp("base").current == ()


class TestThrowawayUrl:
    """It may name the server of the application's database, and never that very database."""

    REAL = "postgresql://app:s3cret@127.0.0.1:5433/shop"

    @pytest.mark.parametrize(
        "throwaway",
        [
            REAL,
            "postgresql://127.0.0.1:5433/shop",
            "postgresql+asyncpg://o@localhost:5433/shop",
            "postgresql:///shop?host=/run/postgresql&port=5433",
        ],
    )
    def test_the_same_database_is_refused(self, throwaway: str, tmp_path: Path) -> None:
        environ = {"DATABASE_URL": self.REAL, "DBTASKS_THROWAWAY_URL": throwaway}
        with pytest.raises(UsageError) as caught:
            policy.check_throwaway(load_settings(root=tmp_path, environ=environ))
        assert (caught.value.code, caught.value.exit_code) == ("throwaway-url", 2)
        assert caught.value.message == (
            'throwaway_url (DBTASKS_THROWAWAY_URL) names database "shop" at 127.0.0.1:5433, and so'
            " does url (DATABASE_URL), whose data are not to be thrown away"
        )
        assert caught.value.remedy == (
            "if databases may be made on that server, let throwaway_url name another one there,"
            " such as postgres; else leave it out"
        )

    @pytest.mark.parametrize(
        "throwaway",
        [
            "postgresql://app@127.0.0.1:5433/postgres",
            "postgresql://app@127.0.0.1:5433",
            "postgresql://app@127.0.0.1:5434/shop",
            "postgresql://app@db.example:5433/shop",
        ],
    )
    def test_another_database_or_server_is_not(self, throwaway: str, tmp_path: Path) -> None:
        environ = {"DATABASE_URL": self.REAL, "DBTASKS_THROWAWAY_URL": throwaway}
        policy.check_throwaway(load_settings(root=tmp_path, environ=environ))

    def test_it_stops_tasks_and_tests_before_anything(
        self, project: Project, database: DatabaseURL, unchanged: Callable[[], bool]
    ) -> None:
        same: dict[str, Any] = {"DBTASKS_THROWAWAY_URL": database.libpq()}
        before = rows(database, "SELECT datname FROM pg_database ORDER BY 1")
        for task in ("db.check", "db.plan", "db.revision again"):
            assert error(project, *task.split(), code=2, **same)["code"] == "throwaway-url", task
        (project.root / "test_it.py").write_text(
            "def test_it(dbtasks_database):\n    raise AssertionError\n", encoding="utf-8"
        )
        proofs = ("-q", "test_it.py", "--pyargs", "dbtasks.proofs")
        done = project.run(sys.executable, "-m", "pytest", *proofs, **same)
        assert done.code == 1
        assert (
            f'throwaway_url (DBTASKS_THROWAWAY_URL) names database "{database.database}"'
            in done.out
        )
        assert " passed" not in done.out
        assert " failed" not in done.out
        assert rows(database, "SELECT datname FROM pg_database ORDER BY 1") == before
        assert unchanged()

    def test_the_plugin_stays_away_from_the_database_beside_its_own(
        self, project: Project, database: DatabaseURL, unchanged: Callable[[], bool]
    ) -> None:
        (project.root / "test_it.py").write_text(
            "def test_it(dbtasks_settings, dbtasks_server, dbtasks_database):\n"
            "    assert dbtasks_server.kind == 'external'\n"
            "    assert dbtasks_settings.url.database == 'postgres'\n"
            "    assert dbtasks_database.database.startswith('dbtasks_')\n",
            encoding="utf-8",
        )
        done = project.run(sys.executable, "-m", "pytest", "-q", "test_it.py")
        assert (done.code, "1 passed" in done.out) == (0, True), done
        assert unchanged()
