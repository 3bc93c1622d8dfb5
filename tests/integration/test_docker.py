"""What only the docker kind does; the contract of every kind is in test_server_contract.py."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from python_on_whales import DockerClient

from arguments import arguments_seen
from conftest import missing
from consumers import Project, clean_environ
from dbtasks.errors import DbtasksError, RefusedError, ServerError, SettingsError
from dbtasks.servers.docker import DockerServer, engine_answers
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

MAJORS = (14, 18)
docker = DockerClient()


class Lab:
    """A project with a database server of its own, for one test."""

    def __init__(self, root: Path, image: str, make_settings: Callable[..., Settings]) -> None:
        self.root, self.said = root, list[str]()
        self.token = f"t{secrets.token_hex(4)}"
        self._defaults = {
            "image": image,
            "name": self.token,
            "database": "shop",
            "server": "docker",
        }
        self._make_settings = make_settings
        self.made = dict[str, DockerServer]()

    def server(self, **values: Any) -> DockerServer:
        settings = self._make_settings(self.root, **{**self._defaults, **values})
        self.said.clear()
        server = DockerServer(settings, self.said.append)
        self.made[settings.key] = server
        return server

    @property
    def everything_said(self) -> str:
        return "\n".join(self.said)


@pytest.fixture
def lab(
    tmp_path: Path, docker_image: str, docker_engine: None, make_settings: Callable[..., Settings]
) -> Iterator[Lab]:
    lab = Lab(tmp_path, docker_image, make_settings)
    yield lab
    for server in lab.made.values():
        with suppress(RefusedError):
            server.destroy()


def name_of(server: DockerServer) -> str:
    return f"dbtasks-{server.settings.key}"


def run(url: DatabaseURL, statement: str) -> Any:
    with psycopg.connect(**url.connect_args(), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def fill(url: DatabaseURL) -> None:
    run(url, "CREATE TABLE kept AS SELECT 42 AS answer")


def is_filled(url: DatabaseURL) -> bool:
    return bool(run(url, "SELECT to_regclass('kept') IS NOT NULL")[0])


def failure(server: DockerServer) -> DbtasksError:
    with pytest.raises(DbtasksError) as caught:
        server.start()
    assert "\n" not in caught.value.message
    assert caught.value.remedy
    return caught.value


@contextmanager
def listener(port: int) -> Iterator[None]:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        yield


@pytest.mark.parametrize("major", MAJORS)
def test_container_and_volume(lab: Lab, major: int) -> None:
    server = lab.server(postgres=major, server_options={"work_mem": "12MB"})

    url = server.start()

    seen = docker.container.inspect(name_of(server))
    labels = seen.config.labels or {}
    assert labels["dbtasks.database"] == "shop"
    assert labels["dbtasks.project"] == lab.token
    assert labels["dbtasks.postgres"] == str(major)
    assert seen.host_config.shm_size == 256 * 1024**2
    (binding,) = (seen.host_config.port_bindings or {})["5432/tcp"] or []
    assert (binding.host_ip, binding.host_port) == ("127.0.0.1", str(url.port))
    mounts = [(mount.type, mount.name, mount.destination) for mount in seen.mounts]
    path = "/var/lib/postgresql" if major >= 18 else "/var/lib/postgresql/data"
    assert mounts == [("volume", name_of(server), path)]
    assert run(url, "SELECT current_database(), current_setting('work_mem')") == ("shop", "12MB")
    assert run(url, "SELECT current_setting('server_version_num')::int / 10000")[0] == major
    assert run(url, "SELECT current_setting('log_lock_waits')")[0] == "on"
    assert name_of(server) in server.status().where


def test_every_state_of_the_container(lab: Lab) -> None:
    server = lab.server()
    url = server.start()
    name = name_of(server)
    fill(url)

    docker.container.pause(name)
    assert server.status().state == "paused"
    assert is_filled(server.start())
    docker.container.kill(name)
    assert server.status().state == "stopped"
    assert is_filled(server.start())
    docker.container.pause(name)
    server.stop()
    assert server.status().state == "stopped"
    docker.container.remove(name)
    assert server.status().state == "absent"
    assert is_filled(server.start())
    assert server.start() == url
    server.stop()
    server.stop()
    server.destroy()
    server.destroy()
    assert not docker.container.exists(name)
    assert not docker.volume.list(filters=[("label", f"dbtasks.project={lab.token}")])
    assert not list(State(server.settings).folder.glob("*.password"))


def test_a_container_that_was_made_and_never_started(lab: Lab) -> None:
    server = lab.server()
    port = server._choose_port(None)
    server._make(None, port, [])

    assert server.status().state == "stopped"
    assert run(server.start(), "SELECT current_database()")[0] == "shop"


def test_changed_settings_keep_the_data(lab: Lab, docker_image: str) -> None:
    fill(lab.server().start())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    server = lab.server(server_options={"work_mem": "9MB"})
    url = server.start()
    assert (
        f"server_options have changed: making container {name_of(server)} anew, the data stays"
        in lab.said
    )
    assert is_filled(url)
    assert run(url, "SELECT current_setting('work_mem')")[0] == "9MB"

    url = lab.server(port=port).start()
    assert f"the port is now {port}" in lab.everything_said
    assert (url.port, is_filled(url)) == (port, True)

    alias = f"dbtasks-test-{lab.token}:18"
    docker.image.tag(docker_image.replace("{version}", "18"), alias)
    try:
        server = lab.server(image=alias)
        url = server.start()
        assert f"the image is now {alias}" in lab.everything_said
        assert (url.port, is_filled(url)) == (port, True), "found again from the container"
        server.destroy()
    finally:
        docker.image.remove(alias)


REFUSED = 'unrecognized configuration parameter "no_such_parameter"'
BAD_OPTIONS = [
    ({"no_such_parameter": "1"}, REFUSED),
    ({"work_mem": "lots"}, 'invalid value for parameter "work_mem": "lots"'),
    ({"shared_preload_libraries": "nosuch"}, 'could not access file "nosuch": '),
]


@pytest.mark.parametrize(("options", "refusal"), BAD_OPTIONS)
def test_options_that_break_the_server_leave_the_old_container(
    lab: Lab, options: dict[str, str], refusal: str
) -> None:
    server = lab.server()
    url = server.start()
    fill(url)
    before = docker.container.inspect(name_of(server)).id

    error = failure(lab.server(server_options=options))

    assert error.code == "died"
    assert error.message.startswith(
        f"container {name_of(server)} ended: PostgreSQL refuses a parameter: {refusal}"
    )
    assert error.remedy == "correct server_options (flag); the data is untouched"
    assert f"container {name_of(server)} of before is put back" in lab.said
    assert docker.container.inspect(name_of(server)).id == before
    assert not docker.container.exists(f"{name_of(server)}-before")
    assert is_filled(server.wait(30))
    assert server.start() == url
    assert docker.container.inspect(name_of(server)).id == before


def test_an_image_that_breaks_the_server_leaves_the_old_container_stopped(
    lab: Lab, docker_image: str
) -> None:
    server = lab.server()
    fill(server.start())
    server.stop()
    before = docker.container.inspect(name_of(server)).id
    alias = f"dbtasks-test-{lab.token}:dies"
    context = lab.root / "image"
    context.mkdir()
    base = docker_image.replace("{version}", "18")
    (context / "Dockerfile").write_text(f'FROM {base}\nENTRYPOINT ["false"]\n')
    docker.image.legacy_build(context, tags=alias)
    try:
        error = failure(lab.server(image=alias))
    finally:
        docker.image.remove(alias, force=True)

    assert error.message == (
        f"container {name_of(server)} ended with exit code 1 before PostgreSQL answered"
    )
    assert docker.container.inspect(name_of(server)).id == before
    assert server.status().state == "stopped"
    assert is_filled(server.start())


@pytest.mark.parametrize("made", [False, True])
def test_killed_between_the_old_container_and_the_new_one(lab: Lab, made: bool) -> None:
    server = lab.server()
    fill(server.start())
    if made:
        port = server.address().port
        changed = lab.server(server_options={"work_mem": "9MB"})
        changed._make(server._present(), port, ["changed"])
    else:
        server._replacement.set_aside(server._present())
    assert docker.container.exists(f"{name_of(server)}-before")

    changed = lab.server(server_options={"work_mem": "9MB"})
    url = changed.start()

    assert is_filled(url)
    assert run(url, "SHOW work_mem")[0] == "9MB"
    assert not docker.container.exists(f"{name_of(server)}-before")
    changed._replacement.set_aside(changed._present())
    changed.destroy()
    assert not docker.container.exists(f"{name_of(server)}-before")
    assert not docker.volume.exists(name_of(server))


def test_another_major_tells_where_the_old_data_are(lab: Lab) -> None:
    old = lab.server(postgres=17, database="a shop")
    fill(old.start())
    lab.server(postgres=17, database="other").start()

    lab.server(postgres=18, database="a shop").start()

    assert [text for text in lab.said if "stay in" in text] == [
        (
            f"data of PostgreSQL 17 stay in volume {name_of(old)}; "
            "invoke db.upgrade-server --to 18 --server docker moves them, "
            "invoke db.destroy --postgres 17 --server docker removes them"
        )
    ]
    lab.server(postgres=18, database="a shop").start()
    assert "stay in" not in lab.everything_said
    assert is_filled(old.address())


def test_volume_user(lab: Lab) -> None:
    url = lab.server().start()
    fill(url)
    other = lab.server(user="someone")

    error = failure(other)

    volume = f"dbtasks-{lab.token}-shop-pg18"
    assert error.code == "volume-user"
    assert error.message == (
        f"volume {volume} was made for role postgres, and user = someone is set"
    )
    for code in ("password", "refused"):
        explained = other.explain(ServerError("x", code=code))
        assert (explained.message, explained.remedy) == (error.message, error.remedy)
    assert is_filled(lab.server().start())


def test_names_that_need_quoting(lab: Lab) -> None:
    server = lab.server(database="""a "b' c$d é""", user="o neil-é")

    url = server.start()

    assert run(url, "SELECT current_database(), current_user") == ("""a "b' c$d é""", "o neil-é")


def test_port_moves_when_taken(lab: Lab) -> None:
    server = lab.server()
    url = server.start()
    fill(url)
    server.stop()

    with listener(url.port):
        moved = server.start()
        assert moved.port != url.port
        assert is_filled(moved)
    assert server.start() == moved
    server.destroy()
    assert server.start().port == url.port, "the project's own port again"


def test_port_taken(lab: Lab) -> None:
    holder = lab.server(database="holder")
    port = holder.start().port

    error = failure(lab.server(port=port))
    assert error.code == "port-taken"
    assert error.message == f"port {port} on 127.0.0.1 is held by container {name_of(holder)}"
    assert not docker.container.exists(f"dbtasks-{lab.token}-shop-pg18")

    holder.stop()
    with listener(port):
        error = failure(lab.server(port=port))
    assert error.message == f"port {port} on 127.0.0.1 is held by another process"


def test_port_that_only_docker_refuses(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    server = lab.server()
    port = server._choose_port(None)
    monkeypatch.setattr("dbtasks.servers.ports.is_free", lambda _: True)

    with listener(port):
        assert server.start().port == port + 1


def test_not_ours(lab: Lab) -> None:
    server = lab.server()
    name = name_of(server)
    docker.volume.create(name)
    try:
        assert failure(server).code == "not-ours"
        with pytest.raises(RefusedError):
            server.destroy()
        assert docker.volume.exists(name)
    finally:
        docker.volume.remove(name)
    docker.container.create(server.settings.image.replace("{version}", "18"), name=name)
    try:
        error = failure(server)
        assert (error.code, error.exit_code) == ("not-ours", 5)
        for method in (server.stop, server.destroy, server.status):
            with pytest.raises(RefusedError):
                method()
        assert docker.container.exists(name)
    finally:
        docker.container.remove(name, volumes=True)


def test_image_absent(lab: Lab) -> None:
    error = failure(lab.server(image="localhost:1/dbtasks-no-such:{version}"))

    assert error.code == "image"
    assert error.message.startswith(
        "image localhost:1/dbtasks-no-such:18 is not on this machine and cannot be pulled: "
    )
    assert not docker.volume.list(filters=[("label", f"dbtasks.project={lab.token}")])


def test_image_major(lab: Lab, docker_image: str) -> None:
    server = lab.server()
    fill(server.start())

    error = failure(lab.server(image=docker_image.replace("{version}", "17")))

    assert isinstance(error, SettingsError)
    assert error.code == "image-major"
    assert is_filled(server.start())


def test_volume_major(lab: Lab, docker_image: str) -> None:
    server = lab.server(postgres=16)
    server.start()
    docker.container.remove(name_of(server), force=True)
    alias = f"dbtasks-test-{lab.token}:x"
    image = docker_image.replace("{version}", "17")
    context = lab.root / "image"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {image}\nENV PG_MAJOR=\n")
    docker.image.legacy_build(context, tags=alias)
    try:
        error = failure(lab.server(postgres=16, image=alias))
        assert error.code == "volume-major"
        assert any("incompatible" in line for line in error.details)
        server.destroy()
    finally:
        docker.image.remove(alias)


def test_died(lab: Lab) -> None:
    begun = time.monotonic()

    error = failure(lab.server(server_options={"no_such_parameter": "1"}))

    assert error.code == "died"
    assert error.remedy == "correct server_options (flag); the data is untouched"
    assert any("no_such_parameter" in line for line in error.details)
    assert 0 < len(error.details) <= 15
    assert time.monotonic() - begun < 20
    assert run(lab.server().start(), "SELECT current_database()")[0] == "shop"


def test_lost_password_is_found_in_the_container(lab: Lab) -> None:
    server = lab.server()
    url = server.start()

    State(server.settings).forget(server._objects.secret)

    assert server.status().url == url
    assert server.start().password == url.password
    assert State(server.settings).kept_password(server._objects.secret) == url.password


def test_a_full_disk_is_one_line_and_the_next_start_begins_anew(
    lab: Lab, docker_image: str
) -> None:
    server = lab.server()
    (lab.root / "tasks.py").write_text(
        "import resource\nfrom invoke import Collection\nimport dbtasks\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))\n"  # a password fits
        "ns = Collection(db=dbtasks.collection())\n"
    )
    given = {"NAME": lab.token, "DATABASE": "shop", "SERVER": "docker", "IMAGE": docker_image}
    environ = {f"DBTASKS_{name}": value for name, value in given.items()}
    done = Project(lab.root, {**clean_environ(), **environ}, cold=True).invoke("db.start")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-2:] == [
        "error: a file could not be written: File too large",
        "remedy: make room on the disk (df -h shows which is full), then run this again",
    ]
    assert not list(lab.root.glob(".dbtasks/*.env"))
    assert run(server.start(), "SELECT current_database()")[0] == "shop"


def test_password_of_a_server_that_another_checkout_made_anew(lab: Lab) -> None:
    server = lab.server()
    url = server.start()
    State(server.settings).keep_password(server._objects.secret, "of before")

    explained = server.explain(ServerError("x", code="password"))
    assert explained.message == (
        f"container {name_of(server)} has another password than the one kept here:"
        " another checkout made it anew"
    )
    assert explained.remedy == "invoke db.start takes its password over"
    assert server.start() == url
    assert server.address() == url


def test_password_that_does_not_fit_and_its_remedy(lab: Lab) -> None:
    server = lab.server(server_options={"log_statement": "all"})
    fill(server.start())
    docker.container.remove(name_of(server), force=True)
    State(server.settings).forget(server._objects.secret)

    error = failure(server)

    assert error.code == "password"
    assert error.message == (
        f"the password does not fit volume {name_of(server)}: "
        "POSTGRES_PASSWORD acts on an empty volume only"
    )
    explained = server.explain(ServerError("x", code="password"))
    assert (explained.message, explained.remedy) == (error.message, error.remedy)
    other = ServerError("x", code="refused")
    assert server.explain(other) is other
    kept = State(server.settings).kept_password(server._objects.secret)
    assert kept
    assert kept not in f"{error.message}{error.remedy}"
    repair = error.remedy.removeprefix("keep the data: ").partition("; or ")[0]
    subprocess.run(shlex.split(repair), check=True, capture_output=True)
    assert is_filled(server.start())
    log = "\n".join(server.logs())
    assert 'ALTER USER "postgres" PASSWORD \'SCRAM-SHA-256$' in log
    assert kept not in log


def start_elsewhere(lab: Lab, **values: Any) -> subprocess.Popen[bytes]:
    """Start the server in a process of its own, which can be killed."""
    code = (
        "import json, sys; from pathlib import Path; from dbtasks.settings import load_settings; "
        "from dbtasks.servers.docker import DockerServer; "
        "DockerServer(load_settings(root=Path(sys.argv[1]), environ={}, flags=json.loads(sys.argv[2]))).start()"
    )
    flags = json.dumps({**lab._defaults, **values})
    return subprocess.Popen([sys.executable, "-c", code, str(lab.root), flags])


def wait_for_log(name: str, text: str) -> None:
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        seen = subprocess.run(["docker", "logs", name], capture_output=True, check=False)
        if text.encode() in seen.stdout + seen.stderr:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} never said {text!r}")


@pytest.mark.parametrize("removed", [False, True])
def test_killed_while_the_volume_is_initialised(lab: Lab, removed: bool) -> None:
    server = lab.server(user=lab.token)  # who has no seed
    client = start_elsewhere(lab, user=lab.token)
    wait_for_log(name_of(server), "creating subdirectories")
    client.kill()
    client.wait()
    docker.container.kill(name_of(server))
    if removed:
        docker.container.remove(name_of(server))

    url = server.start()

    assert "was interrupted: beginning anew" in lab.everything_said
    assert run(url, "SELECT current_database()")[0] == "shop"
    assert run(url, "SHOW log_lock_waits")[0] == "on"


def test_killed_client_does_not_end_a_first_start(lab: Lab) -> None:
    server = lab.server(user=lab.token)  # who has no seed
    client = start_elsewhere(lab, user=lab.token)
    wait_for_log(name_of(server), "creating subdirectories")
    client.send_signal(signal.SIGINT)
    client.wait()

    url = server.start()

    assert "interrupted" not in lab.everything_said
    assert run(url, "SELECT current_database()")[0] == "shop"
    fill(url)
    docker.container.remove(name_of(server), force=True)
    assert is_filled(server.start()), "what has answered once is never begun anew"


@pytest.mark.parametrize("moment", [0.7, 0.8, 0.9, 1.0, 1.2, 1.5])
def test_killed_at_any_moment(lab: Lab, moment: float) -> None:
    client = start_elsewhere(lab)
    time.sleep(moment)
    client.kill()
    client.wait()

    assert run(lab.server().start(), "SELECT current_database()")[0] == "shop"
    assert not list(State(lab.server().settings).folder.glob("*.env"))


def test_two_processes_start_it_at_once(lab: Lab) -> None:
    clients = [start_elsewhere(lab) for _ in range(3)]

    assert [client.wait() for client in clients] == [0, 0, 0]
    assert lab.server().status().state == "running"


def test_two_checkouts_share_a_name(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    url = lab.server().start()
    elsewhere = Lab.server
    lab.root = tmp_path_factory.mktemp("other")

    assert elsewhere(lab).start() == url


def test_container_removed_while_it_starts(lab: Lab) -> None:
    server = lab.server()
    server.start()
    server.stop()
    remover = threading.Timer(0.35, docker.container.remove, [name_of(server)], {"force": True})
    remover.start()

    url = server.start()
    remover.join()

    assert run(server.start(), "SELECT 1")[0] == 1
    assert url.database == "shop"


def test_no_password_in_any_command_line(lab: Lab) -> None:
    server = lab.server()
    password = State(server.settings).password(server._objects.secret)

    with arguments_seen() as seen:
        url = server.start()

    assert url.password == password
    assert any("docker" in line and name_of(server) in line for line in seen)
    assert [line for line in seen if password in line] == []
    assert password not in lab.everything_said
    assert password not in "".join(server.logs())
    labels = docker.container.inspect(name_of(server)).config.labels
    assert password not in json.dumps(labels)


def test_logs(lab: Lab) -> None:
    server = lab.server()
    with pytest.raises(ServerError, match="there is no container"):
        server.logs()
    server.start()

    assert len(list(server.logs(tail=3))) == 3
    following = server.logs(follow=True)
    assert any(next(following) for _ in range(2))  # the image's first line may be empty
    following.close()  # type: ignore[attr-defined]


def test_psql_of_the_container(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    server = lab.server()
    url = server.start()
    monkeypatch.setattr("shutil.which", lambda name: None if name == "psql" else f"/usr/bin/{name}")

    argv, environ = server.psql()

    assert url.password not in " ".join(argv)
    done = subprocess.run(
        [*argv, "-Atc", "SELECT current_database()"],
        env={**os.environ, **environ},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "shop\n"


def test_no_engine(
    tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")

    assert not engine_answers()
    error = failure(DockerServer(make_settings(tmp_path)))
    assert (error.code, error.exit_code) == ("engine", 3)
    assert error.message.startswith("no Docker engine answers: ")
    assert "server = local" in error.remedy


def test_no_client(
    tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not engine_answers()
    assert failure(DockerServer(make_settings(tmp_path))).code == "engine"


def test_an_engine_that_hangs_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 's'}")
        begun = time.monotonic()

        assert not engine_answers(timeout=0.5)
        assert time.monotonic() - begun < 2


def test_engine_on_another_machine(
    tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://build-farm.example:2375")

    error = failure(DockerServer(make_settings(tmp_path)))

    assert error.code == "engine"
    assert error.message.startswith("the Docker engine is on build-farm.example")


@pytest.fixture
def engine_socket(docker_engine: None) -> Path:
    host = docker.context.inspect(None).endpoints["docker"].host or ""
    if not host.startswith("unix://"):
        missing(f"the engine is at {host}, and this test wants its unix socket")
    return Path(host.removeprefix("unix://"))


def test_docker_context(
    lab: Lab, engine_socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = f"dbtasks-{lab.token}"
    docker.context.create(context, docker={"host": f"unix://{engine_socket}"})
    try:
        with monkeypatch.context() as patch:
            patch.setenv("DOCKER_CONTEXT", context)
            assert engine_answers()
            url = lab.server().start()
        assert lab.server().status().url == url
    finally:
        docker.context.remove(context)
    monkeypatch.setenv("DOCKER_CONTEXT", context)
    assert not engine_answers()
    error = failure(lab.server())
    assert (error.code, "docker context use" in error.remedy) == ("engine", True)
    monkeypatch.delenv("DOCKER_CONTEXT")


def forward(client: socket.socket, path: Path) -> None:
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(str(path))

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(engine, client), daemon=True)
    back.start()
    copy(client, engine)
    back.join()
    client.close()
    engine.close()


def test_docker_host_by_tcp_on_this_machine(
    lab: Lab, engine_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    threading.Thread(
                        target=forward, args=(client, engine_socket), daemon=True
                    ).start()

        threading.Thread(target=serve, daemon=True).start()
        with monkeypatch.context() as patch:
            patch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listening.getsockname()[1]}")
            assert engine_answers()
            assert run(lab.server().start(), "SELECT current_database()")[0] == "shop"
        listening.shutdown(socket.SHUT_RDWR)
