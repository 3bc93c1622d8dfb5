"""What decides on a template's content: all of it is heard, and any change of it is seen."""

from __future__ import annotations

import asyncio
import os
import pkgutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from consumers import copy_of
from dbtasks.server_template import inputs
from dbtasks.server_template.witness import EVERYTHING, Witness
from dbtasks.servers import ports
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbtasks.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(root=copy_of("plain", tmp_path / "project").root, environ={})


def heard_of(action: Callable[[], object], *own: tuple[str, int]) -> Witness:
    witness = Witness(*own)
    with witness.watching():
        action()
    return witness


class TestWitness:
    def test_files_that_are_read_are_heard_of(self, tmp_path: Path) -> None:
        read, written = tmp_path / "read.csv", tmp_path / "written.csv"
        read.write_text("1")

        def action() -> None:
            read.read_text()
            written.write_text("2")
            list(tmp_path.iterdir())

        witness = heard_of(action)
        assert witness.files == {read}
        assert witness.folders == {tmp_path}
        assert witness.untold == set()

    def test_files_that_are_only_looked_for_are_heard_of(self, tmp_path: Path) -> None:
        def action() -> None:
            assert not (tmp_path / "one").exists()
            assert not os.path.isfile(os.fsencode(tmp_path / "two"))  # noqa: PTH113
            assert not os.access(tmp_path / "three", os.R_OK)

        before = os.stat, os.lstat, os.access
        witness = heard_of(action)
        assert {path for path in witness.looked_at if path.parent == tmp_path} == {
            tmp_path / name for name in ("one", "two", "three")
        }
        assert (os.stat, os.lstat, os.access) == before

    def test_data_of_a_package_and_sqlite_files_are_heard_of(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = tmp_path / "package_with_data"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "rows.csv").write_text("1")
        monkeypatch.syspath_prepend(tmp_path)
        database = tmp_path / "rows.sqlite"

        def action() -> None:
            pkgutil.get_data("package_with_data", "rows.csv")
            sqlite3.connect(database).close()

        assert heard_of(action).files == {package / "rows.csv", database}

    def test_variables_that_are_read_are_heard_of(self) -> None:
        witness = heard_of(lambda: (os.getenv("ONE"), os.environ.get("TWO"), "THREE" in os.environ))
        assert witness.variables == {"ONE", "TWO", "THREE"}
        assert heard_of(lambda: dict(os.environ)).variables >= {EVERYTHING}

    def test_the_environment_is_as_before_afterwards(self) -> None:
        before = type(os.environ)
        witness = heard_of(lambda: None)
        os.getenv("LATER")
        assert type(os.environ) is before
        assert witness.variables == set()

    def test_what_cannot_be_asked_again_is_told(self) -> None:
        argv = [sys.executable, "-S", "-c", ""]
        witness = heard_of(lambda: subprocess.run(argv, check=True))
        assert witness.untold == {"they run another program"}

    def test_a_connection_counts_unless_it_is_our_own(self) -> None:
        free_port = ports.find_free("a test")

        async def connect() -> None:
            with pytest.raises(OSError, match=r"refused|failed"):
                await asyncio.open_connection("127.0.0.1", free_port)

        def action() -> None:
            asyncio.run(connect())

        assert heard_of(action, ("127.0.0.1", free_port)).untold == set()
        assert heard_of(action).untold == {"they connect to something else than the database"}


class TestWhatIsHeard:
    def test_is_the_same_while_nothing_changes(self, settings: Settings, tmp_path: Path) -> None:
        (data := tmp_path / "rows.csv").write_text("1")
        witness = heard_of(lambda: (data.read_text(), list(tmp_path.iterdir())))
        told = inputs.heard(settings, witness, imported_before=False)
        assert inputs.are_the_same(settings, told)

        data.write_text("2")
        assert not inputs.are_the_same(settings, told)
        data.write_text("1")
        assert inputs.are_the_same(settings, told)
        (tmp_path / "more.csv").touch()
        assert not inputs.are_the_same(settings, told)

    def test_a_file_that_appears_where_one_was_looked_for_is_seen(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        flag = tmp_path / "flag"
        told = inputs.heard(settings, heard_of(flag.exists), imported_before=False)
        assert inputs.are_the_same(settings, told)
        flag.touch()
        assert not inputs.are_the_same(settings, told)

    def test_a_variable_that_the_run_itself_sets_counts_as_it_was_before(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SHOP_ADMIN", "me")
        monkeypatch.delenv("SHOP_ADMIN")
        witness = heard_of(lambda: os.environ.setdefault("SHOP_ADMIN", "me"))
        told = inputs.heard(settings, witness, imported_before=False)
        assert not inputs.are_the_same(settings, told)
        monkeypatch.delenv("SHOP_ADMIN")
        assert inputs.are_the_same(settings, told)

    def test_a_variable_that_only_libpq_reads_is_seen(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = inputs.heard(settings, heard_of(lambda: None), imported_before=False)
        monkeypatch.setenv("PGOPTIONS", "-c search_path=other")
        assert not inputs.are_the_same(settings, told)

    def test_a_variable_that_changes_is_seen_but_none_of_ours(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        witness = heard_of(lambda: (os.getenv("SHOP_ADMIN"), os.getenv("PGPORT")))
        told = inputs.heard(settings, witness, imported_before=False)
        monkeypatch.setenv("PGPORT", "1")
        assert inputs.are_the_same(settings, told)
        monkeypatch.setenv("SHOP_ADMIN", "me")
        assert not inputs.are_the_same(settings, told)

    def test_of_modules_imported_before_any_variable_counts(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = inputs.heard(settings, Witness(), imported_before=True)
        assert inputs.are_the_same(settings, told)
        monkeypatch.setenv("SHOP_ADMIN", "me")
        assert not inputs.are_the_same(settings, told)


class TestKey:
    def test_changes_with_all_that_is_known_before(self, settings: Settings) -> None:
        versions = settings.root / "migrations" / "versions"
        first = inputs.key(settings, "image", ["SELECT 1"])
        assert inputs.key(settings, "image", ["SELECT 1"]) == first
        found = {
            first,
            inputs.key(settings, "other", ["SELECT 1"]),
            inputs.key(settings, "image", []),
        }
        (versions / "rows.csv").write_text("1")
        found.add(inputs.key(settings, "image", ["SELECT 1"]))
        (versions / "rows.csv").write_text("2")
        found.add(inputs.key(settings, "image", ["SELECT 1"]))
        for environ in (
            {"DBTASKS_USER": "other"},
            {"DBTASKS_DATABASE": "other"},
            {"DBTASKS_SERVER_OPTIONS": "work_mem=8MB"},
            {"DBTASKS_ENV": "DB_HOST={host}"},
        ):
            other = load_settings(root=settings.root, environ=environ)
            found.add(inputs.key(other, "image", ["SELECT 1"]))
        assert len(found) == 9
