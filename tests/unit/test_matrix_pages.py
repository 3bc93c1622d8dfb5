"""The report as text, Markdown, JUnit XML, JSON and HTML: complete, harmless, and of a bounded size."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from dbtasks.matrix.cells import Cell, ProofResult, TestResult
from dbtasks.matrix.document import document
from dbtasks.matrix.html import page
from dbtasks.matrix.junit import junit
from dbtasks.matrix.markdown import LIMIT, markdown
from dbtasks.matrix.report import Report, make_report
from dbtasks.matrix.summary import summary
from matrices import MADE, faulty_report, passing, passing_report, revisions, with_proof

NASTY = '</style><script>alert(1)</script> & "it\'s" `a` | *b* \x00\x1b[31m\u202e\udcff ]]> <!--'


def nasty_report() -> Report:
    """Return a report all of whose texts, whoever wrote them, are nasty."""
    cell = passing(17, 3)
    proofs = (
        ProofResult(
            proof=NASTY,
            code=NASTY,
            revision=NASTY,
            outcome="failed",
            message=NASTY,
            remedy=NASTY,
            details=(f"{NASTY}\n```\n{NASTY}",),
        ),
        ProofResult(proof=NASTY, outcome="excepted", message=NASTY),
        ProofResult(proof=NASTY, outcome="skipped", message=NASTY),
    )
    cell = replace(
        cell,
        reason=NASTY,
        version=NASTY,
        kind=NASTY,
        started=NASTY,
        history=tuple(replace(one, message=NASTY, path=NASTY) for one in cell.history),
        proofs=(*cell.proofs, *proofs),
        tests=(TestResult(name=NASTY, outcome="failed", message=NASTY),),
    )
    skipped = Cell(name=NASTY, postgres=16, outcome="skipped", reason=NASTY)
    return make_report([cell, skipped], title=NASTY, made=MADE)


class Tags(HTMLParser):
    """The tags of a page, in pairs; raises for one that is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("report", [faulty_report(), passing_report(), nasty_report()])
def test_the_page_is_whole_and_needs_nothing_from_elsewhere(report: Report) -> None:
    text = page(report)
    text.encode()
    found = Tags(text)
    assert not found.seen & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert not [one for one in found.attributes if one.startswith("on")]
    assert set(re.findall(r'(?:href|src)="([^"#][^"]*)"', text)) == {"data:,"}
    assert set(re.findall(r"https?://[^\"<\s]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in text
    assert "@import" not in text
    assert "\x00" not in text
    assert "\u202e" not in text


def test_the_page_of_300_revisions_stays_small() -> None:
    assert len(page(faulty_report(300)).encode()) < 500_000
    long = with_proof(
        passing(17), "rows", revisions(30)[0].revision, outcome="failed", message="m\n" * 10**6
    )
    text = page(make_report([long], title="shop", made=MADE))
    assert "\n... 1979999 more characters</pre>" in text
    assert len(text) < 100_000


def test_the_page_of_a_cell_alone() -> None:
    skipped = Cell(name="pg17", postgres=17, outcome="skipped", reason="no engine")
    text = page(make_report([skipped], title="shop", made=MADE))
    assert "every cell was skipped: no engine" in text
    assert "Nothing was compared: that takes two versions that came to head." in text
    assert "<table" not in text


def test_the_summary_for_a_terminal() -> None:
    text = summary(faulty_report())
    assert text.startswith(
        """\
shop: migrations failed
3 failed proofs, 1 failed test and 2 differences; ran on PostgreSQL 14, 15, 17
and 18, 16 skipped.

version  result   passed  failed  not reached  excepted  skipped  tests  seconds
14       failed       61       2            0         1        1    4/4     14.6
15       failed       41       2           20         1        1    4/4     14.4
16       skipped
17       failed       62       1            0         1        1    4/4     13.1
18       failed       62       1            0         1        1    3/4     14.1

PostgreSQL 14: not supported since 2026-11-12
PostgreSQL 16 skipped: no image postgres:16: pull access denied for postgres,
and no binaries of 16 are installed
PostgreSQL 15 was not compared with the others: it has no record of what
revision 5c0acb5c7427 changes
PostgreSQL 16 was not compared with the others: it is skipped
2 known exceptions excused, with reasons in the report

upgrade-failed: upgrade on PostgreSQL 15: revision 5c0acb5c7427 failed:
    extension "pg_search" is not available
    CREATE EXTENSION "pg_search"
    remedy: install the extension where PostgreSQL runs

"""
    )
    assert text.endswith(
        """
differs-across-versions: function public.stamp(): definition is one on
    PostgreSQL 14 and 17 and another on 18, since revision 34c32e44158b
    remedy: let revision 34c32e44158b spell out what the majors read
      differently, or accept it in proof_exceptions.toml with proof =
      "across-versions", revision = "34c32e44158b", object = 'function
      public.stamp()' and a reason
"""
    )


def test_the_summary_when_all_is_well() -> None:
    assert summary(passing_report()) == (
        """\
shop: migrations passed
Nothing found in 30 revisions on PostgreSQL 14, 15, 16, 17 and 18.

version  result  passed  failed  tests  seconds
14       passed      65       0    4/4     14.6
15       passed      65       0    4/4     14.4
16       passed      65       0    4/4     12.9
17       passed      65       0    4/4     13.1
18       passed      65       0    4/4     14.1

PostgreSQL 14: not supported since 2026-11-12
"""
    )


def test_the_summary_is_text_of_80_columns() -> None:
    for report in (faulty_report(), nasty_report(), many_failures(300)):
        text = summary(report)
        assert max(map(len, text.splitlines())) <= 80
        assert text.replace("\n", "").isprintable()
    assert "\nand 280 more, which the HTML report shows\n" in text


def many_failures(number: int, size: int = 1) -> Report:
    cell = passing(17, number)
    for one in cell.history:
        cell = with_proof(
            cell,
            "rows",
            one.revision,
            outcome="failed",
            code="data-loss",
            message=f"{one.revision} loses rows",
            details=("x" * size,),
        )
    return make_report([cell], title="shop", made=MADE)


def test_the_markdown_of_a_job_summary() -> None:
    text = markdown(faulty_report())
    assert text.startswith(
        "## ✗ shop: migrations failed\n\n"
        "3 failed proofs, 1 failed test and 2 differences; ran on PostgreSQL 14, 15, 17 and 18, 16 skipped.\n\n"
        "| PostgreSQL | result | proofs passed | proofs skipped | proofs excepted | proofs not reached"
        " | proofs failed | tests | tests failed | seconds | support |\n"
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --- |\n"
        "| 14 | ✗ failed | 61 | 1 | 1 |  | 2 | 4 |  | 14.6 | ⚠ not supported since 2026-11-12 |\n"
    )
    assert (
        "**stairway** `7b3811e20b8f` on PostgreSQL 14, 15, 17 and 18 (`left-over`)\n\n"
        "going down from 7b3811e20b8f leaves enum public.shipment\\_state behind\n\n"
        'Remedy: add op.execute("DROP TYPE public.shipment\\_state") to the downgrade of 7b3811e20b8f\n\n'
        '```text\n+ enum public.shipment_state (planned, sent, <lost> & "found")\n```\n'
    ) in text
    assert (
        "### Revisions that failed\n\n"
        "| revision | 14 | 15 | 16 | 17 | 18 |\n"
        "| --- | --: | --: | --: | --: | --: |\n"
        "| `7b3811e20b8f` create invoice | ✗ 0.08 | ✗ 0.02 |  | ✗ 0.01 | ✗ 0.03 |\n"
        "| `6dec81e74ef5` record who changed a payment | ✗ 0.01 | ✓ 0.09 |  | ✓ 0.03 | ✓ 0.08 |\n"
    ) in text
    assert re.findall("^### (.*)", text, re.MULTILINE) == [
        *("Failures", "Revisions that failed", "Differences across versions"),
        *("Known exceptions", "Slowest revisions"),
    ]


def test_the_markdown_of_texts_of_others() -> None:
    text = markdown(nasty_report())
    prose = re.sub(r"^(`{3,})text\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "<script>" not in prose
    assert "````text\n" in text
    tables = [line for line in prose.splitlines() if line.startswith("| 1")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {12}


@pytest.mark.parametrize(("number", "size"), [(100, 19_000), (300, 10)])
def test_the_markdown_is_what_github_takes(number: int, size: int) -> None:
    text = markdown(many_failures(number, size))
    assert len(text.encode()) <= LIMIT
    if number * size > LIMIT:
        assert text.endswith("_46 parts did not fit in here: see the HTML report._\n")
    assert "### Slowest revisions" in text
    assert len(markdown(many_failures(30), limit=700).encode()) <= 700


def test_the_junit_document() -> None:
    root = ElementTree.fromstring(junit(faulty_report()).encode())
    suites = {one.get("name"): one for one in root}
    assert list(suites) == ["pg14", "pg15", "pg16", "pg17", "pg18", "across-versions"]
    assert root.attrib == {
        "name": "shop",
        "tests": "280",
        "failures": "9",
        "errors": "0",
        "skipped": "30",
        "time": "45.145",
    }
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        counted = [len(cases)]
        counted += [len(list(element.iter(tag))) for tag in ("failure", "error", "skipped")]
        names = ("tests", "failures", "errors", "skipped")
        assert [int(element.get(one) or -1) for one in names] == counted
    assert suites["pg15"].get("timestamp") == "2026-11-25T09:15:00+00:00"
    (stairway,) = root.findall(
        "testsuite[@name='pg14']/testcase[@name='stairway[7b3811e20b8f]']/failure"
    )
    message = "going down from 7b3811e20b8f leaves enum public.shipment_state behind"
    assert stairway.attrib == {"type": "left-over", "message": message}
    assert stairway.text == (
        f'{message}\n+ enum public.shipment_state (planned, sent, <lost> & "found")\n'
        'add op.execute("DROP TYPE public.shipment_state") to the downgrade of 7b3811e20b8f'
    )
    assert [one.attrib for one in suites["pg16"].iter("skipped")] == [
        {
            "message": "no image postgres:16: pull access denied for postgres, and no binaries of 16 are installed"
        }
    ]
    assert [(one.get("name"), [two.tag for two in one]) for one in suites["across-versions"]] == [
        ("constraint public.payment.amount_is_positive definition", ["failure"]),
        ("extension pg_walinspect", ["skipped"]),
        ("function public.stamp() definition", ["failure"]),
    ]


def test_the_junit_document_of_problems() -> None:
    stopped = replace(passing(16), outcome="unfinished")
    report = make_report([stopped, passing(17, 29)], title="shop", made=MADE, expected=[16, 17, 18])
    root = ElementTree.fromstring(junit(report).encode())
    errors = {
        case.get("classname"): case.get("name")
        for case in root.iter("testcase")
        if case.find("error") is not None
    }
    assert errors == {
        "pg16": "cell-unfinished",
        "pg18": "cell-missing",
        "matrix": "different-histories",
    }
    assert root.get("errors") == "3"


def test_the_junit_document_of_texts_of_others() -> None:
    root = ElementTree.fromstring(junit(nasty_report()).encode())
    assert root.get("failures") == "2"


def test_the_document_for_machines() -> None:
    found = json.loads(json.dumps(document(faulty_report()), allow_nan=False))
    assert (found["format"], found["version"]) == ("dbtasks-report", 1)
    assert (found["title"], found["verdict"], found["exit_code"]) == ("shop", "failed", 1)
    assert found["made"] == "2026-11-25T09:30:00+00:00"
    assert [(one["name"], one["outcome"], one["totals"]["proofs"]) for one in found["cells"]][
        1:4
    ] == [
        (
            "pg15",
            "failed",
            {"passed": 41, "failed": 2, "excepted": 1, "skipped": 1, "not-reached": 20},
        ),
        ("pg16", "skipped", {}),
        ("pg17", "failed", {"passed": 62, "failed": 1, "excepted": 1, "skipped": 1}),
    ]
    assert [one["code"] for one in found["failures"]] == [
        *("upgrade-failed", "upgrade-failed", "left-over", "test-failed"),
    ]
    across = found["across_versions"]
    assert across["compared"] == ["14", "17", "18"]
    assert across["differences"][1] == {
        "code": "differs-across-versions",
        "object": "extension pg_walinspect",
        "property": "",
        "values": {"14": False, "17": True, "18": True},
        "revision": "1963658cda14",
        "parts": 0,
        "message": "extension pg_walinspect is there on PostgreSQL 17 and 18 and not on 14, since revision 1963658cda14",
        "remedy": "let revision 1963658cda14 spell out what the majors read differently, or accept it in"
        ' proof_exceptions.toml with proof = "across-versions", revision = "1963658cda14",'
        " object = 'extension pg_walinspect' and a reason",
        "accepted": "only used by a report that runs on 15 and later",
    }
    assert len(found["history"]) == 30
