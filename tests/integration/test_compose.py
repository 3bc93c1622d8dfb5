"""What only the compose kind does; the contract of every kind is in test_server_contract.py."""

from __future__ import annotations

import json
import secrets
import shlex
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from python_on_whales import DockerClient

from arguments import arguments_seen
from conftest import missing
from dbtasks.errors import DbtasksError, ServerError, SettingsError
from dbtasks.servers.compose import ComposeServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

docker = DockerClient()


class Project:
    """A folder with a compose file, for one test."""

    def __init__(self, root: Path, image: str, make_settings: Callable[..., Settings]) -> None:
        self.root, self.said = root, list[str]()
        self.name = f"t{secrets.token_hex(4)}"
        self._image = image.replace("{version}", "17")
        self._make_settings = make_settings

    def write(self, text: str, file: str = "compose.yaml") -> None:
        text = dedent(text).replace("IMAGE", self._image)
        (self.root / file).write_text(f"name: {self.name}\n{text}")

    def server(self, **values: Any) -> ComposeServer:
        defaults = {"compose_service": "db", "server": "compose"}
        settings = self._make_settings(self.root, **{**defaults, **values})
        return ComposeServer(settings, self.said.append)

    def volumes(self) -> list[str]:
        label = f"com.docker.compose.project={self.name}"
        return [volume.name for volume in docker.volume.list(filters=[("label", label)])]

    def running(self) -> list[str]:
        label = f"com.docker.compose.project={self.name}"
        containers = docker.container.list(filters=[("label", label)])
        return sorted(
            (item.config.labels or {})["com.docker.compose.service"] for item in containers
        )


@pytest.fixture
def project(
    tmp_path: Path, docker_image: str, docker_engine: None, make_settings: Callable[..., Settings]
) -> Iterator[Project]:
    project = Project(tmp_path, docker_image, make_settings)
    yield project
    label = f"com.docker.compose.project={project.name}"
    left = docker.container.list(all=True, filters=[("label", label)])
    docker.container.remove(left, force=True, volumes=True)
    for network in docker.network.list(filters=[("label", label)]):
        docker.network.remove(network)
    for volume in project.volumes():
        docker.volume.remove(volume)


SIMPLE = """
services:
  db:
    image: IMAGE
    environment:
      POSTGRES_PASSWORD: pa$$word
      POSTGRES_DB: shop
    ports: ["127.0.0.1::5432"]
    volumes: ["data:/var/lib/postgresql/data"]
  cache:
    image: IMAGE
    entrypoint: [sleep, "1000"]
    init: true
    volumes: ["cache:/cache"]
volumes:
  data:
  cache:
"""


def run(url: DatabaseURL, statement: str) -> Any:
    with psycopg.connect(**url.connect_args(), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def failure(action: Callable[[], object]) -> DbtasksError:
    with pytest.raises(DbtasksError) as caught:
        action()
    assert "\n" not in caught.value.message
    assert caught.value.remedy
    return caught.value


def test_only_the_service_lives_and_dies(project: Project) -> None:
    project.write(SIMPLE)
    server = project.server()
    assert (server.status().state, server.status().database) == ("absent", "shop")
    assert server.status().where == f"service db of compose project {project.name}"

    url = server.start()

    assert project.running() == ["db"]
    assert (url.user, url.password, url.database) == ("postgres", "pa$word", "shop")
    run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.address() == url
    assert len(list(server.logs(tail=2))) == 2

    server.start_all()
    assert project.running() == ["cache", "db"]
    server.stop()
    server.stop()
    assert (project.running(), server.status().state) == (["cache"], "stopped")
    assert server.status().database == "shop"
    assert run(server.start(), "SELECT answer FROM kept") == (42,)

    server.destroy()
    server.destroy()
    assert (project.running(), server.status().state) == (["cache"], "absent")
    assert project.volumes() == [f"{project.name}_cache"]
    assert run(server.start(), "SELECT to_regclass('kept') IS NULL") == (True,)

    server.destroy_all()
    assert (project.running(), project.volumes()) == ([], [])


def test_paused(project: Project) -> None:
    project.write(SIMPLE)
    server = project.server()
    url = server.start()
    docker.container.pause(f"{project.name}-db-1")

    assert server.status().state == "paused"
    assert server.start() == url
    docker.container.pause(f"{project.name}-db-1")
    server.stop()
    assert server.status().state == "stopped"


def test_values_come_from_compose(project: Project) -> None:
    (project.root / ".env").write_text("SECRET=from dotenv: é'\"\nDATABASE=orders\n")
    project.write(
        """
        services:
          db:
            image: IMAGE
            profiles: [data]
            environment:
              - POSTGRES_USER=al ice
              - POSTGRES_PASSWORD=${SECRET}
              - POSTGRES_DB=${DATABASE}
              - PGPORT=5444
            ports: ["127.0.0.1::5444"]
            volumes: ["data:/var/lib/postgresql/data"]
        volumes: {data: {}}
        """,
        "docker-compose.yml",
    )
    deeper = project.root / "pyproject.toml"
    deeper.write_text("")

    url = project.server().start()

    assert (url.user, url.password, url.database) == ("al ice", "from dotenv: é'\"", "orders")
    assert run(url, "SELECT current_user, current_database()") == ("al ice", "orders")
    assert project.server().status().database == "orders"
    assert project.server(database="other").address().database == "other"
    assert project.server(database="other").status().database == "other"


@pytest.mark.parametrize("readable", [True, False])
def test_password_file(project: Project, readable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.root / "secret.txt").write_text("in a file\n")
    source = "file: secret.txt" if readable else "environment: THE_PASSWORD"
    monkeypatch.setenv("THE_PASSWORD", "in a file")
    project.write(
        f"""
        services:
          db:
            image: IMAGE
            environment: {{POSTGRES_PASSWORD_FILE: /run/secrets/pw}}
            secrets: [pw]
            ports: ["127.0.0.1::5432"]
        secrets: {{pw: {{{source}}}}}
        """
    )

    assert project.server().status().database == "postgres"
    url = project.server().start()

    assert (url.user, url.password, url.database) == ("postgres", "in a file", "postgres")
    assert run(url, "SELECT 1") == (1,)


def test_a_file_elsewhere_and_dependencies(project: Project) -> None:
    folder = project.root / "deploy files"
    folder.mkdir()
    project.write(
        """
        services:
          db:
            image: IMAGE
            environment: {POSTGRES_HOST_AUTH_METHOD: trust}
            ports: ["127.0.0.1::5432"]
            depends_on: [first]
          first:
            image: IMAGE
            entrypoint: [sleep, "1000"]
            init: true
          other:
            image: IMAGE
            entrypoint: [sleep, "1000"]
            init: true
        """,
        "deploy files/stack.yml",
    )

    url = project.server(compose_file="deploy files/stack.yml").start()

    assert run(url, "SELECT 1") == (1,)
    assert project.running() == ["db", "first"]


def test_compose_service(project: Project) -> None:
    project.write(SIMPLE)

    error = failure(project.server(compose_service="database").start)
    assert isinstance(error, SettingsError)
    assert error.message == (
        f"there is no service database; the services of compose project {project.name} are: cache, db"
    )
    assert failure(project.server(compose_service=None).status).code == "compose-service"


def test_compose_file(project: Project) -> None:
    error = failure(project.server().start)
    assert (error.code, error.exit_code) == ("compose-file", 2)
    assert error.message == "there is no compose file: no configuration file provided: not found"
    assert failure(project.server(compose_file="none.yml").start).code == "compose-file"

    project.write("services: {db: {image: x, environment: {POSTGRES_PASSWORD: '${se cret'}}}")
    error = failure(project.server().start)
    assert error.code == "compose-file"
    assert "se cret" not in error.message
    project.write("services: [")
    assert failure(project.server().start).code == "compose-file"


def test_no_port(project: Project) -> None:
    project.write(SIMPLE.replace('ports: ["127.0.0.1::5432"]', ""))

    error = failure(project.server().start)

    assert (error.code, error.exit_code) == ("no-port", 3)
    assert 'ports: ["127.0.0.1:5432:5432"]' in error.remedy
    assert project.running() == []


def test_no_plugin(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(SIMPLE)
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(tmp_path_factory.mktemp("empty")))
        probe = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if probe.returncode == 0:
            missing("a docker client without the compose plugin, which is installed for all users")
        error = failure(project.server().start)

    assert (error.code, error.exit_code) == ("compose", 3)


def test_no_engine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(SIMPLE)
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    server = project.server()

    codes = [failure(action).code for action in (server.start, server.status, server.stop)]
    monkeypatch.delenv("DOCKER_HOST")

    assert codes == ["engine"] * 3


def test_port_taken(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        project.write(SIMPLE.replace("127.0.0.1::", f"127.0.0.1:{port}:"))
        error = failure(project.server().start)

    assert (error.code, error.exit_code) == ("port-taken", 3)
    assert error.message == f"port {port} on 127.0.0.1 is held by another process"
    assert error.remedy == "end that process, or publish another port in the compose file"
    assert run(project.server().start(), "SELECT 1") == (1,)


def test_port_taken_by_a_container(project: Project) -> None:
    project.write(SIMPLE)
    holder = f"{project.name}-db-1"
    port = project.server().start().port
    text = SIMPLE.replace("127.0.0.1::", f"127.0.0.1:{port}:").replace("  db:", "  second:")
    project.write(text)

    error = failure(project.server(compose_service="second").start)

    assert error.message == f"port {port} on 127.0.0.1 is held by container {holder}"
    assert error.remedy == f"docker stop {holder}, or publish another port in the compose file"


def test_a_service_that_hears_no_signal_is_killed_after_dockers_own_time(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(SIMPLE.replace("    init: true\n", ""))
    server = project.server()
    server.start_all()
    project.said.clear()
    monkeypatch.setattr("dbtasks.servers.compose._STOP_TIMEOUT", 10**6)  # for the database alone

    server.destroy_all()

    assert project.said[:2] == [
        "stopping service db, for 1000000 s at most",
        (
            f"removing all services and volumes of compose project {project.name}"
            " (Docker kills what does not stop in 10 s)"
        ),
    ]
    assert any(f"Container {project.name}-cache-1" in text for text in project.said)
    assert (project.running(), project.volumes()) == ([], [])


def test_parameter_that_postgresql_refuses(project: Project) -> None:
    project.write(SIMPLE.replace("  db:\n", "  db:\n    command: [postgres, -c, work_mem=lots]\n"))

    error = failure(project.server().start)

    assert error.code == "died"
    assert error.message == (
        f"container {project.name}-db-1 ended: PostgreSQL refuses a parameter: "
        'invalid value for parameter "work_mem": "lots"'
    )
    assert error.remedy == (
        "correct the command of service db in the compose file; the data is untouched"
    )


def test_image_absent(project: Project) -> None:
    project.write(SIMPLE.replace("image: IMAGE", "image: localhost:1/dbtasks-no-such:1"))

    assert failure(project.server().start).code == "image"


def test_died(project: Project) -> None:
    project.write(SIMPLE.replace("POSTGRES_PASSWORD:", "NO_PASSWORD:"))

    error = failure(project.server().start)

    assert error.code == "died"
    assert any("superuser password is not specified" in line for line in error.details)


def test_password(project: Project) -> None:
    project.write(SIMPLE)
    run(project.server().start(), "CREATE TABLE kept AS SELECT 42 AS answer")
    project.write(SIMPLE.replace("pa$$word", """n"e'w\\\\pass """))

    error = failure(project.server().start)

    assert error.code == "password"
    assert error.message == (
        "the password of service db does not fit its data: "
        "POSTGRES_PASSWORD acts on an empty volume only"
    )
    explained = project.server().explain(ServerError("x", code="password"))
    assert (explained.message, explained.remedy) == (error.message, error.remedy)
    repair = error.remedy.removeprefix("keep the data: ").partition("; or ")[0]
    subprocess.run(shlex.split(repair), check=True, capture_output=True)
    assert run(project.server().start(), "SELECT answer FROM kept") == (42,)


@pytest.mark.parametrize("kind", ["bind", "external"])
def test_data_that_compose_does_not_own_is_not_destroyed(project: Project, kind: str) -> None:
    external = f"{project.name}-outside"
    text = SIMPLE.replace("  data:\n", f"  data: {{name: {external}, external: true}}\n")
    if kind == "bind":
        text = SIMPLE.replace('"data:/', '"./data:/')
    docker.volume.create(external)
    try:
        project.write(text)
        server = project.server()
        server.start()
        for action in (server.destroy, server.destroy_all):
            error = failure(action)
            assert (error.code, error.exit_code) == ("not-ours", 5)
        assert server.status().state == "running"
        docker.container.remove(f"{project.name}-db-1", force=True)
    finally:
        with suppress(DbtasksError):
            docker.volume.remove(external)


def test_a_volume_that_others_use_too(project: Project) -> None:
    project.write(
        SIMPLE.replace("cache:/cache", "shared:/shared")
        .replace('/data"]', '/data", "shared:/shared"]')
        .replace("volumes:\n  data:", "volumes:\n  shared:\n  data:")
    )
    server = project.server()
    server.start()

    server.destroy()

    assert project.volumes() == [f"{project.name}_shared"]


def test_no_password_in_any_command_line(project: Project) -> None:
    password = secrets.token_hex(16)
    project.write(SIMPLE.replace("pa$$word", password))

    with arguments_seen() as seen:
        server = project.server()
        url = server.start()

    assert url.password == password
    assert any("compose" in line and str(project.root) in line for line in seen)
    assert [line for line in seen if password in line] == []
    assert password not in "\n".join(project.said)
    assert password not in json.dumps(str(server.status()))


def test_logs_of_a_service_that_is_not_there(project: Project) -> None:
    project.write(SIMPLE)

    with pytest.raises(ServerError, match="there is no container of service db"):
        project.server().logs()
