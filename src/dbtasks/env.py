"""`run_migrations(metadata)`: all that a project's own env.py needs to call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from alembic import context
from alembic.util import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, MetaData


def run_migrations(metadata: MetaData | Sequence[MetaData], **options: Any) -> None:
    """Run the migrations that Alembic asks for, online or offline.

    Works below dbtasks and below the plain `alembic` command, which then finds the database by the
    project's dbtasks settings unless `sqlalchemy.url` is set. Each revision runs in a transaction of
    its own, so an `autocommit_block` cannot leave the version table behind. `options` go to
    `alembic.context.configure` and override.
    """
    options = {
        "target_metadata": metadata,
        "transaction_per_migration": True,
        "compare_server_default": True,
        **options,
    }
    if context.is_offline_mode():
        context.configure(
            dialect_name="postgresql",
            literal_binds=True,
            dialect_opts={"paramstyle": "named"},
            **options,
        )
        _run()
        return
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        _run_on(connection, options)
        return
    url = sqlalchemy.make_url(_url())
    if url.get_dialect().is_async:
        asyncio.run(_run_async(url, options))
        return
    with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).connect() as opened:
        _run_on(opened, options)


async def _run_async(url: sqlalchemy.URL, options: dict[str, Any]) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    async with create_async_engine(url, poolclass=sqlalchemy.NullPool).connect() as opened:
        await opened.run_sync(_run_on, options)


def _run_on(connection: Connection, options: dict[str, Any]) -> None:
    context.configure(connection=connection, **options)
    _run()


def _run() -> None:
    with context.begin_transaction():
        context.run_migrations()


def _url() -> str:
    """Return the URL that Alembic is given, else the one of the project's dbtasks settings."""
    from dbtasks.errors import DbtasksError
    from dbtasks.servers import open_server
    from dbtasks.settings import find_root, load_settings
    from dbtasks.url import DatabaseURL

    config = context.config
    try:
        configured = config.get_alembic_option("sqlalchemy.url")
        if configured:
            return DatabaseURL.parse(str(configured)).sqlalchemy()
        file = config.config_file_name or config.toml_file_name
        root = find_root(Path(file).parent) if file else None
        return open_server(load_settings(root=root)).address().sqlalchemy()
    except DbtasksError as error:  # the alembic command shows its own errors without a traceback
        raise CommandError(f"{error.message}; {error.remedy}") from error
