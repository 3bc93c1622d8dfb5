"""JSON values read as dataclasses, with the place of what does not fit; pure."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)

T = TypeVar("T")
_LARGEST = 2**63
Read: TypeAlias = "Callable[[Any, str], T]"


class Damaged(ValueError):  # noqa: N818  what the file is
    """A value is not what belongs at its place."""


def text(value: Any, where: str) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise Damaged(f"{where} is no text")
    return value


def flag(value: Any, where: str) -> bool:
    """Read a yes or no."""
    if not isinstance(value, bool):
        raise Damaged(f"{where} is neither true nor false")
    return value


def whole(value: Any, where: str) -> int:
    """Read a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Damaged(f"{where} is no whole number")
    return value


def number(value: Any, where: str) -> float:
    """Read a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return float(value)
    raise Damaged(f"{where} is no number")


def one_of(words: Collection[str]) -> Read[str]:
    """Return a reader of one of some words."""

    def read(value: Any, where: str) -> str:
        if value not in words:
            raise Damaged(f"{where} is none of {', '.join(words)}")
        return str(value)

    return read


def optional(inner: Read[T]) -> Read[T | None]:
    """Return a reader of null, or of what `inner` reads."""
    return lambda value, where: None if value is None else inner(value, where)


def listed(inner: Read[T]) -> Read[tuple[T, ...]]:
    """Return a reader of a list of what `inner` reads."""

    def read(value: Any, where: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Damaged(f"{where} is no list")
        return tuple(inner(one, f"{where}[{place}]") for place, one in enumerate(value))

    return read


def mapping(inner: Read[Any] | None = None) -> Read[dict[str, Any]]:
    """Return a reader of an object whose values are what `inner` reads, or anything."""

    def read(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Damaged(f"{where} is no object")
        if inner is None:
            return value
        return {key: inner(one, f'{where}["{key}"]') for key, one in value.items()}

    return read


def record(cls: type[Record], **readers: Read[Any]) -> Read[Record]:
    """Return a reader of a dataclass; more keys than it has are left for a later version to read."""
    required = {
        one.name for one in fields(cls) if one.default is MISSING and one.default_factory is MISSING
    }

    def read(value: Any, where: str) -> Record:
        if not isinstance(value, dict):
            raise Damaged(f"{where} is no object")
        absent = [name for name in readers if name in required and name not in value]
        if absent:
            raise Damaged(f"{where} has no {absent[0]}")
        given = {
            name: inner(value[name], f"{where}.{name}")
            for name, inner in readers.items()
            if name in value
        }
        return cls(**given)

    return read
