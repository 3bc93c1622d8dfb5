"""The models and the migrations agree."""

from __future__ import annotations

from dbtasks.database import Database
from dbtasks.report import differences_text
from dbtasks.settings import load_settings


def test_models_match_migrations() -> None:
    """Compare them on a throwaway database at head, as db.check does."""
    found = Database(load_settings()).differences()
    assert not found, differences_text(found)
