"""The docker client, called for one thing at a time.

Standard library only: python-on-whales costs as much to import as a throwaway server to start.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import IO, TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.masking import environment_without_passwords
from dbtasks.servers import engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE = 60.0


class DockerRefusedError(Exception):
    """Docker did not do what it was asked for; `output` says why."""

    def __init__(self, output: str) -> None:
        super().__init__(engine.telling_line(output))
        self.output = output


def docker(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    errors_too: bool = False,
    reads: IO[bytes] | None = None,
    writes: IO[bytes] | None = None,
    patience: float = PATIENCE,
) -> str:
    """Run the docker client and return what it prints, on its standard error too if wanted.

    `environment` is for `--env-file`; it goes through a pipe, so that no file and no command line
    shows a password. The client has a session of its own: Ctrl-C in a terminal reaches us alone.
    `reads` and `writes` are files in the place of its standard input and output.

    Raises:
        DockerRefusedError: the engine refused.
        ServerError: code `engine`; there is no client, no engine, or no answer in `patience` seconds.
    """
    client = shutil.which("docker")
    if client is None:
        raise engine.no_client()
    with contextlib.ExitStack() as stack:
        argv, files = [client, *arguments], []
        if environment is not None:
            files = [stack.enter_context(_pipe(environment))]
            argv[2:2] = ["--env-file", f"/dev/fd/{files[0]}"]
        try:
            done = subprocess.run(
                argv,
                stdin=reads or subprocess.DEVNULL,
                stdout=writes or subprocess.PIPE,
                stderr=subprocess.STDOUT if errors_too else subprocess.PIPE,
                check=False,
                env=environment_without_passwords(),
                timeout=patience,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                pass_fds=files,
            )
        except subprocess.TimeoutExpired:
            raise ServerError(
                f"the Docker engine did not answer docker {arguments[0]} in {patience:.0f} s",
                remedy="see what keeps it busy (docker ps, docker info)",
                code="engine",
            ) from None
    if done.returncode:
        output = done.stdout if errors_too else done.stderr
        raise engine.unreachable(output) or DockerRefusedError(output)
    return done.stdout or ""


@contextlib.contextmanager
def _pipe(environment: Mapping[str, str]) -> Iterator[int]:
    """Yield a file descriptor from which the variables can be read once."""
    text = "".join(f"{name}={value}\n" for name, value in environment.items())
    reading, writing = os.pipe()
    try:
        with open(writing, "w", encoding="utf-8") as pipe:  # noqa: PTH123
            pipe.write(text)
        yield reading
    finally:
        os.close(reading)
