from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from python_on_whales.exceptions import DockerException

from dbtasks.errors import ServerError, SettingsError
from dbtasks.servers import docker_plan as plan
from dbtasks.servers import ports
from dbtasks.servers.container import PullProgress, refused_port
from dbtasks.servers.engine import redact, telling_line
from dbtasks.servers.other_majors import Data, stay
from dbtasks.settings import Settings, load_settings


def settings(**values: object) -> Settings:
    return load_settings(root=Path("/srv/shop"), environ={}, flags=values)


def image(**values: object) -> plan.Image:
    return plan.Image(
        **{"name": "postgres:17", "env": {}, "volumes": (), "command": (), **values}  # type: ignore[arg-type]
    )


def test_names_and_labels_carry_project_database_and_major() -> None:
    mine = settings(name="shop", database="orders", postgres=17)

    assert plan.Names.of(mine).container == "dbtasks-shop-orders-pg17"
    assert plan.Names.of(mine).volume == "dbtasks-shop-orders-pg17"
    labels = plan.container_labels(mine)
    assert (labels["dbtasks.project"], labels["dbtasks.database"], labels["dbtasks.postgres"]) == (
        "shop",
        "orders",
        "17",
    )


def test_a_container_of_another_project_or_of_nobody_is_not_ours() -> None:
    mine, other = settings(name="shop"), settings(name="other")

    assert plan.is_ours(plan.volume_labels(mine), mine)
    assert not plan.is_ours(plan.volume_labels(other), mine)
    assert not plan.is_ours({}, mine)


@pytest.mark.parametrize(
    ("major", "path"),
    [
        (14, "/var/lib/postgresql/data"),
        (17, "/var/lib/postgresql/data"),
        (18, "/var/lib/postgresql"),
        (19, "/var/lib/postgresql"),
    ],
)
def test_the_volume_is_where_the_official_image_keeps_its_data(major: int, path: str) -> None:
    assert plan.data_path(image(), major) == path


def test_an_image_that_declares_its_data_volume_is_believed() -> None:
    odd = image(env={"PGDATA": "/pg/17/data"}, volumes=("/pg", "/backup"))

    assert plan.data_path(odd, 17) == "/pg"


def test_server_options_follow_the_command_of_the_image() -> None:
    own = image(command=("postgres", "-c", "shared_preload_libraries=vectors"))

    assert plan.command(own, {"log_lock_waits": "on"}) == [
        "postgres",
        "-c",
        "shared_preload_libraries=vectors",
        "-c",
        "log_lock_waits=on",
    ]


def test_image_major() -> None:
    with pytest.raises(SettingsError) as caught:
        plan.check_major(image(env={"PG_MAJOR": "17"}), settings(postgres=18))

    assert caught.value.message == "image postgres:17 is PostgreSQL 17, and postgres = 18 is set"
    assert caught.value.code == "image-major"
    plan.check_major(image(env={}), settings(postgres=18))


def test_an_image_that_stays_behind_an_upgrade_is_what_has_to_be_changed() -> None:
    with pytest.raises(SettingsError) as caught:
        plan.check_major(
            image(env={"PG_MAJOR": "17"}), settings(postgres=18, image="postgres:17"), moving=True
        )

    assert caught.value.message == (
        "image postgres:17 (flag) is PostgreSQL 17, and the data are to be moved to 18"
    )
    assert caught.value.remedy == (
        "let image (DBTASKS_IMAGE) name one of PostgreSQL 18, or have {version} in its tag,"
        " then run this again; the old server stays on its own"
    )


def test_what_has_changed_is_named() -> None:
    before = plan.container_labels(settings(image="postgres:18"))
    now = settings(image="postgis:18", server_options={"work_mem": "64MB"})

    assert plan.changes(before, now, port=20001, wanted_port=20002) == [
        "the image is now postgis:18",
        "server_options have changed",
        "the port is now 20002",
    ]
    assert plan.changes(before, settings(image="postgres:18"), port=1, wanted_port=1) == []


def test_the_port_is_stable_and_moves_on_when_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = set[int]()
    monkeypatch.setattr(ports, "is_free", lambda port: port not in taken)
    key = "shop-orders-pg17"
    first = ports.find_free(key)

    assert 20000 <= first < 32000
    assert ports.find_free(key) == first
    assert ports.find_free("shop-orders-pg18") != first
    assert ports.find_free(key, avoid={first}) == first + 1
    assert ports.find_free(key, before=5433) == 5433
    assert ports.find_free(key, before=5433, avoid={5433}) == first
    taken |= {5433, first}
    assert ports.find_free(key, before=5433) == first + 1


def test_no_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: False)

    with pytest.raises(ServerError) as caught:
        ports.find_free("shop-orders-pg17")

    assert caught.value.code == "port-taken"
    assert caught.value.message == "no port from 20000 to 31999 is free on 127.0.0.1"
    assert caught.value.remedy == "set DBTASKS_PORT to a free one"


@pytest.mark.parametrize("server", ["docker", "local", "compose", "external"])
def test_server_options_that_dbtasks_sets_itself_are_refused(server: str) -> None:
    options = {"Listen-Addresses": "*", "data_directory": "/tmp", "work_mem": "4MB", "port": 5433}

    with pytest.raises(SettingsError) as caught:
        settings(server=server, server_options=options)

    assert caught.value.message == (
        "server_options from flag: dbtasks itself sets port, listen_addresses, data_directory"
    )
    assert caught.value.remedy == (
        "leave that out of server_options; the setting port (DBTASKS_PORT) chooses the port"
    )


@pytest.mark.parametrize(
    ("label", "values", "command"),
    [
        ("db", {}, "invoke db.destroy --postgres 18"),
        ("db", {"server": "local"}, "invoke db.destroy --postgres 18 --server local"),
        ("sales", {}, "invoke sales.destroy --postgres 18"),
    ],
)
def test_data_of_another_major_are_told_with_the_command_that_removes_them(
    label: str, values: dict[str, object], command: str
) -> None:
    named = replace(settings(**values), label=label)

    assert stay(named, 17, Data(major=18, where="volume v")) == (
        f"data of PostgreSQL 18 stay in volume v; {command} removes them"
    )


@pytest.mark.parametrize(
    "said",
    [
        "Bind for 127.0.0.1:5432 failed: port is already allocated",
        "failed to bind host port for 127.0.0.1:5432:172.17.0.2:5432/tcp: address already in use",
        "listen tcp4 0.0.0.0:5432: bind: address already in use",
        "Ports are not available: exposing port TCP 127.0.0.1:5432 -> 127.0.0.1:0: x",
        "failed to bind port [::]:5432/tcp: address already in use",
    ],
)
def test_the_port_that_docker_could_not_have(said: str) -> None:
    error = DockerException(["docker"], 1, stderr=f"Error response from daemon: {said}".encode())

    assert refused_port(error) == 5432
    assert refused_port(DockerException(["docker"], 1, stderr=b"dial 10.0.0.1:53: no")) is None


def test_pull_progress_counts_layers() -> None:
    progress = PullProgress("postgres:17")
    lines = [
        "17: Pulling from library/postgres",
        "aaaaaaaaaaaa: Already exists",
        "bbbbbbbbbbbb: Pulling fs layer",
        "cccccccccccc: Waiting",
        "bbbbbbbbbbbb: Verifying Checksum",
        "bbbbbbbbbbbb: Download complete",
        "bbbbbbbbbbbb: Pull complete",
        "bbbbbbbbbbbb: Pull complete",
        "Digest: sha256:0123456789ab",
    ]

    assert [said for said in map(progress.read, lines) if said] == [
        "pulling postgres:17: layer 1 of 1",
        "pulling postgres:17: layer 2 of 3",
    ]


def test_the_telling_line_is_dockers_own_without_passwords() -> None:
    assert (
        telling_line("Error response from daemon: no space\nError: failed to start containers: x")
        == "no space"
    )
    assert telling_line('time="now" level=warning msg="x"\nno such service: db\n') == (
        "no such service: db"
    )
    assert redact('invalid: "POSTGRES_PASSWORD=se$cret"') == 'invalid: "POSTGRES_PASSWORD=***'
    assert telling_line("") == "it did not say why"
