"""The proofs, run on a consumer project as a user would, and what they came to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consumers import Done, Project

RESULT = "build/result.json"
PROOFS = ("-p", "no:cacheprovider", "--pyargs", "dbtasks.proofs")


@dataclass(frozen=True)
class Proven:
    """What one run of the proofs came to."""

    done: Done
    cell: dict[str, Any]

    @cached_property
    def failed(self) -> dict[tuple[str, str | None], str]:
        """The codes of what failed, by proof and revision."""
        return {key: one["code"] for key, one in self.by("failed").items()}

    def by(self, outcome: str) -> dict[tuple[str, str | None], dict[str, Any]]:
        """Return the proofs with an outcome, by name and revision."""
        return {
            (one["proof"], one["revision"]): one
            for one in self.cell["proofs"]
            if one["outcome"] == outcome
        }


def prove(project: Project, *arguments: str, timeout: float = 120, **environ: str) -> Proven:
    """Run the proofs as a user would."""
    argv = (*PROOFS, "--dbtasks-result", RESULT, *arguments)
    done = project.module("pytest", *argv, timeout=timeout, **environ)
    assert (project.root / RESULT).exists(), done
    return Proven(done, json.loads((project.root / RESULT).read_text())["cell"])
