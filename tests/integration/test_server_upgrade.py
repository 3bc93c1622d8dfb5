"""A server's data moved to another PostgreSQL major, and what keeps another major's data from harm."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from arguments import arguments_seen
from canary import Canary, docker_tells, watched
from conftest import missing
from consumers import PROJECTS, TASKS, Project, clean_environ
from dbtasks import maintenance
from dbtasks.database import Database
from dbtasks.errors import DbtasksError
from dbtasks.server_upgrade.frozen import frozen
from dbtasks.servers import wheels
from dbtasks.servers.account import server_account
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.server_upgrade import ServerUpgrade
    from dbtasks.url import DatabaseURL

HERE = Path(__file__).parent.parent
OTHER = "a=b 'quoted'"
PASSWORD = 'o"d\\d $(x) %40 ü é='
CONTENT = """
    SELECT md5(concat((SELECT string_agg(t::text, ';') FROM shop.customer t),
        (SELECT string_agg(t::text, ';' ORDER BY at) FROM shop.event t),
        (SELECT string_agg(t::text, ';') FROM shop.orders t),
        (SELECT string_agg(concat(t, lo_get(big)), ';') FROM public.blob t)))
"""


class Lab:
    """A project with a server of its own under several majors."""

    def __init__(self, root: Path, kind: str, image: str) -> None:
        self.root, self.kind, self.image, self.said = root, kind, image, list[str]()
        self.name = f"t{secrets.token_hex(4)}"
        shutil.copytree(PROJECTS / "plain", root, dirs_exist_ok=True)
        (root / "tasks.py").write_text(TASKS, encoding="utf-8")

    def database(self, major: int, **values: Any) -> Database:
        flags = {"image": self.image, "name": self.name, "database": "shop", "server": self.kind}
        settings = load_settings(
            root=self.root, environ={}, flags={**flags, "postgres": major, **values}
        )
        self.said.clear()
        return Database(settings, say=self.said.append)

    def upgrade(self, target: int, **wishes: Any) -> ServerUpgrade:
        return self.database(target).upgrade_server(target, **wishes)

    def failure(self, action: Callable[[], object]) -> DbtasksError:
        with pytest.raises(DbtasksError) as caught:
            action()
        assert "\n" not in caught.value.message
        return caught.value

    def project(self, major: int) -> Project:
        """Return the project for its commands, with the major set in pyproject.toml."""
        (self.root / "pyproject.toml").write_text(
            f'[tool.dbtasks]\nserver = "{self.kind}"\nname = "{self.name}"\ndatabase = "shop"\n'
            f"postgres = {major}  # as in production\n",
            encoding="utf-8",
        )
        return Project(self.root, {**clean_environ(), "DBTASKS_IMAGE": self.image})

    def destroy(self) -> None:
        for data in self.database(18).server.data_of_majors():
            self.database(data.major).destroy()

    def left(self) -> list[str]:
        """Return the files that are no longer needed after an upgrade."""
        names = (path.name for path in (self.root / ".dbtasks").iterdir())
        return [name for name in names if "dump" in name or name.endswith(".env")]


@pytest.fixture
def docker(tmp_path: Path, docker_image: str, docker_engine: None) -> Iterator[Lab]:
    lab = Lab(tmp_path / "a shop", "docker", docker_image)
    yield lab
    lab.destroy()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[tuple[Lab, int, int]]:
    """A lab of the local kind, with the two newest majors that are at hand."""
    majors = majors_at_hand(tmp_path)
    if len(majors) < 2:
        missing("binaries of only one PostgreSQL major are at hand")
    lab = Lab(tmp_path / "a shop", "local", "none:{version}")
    yield lab, majors[-2], majors[-1]
    lab.destroy()


def majors_at_hand(root: Path) -> list[int]:
    found = []
    for major in (17, 18):
        settings = load_settings(root=root, environ={}, flags={"postgres": major})
        try:
            wheels.find_or_fetch(settings, server_account(), lambda _: None)
        except DbtasksError:
            continue
        found.append(major)
    return found


def run(url: DatabaseURL, statement: str) -> Any:
    with closing(psycopg.connect(**url.connect_args(), autocommit=True)) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def fill(url: DatabaseURL) -> None:
    """Put one of everything into the database, and a second database beside it."""
    roles = (
        "CREATE ROLE catalog_owner LOGIN PASSWORD 'geheim'; CREATE ROLE catalog_app LOGIN;"
        """CREATE ROLE "odd "" röle" IN ROLE catalog_app VALID UNTIL '2033-01-01'"""
    )
    with maintenance.connect(url) as connection:
        connection.execute(roles)
        for name in ("rich_schema.sql", "rich_data.sql"):
            connection.execute((HERE / name).read_bytes())
        connection.execute(f'CREATE DATABASE "{OTHER}"')
    run(url.with_database(OTHER), "CREATE TABLE t AS SELECT generate_series(1, 5) AS g")


def check(lab: Lab, old: int, new: int) -> None:
    """Fill a server, move it, and find everything in the new one."""
    url = lab.database(old).create()
    fill(url)
    content = run(url, CONTENT)
    idle = psycopg.connect(**url.connect_args())  # somebody is connected all the time

    done = lab.upgrade(new)

    moved = {one.name: (one.tables, one.rows, one.large_objects) for one in done.databases}
    assert moved == {"shop": (11, 9, 1), OTHER: (1, 5, 0)}
    assert (done.source, done.target, done.version.split(".")[0]) == (old, new, str(new))
    assert (done.setting, done.differences) == (None, ())
    steps = [text.partition(":")[0] for text in lab.said if ": " in text]
    assert list(dict.fromkeys(step for step in steps if " " not in step)) == [
        "discard", "old", "new", "freeze", "roles", "dump", "restore", "compare",
        "stop-old", "setting", "complete", "start",
    ]  # fmt: skip
    assert lab.left() == []
    address = lab.database(new).server.address()
    assert address.password == url.password
    assert run(address, CONTENT) == content
    assert run(address, "SHOW work_mem") == "9MB"
    assert run(address.with_database(OTHER), "SELECT sum(g) FROM t") == 15
    assert not run(address, "SELECT relispopulated FROM pg_class WHERE relname = 'stored'")
    as_owner = {**address.connect_args(), "user": "catalog_owner", "password": "geheim"}
    psycopg.connect(**{**as_owner, "dbname": "postgres"}).close()
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")
    idle.close()
    assert lab.database(old).server.status().state == "stopped"
    assert run(lab.database(old).server.start(), CONTENT) == content  # kept, as it was
    assert lab.said[-1].startswith(
        f"this is the server of before: its data were moved to PostgreSQL {new} in "
    )


def test_everything_is_moved_between_containers(docker: Lab) -> None:
    check(docker, 14, 18)


def test_everything_is_moved_between_folders(local: tuple[Lab, int, int]) -> None:
    check(*local)


def test_the_command_changes_the_setting_and_says_what_stays(docker: Lab) -> None:
    project = docker.project(17)
    assert project.invoke("db.init").code == 0
    url = docker.database(17).server.address()
    canary = Canary.plain()
    password = f"{PASSWORD}{canary.core}"
    run(url, f"ALTER ROLE postgres PASSWORD '{password}'")
    docker.database(17).server.state.keep_password(f"{docker.name}-shop-pg17.docker", password)
    url = docker.database(17).server.address()
    run(url, "INSERT INTO note (title) VALUES ('x')")

    began = time.time() - 1
    names = [f"dbtasks-{docker.name}-shop-pg{major}" for major in (17, 18)]
    with arguments_seen() as seen, watched(docker.root / ".dbtasks") as watch:
        done = project.invoke("db.upgrade-server", "--to", "18", "--json")

    assert done.code == 0, done
    told = docker_tells([*names, f"{names[1]}-client"], began)
    assert f"container {names[1]}" in told
    shown = {name for name, text in told.items() if canary.core in text}
    assert shown == {f"environment of container {names[1]}"}  # 17 had another one at first
    logs = [subprocess.run(["docker", "logs", name], capture_output=True) for name in names]
    assert [log for log in logs if canary.is_in(log.stdout + log.stderr)] == []
    assert {path.suffix for path in canary.files(docker.root)} == {".password"}
    assert {name: modes for name, modes in watch.modes.items() if modes - {0o600, 0o700}} == {}
    document = json.loads(done.out)
    assert (document["from"], document["to"]) == (17, 18)
    assert document["databases"][0]["rows"] == 2  # with alembic_version's
    assert document["setting"] == {
        "source": "pyproject.toml [tool.dbtasks]",
        "text": "postgres = 18",
        "path": "pyproject.toml",
        "line": 5,
        "changed": True,
    }
    assert document["old"] == f"volume dbtasks-{docker.name}-shop-pg17"
    assert document["remove"] == "invoke db.destroy --postgres 17"
    assert "postgres = 18  # as in production" in (docker.root / "pyproject.toml").read_text()
    assert not [line for line in seen if canary.is_in(line)]
    assert not canary.is_in(str(done))
    status = json.loads(project.invoke("db.status", "--json").out)
    assert status["server"]["version"].startswith("18.")
    assert (status["pending"], status["problem"]) == (0, None)

    again = project.invoke("db.upgrade-server", "--to", "18", "--remove-old")

    assert again.code == 0, again
    assert again.out.splitlines()[0].startswith("nothing to do: PostgreSQL 18.")
    assert [data.major for data in docker.database(18).server.data_of_majors()] == [18]


def test_a_raised_setting_gives_no_empty_server(docker: Lab) -> None:
    project = docker.project(17)
    assert project.invoke("db.init").code == 0
    project = docker.project(18)

    status, start = project.invoke("db.status", "--json"), project.invoke("db.start")

    volume = f"volume dbtasks-{docker.name}-shop-pg17"
    assert json.loads(status.out)["server"]["note"] == (
        f"its data are of PostgreSQL 17, in {volume}; invoke db.upgrade-server --to 18 moves them"
    )
    migrate = project.invoke("db.migrate")
    assert (migrate.code, migrate.err) == (
        3,
        (
            f"error: the docker server container dbtasks-{docker.name}-shop-pg18 is absent; its data are"
            f" of PostgreSQL 17, in {volume}\nremedy: invoke db.upgrade-server --to 18 moves them\n"
        ),
    )
    assert start.code == 5
    assert start.err.splitlines()[-2:] == [
        (
            "error: there is no PostgreSQL 18 server yet, and this database has data of an older one:"
            f" its data are of PostgreSQL 17, in {volume}"
        ),
        (
            "remedy: invoke db.upgrade-server --to 18 moves them;"
            " invoke db.init --postgres 18 begins with an empty one beside them"
        ),
    ]
    assert project.invoke("db.start", "--postgres", "18").code == 0  # an empty one, as asked for

    done = project.invoke("db.upgrade-server", "--to", "18")

    assert done.code == 0, done
    assert "replace: removing the empty PostgreSQL 18 server" in done.err
    assert done.out.splitlines()[1] == "  shop: 2 tables, 1 row, 1 sequence compared"

    again = project.invoke("db.recreate", "--yes")  # with the old data still there

    assert again.code == 0, again
    assert f"data of PostgreSQL 17 stay in {volume}" in again.err
    assert [one.major for one in docker.database(18).server.data_of_majors()] == [17, 18]


def kill_at(lab: Lab, project: Project, step: str, target: int = 18) -> None:
    """Run the upgrade, and kill it with everything it started when it tells of a step."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "db.upgrade-server", "--to", str(target)],
        cwd=lab.root,
        env=project.environ,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    with process.stderr:
        assert any(line.startswith(f"{step}:") for line in process.stderr)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def diagnosed(lab: Lab, project: Project, *flags: str) -> dict[str, tuple[str, str]]:
    """Return what the doctor says of this project: messages and remedies by code."""
    found = json.loads(project.invoke("db.doctor", "--json", *flags).out)["findings"]
    return {
        one["code"]: (one["message"], one["remedy"])
        for one in found
        if lab.name in one["message"] + one["remedy"]
    }


def interrupted(where: str, new: int) -> tuple[str, str]:
    return (
        (
            f"db.upgrade-server was interrupted while it moved data to PostgreSQL {new} in {where};"
            " the old data are as they were"
        ),
        (
            f"invoke db.upgrade-server --to {new} finishes it;"
            f" invoke db.destroy --postgres {new} gives it up"
        ),
    )


def test_a_killed_upgrade_is_explained_and_begun_anew(docker: Lab) -> None:
    project = docker.project(17)
    assert project.invoke("db.init").code == 0
    kill_at(docker, project, "restore")

    new = project.invoke("db.start", "--postgres", "18")

    volume = f"dbtasks-{docker.name}-shop-pg18"
    assert new.code == 3
    assert new.err.splitlines()[-2:] == [
        (
            f"error: the data of an older PostgreSQL are being moved to 18 in volume {volume},"
            " or that was interrupted; nothing is lost, the old ones are as they were"
        ),
        (
            "remedy: invoke db.upgrade-server --to 18 finishes it;"
            " invoke db.destroy --postgres 18 gives it up"
        ),
    ]
    for major in ("17", "18"):
        found = diagnosed(docker, project, "--postgres", major)
        dump = project.root / ".dbtasks" / f"{docker.name}-shop-pg18.upgrade-dump"
        left = (f"a command that was killed left {dump}, a database's dump", f"rm '{dump}'")
        assert found == {
            "upgrade-interrupted": interrupted(f"volume {volume}", 18),
            "left-over-file": left,
        }
    assert project.invoke("db.start").code == 0  # the old one is whole
    kill_at(docker, project, "complete")
    done = project.invoke("db.upgrade-server", "--to", "18")
    assert done.code == 0, done
    assert docker.left() == []
    assert project.invoke("db.migrate").out.startswith("nothing to do")
    before = f"dbtasks-{docker.name}-shop-pg17"
    assert diagnosed(docker, project) == {
        "old-data": (
            f"volume {before} keeps data of PostgreSQL 17, which were moved to 18",
            "invoke db.destroy --postgres 17 removes them",
        )
    }
    assert diagnosed(docker, project, "--postgres", "17") == {
        "moved-data": (
            (
                f"volume {volume} has data of PostgreSQL 18, and postgres = 17 is set;"
                " they were moved there from 17"
            ),
            "set postgres = 18 (flag)",
        )
    }


def test_the_doctor_tells_of_older_data_and_of_a_killed_upgrade_between_folders(
    local: tuple[Lab, int, int],
) -> None:
    lab, old, new = local
    project = lab.project(old)
    assert project.invoke("db.init").code == 0
    folder, target = (lab.database(major).server.status().where for major in (old, new))
    assert diagnosed(lab, project, "--postgres", str(new)) == {
        "other-major": (
            f"{folder} has data of PostgreSQL {old}, and postgres = {new} is set",
            (
                f"invoke db.upgrade-server --to {new} moves them;"
                f" invoke db.destroy --postgres {old} removes them"
            ),
        )
    }
    kill_at(lab, project, "compare", new)
    for major in (old, new):
        found = diagnosed(lab, project, "--postgres", str(major), "--fix")
        assert found == {"upgrade-interrupted": interrupted(f"{target}.moving", new)}
    with lab.database(old).server.state.lock(f"{lab.name}-shop.upgrade"):
        assert diagnosed(lab, project, "--fix") == {}  # somebody is at work

    assert project.invoke("db.upgrade-server", "--to", str(new)).code == 0

    assert project.invoke("db.current").code == 0  # the password is there
    assert diagnosed(lab, project) == {
        "old-data": (
            f"{folder} keeps data of PostgreSQL {old}, which were moved to {new}",
            f"invoke db.destroy --postgres {old} removes them",
        )
    }
    assert project.invoke("db.destroy", "--postgres", str(old), "--yes").code == 0
    assert diagnosed(lab, project) == {}


def test_what_the_new_major_lacks_or_has_otherwise_undoes_the_upgrade(docker: Lab) -> None:
    url = docker.database(17).create()
    container = f"dbtasks-{docker.name}-shop-pg17"
    control = "default_version = '1'\nsuperuser = true\n"
    script = f"cd $(pg_config --sharedir)/extension && printf '%s' \"{control}\" > only_old.control"
    script += " && echo 'SELECT 1;' > only_old--1.sql"
    subprocess.run(["docker", "exec", container, "sh", "-c", script], check=True)
    run(url, "CREATE EXTENSION only_old")

    lacking = docker.failure(lambda: docker.upgrade(18))

    assert lacking.code == "extension-missing"
    assert lacking.message == (
        "PostgreSQL 18 as it is here does not offer the extension only_old, which database shop uses"
    )
    assert lacking.remedy == (
        "let image (DBTASKS_IMAGE) name one that has them, or drop what needs them on the old server;"
        " then run this again"
    )
    run(url, "DROP EXTENSION only_old")
    run(url, "CREATE SEQUENCE s")
    database = docker.database(18)

    told: list[str] = []

    def say(text: str) -> None:
        if text.startswith("restore:") and not told:  # told again when it takes long
            told.append(text)
            run(url, "SELECT nextval('s')")

    different = docker.failure(lambda: Database(database.settings, say=say).upgrade_server(18))

    assert different.code == "upgrade-differs"
    assert different.message == (
        "what was restored on PostgreSQL 18 differs from the original in 1 place;"
        " the old server is as it was"
    )
    assert different.details == ("shop: sequence public.s: was 1, t, is 1, f",)
    assert [data.major for data in docker.database(18).server.data_of_majors()] == [17]
    assert run(docker.database(17).server.address(), "SELECT nextval('s')") == 2
    assert docker.left() == []


def test_what_cannot_be_moved_is_refused(local: tuple[Lab, int, int]) -> None:
    lab, old, new = local
    nothing = lab.failure(lambda: lab.upgrade(new))
    lab.database(new).create()

    back = lab.failure(lambda: lab.upgrade(old))
    same = lab.failure(lambda: lab.upgrade(new))

    assert (nothing.code, nothing.exit_code) == ("no-data", 3)
    assert nothing.message == f"there are no data of an older PostgreSQL to move to {new}"
    assert (back.code, back.exit_code) == ("downgrade", 2)
    assert back.message == (
        f"the data are of PostgreSQL {new}, and none can be moved back to {old}: pg_dump refuses"
        " servers newer than itself, and older servers do not understand newer dumps"
    )
    assert (same.code, same.exit_code) == ("nothing-to-upgrade", 3)
    run(lab.database(old).create(), "CREATE TABLE mine (a integer)")
    run(lab.database(new).server.address(), "CREATE TABLE theirs (a integer)")
    taken = lab.failure(lambda: lab.upgrade(new))
    assert (taken.code, taken.exit_code) == ("target-exists", 5)
    assert run(lab.database(new).server.address(), "SELECT to_regclass('theirs') IS NOT NULL")


def test_a_server_of_somebody_else_is_refused(tmp_path: Path, database: DatabaseURL) -> None:
    maintenance.create(database)
    settings = load_settings(root=tmp_path, environ={}, flags={"url": database.libpq()})

    with pytest.raises(DbtasksError) as caught:
        Database(settings).upgrade_server(18)

    assert (caught.value.code, caught.value.exit_code) == ("external", 5)
    assert caught.value.message == (
        f"refused to upgrade the external server {database.place} (its URL is from flag):"
        " dbtasks did not make it"
    )


def test_a_writer_without_an_end_is_named(database: DatabaseURL) -> None:
    maintenance.create(database)
    run(database, "CREATE TABLE t (a integer)")
    with psycopg.connect(**database.connect_args(), application_name="the app") as writer:
        writer.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(DbtasksError) as caught, frozen(database, patience=0.1):
            pass
        pid = writer.info.backend_pid

    assert caught.value.code == "database-busy"
    assert len(caught.value.details) == 1
    assert caught.value.details[0].startswith(
        f"process {pid} (the app, idle in transaction) writes to t since "
    )


def test_nobody_writes_while_a_database_is_frozen(database: DatabaseURL) -> None:
    maintenance.create(database)
    run(database, "CREATE TABLE t (a integer) PARTITION BY LIST (a)")
    run(database, "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)")
    with frozen(database), psycopg.connect(**database.connect_args()) as writer:
        assert writer.execute("SELECT count(*) FROM t").fetchone() == (0,)
        writer.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            writer.execute("INSERT INTO t VALUES (1)")
    run(database, "INSERT INTO t VALUES (1)")


COMPOSE = """\
name: {name}
services:
  db:
    image: {image}
    environment:
      POSTGRES_PASSWORD: pa$$word
      POSTGRES_DB: shop
    ports: ["127.0.0.1::5432"]
    volumes: ["data:/var/lib/postgresql/data"]
volumes:
  data:
"""


@pytest.fixture
def composed(tmp_path: Path, docker_image: str, docker_engine: None) -> Iterator[Lab]:
    lab = Lab(tmp_path / "a shop", "compose", docker_image)
    image = docker_image.replace("{version}", "17")
    (lab.root / "compose.yaml").write_text(COMPOSE.format(name=lab.name, image=image))
    yield lab
    subprocess.run(
        ["docker", "compose", "down", "--volumes"], cwd=lab.root, check=True, capture_output=True
    )


def check_is_refused(composed: Lab, image: str, volume: str, data: str) -> None:
    """Check that no empty database is begun beside other data, and that nothing is made anew."""
    ps = ["docker", "compose", "ps", "--quiet"]
    before = subprocess.check_output(ps, cwd=composed.root)
    server = composed.database(17, compose_service="db").server
    for start in (server.start, server.start_all):
        wrong = composed.failure(start)
        assert (wrong.code, wrong.exit_code) == ("volume-major", 5)
        assert wrong.message == (
            f"service db would begin with an empty database: {image}, and"
            f" {composed.name}_{volume} data of PostgreSQL {data}"
        )
        assert wrong.remedy == (
            "let the compose file have the image and the mount that belong to those data again"
            " (invoke db.upgrade-server --to MAJOR tells how to move them), or mount another volume"
            " to begin with an empty database"
        )
    assert subprocess.check_output(ps, cwd=composed.root) == before


def test_a_compose_file_is_not_changed_and_its_steps_work(composed: Lab) -> None:
    database = composed.database(17, compose_service="db")
    run(database.server.start(), "CREATE TABLE kept AS SELECT 42 AS answer")

    error = composed.failure(lambda: database.upgrade_server(18))

    old, new = (composed.image.replace("{version}", major) for major in ("17", "18"))
    execute, since_18 = "docker compose exec -T db", "/var/lib/postgresql/18/docker"
    steps = [
        "stop what writes to the database",
        f"(umask 077; {execute} pg_dumpall --username postgres > before-18.sql)",
        "docker compose stop db",
        f"compose.yaml line 4: image: {old} becomes image: {new}",
        "compose.yaml line 9: the mount data:/var/lib/postgresql/data becomes data-18:/var/lib/postgresql, a new volume",
        "compose.yaml line 10: add data-18: to the volumes of the file",
        "invoke db.start",
        f"{execute} psql --username postgres --dbname postgres --quiet --output /dev/null < before-18.sql",
        "invoke db.status, look at your data, then rm before-18.sql",
    ]
    assert (error.code, error.exit_code) == ("compose-file", 5)
    assert error.details == tuple(f"{number}. {step}" for number, step in enumerate(steps, 1))
    for step in steps[1:3]:
        subprocess.run(["sh", "-c", step], cwd=composed.root, check=True, capture_output=True)
    file = composed.root / "compose.yaml"
    before = file.read_text()

    file.write_text(before.replace(old, new))  # the tag alone: the data are not touched
    check_is_refused(
        composed, f"{new} looks for its data in {since_18}", "data has", "17 at its root"
    )

    after = before.replace(old, new).replace(
        "data:/var/lib/postgresql/data", "data-18:/var/lib/postgresql"
    )
    file.write_text(f"{after}  data-18:\n")
    url = composed.database(17, compose_service="db").server.start()
    file.write_text(f"{after.replace(new, old)}  data-18:\n")  # the tag alone, back
    before_18 = "/var/lib/postgresql/data"
    check_is_refused(
        composed, f"{old} looks for its data in {before_18}", "data-18 has", "18 in 18/docker"
    )
    file.write_text(f"{after}  data-18:\n")
    subprocess.run(["sh", "-c", steps[7]], cwd=composed.root, check=True, capture_output=True)
    assert maintenance.server_version(url).startswith("18.")
    assert run(url, "SELECT answer FROM kept") == 42

    file.write_text(before)  # and back: the old volume is whole
    url = composed.database(17, compose_service="db").server.start()
    assert maintenance.server_version(url).startswith("17.")
    assert run(url, "SELECT answer FROM kept") == 42
