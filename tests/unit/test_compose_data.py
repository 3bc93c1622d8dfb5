"""Where in a mount an image looks for its data."""

from __future__ import annotations

import pytest

from dbtasks.servers.compose_data import inside

PARENT, DATA = "/var/lib/postgresql", "/var/lib/postgresql/data"
SINCE_18 = f"{PARENT}/18/docker"


@pytest.mark.parametrize(
    ("pgdata", "target", "volumes", "found"),
    [
        (DATA, DATA, [DATA], "."),
        (f"{DATA}/pg", DATA, [DATA], "pg"),
        (SINCE_18, PARENT, [PARENT], "18/docker"),
        (DATA, PARENT, [DATA], None),  # hidden by the image's own volume
        (f"{PARENT}/mine", PARENT, [DATA], "mine"),
        (SINCE_18, DATA, [PARENT], None),
        ("/pg", DATA, [DATA], None),
        ("", DATA, [DATA], None),
    ],
)
def test_data_are_where_the_image_looks(
    pgdata: str, target: str, volumes: list[str], found: str | None
) -> None:
    assert inside(pgdata, target, volumes) == found
