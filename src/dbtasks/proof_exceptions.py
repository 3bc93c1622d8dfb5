"""The exceptions that a team knows of: `proof_exceptions.toml` beside env.py, each with a reason.

    [[exception]]
    proof = "stairway"
    revision = "8d2f1c55a0b3"
    code = "irreversible"
    reason = "the old prices are gone, and nobody needs them"

`code`, `object` (a key such as `enum public.status`) and `postgres` (a list of majors) narrow an entry down.
A revision whose exception has the code `irreversible` is not undone at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbtasks import toml_file
from dbtasks.errors import SettingsError
from dbtasks.values import SUPPORTED_MAJORS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FILE_NAME = "proof_exceptions.toml"
IRREVERSIBLE = "irreversible"
PROOFS = ("single-head", "upgrade", "stairway", "models", "rows", "plain-owner", "base-branch")
PROOFS_PER_REVISION = ("stairway", "rows")
_ACROSS = "across-versions"
_KEYS = ("proof", "revision", "code", "object", "postgres", "reason")


@dataclass(frozen=True, kw_only=True)
class KnownException:
    """One entry of the file; what it does not name does not matter."""

    proof: str
    reason: str
    revision: str | None = None
    code: str | None = None
    object: str | None = None
    postgres: tuple[int, ...] = SUPPORTED_MAJORS

    def concerns(self, proof: str, revision: str | None, major: int) -> bool:
        """Tell whether the entry is about this proof of this revision on this major."""
        return self.proof == proof and self.revision in {None, revision} and major in self.postgres

    def covers(self, code: str, objects: Collection[str]) -> bool:
        """Tell whether the entry excuses a finding about some objects, of the proof that it concerns."""
        return self.code in {None, code} and (self.object is None or set(objects) <= {self.object})


def read_exceptions(path: Path, revisions: Collection[str]) -> tuple[KnownException, ...]:
    """Read the file; one that does not exist has no exceptions.

    Args:
        path: the file.
        revisions: those that an entry may be about, beside `base`: what is there before the first one.

    Raises:
        SettingsError: the file cannot be read, or an entry is malformed, without a reason, or about nothing.
    """
    try:
        entries = toml_file.entries(path, "exception", _KEYS)
        return tuple(_entry(number, one, revisions) for number, one in enumerate(entries, 1))
    except toml_file.UnreadableError as error:
        raise SettingsError(
            f"{path}: {error}",
            remedy="write [[exception]] with proof, revision and reason, and if need be code, object and postgres",
            code="proof-exceptions",
        ) from error


def _entry(number: int, given: dict[str, Any], revisions: Collection[str]) -> KnownException:
    majors = given.pop("postgres", [*SUPPORTED_MAJORS])
    if not isinstance(majors, list) or any(one not in SUPPORTED_MAJORS for one in majors):
        raise toml_file.UnreadableError(f"entry {number} has a postgres that is no list of majors")
    toml_file.check_texts(number, given, required=("proof", "reason"))
    proof = given["proof"]
    if proof not in {*PROOFS, _ACROSS}:
        raise toml_file.UnreadableError(f"entry {number} is about the unknown proof {proof}")
    if proof in {*PROOFS_PER_REVISION, _ACROSS} and "revision" not in given:
        raise toml_file.UnreadableError(f"entry {number} has no revision, which {proof} wants")
    revision = given.get("revision")
    if revision not in {None, "base", *revisions}:
        raise toml_file.UnreadableError(
            f"entry {number} is about revision {revision}, which no file has"
        )
    return KnownException(**given, postgres=tuple(majors))
