"""One cell of the matrix in its nox session: its command, and how each end of a run is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dbtasks.matrix.cells import Cell
from dbtasks.nox.verdict import Verdict, judge
from dbtasks.state import locked
from noxfiles import folder, nox, wait_for


def test_pytest_gets_proofs_tests_and_places_for_the_results(tmp_path: Path) -> None:
    noxfile = (
        "import dbtasks.nox\n"
        "dbtasks.nox.migrations([17], install=None, tests=['tests/db'], database='analytics',"
        " server='docker', env={'DBTASKS_RESULTS_DIR': 'out'})\n"
    )
    done = nox(folder(tmp_path, noxfile, {"pg17": ("passed", 0)}), "--", "-x")
    assert done.code == 0, done
    assert json.loads((tmp_path / "arguments-17").read_text()) == [
        "--db-server", "docker", "--dbtasks-database", "analytics",
        "--pyargs", "dbtasks.proofs", "tests/db", "--postgres", "17",
        "--dbtasks-result", "out/migrations/pg17/result.json",
        "--junit-xml", "out/migrations/pg17/junit.xml", "-x",
    ]  # fmt: skip
    assert (tmp_path / "out" / "migrations" / "pg17" / "result.json").is_file()


def test_no_end_of_a_cell_hides_behind_another(tmp_path: Path) -> None:
    ends = {
        "pg14": ("passed", 0), "pg15": ("failed", 1), "pg16": ("skipped", 0),
        "pg17": ("passed", 5), "pg18": ("missing", 0),
    }  # fmt: skip
    done = nox(folder(tmp_path, ends=ends), "-s", "migrations")
    assert done.code == 1
    summary = done.err[done.err.index("nox > Ran 5 sessions") :].splitlines()[1:]
    assert summary == [
        "nox > * migrations(pg14): success",
        "nox > * migrations(pg15): failed",
        "nox > * migrations(pg16): skipped (no server can be had)",
        "nox > * migrations(pg17): aborted",
        "nox > * migrations(pg18): aborted",
    ]
    assert "nox > the server died\nnox > Session migrations(pg15) failed." in done.out
    assert (
        "Session migrations(pg17) aborted: pytest ran no test on PostgreSQL 17;"
        " leave some over in what selects them (-k, -m, --deselect)." in done.out
    )
    assert (
        "Session migrations(pg18) aborted: the run on PostgreSQL 18 left no result in"
        " build/dbtasks/migrations/pg18/result.json (pytest ended with 0); read its output, run it again."
        in done.out
    )


def test_a_killed_run_and_a_damaged_result_are_told_in_one_line(tmp_path: Path) -> None:
    project = folder(tmp_path, ends={"pg14": ("killed", 0), "pg15": ("damaged", 0)})
    done = nox(project, "-j", "1", "-s", "migrations(pg14)", "migrations(pg15)")
    assert done.code == 1
    assert [line for line in done.err.splitlines() if "aborted: " in line] == [
        (
            "nox > Session migrations(pg14) aborted: the run on PostgreSQL 14 ended before it was finished"
            " (SIGKILL ended pytest); read its output, run it again."
        ),
        (
            "nox > Session migrations(pg15) aborted: the result build/dbtasks/migrations/pg15/result.json is"
            " damaged: Expecting property name enclosed in double quotes: line 1 column 2 (char 1);"
            " remove its folder and run that cell again."
        ),
    ]


def test_a_folder_for_results_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file\n")
    done = nox(folder(tmp_path, ends={"pg17": ("passed", 0)}), "-s", "migrations(pg17)")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "nox > Session migrations(pg17) aborted: the folder build/dbtasks/migrations/pg17 for results cannot"
        " be made: Not a directory; let the setting results_dir (DBTASKS_RESULTS_DIR) name a folder that you"
        " may write."
    )


def test_an_environment_without_dbtasks_is_named_as_the_reason(tmp_path: Path) -> None:
    done = nox(folder(tmp_path), "-s", "migrations(pg17)", PYTEST_ADDOPTS="-p no:dbtasks")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "nox > Session migrations(pg17) aborted: pytest did not take its arguments on PostgreSQL 17, as its"
        " output says; if it does not know --postgres, let install= put dbtasks into the session's environment."
    )


def test_an_earlier_result_says_nothing_about_a_run_that_left_none(tmp_path: Path) -> None:
    project = folder(tmp_path, ends={"pg17": ("passed", 0)})
    assert nox(project, "-s", "migrations(pg17)").code == 0
    done = nox(project, "-s", "migrations(pg17)", ENDS='{"17": ["missing", 0]}')
    assert done.code == 1
    assert not (tmp_path / "build" / "dbtasks" / "migrations" / "pg17" / "result.json").exists()


@pytest.mark.parametrize(
    ("arguments", "servers", "to_group"),
    [
        pytest.param(["-s", "migrations(pg17)"], 1, True, id="one cell, Ctrl-C in a terminal"),
        pytest.param(
            ["-s", "migrations"], 2, False, id="several cells, each in a group of its own"
        ),
    ],
)
def test_an_interrupt_leaves_time_to_remove_the_servers(
    tmp_path: Path, arguments: list[str], servers: int, to_group: bool
) -> None:
    project = folder(tmp_path, ends={f"pg{major}": ("interrupted", 0) for major in range(14, 19)})
    with subprocess.Popen(
        [sys.executable, "-m", "nox", *arguments],
        cwd=tmp_path,
        env=project.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        wait_for(lambda: len([*tmp_path.glob("server-*")]) == servers)
        (os.killpg if to_group else os.kill)(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    assert [*tmp_path.glob("server-*")] == []


def test_the_same_cell_twice_in_one_folder_waits_for_the_other(tmp_path: Path) -> None:
    project = folder(tmp_path, ends={"pg17": ("passed", 0)})
    results = tmp_path / "build" / "dbtasks" / "migrations"
    results.mkdir(parents=True)
    log = tmp_path / "log"
    with log.open("w") as file:
        with locked(results / "pg17.lock", name="the test", timeout=0):
            process = subprocess.Popen(
                [sys.executable, "-m", "nox", "-s", "migrations(pg17)"],
                cwd=tmp_path, env=project.environ, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
            waiting = "nox > waiting for another run: it works on migrations(pg17) in this folder\n"
            wait_for(lambda: waiting in log.read_text())
            assert not (results / "pg17" / "result.json").exists()
        assert process.wait(60) == 0
    assert (results / "pg17" / "result.json").exists()


@pytest.mark.parametrize(
    ("code", "outcome", "verdict"),
    [
        (0, "passed", Verdict(outcome="passed")),
        (1, "failed", Verdict(outcome="failed", reason="why")),
        (2, "passed", Verdict(outcome="failed")),
        (0, "skipped", Verdict(outcome="skipped", reason="why")),
        (1, "skipped", Verdict(outcome="failed", reason="why")),
        (0, "failed", Verdict(outcome="broken", reason="the run on PostgreSQL 17 failed: why")),
    ],
)
def test_the_verdict_on_a_finished_run(code: int, outcome: str, verdict: Verdict) -> None:
    cell = Cell(
        name="pg17", postgres=17, outcome=outcome, reason="" if outcome == "passed" else "why"
    )
    assert judge(code, cell, postgres=17, path="result.json") == verdict


def test_a_result_of_another_major_is_not_believed() -> None:
    cell = Cell(name="pg17", postgres=15, outcome="passed")
    assert judge(0, cell, postgres=17, path="result.json").reason == (
        "the result in result.json is of PostgreSQL 15 and not of 17; choose the session instead of"
        ' passing --postgres: nox -s "NAME(pg15)"'
    )
