"""What the proofs share: one walk over the history for all tests of a kind, and the judge of what is found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from dbtasks.errors import DbtasksError
from dbtasks.proof_exceptions import IRREVERSIBLE
from dbtasks.proofs.judge import Judge
from dbtasks.proofs.rows import RowsWalk
from dbtasks.proofs.stairway import Stairway
from dbtasks.pytest_plugin import run_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from dbtasks.proofs.finding import Finding
    from dbtasks.pytest_plugin.run import Run
    from dbtasks.results import Step

_PROOFS = Path(__file__).with_name("test_migrations.py")


class Walk(Protocol):
    """A walk over the history that all tests of a kind share."""

    def go(self) -> None:
        """Walk as far as the revisions can be applied."""

    def reached(self, revision: str) -> bool:
        """Tell whether there is a result for a revision."""

    def stop(self, revision: str, found: Finding) -> None:
        """Keep what ended the walk as the result of a revision."""


class Proofs(pytest.Module):
    """The module of the proofs, collected whatever names the project has for its own tests."""

    def funcnamefilter(self, name: str) -> bool:
        """Tell whether a function is a proof."""
        return name.startswith("test_")


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> pytest.Module | None:
    """Collect the proofs without regard to the project's `python_functions`."""
    return Proofs.from_parent(parent, path=module_path) if module_path == _PROOFS else None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: Any
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Collect the proofs without regard to the project's `python_files`."""
    found = yield
    return [Proofs.from_parent(parent, path=file_path)] if file_path == _PROOFS else found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test for each revision, oldest first."""
    if "revision" not in metafunc.fixturenames:
        return
    run = run_of(metafunc.config)
    try:
        revisions = [one.revision for one in reversed(run.history.ordered())]
        _ = run.exceptions  # what is wrong in them is told once, here
    except DbtasksError as error:
        raise pytest.Collector.CollectError(f"{error.message}\nremedy: {error.remedy}") from None
    metafunc.parametrize("revision", revisions, ids=revisions)


@pytest.fixture
def judge(request: pytest.FixtureRequest, dbtasks_run: Run) -> Judge:
    """Says of a finding whether the promise counts as kept."""
    return Judge(request.node, dbtasks_run)


@pytest.fixture(scope="session")
def stairway(request: pytest.FixtureRequest, dbtasks_run: Run) -> Stairway:
    """The whole history, up, down and up again, as far as tests want it."""
    run = dbtasks_run
    wanted = _wanted(request, "test_stairway") - _irreversible(run)
    walk = Stairway(run.settings, run.throwaways, wanted, _progress(request, "stairway"))
    _walk(run, walk)
    return walk


@pytest.fixture(scope="session")
def rows_walk(request: pytest.FixtureRequest, dbtasks_run: Run) -> RowsWalk:
    """The whole history, up, with rows in every table."""
    walk = RowsWalk(dbtasks_run.settings, dbtasks_run.throwaways, _progress(request, "rows"))
    _walk(dbtasks_run, walk)
    return walk


def _walk(run: Run, walk: Walk) -> None:
    """Walk; what ends it early is what the first revision that was not reached, or else the last, fails with."""
    try:
        walk.go()
    except DbtasksError as error:
        revisions = [one.revision for one in reversed(run.history.ordered())]
        left = [one for one in revisions if not walk.reached(one)]
        walk.stop(left[0] if left else revisions[-1], Judge.explained(error, run))


def _wanted(request: pytest.FixtureRequest, test: str) -> set[Any]:
    """Return the revisions whose tests were selected."""
    return {
        item.callspec.params["revision"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == test
        and item.module.__name__ == "dbtasks.proofs.test_migrations"
    }


def _irreversible(run: Run) -> set[str | None]:
    major = run.settings.postgres
    return {
        one.revision
        for one in run.exceptions
        if one.code == IRREVERSIBLE and one.concerns("stairway", one.revision, major)
    }


def _progress(request: pytest.FixtureRequest, what: str) -> Callable[[Step], None]:
    """Return what tells on a terminal how far a walk is."""
    reporter: Any = request.config.pluginmanager.get_plugin("terminalreporter")
    capture: Any = request.config.pluginmanager.get_plugin("capturemanager")
    if reporter is None or capture is None or not reporter.isatty:
        return lambda _: None

    def show(step: Step) -> None:
        with capture.global_and_fixture_disabled():
            text = f"{what}: step {step.number} of {step.total}, {step.revision}"
            reporter.rewrite(text.ljust(76)[:76] if step.number < step.total else " " * 76)

    return show
