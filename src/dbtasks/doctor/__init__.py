"""The doctor: what killed runs have left, half states, and what does not fit together.

It looks and starts nothing. Each part is looked at on its own, so that one that cannot be told, such
as a server that is down, hides nothing else. `--fix` does what loses nothing, and looks anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from dbtasks.doctor.finding import Diagnosis, Finding, Mended, Untold
from dbtasks.errors import DbtasksError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dbtasks.database import Database

__all__ = ["Diagnosis", "Finding", "Mended", "Untold", "examine", "mend"]

_ROUNDS = 3


def examine(database: Database) -> Diagnosis:
    """Look at all that belongs to a database: files, state folder, server, left-overs; change nothing."""
    findings: list[Finding] = []
    untold: list[Untold] = []
    for what, look in _parts(database):
        try:
            for one in look():
                (findings if isinstance(one, Finding) else untold).append(one)  # type: ignore[arg-type]
        except DbtasksError as error:
            untold.append(Untold.of(what, error))
        except (psycopg.Error, OSError) as error:
            untold.append(Untold.of(what, _refused(error)))
    return Diagnosis(findings=tuple(findings), untold=tuple(dict.fromkeys(untold)))


def mend(database: Database, found: Diagnosis) -> Diagnosis:
    """Do what is safe, and return what remains, looked at anew: one mend may show what is behind it."""
    mended: list[Mended] = []
    failed: tuple[Untold, ...] = ()
    for _ in range(_ROUNDS):
        did, failed = _mend_once(found)
        if not did:
            break
        mended += did
        found = examine(database)
    return Diagnosis(findings=found.findings, untold=(*failed, *found.untold), mended=tuple(mended))


def _mend_once(found: Diagnosis) -> tuple[list[Mended], tuple[Untold, ...]]:
    mended, failed = [], []
    for finding in found.findings:
        if finding.mend is None:
            continue
        try:
            did = finding.mend.carry_out()
        except DbtasksError as error:
            failed.append(Untold.of(f"{finding.code} is not mended", error))
        except (psycopg.Error, OSError) as error:
            failed.append(Untold.of(f"{finding.code} is not mended", _refused(error)))
        else:
            mended += [Mended(code=finding.code, did=did)] if did else []
    return mended, tuple(failed)


def _parts(
    database: Database,
) -> Iterator[tuple[str, Callable[[], Iterable[Finding | Untold]]]]:
    from dbtasks.doctor import (
        advice,
        databases,
        docker_servers,
        drafts,
        files,
        local_servers,
        patient,
        seeds,
        standing,
        state_folder,
        throwaway_servers,
    )

    settings = database.settings
    project = files.Files(settings)
    server = patient.Patient(database)
    # First, because using the state folder makes it private again.
    yield "the state folder", lambda: state_folder.findings(settings)
    yield "the revision files", project.findings
    yield "env.py", lambda: advice.findings(settings, project)
    yield "the server", server.findings
    yield "the database", lambda: standing.findings(database, server, project)
    yield "temporary databases", lambda: databases.findings(database, server)
    yield "containers and volumes", lambda: docker_servers.findings(settings, server.kind)
    yield "local servers", lambda: local_servers.findings(settings, server.kind)
    yield "throwaway servers", throwaway_servers.findings
    yield "seeds", seeds.findings
    yield "half-written files", lambda: drafts.findings(settings)


def _refused(error: Exception) -> ServerError:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ServerError(text, remedy="mend what that says, then run this again", code="refused")
