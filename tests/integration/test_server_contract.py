"""What every kind of server keeps, whatever it is made of.

The servers are made once per kind, and every test brings its server into the state it needs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from arguments import arguments_seen
from conftest import missing
from dbtasks import maintenance
from dbtasks.errors import RefusedError, ServerError
from dbtasks.servers import Server, binaries, open_server
from dbtasks.settings import Settings, load_settings
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.url import DatabaseURL

# The newest major in a container of ours, the oldest in one of compose: their volumes are elsewhere.
OWNED = ("docker-18", "compose-14", "local")
AWKWARD = 'we ird-Ü"x'
COMPOSE = """\
name: {project}
services:
  db:
    image: {image}
    environment:
      POSTGRES_USER: app
      POSTGRES_PASSWORD: {password}
    ports: ["127.0.0.1::5432"]
    volumes: ["data:{data}"]
volumes:
  data:
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """One kind of server in a project of its own."""

    settings: Settings
    major: int
    kill: Callable[[Server], None]

    def server(self) -> Server:
        """Return a new object for the server, as another command would have."""
        return open_server(self.settings)


def docker_case(root: Path, image: str, major: str) -> Case:
    settings = load_settings(
        root=root,
        environ={},
        flags={"server": "docker", "image": image, "postgres": major, "database": AWKWARD},
    )
    return Case(settings, int(major), kill_container)


def compose_case(root: Path, image: str, major: str) -> Case:
    text = COMPOSE.format(
        project=f"dbtasks-contract-{secrets.token_hex(4)}",
        image=image.format(version=major),
        password=secrets.token_hex(12),
        data="/var/lib/postgresql" if int(major) >= 18 else "/var/lib/postgresql/data",
    )
    (root / "compose.yaml").write_text(text, encoding="utf-8")
    flags = {"server": "compose", "compose_service": "db", "database": AWKWARD}
    settings = load_settings(root=root, environ={}, flags=flags)
    return Case(settings, int(major), kill_container)


def local_case(root: Path, **values: Any) -> Case:
    flags = {"server": "local", "database": AWKWARD, "user": "app user", **values}
    settings = load_settings(root=root, environ={}, flags=flags)
    try:
        major = binaries.find(settings).major
    except ServerError as error:
        missing(error.message)
        raise
    return Case(settings, major, kill_process)


def kill_container(server: Server) -> None:
    port = server.address().port
    ids = ["docker", "ps", "--quiet", "--no-trunc", "--filter", f"publish={port}"]
    container = subprocess.run(ids, check=True, capture_output=True, text=True).stdout.split()
    assert len(container) == 1
    subprocess.run(["docker", "kill", *container], check=True, capture_output=True)


def kill_process(server: Server) -> None:
    lines = (Path(server.status().where) / "data" / "postmaster.pid").read_text().splitlines()
    os.kill(int(lines[0]), signal.SIGKILL)


@contextlib.contextmanager
def case_of(kind: str, root: Path, docker_image: str) -> Iterator[Case]:
    name, _, major = kind.partition("-")
    if name == "docker":
        case = docker_case(root, docker_image, major)
    elif name == "compose":
        case = compose_case(root, docker_image, major)
    else:
        case = local_case(root)
    try:
        yield case
    finally:
        case.server().destroy()
        if name == "compose":  # its network stays, as after docker compose rm
            down = ["docker", "compose", "down", "--volumes"]
            subprocess.run(down, cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module", params=OWNED)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, docker_image: str
) -> Iterator[Case]:
    if request.param.startswith(("docker", "compose")):
        request.getfixturevalue("docker_engine")
    root = tmp_path_factory.mktemp("a project ü")
    with case_of(request.param, root, docker_image) as case:
        yield case


@pytest.fixture(scope="module")
def external(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    root = tmp_path_factory.mktemp("external ü")
    with case_of("local", root, "") as local:
        url = local.server().start()
        settings = load_settings(root=root, environ={"DATABASE_URL": url.libpq()})
        yield Case(settings, local.major, kill_process)


@pytest.fixture
def server(case: Case) -> Server:
    return case.server()


@pytest.fixture
def database(server: Server) -> DatabaseURL:
    """The address of the running server's database, which exists."""
    url = server.start()
    maintenance.create(url)
    return url


def run(url: DatabaseURL, statement: str) -> Any:
    with psycopg.connect(**url.connect_args(), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


def test_a_server_is_absent_before_its_first_start(case: Case) -> None:
    case.server().destroy()

    status = case.server().status()

    assert (status.kind, status.state, status.url) == (case.settings.server, "absent", None)
    assert status.where


def test_start_returns_an_address_on_which_select_1_works(server: Server) -> None:
    url = server.start()

    assert url.host == "127.0.0.1"
    assert url.database == AWKWARD
    assert run(url.with_database("postgres"), "SELECT 1") == [(1,)]


def test_a_database_with_an_awkward_name_is_created_and_reached(database: DatabaseURL) -> None:
    assert run(database, "SELECT current_database()") == [(AWKWARD,)]


def test_the_server_is_of_the_wanted_major(database: DatabaseURL, case: Case) -> None:
    assert maintenance.server_version(database).split(".")[0] == str(case.major)


def test_start_on_a_running_server_returns_the_same_address(case: Case) -> None:
    first = case.server().start()
    started = maintenance.identity(first.with_database("postgres"))

    assert case.server().start() == first
    assert maintenance.identity(first.with_database("postgres")) == started


def test_status_and_address_of_a_running_server_are_those_of_start(case: Case) -> None:
    url = case.server().start()

    status = case.server().status()

    assert (status.kind, status.state, status.url) == (case.settings.server, "running", url)
    assert case.server().address() == url


def test_data_survives_stop_and_start(database: DatabaseURL, case: Case) -> None:
    run(database, "CREATE TABLE IF NOT EXISTS kept AS SELECT 'still here' AS text")

    case.server().stop()
    assert case.server().status().state == "stopped"
    url = case.server().start()

    assert run(url, "SELECT text FROM kept") == [("still here",)]


def test_a_stopped_server_has_no_address_and_may_be_stopped_again(server: Server) -> None:
    server.start()
    server.stop()
    server.stop()

    with pytest.raises(ServerError) as raised:
        server.address()

    assert raised.value.code == "not-running"
    assert "invoke db.start" in raised.value.remedy


def test_waiting_starts_nothing_and_tells_the_last_state(server: Server) -> None:
    server.start()
    server.stop()

    with pytest.raises(ServerError) as raised:
        server.wait(0.4)

    where = server.status().where
    assert raised.value.code == "start-timeout"
    assert raised.value.message == (
        f"the {server.kind} server {where} did not answer in 0.4 s: it is stopped"
    )
    assert raised.value.remedy == "invoke db.start starts it and shows what is in its way"
    assert server.status().state == "stopped"


@pytest.mark.parametrize("state", ["absent", "stopped", "running"])
def test_waiting_lasts_until_somebody_has_started_the_server(case: Case, state: str) -> None:
    case.server().start()
    if state != "running":
        case.server().stop()
    if state == "absent":
        case.server().destroy()
    somebody = threading.Timer(0.5, case.server().start)
    somebody.start()
    try:
        url = case.server().wait(60)
    finally:
        somebody.join()

    assert url == case.server().address()
    assert run(url.with_database("postgres"), "SELECT 1") == [(1,)]


def test_what_explains_a_refused_password_is_for_that_only(server: Server) -> None:
    url = server.start().with_database("postgres")
    other = ServerError("x", code="unreachable")
    with maintenance.connect(url) as connection:
        maintenance.change_password(url, "not the one that is known here")
        misfit = server.explain(ServerError("x", code="password"))
        connection.execute(f"""ALTER ROLE "{url.user}" PASSWORD '{url.password}'""".encode())

    assert server.explain(other) is other
    assert misfit.code == "password"
    assert "invoke db.recreate (the data is lost)" in misfit.remedy


def test_start_works_after_the_server_was_killed(database: DatabaseURL, case: Case) -> None:
    run(database, "CREATE TABLE IF NOT EXISTS committed AS SELECT 1 AS number")

    case.kill(case.server())
    url = case.server().start()

    assert run(url, "SELECT number FROM committed") == [(1,)]


def test_destroy_removes_the_data(database: DatabaseURL, case: Case) -> None:
    run(database, "CREATE TABLE IF NOT EXISTS gone AS SELECT 1")

    case.server().destroy()
    assert case.server().status().state == "absent"
    case.server().destroy()
    assert list(State(case.server().settings).folder.glob("*.lock")) == []
    url = case.server().start()

    maintenance.create(url)
    assert run(url, "SELECT to_regclass('gone')") == [(None,)]


def test_stop_leaves_an_absent_server_alone(server: Server) -> None:
    server.destroy()
    server.stop()

    assert server.status().state == "absent"


def test_logs_yield_the_lines_of_the_log(server: Server) -> None:
    server.start()

    lines = list(server.logs())

    assert any("ready to accept connections" in line for line in lines)
    assert not any(line.endswith("\n") for line in lines)
    assert len(list(server.logs(tail=2))) == 2


def test_the_server_listens_on_loopback_only(server: Server) -> None:
    url = server.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks for this machine's own address
        except OSError:
            missing("this machine has no network")
        address = probe.getsockname()[0]

    with pytest.raises(OSError), socket.create_connection((address, url.port), timeout=5):  # noqa: PT011
        pass


def test_a_wrong_password_is_refused(server: Server) -> None:
    url = dataclasses.replace(server.start(), password="wrong", database="postgres")

    with pytest.raises(ServerError) as raised, maintenance.connect(url):
        pass

    assert raised.value.code == "password"


def test_the_password_is_not_in_what_people_see(server: Server) -> None:
    url = server.start()

    shown = [url, server, server.status(), server.settings, list(server.logs())]

    assert url.password
    assert all(url.password not in str(item) + repr(item) for item in shown)


def test_the_password_is_on_no_command_line(case: Case) -> None:
    case.server().destroy()

    with arguments_seen() as seen:
        url = case.server().start()
        maintenance.create(url)
        case.server().stop()
        case.server().start()

    assert seen
    assert not [line for line in seen if url.password in line]


def test_what_start_says_is_one_line_each(case: Case) -> None:
    said: list[str] = []
    case.server().destroy()

    url = open_server(case.settings, said.append).start()

    assert said
    assert not [text for text in said if "\n" in text or url.password in text]


def test_an_external_server_keeps_the_same_contract(external: Case) -> None:
    server = external.server()
    url = server.start()
    maintenance.create(url)

    assert url == server.start() == server.address() == server.status().url == server.wait(30)
    error = ServerError("x", code="password")
    assert server.explain(error) is error
    assert (server.status().kind, server.status().state) == ("external", "running")
    assert run(url, "SELECT current_database()") == [(AWKWARD,)]
    assert url.password not in f"{url} {url!r} {server} {server.status()} {external.settings}"


def test_an_external_server_is_neither_stopped_nor_destroyed(external: Case) -> None:
    server = external.server()

    for refused in (server.stop, server.destroy):
        with pytest.raises(RefusedError):
            refused()

    assert run(server.start().with_database("postgres"), "SELECT 1") == [(1,)]
