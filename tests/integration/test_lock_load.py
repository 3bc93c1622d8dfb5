"""Clients go on writing while a migration wants a table that a long transaction reads."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from background import running, told
from dbtasks import maintenance
from histories import PLAIN, replace, rows, succeeded, version, write_revision
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

WRITERS = 4
PATIENCE = "10s"  # what a client gives a statement: 3 s, which a migration may wait, and room for a slow machine


class Writers:
    """Clients that write all the time, each until a statement of its own takes longer than PATIENCE."""

    def __init__(self, url: DatabaseURL) -> None:
        self._url = url
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=[one]) for one in range(WRITERS)]
        self.written = [0] * WRITERS
        self.failed: list[str] = []

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            self.write_on()
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def write_on(self) -> None:
        """Wait until each has written once more."""
        before = list(self.written)
        until(
            lambda: all(now > then for now, then in zip(self.written, before, strict=True)),
            "every client writes",
        )

    def _write(self, number: int) -> None:
        with maintenance.connect(self._url) as connection:
            connection.execute(f"SET statement_timeout = '{PATIENCE}'".encode())
            while not self._over.wait(0.02):  # a client that thinks between two statements
                try:
                    connection.execute("INSERT INTO note (title) VALUES ('x')")
                    connection.execute("UPDATE note SET title = 'y' WHERE id = %s", [number])
                except psycopg.Error as error:
                    self.failed.append(str(error).splitlines()[0])
                    return
                self.written[number] += 1


@contextlib.contextmanager
def reading(url: DatabaseURL) -> Iterator[psycopg.Connection]:
    """Read the table in a long transaction, which hinders no writer."""
    with maintenance.connect(url) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM note")
        yield connection


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """A project whose next revision wants the table `note` for itself."""
    project = copy_project("plain", database)
    succeeded(project.invoke("db.init"))
    alter = 'op.execute("ALTER TABLE note ADD COLUMN mark integer")'
    write_revision(project, "aaaa", upgrade=alter)
    return project


def test_with_the_limits_of_an_external_server_no_client_fails(
    project: Project, database: DatabaseURL
) -> None:
    writers = Writers(database)
    with (
        writers.writing(),
        reading(database) as report,
        running(project, "db.migrate") as process,
    ):
        told(process, r"trying again in \d+\.\d s \(2 of 10\)")
        assert version(database) == [PLAIN[2]]
        report.execute("COMMIT")
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (out, err)
        writers.write_on()
    assert writers.failed == []
    assert version(database) == ["aaaa"]
    assert rows(database, "SELECT count(*) > 0 FROM note WHERE mark IS NULL") == [True]


def test_with_plain_alembic_every_client_would(project: Project, database: DatabaseURL) -> None:
    """So the test before this one tests something."""
    url = database.with_driver("psycopg").sqlalchemy().replace("%", "%%")
    replace(project.root / "alembic.ini", "postgresql+psycopg://localhost/app", url)
    writers = Writers(database)
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = 'note'::regclass"
    with writers.writing(), reading(database) as report:
        alembic = threading.Thread(
            target=project.run, args=[sys.executable, "-m", "alembic", "upgrade", "head"]
        )
        alembic.start()
        try:
            until(lambda: rows(database, waiting), "the migration waits for the report")
            until(lambda: len(writers.failed) == WRITERS, "no client gets through")
        finally:
            report.execute("COMMIT")
            alembic.join()
    assert set(writers.failed) == {"canceling statement due to statement timeout"}
    assert version(database) == ["aaaa"]
