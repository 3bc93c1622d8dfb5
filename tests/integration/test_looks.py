"""Short looks at a database that share a connection, and what they see is the database of that moment."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from dbtasks import maintenance
from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL


@pytest.fixture
def url(postgres: DatabaseURL, database: DatabaseURL) -> DatabaseURL:
    maintenance.create(database)
    return database


def pid(url: DatabaseURL) -> int:
    with maintenance.look(url) as connection:
        return connection.info.backend_pid


def test_looks_share_a_connection_in_the_block_only(
    url: DatabaseURL, postgres: DatabaseURL
) -> None:
    assert pid(url) != pid(url)
    with maintenance.looks_kept():
        first = pid(url)
        with maintenance.looks_kept():
            assert pid(url) == first
        assert pid(url) == first != pid(postgres)
        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.append(pid(url)))
        thread.start()
        thread.join()
        assert seen != [first]
    assert pid(url) != first


def test_a_kept_connection_sees_what_others_commit(url: DatabaseURL) -> None:
    with maintenance.looks_kept():
        assert maintenance.applied_revisions(url, "alembic_version", None) == ()
        with maintenance.connect(url) as connection:
            connection.execute("CREATE TABLE alembic_version AS SELECT 'abc' AS version_num")
        assert maintenance.applied_revisions(url, "alembic_version", None) == ("abc",)


def test_a_kept_connection_that_the_server_ended_is_made_anew(url: DatabaseURL) -> None:
    with maintenance.looks_kept():
        first = pid(url)
        with maintenance.connect(url) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 10000)", [first])
        assert pid(url) != first
        identity = maintenance.identity(url)
    assert maintenance.identity(url) == identity


def test_a_look_at_what_is_not_there_fails_and_the_next_one_is_tried(url: DatabaseURL) -> None:
    gone = url.with_database(f"{url.database}_gone")
    with maintenance.looks_kept():
        with pytest.raises(ServerError, match=f'database "{gone.database}" does not exist'):
            pid(gone)
        with pytest.raises(psycopg.errors.DivisionByZero), maintenance.look(url) as connection:
            connection.execute("SELECT 1 / 0")
        maintenance.create(gone)
        assert pid(gone)
    maintenance.drop(gone)


@pytest.mark.parametrize("kept", [False, True])
def test_a_connection_that_ends_while_it_is_used_is_an_error_of_ours(
    url: DatabaseURL, kept: bool
) -> None:
    def use() -> None:
        with (
            maintenance.looks_kept() if kept else contextlib.nullcontext(),
            maintenance.look(url) as connection,
            maintenance.connect(url) as other,
        ):
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.info.backend_pid])
            connection.execute("SELECT 1")

    with pytest.raises(ServerError) as raised:
        use()

    assert raised.value.code == "connection-lost"
    assert raised.value.message == (
        f"{url.place} ended the connection: terminating connection due to administrator command"
    )
    assert raised.value.remedy == (
        "see whether the server runs (invoke db.status), then run this again"
    )
