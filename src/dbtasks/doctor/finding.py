"""What the doctor found: a stable code, a message, what mends it, and what was done about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbtasks.errors import DbtasksError


class Mend(ABC):
    """A safe way to mend something: it loses nothing, and looks again before it acts."""

    @abstractmethod
    def carry_out(self) -> str:
        """Mend it, and say what was done; say nothing if there is nothing left to mend.

        Raises:
            DbtasksError: it cannot be mended now.
        """


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be; a `note` is worth a word, and no check fails for it.

    `remedy` is the command that mends it; `mend` what `--fix` does, None where that might lose something.
    """

    code: str
    message: str
    remedy: str
    note: bool = False
    details: tuple[str, ...] = ()
    mend: Mend | None = None

    @classmethod
    def of(cls, error: DbtasksError) -> Finding:
        """Return what an error tells."""
        return cls(
            code=error.code, message=error.message, remedy=error.remedy, details=error.details
        )


@dataclass(frozen=True, kw_only=True)
class Untold:
    """What could not be looked at, and why; `note` where nothing need be there."""

    what: str
    code: str
    message: str
    remedy: str
    exit_code: int
    note: bool = False

    @classmethod
    def of(cls, what: str, error: DbtasksError, *, note: bool = False) -> Untold:
        """Return what an error kept from being told."""
        return cls(
            what=what,
            code=error.code,
            message=error.message,
            remedy=error.remedy,
            exit_code=error.exit_code,
            note=note,
        )


@dataclass(frozen=True, kw_only=True)
class Mended:
    """A finding that `--fix` has mended, and what it did."""

    code: str
    did: str


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All that there is to say: what was mended, what is found, what could not be told."""

    findings: tuple[Finding, ...]
    untold: tuple[Untold, ...] = ()
    mended: tuple[Mended, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 if something is not as it should be; else the code of what could not be told, or 0."""
        if any(not one.note for one in self.findings):
            return 1
        return next((one.exit_code for one in self.untold if not one.note), 0)
