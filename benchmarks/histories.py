"""Histories of any length: `python -m benchmarks.histories FOLDER COUNT [--branches] [--autocommit] [--seed N]`."""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from pathlib import Path

INI = "[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\n"
ENV = """from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
HEADER = '''"""{message}

Revision ID: {revision}
Revises: {revises}
Create Date: {date}

"""

from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = {revision!r}
down_revision: Union[str, Sequence[str], None] = {down!r}
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
'''
TABLE = """    op.create_table(
        "t{number}",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.String(length=200), nullable=False, server_default=sa.text("''")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
    )
"""
COLUMN = """    op.add_column("t{table}", sa.Column("c{number}", sa.Integer(), nullable=True))
"""
INDEX = """    with op.get_context().autocommit_block():
        op.create_index(
            "ix_t{table}_c{number}", "t{table}", ["name"], postgresql_concurrently=True
        )
"""
DOWN = '''

def downgrade() -> None:
    """Downgrade schema."""
'''


def write_history(
    root: Path, count: int, *, branches: bool = False, autocommit: bool = False, seed: int = 1
) -> list[str]:
    """Write an Alembic project with `count` revisions; return their ids, the oldest first.

    With `branches`, about one revision in ten leaves the line and is merged a little later; with
    `autocommit`, one in ten creates its index concurrently. The last revision is the only head. Every
    tenth creates a table, which those after it change.
    """
    chance = random.Random(seed)
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text(INI)
    (root / "migrations" / "env.py").write_text(ENV)
    ids: list[str] = []
    open_branches: list[str] = []
    for number in range(count):
        revision = hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()[:12]
        last = number == count - 1
        down: str | tuple[str, ...] | None = ids[-1] if ids else None
        if open_branches and (last or chance.random() < 0.3):
            down = (
                (open_branches.pop(), *open_branches, ids[-1])
                if last
                else (open_branches.pop(), ids[-1])
            )
            open_branches = [] if last else open_branches
        elif branches and len(ids) > 2 and not last and chance.random() < 0.1:
            open_branches.append(ids.pop())
            down = ids[-1]
        ids.append(revision)
        name = f"{revision}_change_number_{number}.py"
        (versions / name).write_text(
            _content(number, revision, down, autocommit and chance.random() < 0.1)
        )
    return ids


def _content(
    number: int, revision: str, down: str | tuple[str, ...] | None, concurrently: bool
) -> str:
    revises = down if isinstance(down, str) else ", ".join(down or ())
    seconds = 1_600_000_000 + number * 40_000
    date = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.gmtime(seconds))
    table = number - number % 10
    names = {"number": number, "table": table}
    head = HEADER.format(
        message=f"change number {number}", revision=revision, revises=revises, date=date, down=down
    )
    if number == table:
        return head + TABLE.format(**names) + DOWN + f'    op.drop_table("t{number}")\n'
    if concurrently:
        return head + INDEX.format(**names) + DOWN + f'    op.drop_index("ix_t{table}_c{number}")\n'
    return head + COLUMN.format(**names) + DOWN + f'    op.drop_column("t{table}", "c{number}")\n'


def main() -> None:
    """Write a history as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histories", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--branches", action="store_true")
    parser.add_argument("--autocommit", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    options = {name: getattr(arguments, name) for name in ("branches", "autocommit", "seed")}
    write_history(arguments.folder, arguments.count, **options)


if __name__ == "__main__":
    main()
