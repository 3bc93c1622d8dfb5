"""What the sessions of one name run: the cells of a matrix, their command and where their results go."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dbtasks.errors import SettingsError
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbtasks.settings import Settings


class Planned(NamedTuple):
    """A cell: its major, and the session that runs it as `nox -s` takes it."""

    postgres: int
    session: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the sessions of one name run, each on one PostgreSQL major and one Python.

    `pythons` is empty unless there are several; `install` is what is installed into the session's
    environment, `database` one of `[tool.dbtasks.databases]`, `server` a kind of server.
    """

    name: str
    versions: tuple[int, ...] = ()
    pythons: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    database: str | None = None
    server: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)

    def settings(self) -> Settings:
        """Return the settings that the run will see.

        Raises:
            SettingsError: one is malformed or unknown.
        """
        return load_settings(database=self.database, environ={**os.environ, **self.env})

    def cell(self, postgres: int, python: object = None) -> str:
        """Return the name of a cell; it has the Python in it where there are several."""
        return f"pg{postgres}-py{python}" if python in self.pythons else f"pg{postgres}"

    def cells(self) -> dict[str, Planned]:
        """Return the cells by name."""
        return {
            self.cell(postgres, python): Planned(
                postgres, f"{self.name}{python and f'-{python}'}(pg{postgres})"
            )
            for postgres in self.versions
            for python in self.pythons or ("",)
        }

    def folder(self, settings: Settings) -> Path:
        """Return the folder of the results, relative to the working directory if it is below."""
        folder = settings.root / Path(settings.results_dir).expanduser() / self.name
        here = Path.cwd()
        return folder.relative_to(here) if folder.is_relative_to(here) else folder

    def made_folder(self, settings: Settings, cell: str = "") -> Path:
        """Return the folder of the results, or of a cell's, which is created.

        Raises:
            SettingsError: it cannot be.
        """
        folder = self.folder(settings) / cell
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"the folder {folder} for results cannot be made: {error.strerror}",
                remedy="let the setting results_dir (DBTASKS_RESULTS_DIR) name a folder that you may write",
                code="results-folder",
            ) from error
        return folder

    def command(self, postgres: int, folder: Path) -> list[str]:
        """Return the arguments that let pytest run the proofs and the project's tests on a major."""
        return [
            *self.proofs(),
            *self.tests,
            *("--postgres", str(postgres)),
            *("--dbtasks-result", str(folder / "result.json")),
            *("--junit-xml", str(folder / "junit.xml")),
        ]

    def proofs(self) -> Sequence[str]:
        """Return the arguments that let pytest run the proofs of this database on this kind of server."""
        server = ("--db-server", self.server) if self.server else ()
        database = ("--dbtasks-database", self.database) if self.database else ()
        return ["-m", "pytest", *server, *database, "--pyargs", "dbtasks.proofs"]
