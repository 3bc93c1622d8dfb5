"""Fingerprints of a database's catalog, and what differs between two."""

from __future__ import annotations

from dbtasks.catalog.changes import Change, changes
from dbtasks.catalog.fingerprint import Fingerprint, read
from dbtasks.catalog.normalisation import normalised

__all__ = ["Change", "Fingerprint", "changes", "normalised", "read"]
