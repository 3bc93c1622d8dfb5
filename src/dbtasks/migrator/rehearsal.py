"""The SQL of a run, revision by revision, as it is sent to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbtasks.masking import masked
from dbtasks.results import RehearsedStep

if TYPE_CHECKING:
    from dbtasks.results import Step


class Rehearsal:
    """A watcher of a run that keeps the statements of each revision, to be read: passwords are masked."""

    def __init__(self) -> None:
        self.steps: list[RehearsedStep] = []
        self._statements: list[str] | None = None

    def record(self, statement: str, parameters: Any) -> None:
        """Keep a statement if a revision is running."""
        if self._statements is not None:
            text = statement.strip()
            given = " ".join(str(parameters).split("\n")) if parameters else ""
            self._statements.append(masked(f"-- {given}\n{text}" if given else text))

    def begin(self, step: Step) -> None:  # noqa: ARG002
        """Keep what follows for this revision."""
        self._statements = []

    def done(self, step: Step, seconds: float) -> None:  # noqa: ARG002
        """End the revision's statements."""
        self.steps.append(
            RehearsedStep(
                revision=step.revision,
                message=step.message,
                path=step.path,
                sql=tuple(self._statements or ()),
            )
        )
        self._statements = None
