"""Folders of the project's local servers: stale, half made, of another major, and their passwords."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dbtasks.doctor import upgrades
from dbtasks.doctor.finding import Finding
from dbtasks.doctor.mends import Remove
from dbtasks.doctor.state_folder import is_free
from dbtasks.errors import ServerError
from dbtasks.servers import other_majors, postmaster
from dbtasks.servers.account import server_account
from dbtasks.servers.cluster import Cluster
from dbtasks.servers.local import MOVING
from dbtasks.servers.place import Place
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbtasks.settings import Settings

_FOLDER = re.compile(r"(?P<stem>.+)-pg(?P<major>\d+)(?P<suffix>\.local|\.[0-9a-f]{8})")
_DRAFT = re.compile(_FOLDER.pattern + rf"(?:{re.escape(MOVING)})?\.draft-\d+")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A folder of a local server of ours; `major` is empty where its data do not tell."""

    path: Path
    stem: str
    major: str
    is_complete: bool
    is_running: bool
    has_pid_file: bool
    moved_from: str = ""


def findings(settings: Settings, kind: str) -> Iterator[Finding]:
    """Yield what is wrong with the folders of local servers."""
    state = State(settings)
    if not state.folder.is_dir():
        return  # no local server was ever made here
    account = server_account()
    place = Place.choose(state, account, chosen=settings.sources["state_dir"] != "default")
    names, found, unsettled = [], list[Seen](), set[str]()
    for path in sorted(place.folder.iterdir()) if place.folder.is_dir() else ():
        is_moving = path.name.endswith(MOVING)
        draft, whole = (
            pattern.fullmatch(path.name.removesuffix(MOVING)) for pattern in (_DRAFT, _FOLDER)
        )
        match = draft or whole
        if match is None or match["suffix"] != place.suffix:
            continue
        lock = state.folder / f"{match['stem']}.local.lock"
        if not is_free(lock) or upgrades.is_upgraded(state.folder, match["stem"]):
            names.append(path.name.removesuffix(MOVING))
            unsettled.add(match["stem"])
        elif draft is not None:
            yield _draft(path, lock)
        elif is_moving:
            names.append(path.name.removesuffix(MOVING))
            unsettled.add(match["stem"])
            command = partial(other_majors.command, settings)
            yield upgrades.interrupted(str(path), match["major"], command)
        else:
            names.append(path.name)
            found.append(_seen(Cluster(folder=path, account=account), match["stem"]))
    for seen in found:
        yield from judge(seen, settings)
    is_set = settings.sources["postgres"] != "default"  # else the data decide
    stem = settings.key.removesuffix(f"-pg{settings.postgres}")
    if kind == "local" and is_set and stem not in unsettled:
        yield from _of_other_majors(found, settings)
    yield from _passwords(state.folder, place, names)


def judge(seen: Seen, settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with one folder, which nobody is working on."""
    if not seen.is_complete:
        yield Finding(
            code="local-server-damaged",
            message=f"{seen.path} is no complete server of dbtasks: its marker or its PG_VERSION is missing",
            remedy=f"move it elsewhere (mv '{seen.path}' '{seen.path}.old'), then invoke {settings.label}.init",
        )
        return
    if seen.has_pid_file and not seen.is_running:
        cluster = Cluster(folder=seen.path, account=server_account())
        pid_file = cluster.data / "postmaster.pid"
        yield Finding(
            code="stale-postmaster-pid",
            message=f"the server in {seen.path} was killed: its postmaster.pid is there, its process is not",
            remedy=f"invoke {settings.label}.start recovers it",
            mend=Remove(path=pid_file, still=lambda: postmaster.running(cluster) is None),
        )


def _of_other_majors(found: list[Seen], settings: Settings) -> Iterator[Finding]:
    """Yield which data of this database are of another major, and whether an upgrade moved them."""
    stem = settings.key.removesuffix(f"-pg{settings.postgres}")
    ours = {seen.major: seen for seen in found if seen.is_complete and seen.stem == stem}
    moved = {seen.moved_from: seen.major for seen in ours.values() if seen.moved_from}
    for major, seen in ours.items():
        if major != str(settings.postgres):
            yield upgrades.other_major(
                str(seen.path),
                major,
                settings,
                partial(other_majors.command, settings),
                moved_from=seen.moved_from,
                moved_to=moved.get(major, ""),
                is_only=str(settings.postgres) not in ours,
            )


def _seen(cluster: Cluster, stem: str) -> Seen:
    major, complete = "", False
    with contextlib.suppress(ServerError, OSError, ValueError):
        complete = cluster.exists()
        major = str(cluster.major())
    is_running = False
    with contextlib.suppress(OSError, ValueError, KeyError):
        is_running = postmaster.running(cluster) is not None
    return Seen(
        path=cluster.folder,
        stem=stem,
        major=major,
        is_complete=complete and major != "",
        is_running=is_running,
        has_pid_file=(cluster.data / "postmaster.pid").exists(),
        moved_from=str(cluster.moved_from() or ""),
    )


def _draft(path: Path, lock: Path) -> Finding:
    return Finding(
        code="left-over-folder",
        message=f"a command that was killed left {path}, a server half made or half removed",
        remedy=f"rm -r '{path}'",
        mend=Remove(path=path, lock=lock),
    )


def _passwords(folder: Path, place: Place, names: list[str]) -> Iterator[Finding]:
    """Yield the passwords of local servers that are not there any more."""
    for path in sorted(folder.glob("*.password")):
        name = path.stem.removesuffix(MOVING)
        match = _FOLDER.fullmatch(name)
        if match is None or match["suffix"] != place.suffix or name in names:
            continue
        if upgrades.is_upgraded(folder, match["stem"]):
            continue
        lock = folder / f"{match['stem']}.local.lock"
        if is_free(lock):
            gone = partial(_is_gone, place.folder / path.stem)
            yield Finding(
                code="left-over-password",
                message=f"{path} is kept for a local server that is gone",
                remedy=f"rm '{path}'",
                note=True,
                mend=Remove(path=path, lock=lock, still=gone),
            )


def _is_gone(folder: Path) -> bool:
    return not folder.exists() and not folder.with_name(folder.name + MOVING).exists()
