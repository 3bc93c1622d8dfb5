"""Results of matrix cells as a project's might be: five majors, many revisions, some faults."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dbtasks.matrix.cells import Cell, ProofResult, RevisionChanges, StepTime, TestResult
from dbtasks.matrix.report import Report, make_report
from dbtasks.results import Revision
from dbtasks.values import SUPPORTED_MAJORS

MADE = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
MAJORS = (14, 15, 16, 17, 18)
_MINORS = {14: "14.20", 15: "15.15", 16: "16.11", 17: "17.7", 18: "18.1"}
_WHOLE = ("single-head", "upgrade", "models", "plain-owner", "base-branch")
_NOUNS = (
    *("customer", "product", "purchase order", "payment", "refund", "shipment", "invoice"),
    *("voucher", "review", "supplier", "warehouse", "stock level", "wish list", "address"),
)
_DEEDS = (
    "create {}",
    "index {} by the day that it was placed, for the report of the month",
    "let a {} be withdrawn",
    "record who changed a {}",
    "rename {} name",
    "add a check to {}",
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A known exception, as proof_exceptions.toml has them."""

    proof: str = "across-versions"
    revision: str | None = None
    object: str | None = None
    code: str | None = None
    reason: str = "as agreed"
    postgres: tuple[int, ...] = SUPPORTED_MAJORS


def revisions(number: int) -> tuple[Revision, ...]:
    """Return a history, oldest first, with a branch that is merged again after every ten."""
    chance = random.Random(7)
    ids = [f"{chance.randrange(16**12):012x}" for _ in range(number)]
    found = []
    for place, name in enumerate(ids):
        merge = place % 10 == 9
        parents = ids[place - 2 : place] if merge else ids[max(0, place - 1) : place]
        if place % 10 == 8 and place > 1:
            parents = ids[place - 2 : place - 1]
        noun = _NOUNS[place % len(_NOUNS)]
        message = "Merge" if merge else _DEEDS[place * 5 % len(_DEEDS)].format(noun)
        found.append(
            Revision(
                revision=name,
                down_revision=tuple(parents),
                message=message,
                path=f"migrations/versions/{name}.py",
                is_head=place == number - 1,
                is_current=False,
                date=f"2025-{1 + place * 11 // number:02}-{1 + place % 28:02} 10:12:00",
            )
        )
    return tuple(found)


def passing(major: int, number: int = 30) -> Cell:
    """Return a cell in which everything passed; every major's schema at head is the same."""
    history, chance = revisions(number), random.Random(major)
    steps = [
        StepTime(revision=one.revision, upgrade=upgrade, seconds=chance.lognormvariate(-3.6, 0.8))
        for one in history
        for upgrade in (True, False)
    ]
    proofs = [ProofResult(proof=name, outcome="passed", seconds=0.4) for name in _WHOLE]
    proofs += [
        ProofResult(
            proof=proof, outcome="passed", revision=one.revision, seconds=chance.uniform(0.01, 0.3)
        )
        for proof in ("stairway", "rows")
        for one in history
    ]
    return Cell(
        name=f"pg{major}",
        postgres=major,
        version=_MINORS[major],
        kind="docker",
        outcome="passed",
        started=f"2026-11-25T09:{major}:00+00:00",
        seconds=sum(one.seconds for one in steps) + sum(one.seconds for one in proofs),
        history=history,
        proofs=tuple(proofs),
        steps=tuple(steps),
        tests=tuple(
            TestResult(name=f"tests/test_shop.py::test_{noun}", outcome="passed", seconds=0.03)
            for noun in ("customer", "payment", "refund", "voucher")
        ),
        changes=tuple(
            RevisionChanges(
                revision=one.revision,
                objects={f"table public.t{place}": {"owner": "shop", "columns": ["id", "name"]}},
            )
            for place, one in enumerate(history)
        ),
    )


def with_proof(cell: Cell, proof: str, revision: str | None, **values: object) -> Cell:
    """Return the cell with another result of one proof; it is failed if the proof is."""
    proofs = tuple(
        replace(one, **values)  # type: ignore[arg-type]
        if (one.proof, one.revision) == (proof, revision)
        else one
        for one in cell.proofs
    )
    failed = values.get("outcome") == "failed"
    return replace(cell, proofs=proofs, outcome="failed" if failed else cell.outcome)


def with_object(cell: Cell, place: int, key: str, **properties: object) -> Cell:
    """Return the cell with an object that the revision at a place of the history makes."""
    changes = list(cell.changes)
    one = changes[place]
    changes[place] = replace(one, objects={**one.objects, key: properties})
    return replace(cell, changes=tuple(changes))


def faulty(number: int = 30) -> tuple[Cell, ...]:
    """Return five cells: two revisions fail, one with all majors; one cell stops, one is skipped."""
    ids = [one.revision for one in revisions(number)]
    return tuple(_faulty(passing(major, number), ids) for major in MAJORS)


def _faulty(cell: Cell, ids: list[str]) -> Cell:
    if cell.postgres == 16:
        return replace(
            Cell(name="pg16", postgres=16, outcome="skipped"),
            reason="no image postgres:16: pull access denied for postgres, and no binaries of 16 are installed",
            started=cell.started,
            kind="docker",
        )
    cell = with_proof(
        cell,
        "stairway",
        ids[6],
        outcome="failed",
        code="left-over",
        message=f"going down from {ids[6]} leaves enum public.shipment_state behind",
        remedy=f'add op.execute("DROP TYPE public.shipment_state") to the downgrade of {ids[6]}',
        details=('+ enum public.shipment_state (planned, sent, <lost> & "found")',),
    )
    cell = with_proof(
        cell,
        "stairway",
        ids[11],
        outcome="excepted",
        code="irreversible",
        message="the old prices are gone, and nobody needs them",
    )
    cell = with_proof(
        cell, "base-branch", None, outcome="skipped", code="not-here", message="git knows no base"
    )
    if cell.postgres == 14:
        cell = with_proof(
            cell,
            "rows",
            ids[3],
            outcome="failed",
            code="upgrade-failed",
            message=f'revision {ids[3]} failed on a table with rows: column "note" contains null values',
            remedy="give the column a server_default, or fill it before SET NOT NULL",
            details=(
                "ALTER TABLE public.payment",
                "    ALTER COLUMN note SET NOT NULL",
                'psycopg.errors.NotNullViolation: column "note" of relation "payment" contains null values',
            ),
        )
    if cell.postgres == 15:
        cell = _stopped(cell, ids)
    if cell.postgres == 18:
        broken = TestResult(
            name="tests/test_shop.py::test_refund",
            outcome="failed",
            seconds=0.2,
            message="assert Decimal('12.50') == Decimal('12.5')\n  +  where 12.50 = <Refund 7>.amount",
        )
        cell = replace(cell, outcome="failed", tests=(*cell.tests[:2], broken, *cell.tests[3:]))
    definition = "CHECK ((amount > (0)::numeric))"
    if cell.postgres >= 17:
        definition = "CHECK ((amount > 0.0))"
    key = "constraint public.payment.amount_is_positive"
    cell = with_object(cell, 4, key, definition=definition, comment=None)
    if cell.postgres != 14:
        cell = with_object(cell, 9, "extension pg_walinspect", version="1.1")
    body = "LANGUAGE sql\n BEGIN ATOMIC\n  SELECT {};\n END"
    name = "now()" if cell.postgres < 18 else "uuidv7()"
    function = f"CREATE FUNCTION public.stamp() RETURNS text\n {body.format(name)}"
    return with_object(cell, 13, "function public.stamp()", definition=function)


def _stopped(cell: Cell, ids: list[str]) -> Cell:
    """Let the revision two thirds up the history fail, so that none after it is reached."""
    last = len(ids) * 2 // 3
    message = f'revision {ids[last]} failed: extension "pg_search" is not available'
    failed = ProofResult(
        proof="upgrade",
        outcome="failed",
        code="upgrade-failed",
        seconds=1.2,
        message=message,
        remedy="install the extension where PostgreSQL runs",
        details=('CREATE EXTENSION "pg_search"',),
    )
    blocked = set(ids[last:])
    proofs = [
        replace(
            one,
            outcome="not-reached",
            code="not-reached",
            seconds=0.0,
            message=f"not reached: revision {ids[last]} cannot be applied",
        )
        if one.revision in blocked
        else one
        for one in cell.proofs
        if one.proof != "upgrade"
    ]
    return replace(
        cell,
        outcome="failed",
        proofs=(proofs[0], failed, *proofs[1:]),
        steps=tuple(one for one in cell.steps if one.revision not in blocked),
        changes=cell.changes[:last],
    )


def accepted(number: int = 30) -> tuple[Known, ...]:
    """Return the exception that the faulty cells need."""
    reason = "only used by a report that runs on 15 and later"
    revision = revisions(number)[9].revision
    return (Known(revision=revision, object="extension pg_walinspect", reason=reason),)


def faulty_report(number: int = 30) -> Report:
    """Return the report over the faulty cells."""
    return make_report(
        faulty(number), title="shop", made=MADE, expected=MAJORS, accepted=accepted(number)
    )


def passing_report(number: int = 30) -> Report:
    """Return the report over cells that all passed."""
    cells = [passing(major, number) for major in MAJORS]
    return make_report(cells, title="shop", made=MADE, expected=MAJORS)
