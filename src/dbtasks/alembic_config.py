"""Where a project keeps its Alembic configuration; found without importing Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks import toml_file
from dbtasks.errors import SettingsError

if TYPE_CHECKING:
    from dbtasks.settings import Settings


def config_files(settings: Settings) -> tuple[Path | None, Path | None]:
    """Return the project's Alembic ini file and TOML file, one of which may be None.

    Raises:
        SettingsError: there is neither.
    """
    if settings.alembic is not None:
        path = settings.root / Path(settings.alembic).expanduser()
        if not path.is_file():
            raise SettingsError(
                f"there is no Alembic configuration at {path}",
                remedy=f"correct the setting alembic ({settings.sources['alembic']})",
                code="no-alembic",
            )
        if path.suffix == ".toml":
            return None, path
        beside = path.with_name("pyproject.toml")
        return path, beside if beside.is_file() else None
    ini, toml = settings.root / "alembic.ini", settings.root / "pyproject.toml"
    has_ini, has_toml = ini.is_file(), toml.is_file() and _has_alembic(toml)
    if not has_ini and not has_toml:
        raise SettingsError(
            f"{settings.root} has no Alembic configuration (alembic.ini, or [tool.alembic] in pyproject.toml)",
            remedy="invoke db.scaffold writes one; or let the setting alembic name the file",
            code="no-alembic",
        )
    return ini if has_ini else None, toml if has_toml else None


def _has_alembic(pyproject: Path) -> bool:
    return "alembic" in toml_table(pyproject, "tool")


def toml_table(path: Path, *names: str) -> dict[str, Any]:
    """Return a table of a TOML file, empty where there is none.

    Raises:
        SettingsError: the file cannot be read, or something else stands there.
    """
    try:
        return toml_file.table(toml_file.read(path), *names)
    except (OSError, toml_file.UnreadableError) as error:
        raise SettingsError(
            f"the Alembic configuration is malformed: {error}",
            remedy=f"correct {path}",
            code="alembic-config",
        ) from error
