"""One cell of the matrix, run in its session."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from nox.command import CommandFailed

from dbtasks.errors import ServerError
from dbtasks.nox.verdict import NO_TESTS, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import nox

    from dbtasks.matrix.cells import Cell
    from dbtasks.nox.plan import Plan
    from dbtasks.settings import Settings

# After Ctrl-C nox gives a process 0.3 s, and 0.2 s more after SIGTERM: too little to remove a server.
_SECONDS_TO_CLEAN_UP = 15.0
_SECONDS_AFTER_TERM = 60.0
_SECONDS_TO_WAIT = 3600.0


def run_cell(session: nox.Session, plan: Plan, postgres: int) -> None:
    """Install the project, run the proofs and its tests on a major, and tell nox how that went.

    Raises:
        DbtasksError: the settings are wrong, or the result is damaged.
    """
    settings = plan.settings()
    name = plan.cell(postgres, session.python)
    folder = plan.made_folder(settings, name)
    path = folder / "result.json"
    with _alone(folder.with_name(f"{name}.lock"), f"{session.name} in this folder", session.log):
        # What is left of an earlier run says nothing about this one.
        for old in (path, folder / "junit.xml"):
            old.unlink(missing_ok=True)
        install(session, plan, settings)
        code = run_pytest(session, plan, plan.command(postgres, folder))
        if code is None:
            return
        verdict = judge(code, _read(path), postgres=postgres, path=str(path))
    if verdict.outcome == "broken":
        session.error(verdict.reason)
    if verdict.outcome == "skipped":
        session.skip(verdict.reason)
    if verdict.outcome == "failed":
        if verdict.reason:
            session.warn(verdict.reason)
        raise CommandFailed(verdict.reason)


def run_check(session: nox.Session, plan: Plan) -> None:
    """Install the project, and run the one proof that models and migrations agree."""
    install(session, plan, plan.settings())
    code = run_pytest(session, plan, [*plan.proofs(), "-k", "test_models"])
    if code == NO_TESTS:
        session.error("pytest ran no test; leave some over in what selects them (-k, -m)")
    if code:
        raise CommandFailed


def install(session: nox.Session, plan: Plan, settings: Settings) -> None:
    """Install what the plan says, one session at a time: building in a source tree is no work for two."""
    if not plan.install:
        return
    if session.venv_backend == "none":
        session.log("nothing is installed: the session has no environment of its own")
        return
    with _alone(
        plan.made_folder(settings).parent / "install.lock",
        "the project's installation",
        session.log,
    ):
        session.install(*plan.install)


def run_pytest(session: nox.Session, plan: Plan, arguments: Sequence[str]) -> int | None:
    """Run pytest and return its exit code, None if nox was told to install only."""
    # Without an environment of its own a session runs in the one that has dbtasks: this one.
    python = sys.executable if session.venv_backend == "none" else "python"
    try:
        done = session.run(
            python,
            *arguments,
            *session.posargs,
            env=plan.env,
            interrupt_timeout=_SECONDS_TO_CLEAN_UP,
            terminate_timeout=_SECONDS_AFTER_TERM,
        )
    except CommandFailed as failed:
        if failed.return_code is None:
            raise
        return failed.return_code
    return None if done is None else 0


def _read(path: Path) -> Cell | None:
    from dbtasks.matrix.cells import read_cell

    return read_cell(path) if path.exists() else None


@contextlib.contextmanager
def _alone(path: Path, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Keep other nox runs out of a piece of work, and say so when that means to wait."""
    from dbtasks.state import locked

    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(path, name=what, timeout=0))
        except ServerError:
            say(f"waiting for another run: it works on {what}")
            stack.enter_context(locked(path, name=what, timeout=_SECONDS_TO_WAIT))
        yield
