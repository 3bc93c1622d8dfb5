"""A small project whose models a test changes before they are imported; its one revision is plain SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks import maintenance
from dbtasks.migrator import Migrator
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.url import DatabaseURL

ENV = """\
from alembic import context
from sqlalchemy import engine_from_config, pool
from shelter.models import Base

with engine_from_config(
    {"url": context.config.get_main_option("sqlalchemy.url")}, prefix="", poolclass=pool.NullPool
).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, include_schemas=True)
    with context.begin_transaction():
        context.run_migrations()
"""
MAKO = '''\
"""${message}"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''
MODELS = """\
from sqlalchemy import ARRAY, CheckConstraint, Enum, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Mood = Enum("calm", "wild", "shy", name="mood")


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owner"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(Text)


class Pet(Base):
    __tablename__ = "pet"
    __table_args__ = (
        UniqueConstraint("tag", name="pet_tag_key"),
        CheckConstraint("age >= 0", name="pet_age_check"),
        Index("ix_pet_wild", "name", postgresql_where=text("mood = 'wild'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id", name="pet_owner_id_fkey"))
    tag: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    age: Mapped[int] = mapped_column(server_default="1")
    mood: Mapped[str] = mapped_column(Mood, server_default="calm")
    moods: Mapped[list[str]] = mapped_column(ARRAY(Mood), server_default="{}")
"""
FIRST = '''\
"""the first"""

from alembic import op

revision = "f1r5t0000000"
down_revision = None


def upgrade():
    op.execute("""
        CREATE TYPE mood AS ENUM ('calm', 'wild', 'shy');
        CREATE TABLE owner (id serial PRIMARY KEY, full_name text NOT NULL);
        CREATE TABLE pet (
            id serial PRIMARY KEY,
            owner_id integer NOT NULL CONSTRAINT pet_owner_id_fkey REFERENCES owner,
            tag text NOT NULL CONSTRAINT pet_tag_key UNIQUE,
            name text NOT NULL,
            age integer NOT NULL DEFAULT 1 CONSTRAINT pet_age_check CHECK (age >= 0),
            mood mood NOT NULL DEFAULT 'calm',
            moods mood[] NOT NULL DEFAULT '{}'
        );
        CREATE INDEX ix_pet_wild ON pet (name) WHERE mood = 'wild';
    """)


def downgrade():
    op.execute("DROP TABLE pet; DROP TABLE owner; DROP TYPE mood;")
'''


class Shelter:
    """The project in a folder and its database, which exists."""

    def __init__(self, root: Path, url: DatabaseURL) -> None:
        self.root, self.url = root, url
        self.versions = root / "migrations" / "versions"
        self.models = root / "shelter" / "models.py"
        self.versions.mkdir(parents=True)
        self.models.parent.mkdir()
        maintenance.create(url)
        (root / "alembic.ini").write_text(
            "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n"
            "path_separator = os\n"
        )
        (root / "migrations" / "env.py").write_text(ENV)
        (root / "migrations" / "script.py.mako").write_text(MAKO)
        (root / "shelter" / "__init__.py").touch()
        (self.versions / "f1r5t0000000_first.py").write_text(FIRST)
        self.models.write_text(MODELS)

    def change(self, *replacements: tuple[str, str]) -> None:
        """Replace texts of the models, each of which has to be there."""
        text = self.models.read_text()
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        self.models.write_text(text)

    def before(self, old: str, new: str) -> None:
        """Replace a text of the first revision: what the database has."""
        path = self.versions / "f1r5t0000000_first.py"
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new))

    def migrator(self) -> Migrator:
        """Return the migrations as their files are now."""
        settings = load_settings(root=self.root, environ={}, flags={"name": self.root.name})
        return Migrator(settings, self.url)

    def at_head(self) -> Migrator:
        """Return the migrations on the database at head."""
        self.migrator().upgrade()
        return self.migrator()
