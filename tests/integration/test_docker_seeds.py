"""Development servers whose first start is taken from a seed."""

from __future__ import annotations

import secrets
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dbtasks import maintenance
from dbtasks.catalog import read
from dbtasks.errors import RefusedError, ServerError
from dbtasks.servers.docker import DockerServer
from dbtasks.servers.throwaway import docker as throwaway
from dbtasks.servers.throwaway.image import DockerImage
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dbtasks.servers.throwaway.seed import Seed
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_SERVER = """
SELECT array_agg(name || '=' || setting ORDER BY name) FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'wal_level', 'data_checksums', 'lc_collate',
               'server_encoding', 'TimeZone', 'password_encryption', 'max_wal_senders')
UNION ALL SELECT array_agg(type || address || auth_method ORDER BY rule_number) FROM pg_hba_file_rules
UNION ALL SELECT array_agg(datname || rolname || datcollate || encoding ORDER BY datname)
          FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba
"""


@pytest.fixture
def settings(
    tmp_path: Path, docker_image: str, docker_engine: None, make_settings: Callable[..., Settings]
) -> Iterator[Settings]:
    """Settings that nobody else has a seed for."""
    token = secrets.token_hex(4)
    settings = make_settings(
        tmp_path,
        image=docker_image,
        name=f"t{token}",
        user=f"u{token}",
        database="shop",
        server="docker",
    )
    yield settings
    with suppress(RefusedError):
        DockerServer(settings).destroy()
    seed = seed_of(settings)
    throwaway.discard(seed.name)
    (seed.cache / f"{seed.name}.used").unlink(missing_ok=True)


def seed_of(settings: Settings) -> Seed:
    seed = throwaway.seed_of(DockerImage.get(settings, lambda _: None), settings)
    assert seed is not None
    return seed


def recreate(settings: Settings, said: list[str] | None = None) -> DatabaseURL:
    server = DockerServer(settings, (said if said is not None else []).append)
    server.destroy()
    return server.start()


def is_seeded(settings: Settings) -> bool:
    form = '{{index .Config.Labels "dbtasks.seeded"}}'
    argv = ["docker", "container", "inspect", f"dbtasks-{settings.key}", "--format", form]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip() == "1"


def looks(url: DatabaseURL) -> object:
    with maintenance.connect(url) as connection:
        return connection.execute(_SERVER.encode()).fetchall(), read(
            lambda query: connection.execute(query.encode())
        )


def test_a_server_from_a_seed_is_like_one_of_initdb(settings: Settings) -> None:
    plain = DockerServer(settings).start()
    assert not is_seeded(settings)
    before = looks(plain)

    for _ in range(2):  # which makes the seed, and which has it
        url = recreate(settings)
        assert is_seeded(settings)
        assert looks(url) == before

    assert url.password not in {plain.password, seed_of(settings).password}
    for password in (seed_of(settings).password, plain.password):
        with (
            pytest.raises(ServerError) as raised,
            maintenance.connect(replace(url, password=password)),
        ):
            pass
        assert raised.value.code == "password"
    assert DockerServer(settings).start() == url


@pytest.mark.parametrize("how", ["cut", "hollow"])
def test_a_damaged_seed_is_not_believed(settings: Settings, how: str) -> None:
    recreate(settings)
    script = {
        "cut": "head -c 100000 data.tar > cut && mv cut data.tar",
        "hollow": "tar -xf data.tar ./PG_VERSION && tar -cf data.tar ./PG_VERSION",
    }[how]
    image = settings.image.format(version=settings.postgres)
    argv = ["docker", "run", "--rm", "--volume", f"{seed_of(settings).name}:/seed"]
    argv += ["--workdir", "/seed", "--entrypoint", "sh", image, "-c", script]
    subprocess.run(argv, check=True, capture_output=True)
    said: list[str] = []

    assert maintenance.exists(recreate(settings, said))
    found = any(line.startswith("what was kept of the image's first start") for line in said)
    assert found == (how == "hollow")


def test_killed_before_the_password_was_changed(settings: Settings) -> None:
    """What a killed command leaves: the mark, a volume that is filled, and somebody who still fills it."""
    recreate(settings)
    name, image = f"dbtasks-{settings.key}", settings.image.format(version=settings.postgres)
    labels = [f"--label=dbtasks.{key}={value}" for key, value in _labels(settings).items()]
    for argv in (
        ["volume", "create", *labels, f"{name}-unfinished"],
        [
            *f"run --detach --name {name}-filling --entrypoint sleep".split(),
            *labels,
            f"--volume={name}:/data",
            image,
            "600",
        ],
    ):
        subprocess.run(["docker", *argv], check=True, capture_output=True)
    said: list[str] = []

    url = DockerServer(settings, said.append).start()

    assert f"the first start of {name} was interrupted: beginning anew" in said
    assert not is_seeded(settings)
    assert maintenance.exists(url)
    argv = ["docker", "ps", "--all", "--quiet", "--filter", f"name={name}-filling"]
    assert subprocess.run(argv, check=True, capture_output=True).stdout == b""


def test_a_password_that_another_process_is_about_to_give_is_waited_for(
    settings: Settings,
) -> None:
    url = recreate(settings)
    name, user = f"dbtasks-{settings.key}", settings.user
    labels = [f"--label=dbtasks.{key}={value}" for key, value in _labels(settings).items()]
    mark = ["docker", "volume", "create", *labels, f"{name}-unfinished"]
    subprocess.run(mark, check=True, capture_output=True)
    server, refused = DockerServer(settings), ServerError("x", code="password")
    said: list[str] = []
    answers: list[DatabaseURL] = []
    other = DockerServer(settings, said.append)
    with maintenance.connect(url) as connection:
        connection.execute(f"ALTER ROLE {user} PASSWORD 'the seed''s'".encode())

        early = server.explain(refused)
        waiting = threading.Thread(target=lambda: answers.append(other.wait(60)))
        waiting.start()
        until(lambda: said, "the wait began")
        connection.execute(f"ALTER ROLE {user} PASSWORD '{url.password}'".encode())
        DockerServer(settings)._objects.mark_finished()
        waiting.join()

    assert early.message == (
        f"container {name} is at its first start and does not have its password yet"
    )
    assert said == [f"waiting for the docker server container {name}: {early.message}"]
    assert server.explain(refused).message == early.message  # it was given meanwhile
    assert answers == [url]


def _labels(settings: Settings) -> dict[str, str]:
    return {
        "key": settings.key,
        "project": settings.name,
        "database": settings.database,
        "postgres": str(settings.postgres),
        "user": settings.user,
    }
