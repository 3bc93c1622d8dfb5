"""Pictures of a project's files and of a database, to compare before and after."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks import maintenance
from dbtasks.catalog import read as catalog_of

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from dbtasks.url import DatabaseURL

Files = dict[str, tuple[int, int, str]]


def files_of(root: Path) -> Files:
    """Return mode, time of change and content of everything in a folder but Python's caches."""
    found: Files = {}
    for path in sorted([root, *root.rglob("*")]):
        if "__pycache__" in path.parts:
            continue
        status = path.lstat()
        # A folder's time changes when __pycache__ is made in it.
        changed = 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
        found[str(path.relative_to(root))] = (status.st_mode, changed, _content(path, status))
    return found


def _content(path: Path, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return str(path.readlink())
    if not stat.S_ISREG(status.st_mode):
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def database_of(url: DatabaseURL) -> tuple[dict[str, object], dict[str, int], list[str]]:
    """Return a database's catalog, the number of rows of every table, and what is applied."""
    with maintenance.connect(url) as connection:
        catalog = catalog_of(connection.execute).objects
        tables = connection.execute(
            "SELECT schemaname, relname FROM pg_stat_user_tables ORDER BY 1, 2"
        ).fetchall()
        counts = {}
        for names in tables:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*names))
            row = connection.execute(query).fetchone()
            assert row is not None
            counts[".".join(names)] = row[0]
        applied = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return dict(catalog), counts, sorted(row[0] for row in applied)
