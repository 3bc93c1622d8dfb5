"""A generated history in a project as `alembic init` makes it, with models: `alembic check` finds nothing."""

from __future__ import annotations

from pathlib import Path

import alembic

from benchmarks.histories import write_history

TEMPLATE = Path(alembic.__file__).parent / "templates" / "generic"
URL_LINE = "sqlalchemy.url = driver://user:pass@localhost/dbname"
_ENGINE = "connectable = engine_from_config("
# What pytest-alembic asks of an env.py, whose engine is the attribute `connection`.
_GIVEN = """given = config.attributes.get("connection")
    connectable = given if isinstance(given, Engine) else engine_from_config("""
MODELS = """import sqlalchemy as sa

REVISIONS = {count}
metadata = sa.MetaData()

for first in range(0, REVISIONS, 10):
    sa.Table(
        f"t{{first}}",
        metadata,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.String(length=200), nullable=False, server_default=sa.text("''")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
        *(
            sa.Column(f"c{{number}}", sa.Integer(), nullable=True)
            for number in range(first + 1, min(first + 10, REVISIONS))
        ),
    )
"""


def write_project(
    root: Path, count: int, *, autocommit: bool = False, engine_given: bool = False
) -> None:
    """Write an Alembic project of `count` revisions and its models.

    With `autocommit`, one in ten creates an index concurrently, of which the models know nothing.
    With `engine_given`, env.py takes the engine that pytest-alembic gives it.
    """
    write_history(root, count, autocommit=autocommit)
    ini = (TEMPLATE / "alembic.ini.mako").read_text()
    ini = _replaced(ini, "${script_location}", "%(here)s/migrations")
    (root / "alembic.ini").write_text(_replaced(ini, URL_LINE, URL_LINE))
    env = (TEMPLATE / "env.py").read_text()
    env = _replaced(env, "target_metadata = None", "from models import metadata as target_metadata")
    if engine_given:
        env = _replaced(env, "from sqlalchemy import pool", "from sqlalchemy import Engine, pool")
        env = _replaced(env, _ENGINE, _GIVEN)
    (root / "migrations" / "env.py").write_text(env)
    (root / "models.py").write_text(MODELS.format(count=count))
    (root / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")


def _replaced(text: str, old: str, new: str) -> str:
    """Replace what Alembic's template holds once."""
    before, found, after = text.partition(old)
    assert found, old
    return before + new + after
