"""A picture of a database's catalog that two databases can be compared by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Value = str | tuple[str, ...]
    Properties = Mapping[str, Value]

# The kinds whose keys begin with the table, view, type or domain that they are part of.
OF_TABLE = ("column", "constraint", "trigger", "rule", "policy")


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The objects of a database, by kind and qualified name as PostgreSQL quotes it.

    `objects` holds plain values that JSON can carry; they are shared, so nobody may change them.
    Two fingerprints are equal when their objects are; `major` is the PostgreSQL major that they
    were read from.
    """

    major: int = field(compare=False)
    objects: Mapping[str, Properties]
