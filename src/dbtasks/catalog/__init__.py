"""Fingerprints of a database's catalog, and what differs between two."""

from __future__ import annotations

from dbtasks.catalog.changes import Change, changes
from dbtasks.catalog.fingerprint import Fingerprint
from dbtasks.catalog.normalisation import normalised
from dbtasks.catalog.query import SETTLE
from dbtasks.catalog.reading import Reader, read

__all__ = ["SETTLE", "Change", "Fingerprint", "Reader", "changes", "normalised", "read"]
