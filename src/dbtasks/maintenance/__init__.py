"""Maintenance of a server that answers: its databases, and what they tell."""

from __future__ import annotations

from dbtasks.maintenance.connections import connect, connect_any, look, looks_kept
from dbtasks.maintenance.databases import (
    by_age,
    clone,
    comment,
    comments,
    create,
    drop,
    exists,
    rename,
    seal,
)
from dbtasks.maintenance.lock import advisory_lock, lock_key
from dbtasks.maintenance.password import change_password, verifier
from dbtasks.maintenance.setup import SETUP_MARK, set_up, setup_mark
from dbtasks.maintenance.told import (
    IDENTITY_SQL,
    Identity,
    applied_revisions,
    identity,
    server_version,
    size,
)

__all__ = [
    "IDENTITY_SQL",
    "SETUP_MARK",
    "Identity",
    "advisory_lock",
    "applied_revisions",
    "by_age",
    "change_password",
    "clone",
    "comment",
    "comments",
    "connect",
    "connect_any",
    "create",
    "drop",
    "exists",
    "identity",
    "lock_key",
    "look",
    "looks_kept",
    "rename",
    "seal",
    "server_version",
    "set_up",
    "setup_mark",
    "size",
    "verifier",
]
