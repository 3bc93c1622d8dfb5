"""Seeds: data directories as initdb leaves them, kept per image or binaries, so that it is paid once.

A seed is keyed by what it was made of and by a secret of this account, which also gives the password
in it; every server changes that as soon as it answers. So a seed that others have made, or another
account's, is never believed, and all of them may be deleted at any time.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from dbtasks.errors import ServerError
from dbtasks.servers.account import server_account
from dbtasks.servers.cache import cache_folder, make_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FORMAT = "1"  # changes when what is in a seed changes
# What a server from a bad seed may end with.
_DOUBTFUL = frozenset({"died", "password", "initdb", "docker", "not-ours"})
_UNUSED_LIMIT = 30 * 24 * 3600.0

_Server = TypeVar("_Server")


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One seed, which may not be there yet; `name` is also that of its volume or folder.

    `source` is what it is made with, which may go: the image's id or the binaries' folder.
    """

    name: str
    source: str
    password: str = field(repr=False)
    cache: Path

    @classmethod
    def of(cls, kind: str, *identity: str, source: str) -> Seed | None:
        """Return the seed of a kind made of `identity`; None when there is nowhere to keep a secret."""
        try:
            cache = cache_folder(server_account())
            secret = _secret(cache)
        except (OSError, ServerError):
            return None
        text = json.dumps([_FORMAT, kind, *identity, hashlib.sha256(secret).hexdigest()])
        name = f"dbtasks-seed-{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        digest = hmac.digest(secret, name.encode(), "sha256")
        password = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return cls(name=name, source=source, password=password, cache=cache)

    @property
    def is_known(self) -> bool:
        """Tell whether the seed has been of use in the last month."""
        return (self.cache / f"{self.name}.used").exists()

    def mark_used(self) -> None:
        """Remember that the seed has been of use today, and what it was made with."""
        with contextlib.suppress(OSError):
            path = self.cache / f"{self.name}.used"
            path.touch(mode=0o600)
            path.write_text(self.source, encoding="utf-8")


def started_from(
    seed: Seed | None, start: Callable[[Seed | None], _Server], discard: Callable[[str], None]
) -> _Server:
    """Start a server from a seed; if that fails and it works without, the seed is discarded.

    Raises:
        ServerError: what `start` raises without a seed.
    """
    if seed is None:
        return start(None)
    try:
        server = start(seed)
    except ServerError as error:
        if error.code not in {*_DOUBTFUL, "busy"}:
            raise
        server = start(None)
        if error.code in _DOUBTFUL:
            discard(seed.name)
        return server
    seed.mark_used()
    return server


def forget_unused(kind: str, discard: Callable[[str], None]) -> None:
    """Discard the seeds of a kind that nobody has used for a month."""
    for path in _marks(kind):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _UNUSED_LIMIT:
                discard(path.stem)
                path.unlink()


def sources(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the names of a kind's seeds that were used, and what each is made with, empty if not known."""
    for path in sorted(_marks(kind)):
        with contextlib.suppress(OSError):
            yield path.stem, path.read_text(encoding="utf-8", errors="replace")


def _marks(kind: str) -> Iterator[Path]:
    with contextlib.suppress(OSError, ServerError):
        yield from cache_folder(server_account()).glob(f"dbtasks-seed-{kind}-*.used")


def _secret(cache: Path) -> bytes:
    """Return this account's secret, made the first time."""
    path = cache / "seed.secret"
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    make_cache(cache)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            os.link(
                draft, path
            )  # unlike a rename it keeps the one that somebody else made meanwhile
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()
