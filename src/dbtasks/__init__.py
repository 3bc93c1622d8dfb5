"""Invoke tasks for the whole life of a PostgreSQL development database and its migrations."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbtasks.env import run_migrations
    from dbtasks.errors import DbtasksError
    from dbtasks.migrator import Migrator
    from dbtasks.servers import open_server
    from dbtasks.settings import Settings, load_settings
    from dbtasks.tasks import collection, init, start
    from dbtasks.url import DatabaseURL

__version__ = "0.1.0"

__all__ = [
    "DatabaseURL",
    "DbtasksError",
    "Migrator",
    "Settings",
    "collection",
    "init",
    "load_settings",
    "open_server",
    "run_migrations",
    "start",
]

# Resolved on first use: `import dbtasks` in a tasks.py, an env.py or a noxfile stays light.
_HOMES = {
    "DatabaseURL": "url",
    "DbtasksError": "errors",
    "Migrator": "migrator",
    "Settings": "settings",
    "collection": "tasks",
    "init": "tasks",
    "load_settings": "settings",
    "open_server": "servers",
    "run_migrations": "env",
    "start": "tasks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
