"""The nox sessions: what they are called, what is refused, what they cost to load."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from consumers import PROJECTS, Project
from dbtasks.nox.jobs import side_by_side
from dbtasks.nox.plan import Plan
from noxfiles import folder, listed, nox, nox_environ

CHECKOUT = Path(__file__).parents[2]


def test_the_json_listing_is_a_matrix_for_ci(tmp_path: Path) -> None:
    assert listed(folder(tmp_path), "-s", "migrations") == [
        {
            "session": f"migrations(pg{major})",
            "name": "migrations",
            "description": "Prove the migrations on one PostgreSQL major.",
            "python": None,
            "tags": ["db", f"pg{major}"],
            "call_spec": {"postgres": major},
        }
        for major in (14, 15, 16, 17, 18)
    ]


def test_every_session_is_listed_and_selected(tmp_path: Path) -> None:
    names = [one["session"] for one in listed(folder(tmp_path))]
    assert names[5:] == ["check", "heads", "report", "lint"]


def test_the_majors_are_those_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dbtasks]\nversions = [18, 16]\n")
    project = folder(tmp_path)
    names = [one["session"] for one in listed(project, "-s", "migrations")]
    assert names == ["migrations(pg16)", "migrations(pg18)"]
    names = [one["session"] for one in listed(project, "-s", "migrations", DBTASKS_VERSIONS="17")]
    assert names == ["migrations(pg17)"]


def test_a_cell_on_several_pythons_has_the_python_in_its_name(tmp_path: Path) -> None:
    noxfile = "import dbtasks.nox\ndbtasks.nox.migrations([17], python=['3.12', '3.13'])\n"
    found = listed(folder(tmp_path, noxfile))
    plan = Plan(name="migrations", versions=(17,), pythons=("3.12", "3.13"))
    assert [one["session"] for one in found] == [cell.session for cell in plan.cells().values()]
    assert [one["python"] for one in found] == ["3.12", "3.13"]
    assert [*plan.cells()] == ["pg17-py3.12", "pg17-py3.13"]
    assert plan.cell(17, "3.13") == "pg17-py3.13"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("migrations(name='lint')\ndbtasks.nox.check(name='lint')",
         "error: there is a session lint already\nremedy: give one of them another name: name='lint'\n"),
        ("migrations([13, 17])",
         ("error: versions=[13, 17] of the sessions migrations wants one of the majors 14, 15, 16, 17, 18\n"
         "remedy: write versions=[17, 18], or leave it to the setting versions (DBTASKS_VERSIONS)\n")),
        ("migrations([])",
         ("error: versions=[] of the sessions migrations wants a list of PostgreSQL majors, such as [17, 18]\n"
         "remedy: write versions=[17, 18], or leave it to the setting versions (DBTASKS_VERSIONS)\n")),
        ("heads(name='../heads')",
         ("error: a session cannot be named '../heads'\n"
         "remedy: use letters, digits, '_', '.' and '-': folders are named after it\n")),
    ],
)  # fmt: skip
def test_a_mistake_in_the_noxfile_is_one_line(tmp_path: Path, call: str, message: str) -> None:
    done = nox(folder(tmp_path, f"import dbtasks.nox\ndbtasks.nox.{call}\n"), "--list")
    assert (done.code, done.out, done.err) == (2, "", message)


def test_a_setting_that_is_malformed_aborts_the_session_in_one_line(tmp_path: Path) -> None:
    noxfile = "import dbtasks.nox\ndbtasks.nox.migrations([17], install=None)\n"
    done = nox(folder(tmp_path, noxfile), DBTASKS_PORT="x")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert done.err.splitlines()[-1] == (
        "nox > Session migrations(pg17) aborted: port = 'x' from DBTASKS_PORT wants a whole number"
        " from 1 to 65535; port: port on 127.0.0.1."
    )


def test_several_cells_run_side_by_side_and_one_shows_its_output_at_once(tmp_path: Path) -> None:
    project = folder(tmp_path, ends={f"pg{major}": ("passed", 0) for major in range(14, 19)})
    many = nox(project, "-s", "migrations")
    assert many.code == 0, many
    assert many.out.count("Starting session migrations(") == 5
    one = nox(project, "-s", "migrations(pg17)")
    assert "Starting session" not in one.out
    assert "cell 17" in one.out
    assert "Starting session" not in nox(project, "-s", "migrations", "-j", "1").out
    other = nox(project, "-s", "lint")
    assert "parallel" not in other.err + other.out


@pytest.mark.parametrize(
    ("asked", "several"),
    [
        ("-s migrations", True),
        ("--sessions=migrations", True),
        ("-s migrations report", True),
        ("-s migrations-3.12", True),
        ("-t db", True),
        ("-s migrations(pg17) migrations(pg18)", True),
        ("-s migrations(pg17)", False),
        ("-s migrations(pg17) report", False),
        ("-s lint", False),
        ("", False),
        ("-s lint -- migrations", False),
    ],
)
def test_jobs_are_set_where_several_cells_are_asked_for(asked: str, several: bool) -> None:
    assert side_by_side(asked.split(), "migrations", ["db", "pg17"]) is several


@pytest.fixture
def repository(tmp_path: Path) -> Project:
    """A git repository on a branch of main, with the history of tests/projects/plain."""
    shutil.copytree(PROJECTS / "plain", tmp_path, dirs_exist_ok=True)
    project = folder(tmp_path)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "First")
    git(project, "checkout", "--quiet", "-b", "topic")
    return project


def git(project: Project, *arguments: str) -> None:
    name = ["-c", "user.name=dev", "-c", "user.email=dev@example.invalid"]
    done = project.run("git", *name, *arguments)
    assert done.code == 0, done


def add_revision(project: Project, revision: str) -> None:
    path = project.root / "migrations" / "versions" / f"{revision}_wish.py"
    text = f"revision = {revision!r}\ndown_revision = 'ed7760b0e974'\n"
    path.write_text(text + "def upgrade():\n    pass\ndef downgrade():\n    pass\n")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", revision)


def test_heads_pass_with_one_head_after_the_merge(repository: Project) -> None:
    add_revision(repository, "aaaa00000001")
    done = nox(repository, "-s", "heads")
    assert done.code == 0, done
    assert "nox > one head after merging into main: aaaa00000001\n" in done.err


def test_heads_fail_before_the_merge_gives_several(repository: Project) -> None:
    add_revision(repository, "aaaa00000001")
    git(repository, "checkout", "--quiet", "main")
    add_revision(repository, "bbbb00000002")
    git(repository, "checkout", "--quiet", "topic")
    done = nox(repository, "-s", "heads")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert done.err.splitlines()[-3:] == [
        "nox > on main: bbbb00000002",
        "nox > on this branch: aaaa00000001",
        (
            "nox > Session heads aborted: main with this branch merged would have 2 heads: bbbb00000002,"
            " aaaa00000001; git merge main, then invoke db.rebase re-parents this branch (or invoke"
            " db.merge-heads joins the heads)."
        ),
    ]


def test_the_workflow_of_this_project_runs_sessions_that_exist() -> None:
    text = (CHECKOUT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    named = [name for line in re.findall(r"nox .*-s ([\w -]+)", text) for name in line.split()]
    named += re.findall(r'"(tests-[\w.-]+)"', text)
    assert {"lint", "heads", "migrations", "report", "tests-3.11"} <= {*named}
    done = nox(Project(CHECKOUT, nox_environ()), "--list", "-s", *named)
    assert done.code == 0, done


HEAVY = (
    "alembic",
    "invoke",
    "psycopg",
    "pydantic",
    "pytest",
    "python_on_whales",
    "rich",
    "sqlalchemy",
)


def test_a_noxfile_loads_nothing_but_nox_and_the_standard_library(tmp_path: Path) -> None:
    """What is installed in site-packages and loaded with dbtasks.nox, but not with nox alone."""
    project = folder(tmp_path)
    program = f"""
import nox, sys
before = set(sys.modules)
import runpy; runpy.run_path("noxfile.py")
print(*(name for name in {HEAVY} if name in sys.modules))
print(*sorted(
    name for name in set(sys.modules) - before
    if "site-packages" in (getattr(sys.modules[name], "__file__", None) or "")
))
"""
    done = project.run(sys.executable, "-c", program)
    assert (done.code, done.out) == (0, "\n\n"), done
