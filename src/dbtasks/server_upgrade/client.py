"""PostgreSQL's client programs, run with a limit on nothing but patience: they tell how far they are."""

from __future__ import annotations

import subprocess
import time
from typing import IO, TYPE_CHECKING

from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbtasks.server_upgrade.move import Command

_TELL_EVERY = 1.0
_LINES = 8
_FULL = ("No space left on device", "no space left on device")


def run(
    command: Command,
    arguments: Sequence[str],
    *,
    doing: str,
    give: bytes | IO[bytes] | None = None,
    take: IO[bytes] | None = None,
    tell: Callable[[float], None] = lambda _: None,
    accept: Callable[[Sequence[str]], bool] = lambda _: False,
) -> bytes:
    """Run a program to its end and return what it printed; everything is bytes.

    `give` is its input: bytes, or a file from which it reads itself; `take` a file that it writes
    itself. `tell` is called every second with the seconds so far. A failure is accepted if `accept`
    says so of the lines on its standard error.

    Raises:
        ServerError: it failed; code `disk-full` if there is no room, else `upgrade`. `doing` says what
            could not be done.
    """
    data = give if isinstance(give, bytes) else None
    stdin: int | IO[bytes] = subprocess.DEVNULL
    if give is not None:
        stdin = subprocess.PIPE if isinstance(give, bytes) else give
    begun = time.monotonic()
    with subprocess.Popen(
        [*command.argv, *arguments],
        stdin=stdin,
        stdout=take or subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(command.environment),
        start_new_session=True,
    ) as process:
        try:
            while True:
                try:
                    out, err = process.communicate(data, timeout=_TELL_EVERY)
                    break
                except subprocess.TimeoutExpired:
                    tell(time.monotonic() - begun)
        except BaseException:
            process.kill()
            raise
    text = err.decode(errors="replace")
    if command.secret:
        text = text.replace(command.secret, "***")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if accept(lines) or (not process.returncode and not _errors(lines)):
        return out or b""
    raise _failed(doing, lines, process.returncode)


def _errors(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if "ERROR:" in line or "error:" in line]


def _failed(doing: str, lines: Sequence[str], code: int) -> ServerError:
    telling = (_errors(lines) or list(lines) or [f"exit code {code}"])[0]
    if any(text in line for line in lines for text in _FULL):
        return ServerError(
            f"{doing}: no space left on the disk",
            remedy="make room, then run this again; the old server is as it was",
            code="disk-full",
            details=lines[-_LINES:],
        )
    return ServerError(
        f"{doing}: {telling}",
        remedy="mend that on the old server, then run this again; it is as it was",
        code="upgrade",
        details=lines[-_LINES:] if len(lines) > 1 else (),
    )
