"""Where the Docker engine is, told from the client's configuration as the client tells it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from conftest import missing
from dbtasks.servers import engine

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATIONS: dict[str, object] = {
    "none": None,
    "empty": {},
    "of credentials only": {"auths": {}},
    "default": {"currentContext": "default"},
    "another": {"currentContext": "far"},
    "malformed": "{",
    "a list": [],
}
ELSEWHERE = "far.example.org"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_context_is_the_one_that_the_client_uses(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client()
    configuration = CONFIGURATIONS[name]
    if configuration is not None:
        text = configuration if isinstance(configuration, str) else json.dumps(configuration)
        (folder / "config.json").write_text(text)
    is_default = engine._is_default_context()
    asked = subprocess.run(
        [client, "context", "show"], capture_output=True, text=True, env=dict(os.environ)
    )
    assert not is_default or asked.stdout.strip() == "default"
    assert is_default == (name in {"none", "empty", "of credentials only", "default"})
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert not engine._is_default_context()


@pytest.mark.parametrize("how", ["config.json", "DOCKER_CONTEXT", "DOCKER_HOST"])
def test_an_engine_elsewhere_is_seen(
    how: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client()
    assert engine.engine_host() == "127.0.0.1"
    address = f"tcp://{ELSEWHERE}:2376"
    made = ["context", "create", "far", "--docker", f"host={address}"]
    subprocess.run([client, *made], check=True, capture_output=True)
    if how == "config.json":
        subprocess.run([client, "context", "use", "far"], check=True, capture_output=True)
    else:
        monkeypatch.setenv(how, "far" if how == "DOCKER_CONTEXT" else address)
    assert engine.engine_host() == ELSEWHERE


def _client() -> str:
    client = shutil.which("docker")
    if client is None:
        missing("the docker client is not on PATH")
    return client or ""
