"""The project that is tortured: a copy of `plain`, with revisions that can be caught half way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers import copy_of
from histories import PLAIN, write_env, write_revision
from torture import branches

if TYPE_CHECKING:
    from pathlib import Path

    from consumers import Project

NAMES = ("crate", "pallet", "lorry")
CONCURRENT = "beside"
OLD, NEW = 15, 18  # PostgreSQL majors of a server that is moved

_ENV = """\
import sqlalchemy as sa
from alembic import context
from app.models import Base

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=Base.metadata, transaction_per_migration={each}
    )
    with context.begin_transaction():
        context.run_migrations()
"""
_MODELS = """

import sqlalchemy as sa

for name in {names!r}:
    sa.Table(name, Base.metadata, sa.Column("id", sa.Integer), sa.Index(f"ix_{{name}}", "id"))
"""
_TEST = """\
import sqlalchemy as sa


def test_insert(dbtasks_engine):
    with dbtasks_engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO note (title) VALUES ('mine alone')"))


def test_empty(dbtasks_engine):
    with dbtasks_engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM note")) == 0
"""
_PAUSE = 'op.execute("SELECT pg_sleep(0.06)")'
_LONG_PAUSE = _PAUSE.replace("0.06", "0.4")


def history(flavour: str) -> tuple[str, ...]:
    """Return the revisions of a project, oldest first."""
    if flavour == "branches":
        return (*PLAIN, *branches.OURS)
    return (*PLAIN, *NAMES, *([CONCURRENT] if flavour == "autocommit" else []))


def make(flavour: str, folder: Path, **environ: str) -> Project:
    """Write a project of a flavour.

    Its env.py has one transaction for each revision, or with `one_transaction` one for all; `autocommit` adds a
    revision with a block outside of any, and `branches` puts it on two branches of a repository. `old_major` sets
    the PostgreSQL major in pyproject.toml.
    """
    project = copy_of("plain", folder, None, **environ)
    (project.root / "test_shop.py").write_text(_TEST, encoding="utf-8")
    write_env(project, _ENV.format(each=flavour != "one_transaction"))
    if flavour == "old_major":
        set_major(project, OLD)
    models = project.root / "app" / "models.py"
    indexed = f"sa.Index({CONCURRENT!r}, Base.metadata.tables['crate'].c.id)\n"
    with models.open("a", encoding="utf-8") as file:
        file.write(_MODELS.format(names=NAMES))
        file.write(indexed if flavour == "autocommit" else "")
    if flavour == "branches":
        branches.commit_both(project, write_table)
        return project
    parent = PLAIN[-1]
    for name in NAMES:
        write_table(project, name, parent)
        parent = name
    if flavour == "autocommit":
        write_revision(project, CONCURRENT, parent, **_concurrently())
    return project


def set_major(project: Project, major: int) -> None:
    """Write the setting of the PostgreSQL major."""
    text = f"[tool.dbtasks]\npostgres = {major}\n"
    (project.root / "pyproject.toml").write_text(text, encoding="utf-8")


def write_table(project: Project, name: str, parent: str) -> Path:
    """Write a revision that makes a table with an index, pausing between both."""
    return write_revision(
        project,
        name,
        parent,
        upgrade=_lines(
            f"op.create_table({name!r}, sa.Column('id', sa.Integer))",
            _PAUSE,
            f"op.create_index('ix_{name}', {name!r}, ['id'])",
        ),
        downgrade=_lines(f"op.drop_index('ix_{name}')", _PAUSE, f"op.drop_table({name!r})"),
    )


def _concurrently() -> dict[str, str]:
    block = "with op.get_context().autocommit_block():"
    index = f"    op.create_index({CONCURRENT!r}, 'crate', ['id'], postgresql_concurrently=True)"
    drop = f"    op.drop_index({CONCURRENT!r}, postgresql_concurrently=True)"
    return {
        "upgrade": _lines(block, index, f"    {_LONG_PAUSE}"),
        "downgrade": _lines(block, drop, f"    {_LONG_PAUSE}"),
    }


def _lines(*lines: str) -> str:
    return "\n    ".join(lines)
