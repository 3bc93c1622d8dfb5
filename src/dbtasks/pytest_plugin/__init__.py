"""The pytest plugin: for every test a database of its own, at head, in milliseconds.

Nothing is imported or started until a fixture is used.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import sqlalchemy

    from dbtasks.pytest_plugin.run import Run
    from dbtasks.servers.throwaway import ThrowawayServer
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_PROOFS = "dbtasks.proofs.test_migrations"
_RUN: pytest.StashKey[Run] = pytest.StashKey()
_URLS: pytest.StashKey[list[DatabaseURL]] = pytest.StashKey()
RESULT: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("dbtasks", "databases of dbtasks")
    group.addoption(
        "--postgres", metavar="VERSION", help="PostgreSQL major of the throwaway server"
    )
    group.addoption("--db-server", metavar="KIND", help="kind of throwaway server: docker or local")
    group.addoption("--dbtasks-database", metavar="NAME", help="one of [tool.dbtasks.databases]")
    group.addoption(
        "--keep-db",
        action="store_true",
        help="keep the database of a failed test, print how to look at it",
    )
    group.addoption("--dbtasks-result", metavar="FILE", help="write what the proofs found as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Write down that a result is to come, if one is wanted."""
    if config.getoption("dbtasks_result") and not hasattr(config, "workerinput"):
        from dbtasks.pytest_plugin.recorder import Recorder

        with _told(pytest.UsageError):
            config.pluginmanager.register(Recorder(config, run_of(config)), "dbtasks-recorder")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the throwaway server."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the server that all share is written down."""
    node.workerinput["dbtasks_run"] = [run_of(node.config).shared_folder(), os.getpid()]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give the report what a proof found, and keep the databases of a failed test if that is wanted."""
    report = yield
    proof = _proof(item)
    if proof is not None:
        # An attribute goes along when a worker of pytest-xdist sends the report to the controller.
        report.dbtasks = proof  # type: ignore[attr-defined]
    if report.when == "call" and report.failed and item.config.getoption("keep_db"):
        run = run_of(item.config)
        for url in item.stash.get(_URLS, []) if run.may_keep else ():
            kept = run.keep(url, item.name)
            report.sections.append(("database kept by --keep-db", kept))
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how the server of kept databases is removed."""
    run = config.stash.get(_RUN, None)
    for line in run.left_behind() if run is not None else ():
        terminalreporter.write_line(line)


def run_of(config: pytest.Config) -> Run:
    """Return what the fixtures of one run of pytest share, made when first asked for."""
    if _RUN not in config.stash:
        from dbtasks.pytest_plugin.run import Run

        config.stash[_RUN] = Run(config)
    return config.stash[_RUN]


@pytest.fixture(scope="session")
def dbtasks_run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """What all other fixtures share, with the throwaway server started."""
    run = run_of(request.config)
    with _told():
        run.server()
    with run.connected():
        yield run


@pytest.fixture(scope="session")
def dbtasks_server(dbtasks_run: Run) -> ThrowawayServer:
    """A throwaway server for the whole run, shared by the workers of pytest-xdist."""
    return dbtasks_run.server()


@pytest.fixture(scope="session")
def dbtasks_settings(dbtasks_run: Run) -> Settings:
    """The project's settings, which lead to the throwaway server."""
    return dbtasks_run.settings


@pytest.fixture
def dbtasks_database(request: pytest.FixtureRequest, dbtasks_run: Run) -> Iterator[DatabaseURL]:
    """The address of a database at head of the test's own, cloned from a template."""
    run = dbtasks_run
    with _database(request, lambda: run.throwaways.clone(run.template)) as url:
        yield url


@pytest.fixture
def dbtasks_empty_database(
    request: pytest.FixtureRequest, dbtasks_run: Run
) -> Iterator[DatabaseURL]:
    """The address of a database with nothing in it."""
    with _database(request, dbtasks_run.throwaways.empty) as url:
        yield url


@pytest.fixture
def dbtasks_at_revision(
    request: pytest.FixtureRequest, dbtasks_run: Run
) -> Iterator[Callable[[str], DatabaseURL]]:
    """A function that returns the address of a new database, migrated to a revision."""
    run = dbtasks_run
    with contextlib.ExitStack() as stack:

        def at_revision(revision: str) -> DatabaseURL:
            return stack.enter_context(
                _database(request, lambda: run.throwaways.clone(run.template_at(revision)))
            )

        yield at_revision


@pytest.fixture
def dbtasks_url(dbtasks_run: Run, dbtasks_database: DatabaseURL) -> str:
    """The URL of `dbtasks_database` for SQLAlchemy, sync or async, with the setting `driver`."""
    return dbtasks_database.sqlalchemy(dbtasks_run.settings.driver or "psycopg")


@pytest.fixture
def dbtasks_engine(dbtasks_database: DatabaseURL) -> Iterator[sqlalchemy.Engine]:
    """A SQLAlchemy engine on `dbtasks_database`."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(dbtasks_database.sqlalchemy())
    yield engine
    engine.dispose()


def _proof(item: pytest.Item) -> dict[str, Any] | None:
    """Return which proof a test is, of which revision, and what it found; None of other tests."""
    if not isinstance(item, pytest.Function) or item.module.__name__ != _PROOFS:
        return None
    revision = item.callspec.params["revision"] if hasattr(item, "callspec") else None
    found: dict[str, Any] = {
        "proof": item.originalname.removeprefix("test_").replace("_", "-"),
        "revision": revision if isinstance(revision, str) else None,  # a history may have none
    }
    if RESULT in item.stash:
        result = item.stash[RESULT]
        found.update(result)
    return found


@contextlib.contextmanager
def _database(
    request: pytest.FixtureRequest,
    make: Callable[[], contextlib.AbstractContextManager[DatabaseURL]],
) -> Iterator[DatabaseURL]:
    with contextlib.ExitStack() as stack:
        with _told():
            url = stack.enter_context(make())
        request.node.stash.setdefault(_URLS, []).append(url)
        yield url


@contextlib.contextmanager
def _told(failure: type[Exception] | None = None) -> Iterator[None]:
    """Show an error of ours as its message and remedy; skip for what this machine cannot offer."""
    from dbtasks.errors import DbtasksError

    try:
        yield
    except DbtasksError as error:
        lines = [error.message, *(f"  {detail}" for detail in error.details)]
        text = "\n".join([*lines, f"remedy: {error.remedy}"] if error.remedy else lines)
        if failure is not None:
            raise failure(text) from None
        if error.code in {"engine", "image", "no-binaries"}:
            if os.environ.get("DBTASKS_REQUIRE_ALL") != "1":
                pytest.skip(error.message)
            text += "\nDBTASKS_REQUIRE_ALL=1 promises that it is there"
        raise pytest.fail.Exception(text, pytrace=False) from None
