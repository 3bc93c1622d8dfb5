"""What PostgreSQL itself changed between its majors, taken out of a fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.catalog.fingerprint import Fingerprint
from dbtasks.catalog.privileges import ALL, GRANTABLE, NAMES
from dbtasks.catalog.view_text import without_qualifier

if TYPE_CHECKING:
    from dbtasks.catalog.fingerprint import Properties, Value

_VIEWS = ("view ", "materialized view ")
_MAINTAIN = NAMES["m"]
_OF_TABLES = sorted(NAMES[letter] for letter in "arwdDxt")
_ALL_OF_TABLES = {
    ", ".join(n + option for n in _OF_TABLES): ALL + option for option in ("", GRANTABLE)
}
_OPEN_TO_ALL = {"PUBLIC: USAGE", "PUBLIC: ALL"}


def normalised(fingerprint: Fingerprint) -> Fingerprint:
    """Return the fingerprint as PostgreSQL 14 to 18 all give it for the same schema.

    Views lose qualifiers that 16 stopped printing, extensions the version and comment that they brought, grants the MAINTAIN
    that 17 added to ALL, schema public what everyone may do there, which 15 changed, and sequences
    that they are unlogged, which those of an unlogged table are since 15. (`read`
    leaves out already what only the catalogs' layout tells: names of NOT NULL constraints, the
    owner of schema public.)
    """
    objects = {key: _normalised(key, found) for key, found in fingerprint.objects.items()}
    return Fingerprint(major=fingerprint.major, objects=objects)


def _normalised(key: str, found: Properties) -> Properties:
    changed: dict[str, Value] = {}
    if key.startswith(_VIEWS):
        changed["definition"] = without_qualifier(str(found["definition"]))
    if key.startswith("extension "):
        changed |= {"version": (), "comment": ()}
    if key.startswith("sequence "):
        changed["unlogged"] = ()
    if "grants" in found:
        changed["grants"] = tuple(
            line
            for line in map(_without_maintain, found["grants"])
            if key != "schema public" or line not in _OPEN_TO_ALL
        )
    if not changed:
        return found
    return {name: value for name, value in {**found, **changed}.items() if value != ()}


def _without_maintain(line: str) -> str:
    """Return a line of grants without MAINTAIN, unless that is all that was granted."""
    role, _, rest = line.rpartition(": ")
    granted, bracket, grantor = rest.partition(" (granted by ")
    words = granted.split(", ")
    kept = [word for word in words if word.removesuffix(GRANTABLE) != _MAINTAIN] or words
    text = ", ".join(kept)
    return f"{role}: {_ALL_OF_TABLES.get(text, text)}{bracket}{grantor}"
