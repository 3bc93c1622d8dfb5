"""The report as one JSON document for machines; more keys may follow, these stay; pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dbtasks.matrix import grid
from dbtasks.matrix.wording import end_of_life

if TYPE_CHECKING:
    from dbtasks.matrix.cells import Cell
    from dbtasks.matrix.divergence import Divergence
    from dbtasks.matrix.findings import Failure
    from dbtasks.matrix.report import Report


def document(report: Report) -> dict[str, Any]:
    """Return the merged document: each cell but for its changes, and what was found over all cells."""
    return {
        "format": "dbtasks-report",
        "version": 1,
        "title": report.title,
        "made": report.made.isoformat(),
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "summary": report.summary,
        "problems": [asdict(one) for one in report.problems],
        "failures": [_failure(one) for one in (*report.failures, *report.failed_tests)],
        "excepted": [_failure(one) for one in report.excepted],
        "across_versions": {
            "compared": list(report.comparison.compared),
            "not_compared": dict(report.comparison.left_out),
            "differences": [_divergence(one) for one in report.comparison.divergences],
        },
        "cells": [_cell(one, report) for one in report.cells],
        "history": [asdict(one) for one in report.history],
    }


def _cell(cell: Cell, report: Report) -> dict[str, Any]:
    kept = asdict(cell)
    del kept["changes"], kept["history"]
    support, _ = end_of_life(cell.postgres, report.day)
    return {
        **kept,
        "label": report.labels[cell.name],
        "support": support,
        "revisions": [one.revision for one in cell.history],
        "totals": {"proofs": dict(grid.proofs(cell)), "tests": dict(grid.tests(cell))},
    }


def _failure(one: Failure) -> dict[str, Any]:
    return {**asdict(one), "on": list(one.on), "details": list(one.details)}


def _divergence(one: Divergence) -> dict[str, Any]:
    return {
        "code": one.code,
        "object": one.key,
        "property": one.name,
        "values": dict(one.values),
        "revision": one.revision,
        "parts": one.parts,
        "message": one.message,
        "remedy": one.remedy,
        "accepted": one.reason,
    }
