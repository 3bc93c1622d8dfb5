"""The folder of this machine's local servers, and which of them are of one database."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from dbtasks.servers.account import shared_folder

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.servers.account import Account
    from dbtasks.state import State


class Place(NamedTuple):
    """A folder of clusters, and what ends the names of ours in it."""

    folder: Path
    suffix: str

    @classmethod
    def choose(cls, state: State, account: Account, *, chosen: bool) -> Place:
        """Choose the folder; the rule for root is in `dbtasks.servers.account`.

        `chosen` tells whether the state folder was set, and is not the default one.
        """
        folder = state.folder
        if folder.is_dir():
            state.path("")  # which says so if the folder is somebody else's
        if not account.switch or (chosen and account.can_enter(folder)):
            return cls(folder, ".local")
        # Two checkouts may give themselves one name, and here they share a folder.
        digest = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
        return cls(shared_folder(), f".{digest}")

    def majors(self, stem: str) -> set[int]:
        """Return the majors of the clusters whose name without its major is `stem`."""
        if not self.folder.is_dir():
            return set()
        pattern = re.compile(re.escape(f"{stem}-pg") + r"(\d+)" + re.escape(self.suffix))
        names = (pattern.fullmatch(path.name) for path in self.folder.iterdir())
        return {int(name[1]) for name in names if name}
