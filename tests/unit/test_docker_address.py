"""Where a docker server was last: believed only of the server that is meant, and by its password."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from conftest import missing
from dbtasks.servers import docker_address
from dbtasks.state import State
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSettings

URL = DatabaseURL.parse("postgresql://postgres:secret@127.0.0.1:5433/shop")


@pytest.fixture
def given(tmp_path: Path, make_settings: MakeSettings) -> dict[str, Any]:
    """Settings whose server is remembered."""
    if shutil.which("docker") is None:
        missing("the docker client is not on PATH")
    values: dict[str, Any] = {"server": "docker", "name": "shop", "database": "shop"}
    settings = make_settings(tmp_path, **values)
    State(settings).keep_password(f"{settings.key}.docker", "secret")
    docker_address.remember(settings, URL, "42")
    return values


def test_it_is_the_address_with_the_password_of_the_state_folder(
    tmp_path: Path, make_settings: MakeSettings, given: dict[str, Any]
) -> None:
    found = docker_address.recall(make_settings(tmp_path, **given))
    assert found == docker_address.KnownAddress(url=URL, system="42")
    auto = {name: value for name, value in given.items() if name != "server"}
    assert docker_address.recall(make_settings(tmp_path, **auto)) == found
    assert (
        "secret" not in (tmp_path / ".dbtasks" / "shop-shop-pg18.docker.address.json").read_text()
    )


@pytest.mark.parametrize(
    "other",
    [
        {"server": "local"},
        {"server": "auto", "url": "postgresql://127.0.0.1:5433/shop"},
        {"server": "auto", "compose_service": "db"},
        {"port": 5434},
        {"postgres": 17},
        {"image": "postgres:18-alpine"},
        {"user": "somebody"},
        {"name": "other"},
        {"server_options": "work_mem=5MB"},
    ],
)
def test_it_is_of_no_other_settings(
    tmp_path: Path, make_settings: MakeSettings, given: dict[str, Any], other: dict[str, Any]
) -> None:
    assert docker_address.recall(make_settings(tmp_path, **{**given, **other})) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOCKER_HOST", "tcp://127.0.0.1:2375"),
        ("DOCKER_CONTEXT", "elsewhere"),
        ("DOCKER_CONFIG", "configured"),
        ("PATH", "/nowhere"),
    ],
)
def test_it_is_of_no_other_engine(
    tmp_path: Path,
    make_settings: MakeSettings,
    given: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
) -> None:
    (tmp_path / "configured").mkdir()
    (tmp_path / "configured" / "config.json").write_text('{"currentContext": "elsewhere"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    assert docker_address.recall(make_settings(tmp_path, **given)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"port": 5433, "system": "42"}',
        '{"port": "5433"}',
        "null",
        "[" * 99999,
    ],
    ids=lambda text: text[:9],
)
def test_what_is_damaged_is_not_believed(
    tmp_path: Path, make_settings: MakeSettings, given: dict[str, Any], text: str
) -> None:
    settings = make_settings(tmp_path, **given)
    path = tmp_path / ".dbtasks" / f"{settings.key}.docker.address.json"
    path.write_text(text)
    assert docker_address.recall(settings) is None


@pytest.mark.parametrize(("name", "value"), [("port", "5433"), ("system", 42), ("format", 0)])
def test_nor_what_is_of_another_kind(
    tmp_path: Path, make_settings: MakeSettings, given: dict[str, Any], name: str, value: object
) -> None:
    settings = make_settings(tmp_path, **given)
    path = tmp_path / ".dbtasks" / f"{settings.key}.docker.address.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    assert docker_address.recall(settings) is None


def test_without_the_password_it_is_nothing(
    tmp_path: Path, make_settings: MakeSettings, given: dict[str, Any]
) -> None:
    settings = make_settings(tmp_path, **given)
    State(settings).forget(f"{settings.key}.docker")
    assert docker_address.recall(settings) is None
