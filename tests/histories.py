"""Revisions and env.py's written into copies of projects, and what a database became."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dbtasks import maintenance

if TYPE_CHECKING:
    from pathlib import Path

    from consumers import Done, Project
    from dbtasks.url import DatabaseURL

PLAIN = ("6033360fa92f", "31540e094529", "ed7760b0e974")  # tests/projects/plain, oldest first

_REVISION = '''\
"""{message}"""

import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {parent!r}
branch_labels = None
depends_on = None


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
'''

ENV = """\
import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def write_revision(
    project: Project,
    revision: str,
    parent: str | None = PLAIN[-1],
    *,
    upgrade: str = "pass",
    downgrade: str = "pass",
    message: str = "a change",
    file: str = "",
) -> Path:
    """Write a revision file into a project with one folder of versions."""
    path = project.root / "migrations" / "versions" / f"{file or revision}.py"
    path.write_text(
        _REVISION.format(
            revision=revision,
            parent=parent,
            upgrade=upgrade,
            downgrade=downgrade,
            message=message,
        ),
        encoding="utf-8",
    )
    return path


def write_env(project: Project, text: str) -> Path:
    """Write another env.py into a project."""
    path = project.root / "migrations" / "env.py"
    path.write_text(text, encoding="utf-8")
    return path


def replace(path: Path, old: str, new: str) -> None:
    """Replace a text that a file has."""
    text = path.read_text(encoding="utf-8")
    assert old in text, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def succeeded(done: Done) -> Done:
    """Return what a command did, which has to be done without an error."""
    assert done.code == 0, done
    assert "Traceback" not in done.err, done
    return done


def document(project: Project, *arguments: str, code: int = 0, **environ: Any) -> Any:
    """Run a task with --json; return the one document that it printed."""
    done = project.invoke(*arguments, "--json", **environ)
    assert done.code == code, done
    assert "Traceback" not in done.err, done
    return json.loads(done.out)


def error(project: Project, *arguments: str, code: int = 4, **environ: Any) -> dict[str, Any]:
    """Run a task that has to fail; return its error as the JSON contract has it."""
    found = document(project, *arguments, code=code, **environ)["error"]
    assert set(found) <= {"code", "message", "remedy", "details"}, found
    assert found["remedy"], found
    return dict(found)


def revisions(outcome: Any) -> list[str]:
    """Return the revisions that a run applied or undid."""
    return [one["revision"] for one in outcome["applied"]]


def rows(url: DatabaseURL, query: str) -> list[Any]:
    """Return the first column of what a query gives."""
    with maintenance.connect(url) as connection:
        return [row[0] for row in connection.execute(query.encode())]


def execute(url: DatabaseURL, statement: str) -> None:
    """Run a statement in a database."""
    with maintenance.connect(url) as connection:
        connection.execute(statement.encode())


def relations(url: DatabaseURL) -> set[str]:
    """Return the tables and indexes of a database, those of other schemas with their schema."""
    if not maintenance.exists(url):
        return set()
    return set(
        rows(
            url,
            """
            SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'i') AND n.nspname !~ '^(pg_|information_schema)'
            """,
        )
    )


def version(url: DatabaseURL, table: str = "alembic_version") -> list[str]:
    """Return what the version table says, sorted."""
    return sorted(rows(url, f"SELECT version_num FROM {table}"))
