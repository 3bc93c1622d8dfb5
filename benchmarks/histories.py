"""Histories of any length, and `read_history` on them against `alembic heads`, as ratios.

`python benchmarks/histories.py write FOLDER COUNT [--branches] [--autocommit] [--seed N]` writes one;
`python benchmarks/histories.py measure [COUNT ...]` measures, in fresh processes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (10, 300, 1_000, 5_000)
ROUNDS = 5
TARGETS = {"cold": 0.6, "warm": 0.2}  # of the whole command, against `alembic heads`
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
MEASURED = """import sys, time
from pathlib import Path
started = time.perf_counter()
from dbtasks.settings import load_settings
settings = load_settings(root=Path(sys.argv[1]), environ={})
before = time.perf_counter()
from dbtasks.revisions import read_history
history = read_history(settings)
heads = history.effective_heads
print(time.perf_counter() - before, before - started, len(history), *heads)
"""


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


def time_reader(root: Path, *, warm: bool) -> tuple[float, float, str]:
    """Return the seconds of the reader and of its process, and what it found."""
    if not warm:
        shutil.rmtree(root / ".dbtasks", ignore_errors=True)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(root)], check=True, capture_output=True, text=True
    )
    whole = time.perf_counter() - started
    seconds, _, found = done.stdout.strip().split(" ", 2)
    return float(seconds), whole, found


def time_alembic(root: Path) -> tuple[float, str]:
    """Return the seconds of `alembic heads` in a fresh process, and what it printed."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "heads"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - started, done.stdout


def measure(count: int, *, branches: bool) -> None:
    """Print one line: medians of each side, timed in turn."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "project"
        write_history(root, count, branches=branches)
        time_alembic(root)  # compiles the files, as a second run of Alembic finds them
        time.sleep(2.1)  # younger files are not cached
        times: dict[str, list[float]] = {"cold": [], "warm": [], "alembic": []}
        wholes: dict[str, list[float]] = {"cold": [], "warm": []}
        for _ in range(ROUNDS):
            for side in ("cold", "warm"):
                seconds, whole, found = time_reader(root, warm=side == "warm")
                times[side].append(seconds)
                wholes[side].append(whole)
            seconds, printed = time_alembic(root)
            times["alembic"].append(seconds)
            assert found.split()[1:] == [line.split()[0] for line in printed.splitlines()]
    median = {side: statistics.median(values) for side, values in times.items()}
    ratios = {
        side: statistics.median(values) / median["alembic"] for side, values in wholes.items()
    }
    print(
        f"{count:6} {'branches' if branches else 'plain':9} alembic heads {median['alembic']:6.3f} s,"
        f" reader cold {median['cold']:6.3f} s, warm {median['warm']:6.3f} s;"
        f" whole process: cold {ratios['cold']:.2f}, warm {ratios['warm']:.2f} of alembic",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    writer = commands.add_parser("write")
    writer.add_argument("folder", type=Path)
    writer.add_argument("count", type=int)
    writer.add_argument("--branches", action="store_true")
    writer.add_argument("--autocommit", action="store_true")
    writer.add_argument("--seed", type=int, default=1)
    commands.add_parser("measure").add_argument("counts", type=int, nargs="*", default=SIZES)
    arguments = parser.parse_args()
    if arguments.command == "write":
        options = {name: getattr(arguments, name) for name in ("branches", "autocommit", "seed")}
        write_history(arguments.folder, arguments.count, **options)
        return
    print(
        f"medians of {ROUNDS}, {os.cpu_count()} processors; targets of the whole command: {TARGETS}"
    )
    for count in arguments.counts:
        for branches in (False, True):
            measure(count, branches=branches)


if __name__ == "__main__":
    main()
