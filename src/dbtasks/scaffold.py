"""What a new project needs to have migrations; nothing that exists is overwritten."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from dbtasks.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_TASKS = """\
import dbtasks
from invoke import Collection

ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())
"""

_ENV = """\
from dbtasks import run_migrations
from {module} import {name}

run_migrations({metadata})
"""

_MODELS = '''\
"""The tables of this project."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can drop what another one made."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
'''

_TEMPLATE = '''\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''

_SECTIONS = {
    "dbtasks": "[tool.dbtasks]\n# invoke db.config shows every setting and where it comes from\npostgres = {postgres}\n",
    "alembic": """\
[tool.alembic]
script_location = "%(here)s/migrations"
prepend_sys_path = [{paths}]
file_template = "%%(year)d_%%(month).2d_%%(day).2d_%%(rev)s_%%(slug)s"
""",
}


def write(root: Path, models: str = "", *, postgres: int) -> dict[str, str]:
    """Write tasks.py, pyproject.toml's sections and `migrations/`; return each path's fate.

    `models` is MODULE:NAME of the metadata or declarative base; a `migrations/models.py` to fill in
    is written when it is not given. A file that exists is kept as it is; pyproject.toml gets the
    sections that it lacks, at its end.

    Raises:
        UsageError: `models` is not MODULE:NAME.
        SettingsError: a file cannot be written.
    """
    module, name = _split(models) if models else ("migrations.models", "Base")
    metadata = name if name == "metadata" else f"{name}.metadata"
    files = {
        "tasks.py": _TASKS,
        "migrations/env.py": _ENV.format(module=module, name=name, metadata=metadata),
        "migrations/script.py.mako": _TEMPLATE,
        "migrations/versions/.gitkeep": "",
    }
    if not models:
        files["migrations/models.py"] = _MODELS
    if (root / "migrations/env.py").exists():  # it knows its own models
        files = {name: text for name, text in files.items() if not name.startswith("migrations/")}
    try:
        fates = {"pyproject.toml": _add_sections(root, postgres)}
        for file, text in files.items():
            fates[file] = _write_new(root / file, text)
    except OSError as error:
        raise SettingsError(
            f"{error.filename} cannot be written: {error.strerror}",
            remedy="make the folder writable, then run this again",
        ) from error
    return fates


def _split(models: str) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)", models)
    if match is None:
        raise UsageError(
            f"--models {models} is not MODULE:NAME", remedy="write it like shop.models:Base"
        )
    return match[1], match[2]


def _write_new(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return "kept"
    return "written"


def _add_sections(root: Path, postgres: int) -> str:
    path = root / "pyproject.toml"
    existing = path.read_text(encoding="utf-8") if path.exists() else ""
    tool = tomllib.loads(existing).get("tool", {})
    wanted = [name for name in _SECTIONS if name not in tool]
    if (root / "alembic.ini").exists() and "alembic" in wanted:
        wanted.remove("alembic")
    if not wanted:
        return "kept"
    paths = '".", "src"' if (root / "src").is_dir() else '"."'
    added = "\n".join(_SECTIONS[name].format(postgres=postgres, paths=paths) for name in wanted)
    gap = "" if not existing else "\n" if existing.endswith("\n") else "\n\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(gap + added)
    return (
        "written" if not existing else "added " + " and ".join(f"[tool.{name}]" for name in wanted)
    )
