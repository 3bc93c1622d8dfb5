"""The runner of the benchmarks: what it judges, and that a side that fails has no figure."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.benchmark import BenchmarkError, Run, Side, megabytes, prints
from benchmarks.catalogue import BENCHMARKS, chosen
from benchmarks.results import Curve, Results, Row
from benchmarks.timing import alternate, looked_at

ROW = Row(
    name="heads-warm",
    what="db.heads, 5,000 revisions, warm",
    peer="alembic heads",
    target=0.2,
    date="2026-11-25T05:00+00:00",
    ours=[0.2, 0.18, 0.21],
    peers=[1.0, 1.2, 1.0],
)
CURVE = Curve(
    name="db.heads",
    of="revisions",
    unit="s",
    date="2026-11-25T05:00+00:00",
    sizes=[10.0, 100.0, 1000.0],
    figures=[0.1, 0.1, 0.4],
)
RESULTS = Results(
    date="2026-11-25T05:00+00:00",
    machine={"processors": 2, "processor": "AMD EPYC", "load": 0.1, "load_after": 0.9},
    versions={"Python": "3.11.7", "PostgreSQL": "18.6"},
    rows=[ROW, replace(ROW, name="stairway", ours=[], peers=[], state="left out: no pip")],
    curves=[CURVE],
)


def test_a_ratio_is_of_two_runs_made_together() -> None:
    assert ROW.ratios == pytest.approx([0.15, 0.2, 0.21])
    assert ROW.ratio == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("target", "verdict"), [(0.2, "met"), (0.21, "met"), (0.19, "missed")], ids=str
)
def test_a_target_is_met_by_the_median(target: float, verdict: str) -> None:
    assert replace(ROW, target=target).verdict == verdict


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ([0.2, 0.18, 0.21], "same"),
        ([0.1, 0.12, 0.11], "better"),
        ([0.3, 0.36, 0.31], "worse"),
        ([0.208, 0.25, 0.209], "same"),  # less than 5 % more
        ([0.1, 0.28, 0.29], "same"),  # the last median lies in its range
    ],
    ids=str,
)
def test_a_difference_has_to_stand_out_of_the_noise(ours: list[float], said: str) -> None:
    assert replace(ROW, ours=ours).against(ROW) == said


def test_without_a_last_result_all_is_new() -> None:
    assert ROW.against(None) == "new"


def test_growth_is_judged_by_the_steeper_slope() -> None:
    assert CURVE.exponent == pytest.approx(0.301, abs=0.001)
    assert CURVE.last_exponent == pytest.approx(0.602, abs=0.001)
    assert CURVE.verdict == "at most linear"
    steep = replace(CURVE, figures=[0.1, 0.1, 1.6])
    assert steep.verdict == "worse than linear"
    assert table.growth_verdict([CURVE, steep]) == "grows worse than linearly: db.heads"
    assert table.growth_verdict([CURVE]) == "nothing grows worse than linearly (1 curves)"


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    RESULTS.write(tmp_path / "last.json")
    assert Results.read(tmp_path / "last.json") == RESULTS
    assert Results.read(tmp_path / "none.json") is None


def test_what_was_not_measured_this_time_stays() -> None:
    measured = replace(ROW, name="stairway")
    now = replace(RESULTS, rows=[RESULTS.rows[1]], curves=[])
    merged = now.merged_into(replace(RESULTS, rows=[measured, ROW]))
    assert merged.in_order(["heads-warm", "stairway"]).rows == [ROW, measured]
    assert merged.curves == [CURVE]


def test_the_table_has_80_columns() -> None:
    assert table.render(RESULTS, RESULTS) == (
        "ratio                               median   min   max target\n"
        "db.heads, 5,000 revisions, warm       0.20  0.15  0.21   0.20 met     same\n"
        "    0.200 s against 1.00 s: alembic heads\n"
        "db.heads, 5,000 revisions, warm     left out\n"
        "    no pip\n"
        "\n"
        "growth                               slope   last      least      most\n"
        "db.heads                              0.30   0.60    0.100 s   0.400 s\n"
        "\n"
        "2026-11-25T05:00+00:00, 2 processors (AMD EPYC), load 0.1 before, 0.9 after\n"
        "Python 3.11.7, PostgreSQL 18.6\n"
        "compared with 2026-11-25T05:00+00:00, 2 processors (AMD EPYC)\n"
    )


def test_the_readme_gets_the_table_between_its_markers() -> None:
    readme = "before\n<!-- benchmarks -->\nold\n<!-- end of benchmarks -->\nafter\n"
    assert table.into_readme(readme, RESULTS) == (
        "before\n<!-- benchmarks -->\n"
        "| what | instead of | ratio (min to max) | at most | |\n"
        "|---|---|---|---|---|\n"
        "| db.heads, 5,000 revisions, warm | alembic heads | 0.20 (0.15 to 0.21) | 0.2 | met |\n"
        "| db.heads, 5,000 revisions, warm | alembic heads |  | 0.2 | left out |\n"
        "\n"
        "Measured 2026-11-25 on 2 processors with Python 3.11.7, PostgreSQL 18.6."
        " Growth with 10 to 5,000 revisions: nothing\ngrows worse than linearly (1 curves).\n"
        "<!-- end of benchmarks -->\nafter\n"
    )
    with pytest.raises(ValueError, match=r"README\.md needs one line <!-- benchmarks --> and"):
        table.into_readme("no markers", RESULTS)


def test_a_name_stands_for_one_benchmark_or_for_several() -> None:
    assert chosen([]) == [*BENCHMARKS]
    assert [one.name for one in chosen(["heads"])] == ["heads-warm", "heads-cold"]
    assert [one.name for one in chosen(["migrate"])] == ["migrate"]
    assert len({one.name for one in BENCHMARKS}) == len(BENCHMARKS)
    with pytest.raises(KeyError, match="head"):
        chosen(["head"])


DONE = prints("done")


def side(folder: Path, program: str, found: Callable[[Run], object] = DONE) -> Side:
    return Side(name="one", argv=(sys.executable, "-c", program), folder=folder, found=found)


def test_a_run_is_timed_and_weighed(tmp_path: Path) -> None:
    heavy = replace(side(tmp_path, "x = b'x' * 100 * 2**20; print('done')"), figure=megabytes)
    run, _ = looked_at(heavy)
    assert len(run.seconds) == 1
    assert heavy.figure(run) > 100
    assert run.output == "done\n"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("print('half'); raise SystemExit(3)", "one failed: half"),
        ("pass", "one: nothing printed"),
        ("print('other')", "one: ['done'] not printed, but: other\n"),
    ],
    ids=["exit code", "silent", "wrong"],
)
def test_a_side_that_fails_has_no_figure(tmp_path: Path, program: str, message: str) -> None:
    ended: list[Run] = []
    failing = replace(side(tmp_path, program), after=ended.append)
    with pytest.raises(BenchmarkError) as failure:
        looked_at(failing)
    assert str(failure.value) == message


def test_both_sides_have_to_come_to_the_same(tmp_path: Path) -> None:
    sides = [side(tmp_path, f"print({text!r})", lambda run: run.output) for text in ("a", "b")]
    with pytest.raises(BenchmarkError) as failure:
        alternate(*sides, rounds=1, warm_up="none", say=lambda *_: None)
    assert str(failure.value) == "the sides did not come to the same: a\n and b\n"


def test_the_sides_take_turns(tmp_path: Path) -> None:
    turns: list[str] = []

    def noted(name: str) -> Side:
        return replace(
            side(tmp_path, "print('done')"), name=name, before=lambda: turns.append(name)
        )

    ours, peers = alternate(noted("A"), noted("B"), rounds=2, warm_up="both", say=lambda *_: None)
    assert "".join(turns) == "ABABBA"
    assert len(ours) == len(peers) == 2
