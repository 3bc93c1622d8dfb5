"""`db.check` with its template ready against `alembic check` on a database at head, on one server."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, Side, prints
from benchmarks.lab import Lab, alembic, call, development_server, invoke, point_to, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def check(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare a development server with the database at head; the template comes with the first run."""
    folder = lab.project("check", lab.revisions)
    with development_server(lab, folder, "check") as environ:
        call(folder, *invoke("db.init"), environ=environ)
        point_to(folder, url_of(folder, environ))
        yield (
            Side(
                name="invoke db.check",
                argv=invoke("db.check"),
                folder=folder,
                environ=environ,
                found=prints("the models and the migrations agree"),
                values=3,
            ),
            Side(
                name="alembic check",
                argv=alembic("check"),
                folder=folder,
                found=prints("No new upgrade operations detected."),
                values=3,
            ),
        )


BENCHMARKS = (
    Benchmark(
        name="check",
        what="db.check, 300 revisions, template warm",
        peer="alembic check, database at head",
        target=1.0,
        prepare=check,
    ),
)
