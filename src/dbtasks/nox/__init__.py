"""nox sessions that prove the migrations on every PostgreSQL major, for a project's noxfile.

Importing this imports nox and the standard library only: nox runs a noxfile for every listing.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import nox
from nox import registry

from dbtasks import values
from dbtasks.errors import UsageError
from dbtasks.nox import cell, gates
from dbtasks.nox.errors import for_noxfile, one_line
from dbtasks.nox.jobs import cores, side_by_side
from dbtasks.nox.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["PROJECT", "check", "heads", "migrations", "report"]

PROJECT = ("-e", ".")
_PLANS: dict[str, Plan] = {}


@for_noxfile
def migrations(
    versions: Iterable[int] | None = None,
    *,
    python: str | Sequence[str] | None = None,
    install: Sequence[str] | None = PROJECT,
    tests: Sequence[str] = (),
    name: str = "migrations",
    tags: Sequence[str] = (),
    database: str | None = None,
    server: str | None = None,
    jobs: int | None = None,
    env: Mapping[str, str] | None = None,
    venv_backend: str | None = None,
    **options: Any,
) -> None:
    """Register one session for each PostgreSQL major: `NAME(pg14)` ... `NAME(pg18)`.

    Each runs the proofs and the project's own tests in one pytest, on a throwaway server.

    Args:
        versions: the majors; the setting `versions` when not given.
        python: one Python or several, as for `nox.session`; the one that nox runs on when not given.
        install: arguments for `session.install`, which have to bring dbtasks along; None runs in the
            environment that nox itself runs in.
        tests: paths of the project's own tests, run after the proofs on the same server, and other
            arguments for pytest.
        name: the sessions' name; their results go to `RESULTS_DIR/NAME/pg17`.
        tags: tags of every session; each has the tag `pg17`, too.
        database: one of `[tool.dbtasks.databases]`; the project's main database when not given.
        server: kind of server, docker or local; what the machine has when not given.
        jobs: how many run at the same time unless `nox -j` says so; as many as there are cores.
        env: variables for pytest.
        venv_backend: as for `nox.session`.
        options: further arguments of `nox.session`.
    """
    plan = Plan(
        name=name,
        versions=_versions(versions, name, database),
        pythons=_several(python),
        install=tuple(install or ()),
        tests=tuple(tests),
        database=database,
        server=server,
        env=dict(env or {}),
    )

    def body(session: nox.Session, postgres: int) -> None:
        """Prove the migrations on one PostgreSQL major."""
        with one_line(session):
            cell.run_cell(session, plan, postgres)

    cells = [nox.param(one, id=f"pg{one}", tags=[f"pg{one}"]) for one in plan.versions]
    _register(
        nox.parametrize("postgres", cells)(body),
        name,
        python=python,
        tags=[*tags],
        venv_backend=_backend(install, venv_backend),
        **{"allow_parallel": True, **options},
    )
    _PLANS[name] = plan
    _set_jobs(name, [*tags, *(f"pg{one}" for one in plan.versions)], jobs)


@for_noxfile
def check(
    *,
    python: str | None = None,
    install: Sequence[str] | None = PROJECT,
    name: str = "check",
    tags: Sequence[str] = (),
    database: str | None = None,
    server: str | None = None,
    env: Mapping[str, str] | None = None,
    venv_backend: str | None = None,
    **options: Any,
) -> None:
    """Register a session that fails when models and migrations differ, on one major.

    The arguments are those of `migrations`.
    """
    plan = Plan(
        name=name,
        install=tuple(install or ()),
        database=database,
        server=server,
        env=dict(env or {}),
    )

    def body(session: nox.Session) -> None:
        """Fail when the models and the migrations differ."""
        with one_line(session):
            cell.run_check(session, plan)

    backend = _backend(install, venv_backend)
    _register(body, name, python=python, tags=[*tags], venv_backend=backend, **options)


@for_noxfile
def heads(
    base: str | None = "origin/main",
    *,
    name: str = "heads",
    tags: Sequence[str] = (),
    database: str | None = None,
    **options: Any,
) -> None:
    """Register a session that fails when merging into `base` would give several heads.

    It reads the revision files and git, and needs neither a server nor the project's dependencies.

    Args:
        base: a branch; with None only this branch is looked at.
        name: the session's name.
        tags: its tags.
        database: one of `[tool.dbtasks.databases]`; the project's main database when not given.
        options: further arguments of `nox.session`.
    """
    plan = Plan(name=name, database=database)

    def body(session: nox.Session) -> None:
        """Fail when the history has several heads, or would have after the merge."""
        with one_line(session):
            gates.one_head(session, plan, base)

    _register(body, name, tags=[*tags], **{"venv_backend": "none", **options})


@for_noxfile
def report(
    of: str = "migrations", *, name: str = "report", tags: Sequence[str] = (), **options: Any
) -> None:
    """Register a session that merges the results of the sessions `of` into one report.

    It runs nothing again: `nox -s migrations report` reports what has just run, and `nox -s report`
    what lies in the results' folder. Every registered cell has to be there.

    Args:
        of: the name given to `migrations`.
        name: the session's name.
        tags: its tags.
        options: further arguments of `nox.session`.
    """

    def body(session: nox.Session) -> None:
        """Merge the results of all PostgreSQL majors into one report."""
        if of not in _PLANS:
            session.error(
                f'there are no sessions {of} to report; write dbtasks.nox.migrations(name="{of}")'
            )
        with one_line(session):
            gates.report(session, _PLANS[of])

    # With --parallel, a session that allows none waits for all that are queued before it. `requires=`
    # would run the cells again, and would not report when one of them failed.
    given = {"venv_backend": "none", **options, "allow_parallel": False}
    _register(body, name, tags=[*tags], **given)


def _register(body: Callable[..., None], name: str, **options: Any) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9][\w.-]*", name, re.ASCII):
        raise UsageError(
            f"a session cannot be named {name!r}",
            remedy="use letters, digits, '_', '.' and '-': folders are named after it",
        )
    if name in registry.get():
        raise UsageError(
            f"there is a session {name} already",
            remedy=f"give one of them another name: name={name!r}",
        )
    nox.session(name=name, **options)(body)


def _versions(given: Iterable[int] | None, name: str, database: str | None) -> tuple[int, ...]:
    if given is None:
        return Plan(name=name, database=database).settings().versions
    listed = tuple(given)
    try:
        return values.majors(listed)
    except ValueError as error:
        raise UsageError(
            f"versions={[*listed]} of the sessions {name} {error}",
            remedy="write versions=[17, 18], or leave it to the setting versions (DBTASKS_VERSIONS)",
        ) from None


def _several(python: str | Sequence[str] | None) -> tuple[str, ...]:
    listed = () if python is None or isinstance(python, str) else tuple(python)
    return listed if len(listed) > 1 else ()


def _backend(install: Sequence[str] | None, venv_backend: str | None) -> str | None:
    return "none" if install is None and venv_backend is None else venv_backend


def _set_jobs(name: str, tags: Sequence[str], jobs: int | None) -> None:
    """Give nox a number of jobs where the command line asks for several of these sessions."""
    asked = [*sys.argv[1:], *os.environ.get("NOXSESSION", "").split(",")]
    if nox.options.parallel is None and side_by_side(asked, name, tags):
        nox.options.parallel = jobs or cores()
