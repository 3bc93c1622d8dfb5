"""What the doctor says of the halves of a docker server, and of a setup that did not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbtasks import maintenance
from dbtasks.doctor import docker_servers, standing

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSettings

NAME = "dbtasks-shop-shop-pg18"


@pytest.mark.parametrize(
    ("containers", "volumes", "found"),
    [
        ((NAME,), (NAME,), []),
        (
            (),
            (f"{NAME}-unfinished",),
            [
                (
                    "left-over-volume",
                    f"a command that was killed left volume {NAME}-unfinished, of a server that is not there",
                    f"docker volume rm {NAME}-unfinished",
                )
            ],
        ),
        (
            (NAME,),
            (NAME, f"{NAME}-unfinished"),
            [
                (
                    "first-start-interrupted",
                    f"the first start of {NAME} was interrupted before its server had answered",
                    "invoke db.start goes on or begins anew, invoke db.init makes the database, too",
                )
            ],
        ),
        (
            (NAME, f"{NAME}-before"),
            (NAME,),
            [
                (
                    "exchange-interrupted",
                    f"container {NAME} was being made anew, and {NAME}-before of before is still there",
                    "invoke db.start ends it",
                )
            ],
        ),
        (
            (),
            (NAME,),
            [
                (
                    "volume-without-container",
                    f"volume {NAME} has data, and no container runs on it",
                    "invoke db.start makes the container; invoke db.destroy removes the data",
                )
            ],
        ),
        (
            (NAME,),
            (),
            [
                (
                    "container-without-volume",
                    f"container {NAME} is there, and its volume is gone",
                    "invoke db.recreate begins anew",
                )
            ],
        ),
    ],
)
def test_halves_of_a_docker_server_are_told(
    containers: tuple[str, ...],
    volumes: tuple[str, ...],
    found: list[tuple[str, str, str]],
    tmp_path: Path,
    make_settings: MakeSettings,
) -> None:
    settings = make_settings(tmp_path, name="shop", database="shop", postgres=18)
    for is_worked_on in (False, True):
        server = docker_servers.Server(
            key="shop-shop-pg18",
            labels={"dbtasks.database": "shop", "dbtasks.postgres": "18"},
            containers=frozenset(containers),
            volumes=frozenset(volumes),
            is_worked_on=is_worked_on,
        )
        said = docker_servers.judge(server, settings)
        assert [(one.code, one.message, one.remedy) for one in said] == (
            [] if is_worked_on else found
        )


@pytest.mark.parametrize(
    ("comment", "tables", "owned", "found"),
    [
        (f"{maintenance.SETUP_MARK} now", (), True, []),
        (
            "",
            (),
            True,
            [
                (
                    "setup-not-run",
                    "shop was created, and setup_sql has not run in it",
                    "invoke db.init runs it",
                    False,
                )
            ],
        ),
        (
            "",
            ("public.a",),
            True,
            [
                (
                    "setup-not-run",
                    "setup_sql has not run in shop, which had tables before",
                    "invoke db.recreate runs it (the data is lost)",
                    True,
                )
            ],
        ),
        (
            f"{maintenance.SETUP_MARK} then",
            ("public.a",),
            False,
            [
                (
                    "setup-changed",
                    "setup_sql has changed since it ran in shop",
                    "make the database anew",
                    True,
                )
            ],
        ),
    ],
)
def test_a_setup_that_did_not_run_is_told(
    comment: str, tables: tuple[str, ...], owned: bool, found: list[tuple[str, str, str, bool]]
) -> None:
    facts = standing.Facts(
        database="shop",
        owned=owned,
        label="db",
        applied=("1",) if tables else (),
        tables=tables,
        comment=comment,
        mark=f"{maintenance.SETUP_MARK} now",
        indexes=(),
        holder=None,
    )
    said = standing.judge(facts)
    assert [(one.code, one.message, one.remedy, one.note) for one in said] == found
