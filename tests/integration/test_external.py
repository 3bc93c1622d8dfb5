"""What only the external kind does; the contract of every kind is in test_server_contract.py."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dbtasks.errors import RefusedError, ServerError, SettingsError
from dbtasks.servers import Server, open_server
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.url import DatabaseURL


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def external(root: Path, **environ: str) -> Server:
    return open_server(load_settings(root=root, environ={"DBTASKS_SERVER": "external", **environ}))


def test_without_a_url_the_settings_are_wrong(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        external(tmp_path)

    assert raised.value.code == "no-url"
    assert raised.value.exit_code == 2
    assert raised.value.message == "server = external needs the URL of a database, and none is set"
    assert "set DATABASE_URL" in raised.value.remedy


def test_nothing_listening_here_tells_how_dbtasks_would_run_a_server(
    tmp_path: Path, unused_port: int
) -> None:
    url = f"postgresql://app:s3cr3t@localhost:{unused_port}/shop"

    with pytest.raises(ServerError) as raised:
        external(tmp_path, DATABASE_URL=url).start()

    error = raised.value
    assert (error.code, error.exit_code) == ("unreachable", 3)
    assert error.message.startswith(f"no PostgreSQL server answers at localhost:{unused_port}: ")
    assert error.remedy == (
        "start it there, or let dbtasks run a server: unset DATABASE_URL "
        "and set DBTASKS_SERVER=docker or DBTASKS_SERVER=local"
    )
    assert "s3cr3t" not in f"{error} {error.details}"


def test_the_remedy_names_the_place_the_url_came_from(tmp_path: Path, unused_port: int) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.dbtasks]\nurl = "postgresql://app@127.0.0.1:{unused_port}/shop"\n'
    )

    with pytest.raises(ServerError) as raised:
        external(tmp_path).start()

    assert "remove url from pyproject.toml [tool.dbtasks]" in raised.value.remedy


def test_another_host_gets_no_advice_about_servers_here(tmp_path: Path) -> None:
    url = "postgresql://app@db.invalid:5432/shop?connect_timeout=1"

    with pytest.raises(ServerError) as raised:
        external(tmp_path, DATABASE_URL=url).start()

    assert raised.value.remedy == (
        "check the address (the URL is from DATABASE_URL) and that the server runs"
    )


def test_waiting_for_a_server_that_is_not_there_yet(
    tmp_path: Path, unused_port: int, postgres: DatabaseURL
) -> None:
    url = replace(postgres, port=unused_port).libpq()
    server = external(tmp_path, DATABASE_URL=url)

    def serve() -> None:
        with socket.create_server(("127.0.0.1", unused_port)) as listening:
            client, _ = listening.accept()
            with client, socket.create_connection((postgres.host, postgres.port)) as upstream:
                back = threading.Thread(target=copy, args=(upstream, client), daemon=True)
                back.start()
                copy(client, upstream)
                back.join()

    later = threading.Timer(0.5, serve)
    later.start()
    try:
        assert server.wait(30).libpq() == url
    finally:
        later.join()


def test_waiting_ends_at_the_limit_and_says_what_it_waited_for(
    tmp_path: Path, unused_port: int
) -> None:
    server = external(tmp_path, DATABASE_URL=f"postgresql://app@127.0.0.1:{unused_port}/shop")
    with pytest.raises(ServerError) as once:
        server.start()

    with pytest.raises(ServerError) as raised:
        server.wait(0.2)

    error = raised.value
    assert (error.code, error.exit_code) == ("start-timeout", 3)
    assert error.message == f"waited 0.2 s for the external server: {once.value.message}"
    assert error.remedy == once.value.remedy


def test_waiting_ends_at_once_when_the_password_is_refused(
    tmp_path: Path, postgres: DatabaseURL
) -> None:
    url = replace(postgres, password="wrong").libpq()

    with pytest.raises(ServerError) as raised:
        external(tmp_path, DATABASE_URL=url).wait(30)

    assert raised.value.code == "password"
    assert raised.value.message == (
        f'{postgres.place} refuses role "postgres": '
        'password authentication failed for user "postgres"'
    )
    assert raised.value.remedy == "check the user and the password in the URL (from DATABASE_URL)"


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_status_of_an_unreachable_server(tmp_path: Path, unused_port: int) -> None:
    server = external(tmp_path, DATABASE_URL=f"postgresql://app@127.0.0.1:{unused_port}/shop")

    status = server.status()

    assert (status.kind, status.state) == ("external", "unreachable")
    assert status.where == f"127.0.0.1:{unused_port}"
    assert not (tmp_path / ".dbtasks").exists()


@pytest.mark.parametrize("verb", ["stop", "destroy"])
def test_it_is_never_stopped_or_destroyed(tmp_path: Path, verb: str) -> None:
    server = external(tmp_path, DATABASE_URL="postgresql://app:s3cr3t@db.example:5433/shop")

    with pytest.raises(RefusedError) as raised:
        getattr(server, verb)()

    assert raised.value.exit_code == 5
    assert raised.value.message == (
        f'refused to {verb} the external server db.example:5433 with database "shop"'
        " (its URL is from DATABASE_URL): dbtasks did not make it"
    )
    assert "unset DATABASE_URL" in raised.value.remedy


def test_its_log_is_out_of_reach(tmp_path: Path) -> None:
    server = external(tmp_path, DATABASE_URL="postgresql://app@db.example/shop")

    with pytest.raises(ServerError) as raised:
        list(server.logs())

    assert raised.value.code == "no-logs"


def test_it_is_not_ours(tmp_path: Path) -> None:
    assert not external(tmp_path, DATABASE_URL="postgresql://app@db.example/shop").owned
