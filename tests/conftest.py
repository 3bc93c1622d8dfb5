"""What every test shares: settings of a folder alone, copies of projects, a server."""

from __future__ import annotations

import os
import shutil
import uuid
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from consumers import Project, clean_environ, copy_of
from dbtasks import maintenance
from dbtasks.servers import engine
from dbtasks.servers.throwaway import throwaway_server
from dbtasks.settings import Settings, load_settings
from spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbtasks.url import DatabaseURL

IMAGE = os.environ.get("DBTASKS_TEST_IMAGE", "postgres:{version}")
REQUIRE_ALL = os.environ.get("DBTASKS_TEST_REQUIRE_ALL") == "1"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread | None:
    return Spread(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(clean_environ()):
        monkeypatch.delenv(name)


class MakeSettings(Protocol):
    def __call__(self, root: Path, **values: object) -> Settings: ...


@pytest.fixture(scope="session")
def make_settings() -> MakeSettings:
    """Settings of a folder, given as flags, with nothing from the environment."""

    def make(root: Path, **values: object) -> Settings:
        return load_settings(root=root, environ={}, flags=values)

    return make


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """A Docker engine; CI promises one."""
    if not engine.engine_answers():
        missing("no Docker engine answers")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A Chromium to render with; CI promises one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("no chromium is installed")
    return str(found)


@pytest.fixture(scope="session")
def docker_image() -> str:
    """The image setting that the docker tests use."""
    return IMAGE


def missing(reason: str) -> None:
    """Skip on a laptop, fail where every kind of server is promised."""
    if REQUIRE_ALL:
        pytest.fail(f"{reason}, and DBTASKS_TEST_REQUIRE_ALL=1 promises it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres(
    tmp_path_factory: pytest.TempPathFactory, make_settings: MakeSettings
) -> Iterator[DatabaseURL]:
    """A throwaway server for the whole session; the URL leads to its maintenance database."""
    root = tmp_path_factory.mktemp("server")
    with throwaway_server(make_settings(root), kind="local") as server:
        yield server.url


@pytest.fixture
def database(postgres: DatabaseURL) -> Iterator[DatabaseURL]:
    """The URL of a database of the test's own, which does not exist yet."""
    url = postgres.with_database(f"test_{uuid.uuid4().hex[:12]}")
    yield url
    maintenance.drop(url)


class CopyProject(Protocol):
    def __call__(self, name: str, url: DatabaseURL | None = None, **environ: str) -> Project: ...


@pytest.fixture
def copy_project(tmp_path: Path) -> CopyProject:
    """Copy one of tests/projects into a folder with a space in its name, and give it a tasks.py."""

    def copy(name: str, url: DatabaseURL | None = None, **environ: str) -> Project:
        return copy_of(name, tmp_path, url, **environ)

    return copy
