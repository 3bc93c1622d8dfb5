"""The session of one task: settings, database and display put together, each when first used."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks import policy, report
from dbtasks.database import Database
from dbtasks.errors import RefusedError, UsageError
from dbtasks.report import document
from dbtasks.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dbtasks.display import Display
    from dbtasks.errors import DbtasksError
    from dbtasks.rebase.run import PreparedRebase, RebaseOutcome
    from dbtasks.results import Difference, Outcome, RehearsedStep, Revision, Step
    from dbtasks.runs import Runs
    from dbtasks.server_upgrade import ServerUpgrade
    from dbtasks.url import DatabaseURL


class Session:
    """What one task has to work with; with `json` it prints one document and nothing else."""

    def __init__(
        self,
        *,
        invoke: Mapping[str, Any],
        flags: Mapping[str, Any],
        database: str | None = None,
        root: Path | None = None,
        json: bool = False,
    ) -> None:
        self._invoke, self._flags, self._name, self._root = invoke, flags, database, root
        self.json = json

    @cached_property
    def settings(self) -> Settings:
        """The merged settings."""
        settings = load_settings(
            root=self._root, database=self._name, invoke=self._invoke, flags=self._flags
        )
        if settings.url is not None and settings.sources["url"] == "flag" and settings.url.password:
            self.display.warn(report.SHOWN_BY_FLAG)
        return settings

    @cached_property
    def display(self) -> Display:
        """The terminal, quiet when a machine reads."""
        from dbtasks.display import Display

        return Display(quiet=self.json)

    @cached_property
    def database(self) -> Database:
        """The database that the settings name."""
        settings = self.settings
        self.display.busy("looking at the server")
        return Database(
            settings,
            say=self.display.say,
            watcher=self.display,
            announce=self._announce,
            tell=self.display.warn,
        )

    def _announce(self, target: policy.Target, steps: tuple[Step, ...]) -> None:
        self.display.note(report.announcement_text(target, steps))

    def show(self, result: Any, render: Callable[[], None]) -> None:
        """Print a result: as JSON for machines, else as `render` prints it for people."""
        if self.json:
            print(document.dumps(document.as_document(result)))  # noqa: T201
        else:
            self.display.clear()
            render()

    def fail(self, error: DbtasksError) -> None:
        """Print an error: as JSON for machines, else for people."""
        if error.code == "unknown-current":
            from dbtasks.git import whereabouts

            error = whereabouts.explained(error, self.settings)
        if self.json:
            print(document.dumps(document.error_document(error)))  # noqa: T201
        else:
            self.display.error(error)

    def confirm(self, yes: bool, what: str) -> None:
        """Go on only if a person agrees that `what` is to happen.

        Raises:
            RefusedError: nobody agreed.
        """
        if yes or self.display.confirm(f"{what}. Go on?"):
            return
        raise RefusedError(
            f"{what}; nobody agreed to that, and nothing was changed",
            remedy="pass --yes to agree beforehand",
            code="not-confirmed",
        )

    def runs_to_undo(self, operation: str, named: str) -> Runs:
        """Return the runs of revisions for an operation that loses something; `named` is which database may.

        On a server that dbtasks did not make, a person at a terminal is asked for a missing name.

        Raises:
            RefusedError: no database was named there, or another one anywhere.
        """
        return self.database.runs_to_undo(operation, self._agreement(operation, named))

    def _agreement(self, operation: str, named: str) -> policy.Agree:
        """Return what finds out which database somebody names for an operation."""

        def agree(target: policy.Target) -> policy.Consent:
            given = policy.Consent(name=named)
            if not policy.needs_name(target, given):
                return given
            typed = self.display.ask(report.name_question(target, operation))
            return given if typed is None else policy.Consent(name=typed, typed=True)

        return agree

    def rebase(self, prepared: PreparedRebase, named: str) -> None:
        """Carry out a re-parenting and print what it did; `named` is as for `runs_to_undo`."""
        agree = self._agreement("undo revisions of", named)
        self.display.note(prepared.diff, verbatim=True)
        self.show_rebase(self.database.rebase(prepared, agree))

    def show_status(self) -> None:
        """Print what the server and the database are now."""
        status = self.database.status()
        self.show(status, lambda: self.display.pairs(report.status_rows(status)))

    def show_outcome(self, outcome: Outcome, verb: str = "applied") -> None:
        """Print what a run of revisions did."""
        self.show(outcome, lambda: self.display.print(report.outcome_text(outcome, verb)))

    def note_outcome(self, outcome: Outcome) -> None:
        """Tell what a run of revisions did, beside the result."""
        self.display.note(report.outcome_text(outcome, "applied"))

    def note_to_read(self) -> None:
        """Say what to look for in an autogenerated revision."""
        self.display.note(report.READ_IT)

    def warn_of_password(self, url: DatabaseURL) -> None:
        """Say on stderr that what is printed has a password in it."""
        if url.password:
            self.display.warn(report.SHOWS_IT)

    def show_settings(self) -> None:
        """Print every setting and where it came from."""
        rows = report.settings_rows(self.settings)
        self.show(
            document.settings_document(self.settings),
            lambda: self.display.table(report.SETTINGS_COLUMNS, rows),
        )

    def scaffold(self, models: str) -> None:
        """Write what a new project needs, and print each file's fate."""
        from dbtasks.scaffold import write

        written = write(self.settings.root, models, postgres=self.settings.postgres)
        self.show({"written": written}, lambda: self.display.pairs(written.items()))

    def show_plan(self, steps: tuple[Step, ...]) -> None:
        """Print the revisions that would run."""
        rows = [(f"{step.number}/{step.total}", step.revision, step.message) for step in steps]
        self.show(
            steps,
            lambda: (
                self.display.table(("", "revision", "message"), rows)
                if rows
                else self.display.print("nothing to do: no revision is pending")
            ),
        )

    def show_revisions(self, revisions: tuple[Revision, ...]) -> None:
        """Print a list of revisions."""
        columns = ("", "revision", "parent", "message")
        rows = report.revision_rows(revisions)
        self.show(
            revisions,
            lambda: (
                self.display.table(columns, rows) if rows else self.display.print("no revisions")
            ),
        )

    def show_rehearsal(self, steps: tuple[RehearsedStep, ...]) -> None:
        """Print the SQL of the revisions that would be applied."""
        self.show(steps, lambda: self.display.print(report.rehearsal_text(steps), verbatim=True))

    def show_lines(self, lines: Iterable[str]) -> None:
        """Print lines as they come; for machines, all in one document."""
        if self.json:
            self.show({"lines": list(lines)}, lambda: None)
            return
        for line in lines:
            print(line, flush=True)  # noqa: T201

    def show_history(self, revisions: tuple[Revision, ...]) -> None:
        """Draw the history as a graph."""
        self.show(revisions, lambda: self.display.history(revisions))

    def show_mermaid(self, revisions: tuple[Revision, ...]) -> None:
        """Print the history as a Mermaid flowchart."""
        from dbtasks.pictures.mermaid import flowchart

        text = flowchart(revisions)
        self.show({"mermaid": text}, lambda: print(text))  # noqa: T201

    def write_svg(self, path: Path, revisions: tuple[Revision, ...]) -> None:
        """Write the history as a picture.

        Raises:
            UsageError: the file cannot be written.
        """
        from dbtasks.pictures.svg import draw

        try:
            path.write_text(draw(revisions), encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"{path} cannot be written: {error.strerror}", remedy="name another file"
            ) from error
        self.show({"path": str(path)}, lambda: self.display.print(str(path)))

    def show_heads(self, heads: tuple[Revision, ...]) -> None:
        """Print the heads; with several, say what to run."""
        rows = report.head_rows(heads)
        columns = ("revision", "date", "author", "message")
        self.show(
            heads,
            lambda: (
                self.display.table(columns, rows) if rows else self.display.print("no revisions")
            ),
        )
        if len(heads) > 1:
            from dbtasks.revisions.errors import ONE_HEAD

            self.display.note(f"several heads: {ONE_HEAD}")

    def show_rebase(self, outcome: RebaseOutcome) -> None:
        """Print what a re-parenting did, and how it was proven."""
        from dataclasses import asdict

        self.show(asdict(outcome), lambda: self.display.print(report.rebase_text(outcome)))

    def show_upgrade(self, done: ServerUpgrade) -> None:
        """Print what was moved to another PostgreSQL major, and what is left to do."""
        from dbtasks.server_upgrade.told import as_document, as_text

        self.show(as_document(done), lambda: self.display.print(as_text(done)))

    def show_differences(self, found: tuple[Difference, ...]) -> None:
        """Print what differs between models and migrations."""
        self.show(
            {"differences": document.as_document(found)},
            lambda: self.display.print(report.differences_text(found)),
        )
        if found and not self.json and os.environ.get("GITHUB_ACTIONS") == "true":
            from dbtasks.drift.annotations import github_annotations
            from dbtasks.environment.imports import files_below

            root = Path(os.environ.get("GITHUB_WORKSPACE") or self.settings.root)
            print(github_annotations(found, root, files_below(root)))  # noqa: T201

    def show_diagnosis(self, *, fix: bool) -> int:
        """Print what the doctor found and, with `fix`, mended; return the exit code that says so."""
        from dbtasks import doctor
        from dbtasks.doctor import text

        found = doctor.examine(self.database)
        if fix:
            found = doctor.mend(self.database, found)
        self.show(
            text.document(found),
            lambda: self.display.pieces(text.lines(found, self.settings.label)),
        )
        return found.exit_code

    def confirm_destruction(self, yes: bool, named: str, *, all_volumes: bool) -> None:
        """Go on only if a person agrees to lose the data; what is not ours is refused below.

        `named` is a database whose name was given to agree beforehand.

        Raises:
            RefusedError: nobody agreed, or another database was named.
        """
        if self.database.server.owned and (named or not yes):
            what = "every volume of the compose project" if all_volumes else "all its data"
            status = self.database.server.status()
            name = status.database or self.settings.database
            given = policy.Consent(name=named)
            policy.check_name(f'{status.where} of database "{name}"', name, "remove", given)
            question = f"This removes {status.where} of database {name} with {what}"
            self.confirm(yes or bool(named), question)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if "display" in self.__dict__:
            self.display.clear()
