"""Drafts: folders that get their name when they are complete, so that a crash leaves none half done."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIX = ".draft-"
_ATTEMPTS = 5


@contextlib.contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """Yield a new 0700 folder beside `target`; rename it to `target` if the body succeeds, else remove it.

    The caller holds a lock on `target`. Drafts of killed processes are removed first.

    Raises:
        OSError: the folder cannot be made or renamed.
    """
    remove_drafts(target)
    draft = _draft(target)
    draft.mkdir(mode=0o700)
    try:
        yield draft
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def remove_drafts(target: Path) -> None:
    """Remove what killed processes left beside `target`."""
    if target.parent.is_dir():
        for path in target.parent.iterdir():
            if path.name.startswith(f"{target.name}{_SUFFIX}"):
                shutil.rmtree(path, ignore_errors=True)


def remove(target: Path) -> None:
    """Remove a folder; a kill half way leaves a draft, not a folder that looks complete.

    Raises:
        OSError: something in it cannot be removed.
    """
    draft = _draft(target)
    target.rename(draft)
    for _ in range(_ATTEMPTS):  # a dying server process may still add a file
        shutil.rmtree(draft, ignore_errors=True)
        if not draft.exists():
            return
    shutil.rmtree(draft)


def _draft(target: Path) -> Path:
    return target.with_name(f"{target.name}{_SUFFIX}{os.getpid()}")
