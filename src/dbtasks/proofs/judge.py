"""The judge of a proof: kept, broken, or excused by the project itself."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from dbtasks import maintenance
from dbtasks.errors import DbtasksError, MigrationError, ServerError
from dbtasks.proof_exceptions import FILE_NAME, IRREVERSIBLE
from dbtasks.proofs.finding import Finding
from dbtasks.pytest_plugin import RESULT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.pytest_plugin.run import Run
    from dbtasks.servers.throwaway import ThrowawayServer

_LOG_LINES = 10
_DYING, _POLL = 10.0, 0.1
# Why there may be no base branch to prove anything with; the latter are for CI to mend.
_NO_BASE = frozenset({"no-git", "no-repository", "no-commit", "base-without-migrations"})
_BASE_CUT_OFF = frozenset({"no-base", "shallow"})


class Judge:
    """Turns what a proof found into the outcome of its test, and keeps it for the report."""

    def __init__(self, item: pytest.Function, run: Run) -> None:
        self._item, self._run = item, run
        callspec = getattr(item, "callspec", None)
        self.revision: str | None = callspec.params["revision"] if callspec else None
        self.proof = item.originalname.removeprefix("test_").replace("_", "-")
        self._exceptions = [
            one
            for one in run.exceptions
            if one.concerns(self.proof, self.revision, run.settings.postgres)
        ]

    def settle(self, found: Finding | None, **measured: Any) -> None:
        """End the test: with success, as an expected failure, or as a failure with the finding's text.

        `measured` goes into the result: `seconds`, `steps`, `changes`.
        """
        if found is None:
            self._unneeded(measured)
            self._keep("passed", **measured)
            return
        reason = found.excused or next(
            (one.reason for one in self._exceptions if one.covers(found.code, found.objects)), ""
        )
        if reason:
            self._keep("excepted", code=found.code, message=reason, **measured)
            pytest.xfail(f"{found.code}: {reason}")
        self._fail(found, measured)

    def fail(self, error: DbtasksError, code: str = "") -> None:
        """End the test with what an error says."""
        found = self.explained(error, self._run)
        if code and found.code == "revision-failed":
            found = Finding.of(error, code)
        self.settle(found)

    @contextlib.contextmanager
    def told(self, code: str) -> Iterator[None]:
        """End the test with what an error says, under `code` if a revision failed."""
        try:
            yield
        except DbtasksError as error:
            required = os.environ.get("DBTASKS_REQUIRE_ALL") == "1"
            if error.code in _NO_BASE or (error.code in _BASE_CUT_OFF and not required):
                self.unavailable(error.message)
            self.fail(error, code if isinstance(error, MigrationError) and error.revision else "")

    def declared_irreversible(self) -> Finding | None:
        """Return the finding of a revision that the project declares to have no way back."""
        for one in self._exceptions:
            if one.code == IRREVERSIBLE:
                return Finding(code=IRREVERSIBLE, message="", remedy="", excused=one.reason)
        return None

    def not_reached(self, blocker: str) -> NoReturn:
        """End the test as skipped: the history could not be walked up to its revision."""
        message = f"not reached: the walk ended at revision {blocker}"
        self._keep("not-reached", code="not-reached", message=message)
        pytest.skip(message)

    def unavailable(self, reason: str) -> NoReturn:
        """End the test as skipped: what it needs is not here."""
        self._keep("skipped", code="not-here", message=reason)
        pytest.skip(reason)

    @staticmethod
    def explained(error: DbtasksError, run: Run) -> Finding:
        """Return the finding of an error; of one that came because the server is gone, its last words."""
        server = run.server()
        if not _is_gone(server):
            return Finding.of(error)
        return Finding(
            code="server-died",
            message=f"the throwaway server {server.where} ended while the proof ran: {error.message}",
            remedy="see its last log lines",
            details=tuple(server.log_lines(_LOG_LINES)),
        )

    def _unneeded(self, measured: dict[str, Any]) -> None:
        if self._exceptions:
            one = self._exceptions[0]
            about = f"{self.proof} of revision {self.revision}" if self.revision else self.proof
            self._fail(
                Finding(
                    code="exception-not-needed",
                    message=f"{FILE_NAME} excuses {about} ({one.reason}), and the promise is kept",
                    remedy="remove the entry",
                ),
                measured,
            )

    def _fail(self, found: Finding, measured: dict[str, Any]) -> None:
        self._keep(
            "failed",
            code=found.code,
            message=found.message,
            remedy=found.remedy,
            details=list(found.details),
            **measured,
        )
        raise pytest.fail.Exception(str(found), pytrace=False) from None

    def _keep(self, outcome: str, **values: Any) -> None:
        server = self._run.server()
        self._item.stash[RESULT] = {
            "outcome": outcome,
            "kind": server.kind,
            "version": server.version,
            **values,
        }


def _is_gone(server: ThrowawayServer) -> bool:
    """Tell whether the server has ended; one that is about to is waited for."""
    limit = time.monotonic() + _DYING
    while server.state() != "gone":
        try:
            with maintenance.connect_any(server.url):
                return False
        except ServerError:
            if time.monotonic() > limit:
                return False
        time.sleep(_POLL)
    return True
