from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from dbtasks.servers.engine import engine_answers
from dbtasks.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def docker_image() -> str:
    return os.environ.get("DBTASKS_TEST_IMAGE", "postgres:{version}")


@pytest.fixture
def make_settings() -> Callable[..., Settings]:
    def make(root: Path, **values: Any) -> Settings:
        return load_settings(root=root, environ={}, flags=values)

    return make


@pytest.fixture(scope="session")
def docker_engine() -> None:
    if engine_answers():
        return
    if os.environ.get("DBTASKS_TEST_REQUIRE_ALL") == "1":
        pytest.fail("no Docker engine answers, and DBTASKS_TEST_REQUIRE_ALL=1 wants one")
    pytest.skip("no Docker engine answers")
