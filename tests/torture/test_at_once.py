"""Many processes that start or init one database, and checkouts of one repository beside each other."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dbtasks.database import Database
from dbtasks.settings import load_settings
from histories import PLAIN, document, execute, rows, succeeded, version
from histories import replace as replace_text
from torture import branches
from torture.inventory import inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

PROCESSES = 10


@pytest.fixture(params=["local", "docker"])
def project(
    request: pytest.FixtureRequest, copy_project: CopyProject, docker_image: str
) -> Iterator[Project]:
    """A project on a server of its own, with nothing there yet."""
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    project = copy_project("plain")
    project.environ.update(
        DBTASKS_SERVER=request.param,
        DBTASKS_NAME=f"torture{secrets.token_hex(4)}",
        DBTASKS_IMAGE=docker_image,
        DBTASKS_DATABASE="shop",
        DBTASKS_START_TIMEOUT="120",
    )
    yield project
    database(project).destroy()


def database(project: Project) -> Database:
    own = {k: v for k, v in project.environ.items() if k.startswith("DBTASKS_")}
    return Database(load_settings(root=project.root, environ=own, flags={}))


def url_of(project: Project) -> DatabaseURL:
    url = database(project).server.status().url
    assert url is not None
    return url


def audited(project: Project) -> None:
    """Let the database count how often each revision was recorded: its trigger sees every write."""
    first = next((project.root / "migrations" / "versions").glob(f"{PLAIN[0]}*.py"))
    replace_text(
        first,
        "def upgrade() -> None:\n",
        "def upgrade() -> None:\n"
        '    op.execute("CREATE TABLE audit (revision text)")\n'
        '    op.execute("CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS '
        '$$ BEGIN INSERT INTO audit VALUES (NEW.version_num); RETURN NEW; END $$")\n'
        '    op.execute("CREATE TRIGGER audit AFTER INSERT OR UPDATE ON alembic_version '
        'FOR EACH ROW EXECUTE FUNCTION audit()")\n',
    )


def at_once(project: Project, task: str) -> None:
    with ThreadPoolExecutor(PROCESSES) as threads:
        runs = [threads.submit(project.invoke, task, timeout=300) for _ in range(PROCESSES)]
    for run in runs:
        succeeded(run.result())


def test_ten_processes_start_one_server(project: Project) -> None:
    at_once(project, "db.start")
    found = [line for line in inventory(project, None) if line.startswith(("process", "container"))]
    assert len(found) == 1, found


def test_ten_processes_init_one_database(project: Project) -> None:
    audited(project)
    at_once(project, "db.init")
    url = url_of(project)
    assert sorted(rows(url, "SELECT revision FROM audit")) == sorted(PLAIN)
    assert rows(url, "SELECT count(*) FROM pg_database WHERE datname = 'shop'") == [1]
    assert version(url) == [PLAIN[-1]]
    servers = [one for one in inventory(project, url) if one.startswith(("process", "container"))]
    assert len(servers) == 1, servers


class TestWorktrees:
    """Two checkouts of one repository."""

    @pytest.fixture
    def checkouts(self, project: Project) -> Iterator[tuple[Project, Project]]:
        """The project, and a git worktree of it; neither has a name set."""
        for name in ("DBTASKS_NAME", "DBTASKS_DATABASE"):
            project.environ.pop(name)
        branches.git(project, "init", "-q", "-b", "main")
        (project.root / ".gitignore").write_text(".dbtasks/\n__pycache__/\n", encoding="utf-8")
        branches.git(project, "add", "-A")
        branches.git(project, "commit", "-q", "-m", "all")
        folder = project.root.with_name("another checkout")
        branches.git(project, "worktree", "add", "-q", "-b", "other", str(folder))
        other = replace(project, root=folder, environ=dict(project.environ))
        yield project, other
        database(other).destroy()

    def test_each_has_a_server_of_its_own(self, checkouts: tuple[Project, Project]) -> None:
        first, second = checkouts
        for project in checkouts:
            project.environ["DBTASKS_DATABASE"] = "shop"
            succeeded(project.invoke("db.init"))
        assert url_of(first).place != url_of(second).place
        execute(url_of(second), "INSERT INTO note (title) VALUES ('of the second')")
        assert rows(url_of(first), "SELECT count(*) FROM note") == [0]
        succeeded(first.invoke("db.destroy", "--yes"))
        assert database(first).server.status().state == "absent"
        assert rows(url_of(second), "SELECT title FROM note") == ["of the second"]
        assert document(second, "db.status")["pending"] == 0

    def test_they_share_one_when_they_are_told_to(self, checkouts: tuple[Project, Project]) -> None:
        """For docker a name does it; a local server is shared by its state folder, too."""
        first, second = checkouts
        name, state = f"torture{secrets.token_hex(4)}", str(first.root / ".dbtasks")
        for project in checkouts:
            project.environ.update(DBTASKS_NAME=name, DBTASKS_DATABASE="shop")
            if project.environ["DBTASKS_SERVER"] == "local":
                project.environ["DBTASKS_STATE_DIR"] = state
            succeeded(project.invoke("db.init"))
        assert url_of(first).place == url_of(second).place
        execute(url_of(second), "INSERT INTO note (title) VALUES ('of both')")
        assert rows(url_of(first), "SELECT title FROM note") == ["of both"]

        with ThreadPoolExecutor(2) as threads:  # each takes away what the other one has just made
            done = list(threads.map(lambda one: one.invoke("db.recreate", "--yes"), checkouts))
        assert 0 in {one.code for one in done} <= {0, 3, 4}, done
        assert not any("Traceback" in one.err for one in done), done
        for project in checkouts:
            succeeded(project.invoke("db.init"))
        assert url_of(first) == url_of(second)
        assert rows(url_of(first), "SELECT count(*) FROM note") == [0]
