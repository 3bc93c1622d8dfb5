"""The doctor: what killed runs leave, half states, and revisions that only git has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dbtasks import maintenance
from dbtasks.migration_lock import migration_lock
from dbtasks.servers.throwaway.docker import DockerThrowaway
from dbtasks.servers.throwaway.local import LocalThrowaway
from dbtasks.version_table import VersionTable
from histories import PLAIN, execute, succeeded, version, write_revision

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

START = """
import sys
from pathlib import Path
from dbtasks.servers.throwaway import start
from dbtasks.settings import load_settings
flags = {"image": sys.argv[2]}
server = start(load_settings(root=Path("."), environ={}, flags=flags), kind=sys.argv[1])
print(server.where, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """Three revisions, applied."""
    project = copy_project("plain", database)
    maintenance.create(database)
    succeeded(project.invoke("db.migrate"))
    return project


def doctor(project: Project, *flags: str, code: int, **environ: Any) -> Any:
    done = project.invoke("db.doctor", "--json", *flags, **environ)
    assert done.code == code, done
    return json.loads(done.out)


def ours(document: Any, project: Project, *others: str) -> list[dict[str, Any]]:
    """The findings about this project: other tests leave things on the machine meanwhile."""
    words = (str(project.root), *others)
    texts = ("message", "remedy")
    return [
        one
        for one in document["findings"]
        if any(word in one[text] for word in words for text in texts)
    ]


def found(project: Project, database: DatabaseURL) -> list[dict[str, Any]]:
    done = project.invoke("db.doctor", "--json")
    return ours(json.loads(done.out), project, database.database)


def git(project: Project, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    argv = ["git", *identity, *arguments]
    subprocess.run(argv, cwd=project.root, check=True, capture_output=True)


def test_nothing_is_found_where_all_is_well(project: Project, database: DatabaseURL) -> None:
    assert found(project, database) == []


def test_a_missing_database_is_told(project: Project, database: DatabaseURL) -> None:
    maintenance.drop(database)
    assert found(project, database) == [
        {
            "code": "database-missing",
            "level": "problem",
            "message": f'the server runs, and it has no database "{database.database}"',
            "remedy": "invoke db.init creates it",
            "safe": False,
            "details": [],
        }
    ]


def test_a_server_that_is_down_hides_nothing_else(project: Project) -> None:
    write_revision(project, "aaaa", PLAIN[0])
    url = "postgresql://postgres:secret@127.0.0.1:1/shop"
    document = doctor(project, code=1, DATABASE_URL=url)
    assert "several-heads" in {one["code"] for one in document["findings"]}
    told = [one for one in document["untold"] if one["what"] == "the server"]
    assert [(one["code"], one["level"]) for one in told] == [("unreachable", "problem")]
    assert "secret" not in json.dumps(document)


def test_tables_at_no_revision_are_told(project: Project, database: DatabaseURL) -> None:
    execute(database, "DELETE FROM alembic_version")
    (one,) = found(project, database)
    assert one["code"] == "no-revision"
    assert one["message"] == f"{database.database} is at no revision, and it has table public.note"


def test_an_invalid_index_of_somebody_elses_server_is_left_alone(
    project: Project, database: DatabaseURL
) -> None:
    execute(database, "CREATE TABLE bad (a integer); INSERT INTO bad VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute(database, "CREATE UNIQUE INDEX CONCURRENTLY bad_a ON bad (a)")
    document = doctor(project, "--fix", code=1)
    assert [one for one in document["findings"] if one["code"] == "invalid-index"] == [
        {
            "code": "invalid-index",
            "level": "problem",
            "message": "index public.bad_a of table public.bad is invalid:"
            " a failed CREATE INDEX CONCURRENTLY left it",
            "remedy": """invoke db.psql --command 'DROP INDEX CONCURRENTLY "public"."bad_a"'""",
            "safe": False,
            "details": [],
        }
    ]


def test_who_holds_the_migration_lock_is_told(project: Project, database: DatabaseURL) -> None:
    with migration_lock(database, VersionTable(), wait=1, say=lambda _: None):
        (one,) = found(project, database)
    assert (one["code"], one["level"]) == ("migration-lock", "note")
    assert f"pid {os.getpid()} on " in one["message"]


def test_rows_that_another_row_implies_are_told(project: Project, database: DatabaseURL) -> None:
    execute(database, f"INSERT INTO alembic_version VALUES ('{PLAIN[0]}')")
    document = doctor(project, code=1)
    assert {
        "code": "overlapping-rows",
        "level": "problem",
        "message": f"the version table has {PLAIN[2]} and {PLAIN[0]}, which it includes",
        "remedy": f"invoke db.stamp {PLAIN[2]}, if it was applied",
        "safe": False,
        "details": [],
    } in document["findings"]


def test_a_revision_of_another_branch_is_found_and_its_remedy_works(
    project: Project, database: DatabaseURL
) -> None:
    (project.root / ".gitignore").write_text(".dbtasks\n__pycache__\n", encoding="utf-8")
    git(project, "init", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "-m", "one")
    git(project, "switch", "-c", "feature")
    path = write_revision(project, "aaaa")
    git(project, "add", ".")
    git(project, "commit", "-m", "two")
    succeeded(project.invoke("db.migrate"))
    git(project, "switch", "main")
    place = f"feature has it in {path.relative_to(project.root).as_posix()}"
    remedy = f"git switch feature, then invoke db.rollback --to {PLAIN[2]}, then git switch -"
    (one,) = found(project, database)
    message = f"{database.database} is at revision aaaa, which no revision file has"
    assert (one["code"], one["message"]) == ("unknown-revision", message)
    assert (one["remedy"], one["details"]) == (remedy, [place])
    for task in ("db.migrate", "db.rollback", "db.current"):
        done = project.invoke(*project.named(task), "--json")
        told = json.loads(done.out)["error"]
        assert (done.code, told["remedy"], told["details"]) == (4, remedy, [place])
    git(project, "switch", "feature")
    git(project, "switch", "main")
    git(project, "branch", "-D", "feature")
    (one,) = found(project, database)  # the reflog has it still
    file = path.relative_to(project.root).as_posix()
    assert one["remedy"].endswith(
        f" -- '{file}', then invoke db.rollback --to {PLAIN[2]}, then remove the restored files again"
    )
    argv = one["remedy"].split(" -- ")[0].split()
    git(project, *argv[1:], "--", file)
    succeeded(project.invoke(*project.named("db.rollback", "--to", PLAIN[2])))
    path.unlink()
    assert version(database) == [PLAIN[2]]
    assert found(project, database) == []


def test_what_a_killed_command_left_in_the_state_folder_is_removed(
    project: Project, database: DatabaseURL
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    state = project.root / ".dbtasks"
    state.mkdir(exist_ok=True)
    left = [
        state / f"shop.docker.password.{gone.pid}",
        state / f"revisions.json.{gone.pid}.12345",
        state / "shop.docker.env",
        state / "throwaway-kept-0123456789ab.json",
        state / "shop-pg18.0123456789abcdef.template.tar",
        state / "shop-pg18.template.draft",
    ]
    for path in left:
        path.touch(mode=0o600)
    alive = state / f"shop.docker.password.{os.getpid()}"
    alive.touch(mode=0o600)
    codes = [one["code"] for one in found(project, database)]
    assert codes == ["left-over-file"] * len(left)
    document = doctor(project, "--fix", code=project.invoke("db.doctor", "--fix").code)
    assert ours(document, project) == []
    assert [path for path in left if path.exists()] == []
    assert alive.exists()


def test_a_state_folder_that_others_may_read_is_closed(
    project: Project, database: DatabaseURL
) -> None:
    state = project.root / ".dbtasks"
    state.mkdir(exist_ok=True)
    state.chmod(0o755)
    (one,) = found(project, database)
    assert one["message"] == f"{state} may be read or changed by others (mode 0755)"
    project.invoke("db.doctor", "--fix")
    assert state.stat().st_mode & 0o777 == 0o700


def test_databases_of_runs_that_are_gone_are_dropped_and_kept_ones_are_not(
    project: Project, postgres: DatabaseURL, database: DatabaseURL
) -> None:
    name = database.database.removeprefix("test_")
    template = postgres.with_database(f"dbtasks_template_{name}_x")
    kept = postgres.with_database(f"kept_test_{name}_abcdef")
    for url in (template, kept):
        maintenance.create(url)
    try:
        said = {one["code"]: one for one in ours(doctor(project, code=0), project, name)}
        assert said["left-over-database"]["level"] == "note"  # others may share that server
        assert said["left-over-database"]["message"] == (
            f"a run that is gone left the half-built template {template.database} at {postgres.place}"
        )
        assert said["kept-database"]["level"] == "note"
        with maintenance.advisory_lock(postgres, template.database, timeout=1):
            codes = {one["code"] for one in found(project, database.with_database(name))}
            assert codes == {"kept-database"}  # somebody is building it
        project.invoke("db.doctor", "--fix")
        assert (maintenance.exists(template), maintenance.exists(kept)) == (False, True)
    finally:
        maintenance.drop(template)
        maintenance.drop(kept)


@pytest.mark.parametrize("kind", ["local", "docker"])
def test_a_throwaway_server_whose_owner_was_killed_is_removed(
    kind: str,
    project: Project,
    docker_image: str,
    request: pytest.FixtureRequest,
) -> None:
    if kind == "docker":
        request.getfixturevalue("docker_engine")
    where = _killed(kind, docker_image, project.root)
    server = {"local": LocalThrowaway, "docker": DockerThrowaway}[kind](
        where=where,
        version="",
        url=None,  # type: ignore[arg-type]
    )
    try:
        # A note: it may be of another project. Another test's start may have removed it meanwhile.
        document = doctor(project, code=0)
        told = [one["level"] for one in document["findings"] if where in one["message"]]
        assert told == ["note"] or server.state() == "gone"
        project.invoke("db.doctor", "--fix")
        assert server.state() == "gone"
    finally:
        server.remove()


def test_a_throwaway_server_of_a_run_that_lives_is_not_told(
    project: Project, docker_image: str
) -> None:
    argv = [sys.executable, "-c", START, "local", docker_image]
    with subprocess.Popen(
        argv, cwd=project.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        where = process.stdout.readline().strip()
        document = doctor(project, "--fix", code=0)
        assert [one for one in document["findings"] if where in one["message"]] == []
        server = LocalThrowaway(where=where, version="", url=None)  # type: ignore[arg-type]
        try:
            assert server.state() == "running"
        finally:
            process.kill()
            process.wait()
            server.remove()


def _killed(kind: str, image: str, folder: Path) -> str:
    """Start a throwaway server in a process that is then killed; return where the server is."""
    argv = [sys.executable, "-c", START, kind, image]
    with subprocess.Popen(
        argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        where = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    assert where
    return where
