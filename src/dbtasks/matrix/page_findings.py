"""The parts of the page that tell what was found: failures, differences, known exceptions; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.matrix.divergence import PROOF
from dbtasks.matrix.wording import listing, servers
from dbtasks.matrix.writing import block, esc, on, paragraphs, sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbtasks.matrix.divergence import Divergence
    from dbtasks.matrix.findings import Failure, Problem
    from dbtasks.matrix.report import Report


def anchors(report: Report) -> dict[tuple[str, str], str]:
    """Return the id of the first failure per label and revision, or proof of the whole history."""
    found: dict[tuple[str, str], str] = {}
    for number, one in enumerate(report.failures, 1):
        for label in one.on:
            found.setdefault((label, one.revision or one.name), f"f{number}")
    return found


def failures(report: Report) -> str:
    """Return everything that failed, unfolded."""
    messages = {one.revision: one.message for one in report.history}
    found = [_problem(one) for one in report.problems]
    found += [
        _failure(one, messages.get(one.revision or "", ""), f' id="f{number}"')
        for number, one in enumerate(report.failures, 1)
    ]
    found += [_failure(one, "", "") for one in report.failed_tests]
    return "\n".join(found)


def differences(report: Report) -> str:
    """Return what differs at head between the versions, and what was compared."""
    comparison = report.comparison
    if len(comparison.compared) > 1:
        verb = "were compared" if report.divergences else "have the same schema at head"
        words = f"{servers(comparison.compared)} {verb}"
    else:
        words = "Nothing was compared: that takes two versions that came to head"
    left = [f"{label}: {why}" for label, why in comparison.left_out.items()]
    note = f"<p>{esc(words)}.</p>" + (
        f'<p class="soft">Not compared: {esc("; ".join(left))}.</p>' if left else ""
    )
    messages = {one.revision: one.message for one in report.history}
    return "\n".join([note, *(_difference(one, messages) for one in report.divergences)])


def exceptions(report: Report) -> str:
    """Return what the project excuses, with its reasons."""
    messages = {one.revision: one.message for one in report.history}
    found = [_excepted(one, messages) for one in report.excepted]
    found += [_accepted(one, messages) for one in report.accepted]
    return "\n".join(found)


def _problem(one: Problem) -> str:
    heading = f"<strong>{esc(one.message)}</strong>"
    return _find("failed", "", heading, one.code, f"<dl>{_advice(one.remedy)}</dl>")


def _failure(one: Failure, message: str, ident: str) -> str:
    heading = f"<strong>{esc(one.name)}</strong>{_revision(one.revision, message)} {on(one.on)}"
    advice = f"<dl>{_advice(one.remedy)}</dl>" if one.remedy else ""
    body = f"{paragraphs(one.message)}{advice}{block(one.details)}"
    return _find("failed", ident, heading, one.code, body)


def _difference(one: Divergence, messages: Mapping[str, str]) -> str:
    since = _revision(one.revision, messages.get(one.revision, ""))
    name = f" {esc(one.name)}" if one.name else ""
    heading = f"<strong>{esc(one.key)}</strong>{name}, since{since}"
    words = "" if one.name else paragraphs(one.message)
    sides = [
        f'<dt class="of">PostgreSQL {esc(listing(names))}</dt><dd>{block([text or "empty"])}</dd>'
        for text, names in (one.sides() if one.name else ())
    ]
    body = f"{words}<dl>{''.join(sides)}{_advice(one.remedy)}</dl>"
    return _find("failed", "", heading, one.code, body)


def _excepted(one: Failure, messages: Mapping[str, str]) -> str:
    revision = _revision(one.revision, messages.get(one.revision or "", ""))
    heading = f"<strong>{esc(one.name)}</strong>{revision} {on(one.on)}"
    return _find("excepted", "", heading, one.code, _reason(one.message))


def _accepted(one: Divergence, messages: Mapping[str, str]) -> str:
    revision = _revision(one.revision, messages.get(one.revision, ""))
    heading = f"<strong>{PROOF}</strong>{revision}"
    return _find(
        "excepted", "", heading, one.code, f"<p>{esc(one.message)}</p>{_reason(one.reason)}"
    )


def _revision(revision: str | None, message: str) -> str:
    if not revision:
        return ""
    return f" <code>{esc(revision)}</code>{f' {esc(message)}' if message else ''}"


def _advice(remedy: str) -> str:
    return f"<dt>Remedy</dt><dd>{esc(remedy)}</dd>"


def _reason(words: str) -> str:
    return f"<dl><dt>Reason</dt><dd>{esc(words)}</dd></dl>"


def _find(outcome: str, ident: str, heading: str, code: str, body: str) -> str:
    return (
        f'<details class="find {outcome}"{ident} open><summary>{sign(outcome)} {heading}'
        f' <code class="code">{esc(code)}</code></summary><div>{body}</div></details>'
    )
