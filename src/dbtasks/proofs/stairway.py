"""The stairway: each revision up, down and up again, and the catalog compared after each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbtasks import catalog
from dbtasks.errors import MigrationError
from dbtasks.migrator import Migrator
from dbtasks.migrator.limit import TimeLimit
from dbtasks.proofs.finding import Finding
from dbtasks.proofs.inspector import Inspector

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import sqlalchemy

    from dbtasks.catalog import Change, Fingerprint
    from dbtasks.results import Step
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL

UP, DOWN, AGAIN = "up", "down", "again"


@dataclass(kw_only=True)
class Flight:
    """One revision's part of the stairway.

    `seconds` has what it took `up`, `down` and `again`; `changes` are the objects of the normalised
    catalog that it made or changed, None where it removed one; `before`, of the first revision, are those
    that were there already.
    """

    revision: str
    seconds: dict[str, float] = field(default_factory=dict)
    changes: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    finding: Finding | None = None

    def measured(self) -> dict[str, Any]:
        """Return what the result keeps beside the finding."""
        steps = [
            {"revision": self.revision, "upgrade": way == UP, "seconds": self.seconds[way]}
            for way in (UP, DOWN)
            if way in self.seconds
        ]
        seconds = sum(self.seconds.values())
        told = {"": self.before, self.revision: self.changes}
        changes = {name: objects for name, objects in told.items() if objects is not None}
        return {"seconds": seconds, "steps": steps, "changes": changes}


class Stairway:
    """Climbs a history on throwaway databases; `flights` has what came of each revision.

    One environment walks the whole history. After a failure the climb goes on in a new database, with
    what is left. `wanted` are the revisions to undo and apply again, the others are only applied.
    """

    def __init__(
        self,
        settings: Settings,
        throwaways: Throwaways,
        wanted: Collection[str],
        say: Callable[[Step], None] = lambda _: None,
    ) -> None:
        self.flights: dict[str, Flight] = {}
        self._settings, self._throwaways, self._say = settings, throwaways, say
        self._left = set(wanted)
        self.blocker = ""
        self._running: Step | None = None

    def go(self) -> None:
        """Go as far up as the revisions can be applied.

        Raises:
            DbtasksError: something other than a revision failed.
        """
        first = True
        while first or (self._left and not self.blocker):
            first = False
            with self._throwaways.new() as url, Inspector.at(url, settled=True) as inspector:
                self._begin(url, inspector)
                self._climb_here()

    def reached(self, revision: str) -> bool:
        """Tell whether there is something to say of a revision."""
        flight = self.flights.get(revision)
        return flight is not None and revision not in self._left

    def stop(self, revision: str, found: Finding) -> None:
        """Keep what ended the climb as the finding of a revision."""
        self.blocker = revision
        self._keep(revision, found)

    def _keep(self, revision: str, found: Finding) -> None:
        self._flight(revision).finding = found
        self._left.discard(revision)

    def _begin(self, url: DatabaseURL, inspector: Inspector) -> None:
        self._inspector = inspector
        self._limit = TimeLimit(url, self._settings.revision_timeout, self)
        self._migrator = Migrator(self._settings, url, watcher=self._limit)
        self._applied: set[str] = set()
        self._bottom = self._top = self._look()

    def _climb_here(self) -> None:
        """Climb until a failure leaves this database in a state that cannot be gone on from."""
        while True:
            try:
                with self._limit.installed():
                    self._migrator.stairway(self._left)
                self._left.clear()
                return
            except MigrationError as error:
                if not self._goes_on_after(error):
                    return

    def _goes_on_after(self, error: MigrationError) -> bool:
        """Keep what a failure says of its revision; tell whether this database can still be used."""
        if error.code == "no-downgrade" and error.revision is not None:
            self._keep(error.revision, Finding.of(error))
            return True
        step, self._running = self._running, None
        if step is None:
            raise error
        flight = self._flight(step.revision)
        self._left.discard(step.revision)
        where = UP if step.revision not in self._applied else AGAIN if step.upgrade else DOWN
        flight.finding = flight.finding or self._failure(step, where, error)
        self.blocker = step.revision if where == UP else ""
        if where != DOWN or error.code == "revision-timeout":
            return False
        self._bottom = self._look()
        return not catalog.changes(self._top, self._bottom)

    def begin(self, step: Step) -> None:
        """See a step begin."""
        self._say(step)
        self._running = step
        if not self._applied:
            # env.py has run, and may have made a schema, which no revision has to undo
            self._bottom = self._look()

    def done(self, step: Step, seconds: float) -> None:
        """Look at what a step did."""
        self._running = None
        flight, now = self._flight(step.revision), self._look()
        left_open = self._open_transaction(step) if self._through() is None else None
        flight.finding = flight.finding or left_open
        if not step.upgrade:
            flight.seconds[DOWN] = seconds
            flight.finding = flight.finding or self._compare_below(step, now)
            return
        if step.revision not in self._applied:
            flight.seconds.setdefault(UP, seconds)
            flight.changes = _normalised(self._bottom, now)
            if not self._applied:
                flight.before = catalog.normalised(self._bottom).objects
            self._applied.add(step.revision)
            self._top = now
            if step.revision in self._left:
                return
        else:
            flight.seconds[AGAIN] = seconds
            flight.finding = flight.finding or _compare_above(step, self._top, now)
            self._left.discard(step.revision)
        self._bottom = now

    def _flight(self, revision: str) -> Flight:
        return self.flights.setdefault(revision, Flight(revision=revision))

    def _look(self) -> Fingerprint:
        table = self._migrator.environment.version_table
        return self._inspector.fingerprint(table, self._through())

    def _through(self) -> sqlalchemy.Connection | None:
        """Return Alembic's connection if env.py keeps a transaction around all, which only that one can look into."""
        connection = self._migrator.environment.connection
        outer = connection is not None and not connection.closed and connection.in_transaction()
        return connection if outer else None

    def _open_transaction(self, step: Step) -> Finding | None:
        ended = self._inspector.end_open_transaction()
        if ended is None:
            return None
        process, name, statement = ended
        return Finding(
            code="open-transaction",
            message=f"{_named(step)} left a transaction open: process {process} ({name})",
            remedy="let the revision work on op.get_bind(), or close the connection that it opens",
            details=(f"file: {step.path}", f"its last statement: {statement}"),
        )

    def _failure(self, step: Step, where: str, error: MigrationError) -> Finding:
        if error.code == "revision-timeout":
            return Finding.of(error)
        cause = error.__cause__
        if where == DOWN and isinstance(cause, NotImplementedError):
            return Finding(
                code="irreversible",
                message=f"{_named(step)} cannot be undone",
                remedy="",
                excused=str(cause) or "its downgrade() raises NotImplementedError",
            )
        codes = {UP: "upgrade-failed", DOWN: "downgrade-failed", AGAIN: "upgrade-again-failed"}
        return Finding.of(error, codes[where])

    def _compare_below(self, step: Step, now: Fingerprint) -> Finding | None:
        """Compare what is there after going down with what was there before going up."""
        found = catalog.changes(self._bottom, now)
        if not found:
            return None
        left = [one for one in found if one.what == "added"]
        if left:
            message = f"undoing {_named(step)} leaves {_listed(left)} behind"
            remedy = f"let downgrade() in {step.path} drop what upgrade() makes"
        else:
            message = f"undoing {_named(step)} does not restore {_listed(found)}"
            remedy = f"let downgrade() in {step.path} put back what was there before"
        code = "left-over" if left else "not-restored"
        return _finding(code, message, remedy, found)


def _compare_above(step: Step, first: Fingerprint, now: Fingerprint) -> Finding | None:
    found = catalog.changes(first, now)
    if not found:
        return None
    message = f"applying {_named(step)} again gives another {_listed(found)} than the first time"
    remedy = f"let downgrade() in {step.path} undo all that upgrade() does, and upgrade() do the same each time"
    return _finding("again-differs", message, remedy, found)


def _finding(code: str, message: str, remedy: str, found: Collection[Change]) -> Finding:
    return Finding(
        code=code,
        message=message,
        remedy=remedy,
        details=tuple(str(one) for one in found),
        objects=tuple(one.key for one in found),
    )


def _normalised(before: Fingerprint, after: Fingerprint) -> dict[str, Any]:
    """Return the objects that differ as they are in `after`, without what differs by major."""
    old, new = before.objects, after.objects
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    there = {key: new[key] for key in keys if key in new}
    kept = catalog.normalised(catalog.Fingerprint(major=after.major, objects=there)).objects
    return {key: kept.get(key) for key in keys if key in kept or key not in there}


def _listed(found: Collection[Change]) -> str:
    names = [one.key for one in found]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _named(step: Step) -> str:
    return f"revision {step.revision} ({step.message})"
