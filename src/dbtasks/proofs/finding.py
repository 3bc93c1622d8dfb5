"""What a proof found: a stable code, a message, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbtasks.errors import DbtasksError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A promise that was not kept.

    `objects` are the keys of the catalog's objects that it is about; `excused` is the reason for which
    the project itself says that it need not be kept.
    """

    code: str
    message: str
    remedy: str
    details: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    excused: str = ""

    @classmethod
    def of(cls, error: DbtasksError, code: str = "") -> Finding:
        """Return what an error tells, under another code if given."""
        return cls(
            code=code or error.code,
            message=error.message,
            remedy=error.remedy,
            details=error.details,
        )

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.message}", *(f"  {detail}" for detail in self.details)]
        return "\n".join([*lines, f"remedy: {self.remedy}"] if self.remedy else lines)
