"""A password that must not be found: what every process, file and folder showed while a body ran.

The core of a canary is random letters and digits, which no quoting, escaping or encoding of the whole
password changes but base64.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PAUSE = 0.02  # a docker client lives for 0.03 s at least


@dataclass(frozen=True, kw_only=True)
class Canary:
    """A password with a core to search for."""

    password: str
    core: str

    @classmethod
    def plain(cls) -> Canary:
        core = f"canary{secrets.token_hex(12)}"
        return cls(password=core, core=core)

    @classmethod
    def awkward(cls) -> Canary:
        """Return one that each of a URL, a shell, JSON, SQL and a file of variables has to quote."""
        core = f"canary{secrets.token_hex(12)}"
        return cls(password=f'p%40\'s "{core}"$;\\#{{x}}', core=core)

    def is_in(self, text: str | bytes) -> bool:
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        whole = self.password.encode()
        encoded = (base64.b64encode(whole), base64.urlsafe_b64encode(whole))
        return self.core.encode() in data or any(one.rstrip(b"=") in data for one in encoded)

    def files(self, *folders: Path) -> list[Path]:
        """Return the files below the folders that hold it, in their text, name or link."""
        found = []
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                held = str(path)
                with contextlib.suppress(FileNotFoundError):
                    held += os.readlink(path) if path.is_symlink() else ""  # noqa: PTH115
                    data = path.read_bytes() if path.is_file() else b""
                    if self.is_in(held) or self.is_in(data):
                        found.append(path)
        return found


@dataclass
class Watched:
    """What was seen: arguments of processes, their environments, the modes of files."""

    arguments: set[str] = field(default_factory=set)
    environments: dict[str, bytes] = field(default_factory=dict)
    """By the program's name, `container: ` before it where it runs in one."""
    modes: dict[str, set[int]] = field(default_factory=dict)

    def with_environment(self, canary: Canary) -> set[str]:
        """Return the programs that had the password in their environment."""
        return {name for name, data in self.environments.items() if canary.is_in(data)}


@contextlib.contextmanager
def watched(*folders: Path) -> Iterator[Watched]:
    """Look at all processes and at the files of some folders, again and again, while the body runs."""
    watch = Watched()
    done = threading.Event()
    known = set(_pids())

    def look() -> None:
        seen = set[tuple[str, bytes]]()
        while not done.wait(_PAUSE):
            for pid in set(_pids()) - known:
                with contextlib.suppress(OSError):
                    _look_at(pid, watch, seen)
            for folder in folders:
                _look_into(folder, watch.modes)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()


def _pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208


def _look_at(pid: str, watch: Watched, seen: set[tuple[str, bytes]]) -> None:
    folder = Path("/proc", pid)
    arguments = (folder / "cmdline").read_bytes()
    if not arguments or (pid, arguments) in seen:  # a process of the kernel, or no news
        return
    environment = (folder / "environ").read_bytes()
    name = (folder / "comm").read_text().strip()
    if "/docker/" in (folder / "cgroup").read_text():
        name = f"container: {name}"
    seen.add((pid, arguments))
    watch.arguments.add(arguments.replace(b"\0", b" ").decode(errors="replace"))
    watch.environments[name] = watch.environments.get(name, b"") + environment


def _look_into(folder: Path, modes: dict[str, set[int]]) -> None:
    with contextlib.suppress(OSError):
        for path in (folder, *folder.iterdir()):
            with contextlib.suppress(OSError):
                name = "." if path == folder else path.name
                modes.setdefault(name, set()).add(path.lstat().st_mode & 0o7777)


def docker_tells(names: Iterable[str], since: float) -> dict[str, str]:
    """Return what Docker tells of things and events, but for the environment of containers."""
    told = dict[str, str]()
    for name in names:
        for one in json.loads(
            _docker("inspect", name) or "[]"
        ):  # a volume has the name of its container
            config = one.get("Config") or {}
            kind = "container" if config else "volume"
            told[f"environment of {kind} {name}"] = json.dumps(config.pop("Env", None))
            told[f"{kind} {name}"] = json.dumps(one)
    told["events"] = _docker(
        "events", "--since", f"{since:.0f}", "--until", "0s", "--format", "{{json .}}"
    )
    return told


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    return done.stdout
