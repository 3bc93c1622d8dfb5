"""A cluster: the folder of a local server, its data and its log."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbtasks import private_files
from dbtasks.errors import ServerError, SettingsError
from dbtasks.servers import drafts
from dbtasks.servers.account import make_enterable, server_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbtasks.servers.account import Account
    from dbtasks.servers.binaries import Binaries

_MARKER = "dbtasks.json"
_REFUSED = frozenset("\"'$\\")
_NO_SPACE = ("No space left", "free disk space")
_DISK_FULL = "make room on the disk, or let DBTASKS_STATE_DIR name a folder on another one"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A folder that holds `data`, `server.log` and a marker of ours."""

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    def exists(self) -> bool:
        """Tell whether the cluster was made, completely.

        Raises:
            ServerError: the folder is there without our marker.
        """
        if (self.folder / _MARKER).is_file():
            return True
        if os.path.lexists(self.folder):
            raise ServerError(
                f"{self.folder} is in the way: it is no server of dbtasks",
                remedy="move it elsewhere, or let DBTASKS_STATE_DIR name another folder",
                code="not-ours",
            )
        return False

    def major(self) -> int:
        """Return the major version that the data belong to."""
        return int((self.data / "PG_VERSION").read_text(encoding="utf-8").strip())

    def create(
        self,
        binaries: Binaries,
        *,
        user: str,
        password: str,
        timeout: float,
        options: Sequence[str] = (),
    ) -> None:
        """Run initdb in a draft, which becomes the cluster's folder when it is complete.

        `options` are further ones of initdb.

        Raises:
            SettingsError: initdb cannot make a role of this name.
            ServerError: initdb failed; nothing of it stays.
        """
        if set(user) & _REFUSED:
            raise SettingsError(
                f"user = {user!r} cannot own a local server: initdb takes no quotes, $ or \\ in its name",
                remedy="choose another user; the database may have any name",
                code="user",
            )
        with self._draft(binaries.version) as draft:
            data = draft / "data"
            data.mkdir(mode=0o700)
            self.account.own(data)
            secret = draft / "password"
            private_files.write_new(secret, password + "\n")
            self.account.own(secret)
            self._initdb(binaries, draft, user=user, timeout=timeout, options=options)
            secret.unlink()

    def copy(self, source: Cluster, version: str) -> None:
        """Become a copy of a cluster that is not running; `version` is PostgreSQL's.

        Raises:
            ServerError: it cannot be copied; nothing of it stays.
        """
        with self._draft(version) as draft:
            argv = ["cp", "-R", "-p", str(source.data), str(draft / "data")]
            done = subprocess.run(argv, capture_output=True, check=False, env=server_environment())
            if done.returncode:
                lines = done.stderr.decode(errors="replace").splitlines()
                raise ServerError(
                    f"{source.data} cannot be copied to {self.folder.parent}",
                    remedy=_DISK_FULL,
                    code="initdb",
                    details=lines[-8:],
                )

    @contextlib.contextmanager
    def _draft(self, version: str) -> Iterator[Path]:
        """Yield a draft of the folder; it gets its marker last."""
        try:
            if not self.folder.parent.is_dir():
                make_enterable(self.folder.parent)
            with drafts.draft_of(self.folder) as draft:
                if self.account.switch:
                    draft.chmod(0o711)
                yield draft
                marker = {"id": secrets.token_hex(8), "postgres": version}
                (draft / _MARKER).write_text(json.dumps(marker) + "\n", encoding="utf-8")
        except OSError as error:
            raise ServerError(
                f"no server can be made in {self.folder.parent}: {error.strerror or error}",
                remedy=_DISK_FULL,
                code="initdb",
            ) from error

    def remove(self) -> None:
        """Remove the folder with everything in it.

        Raises:
            ServerError: something in it cannot be removed.
        """
        try:
            drafts.remove(self.folder)
        except OSError as error:
            raise ServerError(
                f"{self.folder} cannot be removed: {error}",
                remedy="remove it as the user it belongs to",
                code="remove",
            ) from error

    def remove_drafts(self) -> None:
        """Remove what killed commands left half made or half removed."""
        drafts.remove_drafts(self.folder)

    def log_size(self) -> int:
        """Return the size of the log in bytes."""
        return self.log.stat().st_size if self.log.exists() else 0

    def last_lines(self, since: int = 0, count: int = 10) -> list[str]:
        """Return the last lines of the log, of those after byte `since`."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace").splitlines()[-count:]

    def mark(self) -> str:
        """Return the option that marks the server's process as this cluster's."""
        return f"dbtasks.id={self._marker()['id']}"

    def moved_from(self) -> int | None:
        """Return the major whose data were moved into this cluster, if any were."""
        try:
            return self._marker().get("moved_from")
        except (OSError, ValueError):
            return None

    def become(self, target: Cluster, *, moved_from: int) -> None:
        """Take another name for good, when everything was moved into this cluster.

        Raises:
            OSError: the marker cannot be written, or the folder not be renamed.
        """
        marker = {**self._marker(), "moved_from": moved_from}
        draft = self.folder / f"{_MARKER}.draft"
        draft.write_text(json.dumps(marker) + "\n", encoding="utf-8")
        draft.replace(self.folder / _MARKER)
        self.folder.rename(target.folder)

    def _marker(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / _MARKER).read_text(encoding="utf-8"))
        return found

    def _initdb(
        self, binaries: Binaries, draft: Path, *, user: str, timeout: float, options: Sequence[str]
    ) -> None:
        """Try one locale after the other; Unicode characters sort by their number in each."""
        variants = [["--locale=C.UTF-8"], ["--locale=C"]]
        if binaries.major >= 17:
            variants = [
                ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            ]
        for variant in variants:
            argv = [
                binaries.program("initdb"),
                f"--pgdata={draft / 'data'}",
                f"--username={user}",
                f"--pwfile={draft / 'password'}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--lc-messages=C",
                *variant,
                *options,
            ]
            lines, failed = _run(argv, draft, self.account, timeout)
            if not failed:
                return
            if not any("invalid locale name" in line for line in lines):
                break
        # Some of its failures quote the statement that sets the password.
        password = (draft / "password").read_text(encoding="utf-8").strip()
        lines = [line.replace(password, "***") for line in lines]
        full = any(text in line for line in lines for text in _NO_SPACE)
        raise ServerError(
            f"initdb of PostgreSQL {binaries.version} failed in {self.folder.parent}"
            + (": no space left on the disk" if full else ""),
            remedy=_DISK_FULL if full else f"mend what initdb says; it came from {binaries.place}",
            code="initdb",
            details=lines[-8:],
        )


def _run(argv: list[str], cwd: Path, account: Account, timeout: float) -> tuple[list[str], bool]:
    """Run a program as the account; return its output's lines, and whether it failed."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=cwd,
            env=server_environment(),
            timeout=timeout,
            **account.spawn_arguments(),
        )
    except subprocess.TimeoutExpired:
        return [f"{argv[0]} did not end in {timeout:.0f} s"], True
    lines = [line for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    return lines, done.returncode != 0
