"""One call of git: by argument list, with a limit, and with its errors told in our words."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from dbtasks.errors import MigrationError
from dbtasks.masking import environment_without_passwords

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TIMEOUT = 60.0
# A hook of git sets these for the repository that it runs in; ours is the one of the project's folder.
_OF_A_HOOK = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
_QUIET = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def run_git(folder: Path, *arguments: str, given: bytes = b"", ok: Sequence[int] = (0,)) -> bytes:
    """Run git in a folder; return what it printed.

    Raises:
        MigrationError: with code `no-git`, `no-repository`, or `git` when it exits with none of `ok`.
    """
    inherited = environment_without_passwords()
    environ = {name: value for name, value in inherited.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(
            ["git", "--no-pager", *arguments],  # noqa: S607  whichever git the user's PATH has
            cwd=folder,
            env={**environ, **_QUIET},
            input=given,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise MigrationError(
            "there is no program git in PATH, and the base branch is read with it",
            remedy="install git",
            code="no-git",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise MigrationError(
            f"git {arguments[0]} did not end within {_TIMEOUT:.0f} s",
            remedy=f"run git {arguments[0]} in {folder} to see why",
            code="git",
        ) from error
    if done.returncode not in ok:
        raise _failed(folder, arguments[0], done.stderr.decode(errors="replace").strip())
    return done.stdout


def _failed(folder: Path, command: str, said: str) -> MigrationError:
    first = said.partition("\n")[0].removeprefix("fatal: ")
    if "not a git repository" in said or "must be run in a work tree" in said:
        return MigrationError(
            f"{folder} is in no git repository, so there is no base branch to compare with",
            remedy="run this in a git clone of the project",
            code="no-repository",
        )
    if "dubious ownership" in said:
        return MigrationError(
            f"git refuses to read {folder}, which belongs to somebody else",
            remedy=f"git config --global --add safe.directory {folder}",
            code="git",
        )
    return MigrationError(
        f"git {command} failed: {first or 'no message'}",
        remedy=f"run git {command} in {folder} to see why; git fsck looks for damage",
        code="git",
    )
