"""Revision files that need not run for a comparison, and those that may change what it sees."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dbtasks.revisions.plain import STANDARD, is_plain

START = '''"""a change"""
from typing import Sequence, Union
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision: str = "aaaa"
down_revision: Union[str, Sequence[str], None] = None
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("t", sa.Column("c", sa.Text()))


def downgrade() -> None:
    import app.models
'''


@pytest.mark.parametrize(
    "more",
    [
        "",
        "VALUES = ('a', 'b')\nKIND = sa.Enum(*VALUES, name='kind')",
        "table = sa.table('t', sa.column('c', postgresql.JSONB()))",
        "from sqlalchemy.sql import column, table\nt = table('t', column('c'))",
        "import enum\nclass Kind(enum.Enum):\n    '''Kinds.'''\n    A = 'a'",
        "from __future__ import annotations\nimport uuid\nID = uuid.UUID(int=1)",
        "from collections.abc import Iterator\ndef _all(*names: str, **more: 'x') -> Iterator[str] | None: ...",
        "def _rows(limit: int = 10):\n    yield from open('rows.csv')",
        "pass",
    ],
)
def test_what_only_defines_is_plain(more: str) -> None:
    assert is_plain(f"{START}\n{more}\n".encode())


@pytest.mark.parametrize(
    "more",
    [
        "import app.models",
        "from app import models",
        "from . import helper",
        "import sqlmodel",
        "import alembic_utils",
        "import importlib\nmodels = importlib.import_module('app.models')",
        "import sys\nsys.path.append('.')",
        "models = __import__('app.models')",
        "exec('import app.models')",
        "from sqlalchemy import event",
        "x = sa.event.listens_for(sa.Table, 'after_parent_attach')",
        "@sa.event.listens_for(sa.Table, 'after_parent_attach')\ndef seen(*_): pass",
        "from alembic.operations import Operations\n@Operations.register_operation('x')\nclass X: pass",
        "from alembic.ddl.postgresql import PostgresqlImpl\nclass Impl(PostgresqlImpl): pass",
        "if True:\n    import app.models",
        "for one in (): pass",
        "op.execute('SELECT 1')",
        "rows = open('rows.csv').read()",
        "def f(x=open('rows.csv')): pass",
        "class X:\n    import app.models",
        "from sqlalchemy import *",
        "sa.Table.x = 1",
        "x = sa.Table.__init_subclass__()",
        "with open('x'): pass",
        "import statistics",
        "from colorsys import Base",
        "def f(x: exec('import app.models')): pass",
        "def f(*x, y: exec('import app.models')): pass",
        "def f() -> exec('import app.models'): pass",
        "x: exec('import app.models')",
        "def (",
    ],
)
def test_what_may_do_more_is_not(more: str) -> None:
    assert not is_plain(f"{START}\n{more}\n".encode())


def test_what_may_be_imported_is_no_file_of_the_project() -> None:
    """A name that is imported already is not looked for on the path, where the project comes first."""
    code = "import json, sys, alembic, sqlalchemy; print(json.dumps([*sys.modules]))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(json.loads(run.stdout)) >= STANDARD
