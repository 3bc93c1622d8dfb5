"""Whole schemas, at the head of their histories, are filled without a refusal."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks import maintenance
from dbtasks.migrator import Migrator
from dbtasks.revisions import read_history
from dbtasks.rows import Filled, Loss, fill, losses, picture
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from conftest import CopyProject
    from dbtasks.url import DatabaseURL

ROOT = Path(__file__).parents[2]


def at_head(root: Path, url: DatabaseURL, setup: str = "") -> None:
    maintenance.create(url)
    maintenance.set_up(url, [setup] if setup else [])
    Migrator(load_settings(root=root, environ={}, flags={"url": url}), url).upgrade("heads")


def full(*tables: str) -> tuple[Filled, ...]:
    return tuple(Filled(table=one, present=0, inserted=3, refused=None) for one in tables)


def test_the_reference_project(tmp_path: Path, database: DatabaseURL) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    at_head(tmp_path, database)
    with maintenance.connect(database) as connection:
        assert fill(connection, ignore=["public.alembic_version"]) == full(
            "public.customer",
            "public.product",
            "public.purchase_order",
            "public.order_line",
            "public.payment",
        )
        assert fill(connection, ignore=["public.alembic_version"]) == ()


def test_two_schemas_and_names_that_need_quotes(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("many_locations", database)
    at_head(project.root, database, (project.root / "setup.sql").read_text(encoding="utf-8"))
    with maintenance.connect(database) as connection:
        assert fill(connection, ignore=["ops.alembic_version"]) == full(
            "public.account", '"Billing Data"."Invoice"'
        )


def test_no_revision_of_the_reference_project_loses_a_row(
    tmp_path: Path, database: DatabaseURL
) -> None:
    """Tables are filled before each one; a picture serves as the next one's starting point."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    settings = load_settings(root=tmp_path, environ={}, flags={"url": database})
    ignore = ["public.alembic_version"]
    maintenance.create(database)
    migrator = Migrator(settings, database)
    found: list[Loss] = []
    inserted, refused, after = 0, dict[int, str](), None
    with maintenance.connect(database) as connection:
        for revision in read_history(settings).revisions:
            filled = fill(connection, ignore=ignore, refused=refused)
            inserted += sum(one.inserted for one in filled)
            before = picture(connection, ignore=ignore, since=after)
            migrator.upgrade(revision)
            after = picture(connection, ignore=ignore, since=before)
            found += losses(before, after)
    assert (found, inserted, refused) == ([], 15, {})
