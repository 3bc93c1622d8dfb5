import os
import secrets
from pathlib import Path

import nox

import dbtasks.nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "tests"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests; DBTASKS_TEST_REQUIRE_ALL=1 lets a missing Docker engine fail."""
    session.install("-e", ".[embedded,test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(name="tests-sqlalchemy-2.0", python="3.11")
def tests_sqlalchemy_20(session: nox.Session) -> None:
    """Run the tests on SQLAlchemy 2.0, whose default driver is another one."""
    session.install("-e", ".[embedded,test]", "sqlalchemy[asyncio]==2.0.*")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, and that imports point downwards."""
    session.install("-e", ".[test]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")


# The reference project in migrations/, as a consumer's noxfile would have it. Our pytest configuration wants
# pytest-xdist; the cells use the cores already.
PROJECT = ["-e", ".[embedded,test]"]
ALONE = {"PYTEST_ADDOPTS": "--numprocesses=0"}

# Tests that have a long form, which DBTASKS_TORTURE=1 asks for.
TORTURE = ["tests/torture", *map(str, sorted(Path("tests").glob("*/test_fuzz*.py")))]

dbtasks.nox.heads()
dbtasks.nox.check(install=PROJECT, env=ALONE)
dbtasks.nox.migrations(install=PROJECT, env=ALONE, tags=["matrix"])
dbtasks.nox.report()


@nox.session(default=False)
def torture(session: nox.Session) -> None:
    """Run the long forms of the kill, concurrency and fuzz tests; the kills are told in a closing table.

    TORTURE_SEED repeats an earlier run's draws. TORTURE_KILLS (120) sets how many kills come at drawn
    moments. More come after every named step of each command, which takes an hour and more on two
    cores; TORTURE_STEPS=3 draws as many for each command.
    """
    session.install("-e", ".[embedded,test]")
    seed = os.environ.get("TORTURE_SEED") or str(secrets.randbelow(10**6))
    session.log(f"TORTURE_SEED={seed}")
    session.run(
        "python", "-m", "pytest", "--numprocesses=0", *(session.posargs or TORTURE),
        env={"DBTASKS_TORTURE": "1", "TORTURE_SEED": seed},
    )  # fmt: skip


@nox.session
def bench(session: nox.Session) -> None:
    """Print ratios against what a user would run instead; see benchmarks/README.md.

    Names and options follow --: `nox -s bench -- heads recreate`, `nox -s bench -- --list`.
    """
    session.install("-e", ".[bench]")
    session.run("python", "-m", "benchmarks", *session.posargs)
