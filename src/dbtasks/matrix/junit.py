"""The report as JUnit XML: a suite per cell, a case per proof and revision; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from dbtasks.matrix.divergence import PROOF
from dbtasks.matrix.wording import harmless, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbtasks.matrix.cells import Cell, ProofResult, TestResult
    from dbtasks.matrix.findings import Problem
    from dbtasks.matrix.report import Report

_SKIPPED = frozenset({"excepted", "skipped", "not-reached"})


def junit(report: Report) -> str:
    """Return the XML document; a problem of a cell is an error, what was excepted counts as skipped."""
    suites = [_cell(one, report) for one in report.cells]
    across = _across(report)
    suites += [_suite(PROOF, across, "")] if across else []
    matrix = [_problem(one, "matrix") for one in report.problems if not one.cell]
    suites += [_suite("matrix", matrix, "")] if matrix else []
    root = ElementTree.Element("testsuites", name=one_line(report.title))
    _count(root, [case for suite in suites for case in suite])
    root.extend(suites)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _cell(cell: Cell, report: Report) -> ElementTree.Element:
    cases = [_problem(one, cell.name) for one in report.problems if one.cell == cell.name]
    cases += [_proof(one, cell.name) for one in cell.proofs]
    cases += [_test(one, cell.name) for one in cell.tests]
    if cell.outcome == "skipped" and not cell.proofs:
        case = _case(cell.name, "cell", 0.0)
        ElementTree.SubElement(case, "skipped", message=one_line(cell.reason))
        cases.append(case)
    return _suite(cell.name, cases, cell.started)


def _across(report: Report) -> list[ElementTree.Element]:
    """Return a case per difference, or one that passed if there was something to compare."""
    cases = []
    for one in report.comparison.divergences:
        case = _case(PROOF, f"{one.key} {one.name}".strip(), 0.0)
        if one.reason:
            ElementTree.SubElement(case, "skipped", message=one_line(f"excepted: {one.reason}"))
        else:
            _fail(case, "failure", one.code, one.message, [one.message, *one.details, one.remedy])
        cases.append(case)
    if not cases and len(report.comparison.compared) > 1:
        cases.append(_case(PROOF, PROOF, 0.0))
    return cases


def _proof(one: ProofResult, cell: str) -> ElementTree.Element:
    name = f"{one.proof}[{one.revision}]" if one.revision else one.proof
    case = _case(f"{cell}.{one.proof}", name, one.seconds)
    if one.outcome == "failed":
        _fail(case, "failure", one.code, one.message, [one.message, *one.details, one.remedy])
    elif one.outcome in _SKIPPED:
        words = f"excepted: {one.message}" if one.outcome == "excepted" else one.message
        ElementTree.SubElement(case, "skipped", message=one_line(words or one.outcome))
    return case


def _test(one: TestResult, cell: str) -> ElementTree.Element:
    path, _, name = one.name.rpartition("::")
    case = _case(f"{cell}.{path or 'tests'}", name, one.seconds)
    if one.outcome == "failed":
        _fail(case, "failure", "test-failed", one.message, [one.message])
    elif one.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", message=one_line(one.message))
    return case


def _problem(one: Problem, suite: str) -> ElementTree.Element:
    case = _case(suite, one.code, 0.0)
    _fail(case, "error", one.code, one.message, [one.message, one.remedy])
    return case


def _fail(
    case: ElementTree.Element, tag: str, code: str, message: str, lines: Sequence[str]
) -> None:
    failure = ElementTree.SubElement(case, tag, type=one_line(code), message=one_line(message))
    failure.text = "\n".join(harmless(line) for line in lines if line)


def _case(classname: str, name: str, time: float) -> ElementTree.Element:
    return ElementTree.Element(
        "testcase", classname=one_line(classname), name=one_line(name), time=f"{time:.3f}"
    )


def _suite(name: str, cases: Sequence[ElementTree.Element], started: str) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=one_line(name))
    _count(suite, cases)
    if started:
        suite.set("timestamp", one_line(started))
    suite.extend(cases)
    return suite


def _count(element: ElementTree.Element, cases: Sequence[ElementTree.Element]) -> None:
    element.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time') or 0) for case in cases):.3f}")
