"""What dbtasks has on this machine for one project: everything that a killed command may leave behind."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from dbtasks import maintenance
from dbtasks.errors import ServerError
from dbtasks.servers.account import server_account, shared_folder
from dbtasks.servers.cache import cache_folder
from dbtasks.servers.throwaway.home import homes
from histories import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumers import Project
    from dbtasks.url import DatabaseURL

_OURS = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'dbtasks%' AND pid <> pg_backend_pid()"
_LOCKS = "SELECT 'advisory lock ' || objid FROM pg_locks WHERE locktype = 'advisory'"
_DATABASES = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1"
_IGNORED = frozenset({"__pycache__", ".git", "build", ".pytest_cache"})


def inventory(project: Project, url: DatabaseURL | None, pids: tuple[int, ...] = ()) -> set[str]:
    """Return all of it in words; `pids` are the killed processes whose throwaway servers may be left."""
    found = {*_files(project), *_processes(project), *_throwaways(pids)}
    if project.environ["DBTASKS_SERVER"] == "docker":
        found.update(_docker(project.environ["DBTASKS_NAME"]))
    if url is not None:
        found.update(_inside(url))
    return found


def _files(project: Project) -> Iterator[str]:
    """Folders of local servers count as one; what is in them is PostgreSQL's."""
    for path in project.root.rglob("*"):
        parts = path.relative_to(project.root).parts
        if not _IGNORED & set(parts) and not any(part.endswith(".local") for part in parts[:-1]):
            yield f"file {'/'.join(parts)}"
    name = project.environ["DBTASKS_NAME"]
    for folder in (shared_folder(), cache_folder(server_account())):
        if folder.is_dir():
            yield from (f"folder {path}" for path in folder.iterdir() if path.name.startswith(name))


def _processes(project: Project) -> Iterator[str]:
    name = project.environ["DBTASKS_NAME"]
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        text = " ".join(words)
        if name in text and Path(words[0]).name in {"postgres", "initdb"}:
            yield f"process {Path(words[0]).name} of {name}"
        elif (
            process.info["cwd"] == str(project.root) and "python" in text and "warm.py" not in text
        ):
            yield f"process {text}"


def _throwaways(pids: tuple[int, ...]) -> Iterator[str]:
    owners = tuple(f"process {pid} " for pid in pids)
    for home in homes():
        for folder in home.iterdir():
            with contextlib.suppress(OSError):
                if (folder / "owner").read_text(encoding="utf-8").startswith(owners):
                    yield "a throwaway server's folder"
    if owners:
        for owner in _docker_lines("ps", "-a", "--format", '{{.Label "dbtasks.owner"}}'):
            if owner.startswith(owners):
                yield "a throwaway server's container"


def _docker(name: str) -> Iterator[str]:
    project = f"label=dbtasks.project={name}"
    form = "{{.Names}} {{.State}}"
    for line in _docker_lines("ps", "-a", "--filter", project, "--format", form):
        yield f"container {line}"
    for line in _docker_lines("volume", "ls", "--filter", project, "--format", "{{.Name}}"):
        yield f"volume {line}"


def _docker_lines(*arguments: str) -> list[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1]


def _inside(url: DatabaseURL) -> Iterator[str]:
    """Sessions, locks and databases of the server; those of other projects have other names."""
    server = url.with_database("postgres")
    with contextlib.suppress(ServerError):
        yield from (f"session {name}" for name in rows(server, _OURS))
        yield from rows(server, _LOCKS)
        for name in rows(server, _DATABASES):
            text = maintenance.comments(server, name).get(name, "")
            yield f"database {_unnumbered(name)}: {_unnumbered(text)}"


def _unnumbered(text: str) -> str:
    return re.sub(r"[0-9a-f]{8,}", "*", text)
