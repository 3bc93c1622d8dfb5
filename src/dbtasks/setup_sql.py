"""The setting `setup_sql`: statements, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import SettingsError

if TYPE_CHECKING:
    from dbtasks.settings import Settings


def read_statements(settings: Settings) -> list[str]:
    """Return what a new database is set up with: an entry that ends in .sql is a file of the project.

    Raises:
        SettingsError: a file cannot be read.
    """
    statements = []
    for entry in settings.setup_sql:
        if not entry.lower().endswith(".sql"):
            statements.append(entry)
            continue
        path = settings.root / entry
        try:
            path = settings.root / Path(entry).expanduser()
            statements.append(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            raise SettingsError(
                f"setup_sql names {path}, which cannot be read: {error}",
                remedy=f"correct setup_sql ({settings.sources['setup_sql']})",
            ) from error
    return statements
