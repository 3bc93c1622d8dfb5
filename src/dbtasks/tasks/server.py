"""The tasks that start, show and remove the server and its database."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from dbtasks.errors import ServerError, UsageError
from dbtasks.invoke_task import INTERRUPTED
from dbtasks.masking import masked
from dbtasks.tasks.declare import YES, exclusive, number, task

if TYPE_CHECKING:
    from dbtasks.wiring import Session

_DESTROYING = {
    "yes": YES,
    "yes_destroy": "the database's name, instead of --yes; a server of somebody else is left alone",
    "all_volumes": "every volume of the compose project",
}


@task(name="start")
def _start(session: Session) -> None:
    """Start the server and return when it truly answers."""
    session.database.server.start()
    session.show_status()


@task(name="stop")
def _stop(session: Session) -> None:
    """Stop the server and keep its data."""
    session.database.server.stop()
    session.show_status()


@task(name="status")
def _status(session: Session) -> None:
    """Show the server, its address, and what is applied and pending."""
    session.show_status()


@task(name="wait", help={"timeout": "seconds to wait; start_timeout when not given"})
def _wait(session: Session, timeout: str = "") -> None:
    """Wait until the running server answers."""
    url = session.database.wait(number(timeout, "--timeout") or session.settings.start_timeout)
    session.show(
        {"url": str(url)}, lambda: session.display.print(f"PostgreSQL answers at {url.place}")
    )


@task(name="logs", help={"follow": "go on printing new lines", "tail": "only the last N lines"})
def _logs(session: Session, follow: bool = False, tail: str = "") -> None:
    """Print the server's log."""
    if follow and session.json:
        raise exclusive("--follow", "--json")
    lines = session.database.server.logs(tail=number(tail, "--tail") or None, follow=follow)
    try:
        session.show_lines(masked(line) for line in lines)
    except KeyboardInterrupt:
        if not follow:
            raise
        raise Exit(code=INTERRUPTED) from None  # the way to end it: nothing to say


@task(name="psql", help={"command": "run this and exit"})
def _psql(session: Session, command: str = "") -> None:
    """Open psql on the database."""
    if session.json:
        raise UsageError("psql prints no JSON", remedy="leave --json out")
    argv, variables = session.database.server.psql()
    session.close()
    argv += ["--command", command] if command else []
    done = subprocess.run(argv, env={**os.environ, **variables}, check=False)
    if done.returncode:
        raise Exit(code=ServerError.exit_code)


@task(name="url", help={"sqlalchemy": "as SQLAlchemy wants it, with the driver"})
def _url(session: Session, sqlalchemy: bool = False) -> None:
    """Print the database's URL, password included: the one task that shows it."""
    url = session.database.server.address()
    text = url.sqlalchemy() if sqlalchemy else url.libpq()
    session.warn_of_password(url)
    session.show({"url": text}, lambda: print(text))  # noqa: T201


@task(name="config")
def _config(session: Session) -> None:
    """Show every setting and where it came from."""
    session.show_settings()


@task(name="doctor", help={"fix": "mend what is safe to mend, and say what was done"})
def _doctor(session: Session, fix: bool = False) -> None:
    """Find what killed runs left, half states, and what does not fit together."""
    code = session.show_diagnosis(fix=fix)
    if code:
        raise Exit(code=code)


@task(name="init")
def _init(session: Session) -> None:
    """Start the server, create the database, and migrate it to head."""
    session.show_outcome(session.database.init())


@task(
    name="recreate",
    aliases=("volume-recreate",),
    help={
        **_DESTROYING,
        "replay": "run the revisions, whatever recreate_from_template says",
    },
)
def _recreate(
    session: Session,
    yes: bool = False,
    yes_destroy: str = "",
    all_volumes: bool = False,
    replay: bool = False,
) -> None:
    """Destroy the database's server with its data, then init."""
    session.confirm_destruction(yes, yes_destroy, all_volumes=all_volumes)
    session.show_outcome(session.database.recreate(all_volumes=all_volumes, replay=replay))


@task(name="destroy", help=_DESTROYING)
def _destroy(
    session: Session, yes: bool = False, yes_destroy: str = "", all_volumes: bool = False
) -> None:
    """Remove the server and its data."""
    session.confirm_destruction(yes, yes_destroy, all_volumes=all_volumes)
    session.database.destroy(all_volumes=all_volumes)
    session.show_status()
