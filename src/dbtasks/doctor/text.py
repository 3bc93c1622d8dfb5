"""A diagnosis as text and as a JSON document; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.doctor.finding import Diagnosis, Finding, Untold

Piece = tuple[str, str]
ALL_WELL = "nothing found: all is well"


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as the JSON contract wants it."""
    return {
        "mended": [{"code": one.code, "did": one.did} for one in diagnosis.mended],
        "findings": [
            {
                "code": one.code,
                "level": _level(one),
                "message": one.message,
                "remedy": one.remedy,
                "safe": one.mend is not None,
                "details": list(one.details),
            }
            for one in diagnosis.findings
        ],
        "untold": [
            {
                "what": one.what,
                "code": one.code,
                "level": _level(one),
                "message": one.message,
                "remedy": one.remedy,
            }
            for one in diagnosis.untold
        ],
    }


def lines(diagnosis: Diagnosis, label: str) -> Iterator[tuple[Piece, ...]]:
    """Yield the lines for people, each as pieces of a role and a text; problems come before notes."""
    for mended in diagnosis.mended:
        yield ("mended", "mended"), ("", f" {mended.code}: {mended.did}")
    for finding in sorted(diagnosis.findings, key=lambda one: one.note):
        level = _level(finding)
        yield (level, level), ("code", f" {finding.code}"), ("", f": {finding.message}")
        yield from ((("detail", f"  {detail}"),) for detail in finding.details)
        if finding.remedy:
            hint = "; or --fix" if finding.mend is not None else ""
            yield ("remedy", "  remedy: "), ("", f"{finding.remedy}{hint}")
    for (message, remedy), what in _untold(diagnosis).items():
        yield ("untold", "not told"), ("", f" {', '.join(what)}: {message}")
        if remedy:
            yield ("remedy", "  remedy: "), ("", remedy)
    yield (("", _summary(diagnosis, label)),)


def _level(one: Finding | Untold) -> str:
    return "note" if one.note else "problem"


def _untold(diagnosis: Diagnosis) -> dict[tuple[str, str], list[str]]:
    """Return what could not be told, by the reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in diagnosis.untold:
        found.setdefault((one.message, one.remedy), []).append(one.what)
    return found


def _summary(diagnosis: Diagnosis, label: str) -> str:
    problems = sum(not one.note for one in diagnosis.findings)
    notes = len(diagnosis.findings) - problems
    untold = sum(not one.note for one in diagnosis.untold)
    safe = sum(one.mend is not None for one in diagnosis.findings)
    if not (problems or notes or untold):
        return f"{ALL_WELL} in the rest" if diagnosis.untold else ALL_WELL
    parts = [_count(problems, "problem"), _count(notes, "note")]
    if untold:
        parts.append(f"{untold} could not be told")
    text = ", ".join(parts)
    return f"{text}; invoke {label}.doctor --fix mends {safe}" if safe else text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
