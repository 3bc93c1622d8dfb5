"""The parameters of a server that nobody will miss: no durability, room for many clones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    "max_connections": "200",
}
_NO_REPLICATION = frozenset({"wal_level", "max_wal_senders"})
# Each of these makes a server of the minimal WAL level refuse to start.
_NEEDS_REPLICATION = frozenset({*_NO_REPLICATION, "archive_mode", "summarize_wal"})


def parameters(server_options: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a throwaway server; the project's own ones win."""
    given = {name.strip().lower() for name in server_options}
    left_out = set(given) | (_NO_REPLICATION if given & _NEEDS_REPLICATION else set())
    return {**{k: v for k, v in _FAST.items() if k not in left_out}, **server_options}
