"""One difference between the schemas at head of PostgreSQL majors, and the words for it; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbtasks.matrix.wording import count, listing, one_line, servers, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROOF = "across-versions"
CODE = "differs-across-versions"
BASE = "base"  # what Alembic calls the state before the first revision
_INLINE = 60  # characters of a value that a message holds


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """The property `name` of an object, or with `name` empty its presence, that differs at head.

    `values` has what each cell has, by its label (such as "17"), for a presence True or False;
    `revision` is the first since which they differ, "base" when they did before it; `parts` counts
    the objects that are absent with this one; `reason` is why it was accepted, if it was.
    """

    key: str
    name: str
    values: Mapping[str, Any]
    revision: str
    parts: int = 0
    code: str = CODE
    reason: str = ""

    @property
    def message(self) -> str:
        """What differs, where, and since when, in one line."""
        since = (
            "before the first revision"
            if self.revision == BASE
            else f"since revision {self.revision}"
        )
        return one_line(f"{self._difference()}, {since}")

    @property
    def remedy(self) -> str:
        """What to do about it."""
        where = "setup_sql" if self.revision == BASE else f"revision {self.revision}"
        return (
            f"let {where} spell out what the majors read differently, or accept it in proof_exceptions.toml with"
            f' proof = "{PROOF}", revision = "{self.revision}", object = {_quoted(self.key)} and a reason'
        )

    @property
    def details(self) -> tuple[str, ...]:
        """Each value in full, with the cells that have it."""
        return tuple(f"{servers(names)}: {text}" for text, names in self.sides())

    def sides(self) -> list[tuple[str, list[str]]]:
        """Return each value as text, with the labels of the cells that have it."""
        found: dict[str, tuple[str, list[str]]] = {}
        for label, given in self.values.items():
            text = value(given) if self.name else ("present" if given else "absent")
            found.setdefault(canonical(given), (text, []))[1].append(label)
        return list(found.values())

    def _difference(self) -> str:
        if not self.name:
            there = [label for label, present in self.values.items() if present]
            gone = [label for label, present in self.values.items() if not present]
            parts = f", with {count(self.parts, 'part')}," if self.parts else ""
            return f"{self.key}{parts} is there on {servers(there)} and not on {listing(gone)}"
        sides = self.sides()
        places = [
            f"on {servers(names) if not n else listing(names)}"
            for n, (_, names) in enumerate(sides)
        ]
        if any(len(text) > _INLINE or "\n" in text for text, _ in sides):
            return f"{self.key}: {self.name} is one {' and another '.join(places)}"
        shown = [f"{text or 'empty'} {at}" for (text, _), at in zip(sides, places, strict=True)]
        return f"{self.key}: {self.name} is {listing(shown)}"


def canonical(given: Any) -> str:
    """Return what is the same for equal values only: 1 and true, which Python takes for equal, are not."""
    return json.dumps(given, sort_keys=True)


def differ(values: Iterable[Any]) -> bool:
    """Tell whether values are not all the same."""
    return len({canonical(one) for one in values}) > 1


def _quoted(key: str) -> str:
    return f"'{key}'" if "'" not in key and "\n" not in key else json.dumps(key, ensure_ascii=False)
