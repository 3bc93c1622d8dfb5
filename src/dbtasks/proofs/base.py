"""The base branch's own files, so that a database can be brought to where that branch is."""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.alembic_config import config_files
from dbtasks.errors import DbtasksError, MigrationError
from dbtasks.git import find_repository
from dbtasks.git.process import run_git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class BaseFiles:
    """The project as the base branch has it; `settings` lead to a copy of its files."""

    name: str
    commit: str
    settings: Settings


@contextlib.contextmanager
def base_files(settings: Settings) -> Iterator[BaseFiles]:
    """Yield the project as the newest commit has it that this branch shares with its base branch.

    Raises:
        MigrationError: there is no git, no repository, no commit, the clone is shallow, or the base
            branch has no migrations.
        UsageError: there is no base branch.
    """
    repository = find_repository(settings.root)
    name, tip = repository.base(settings.base)
    commit = repository.merge_base(tip, repository.head()) or tip
    folder = repository.relative(settings.root) or "."
    if not repository.tree(commit, ["" if folder == "." else folder]):
        raise _without_migrations(name, commit)
    archive = run_git(repository.root, "archive", "--format=tar", commit, "--", folder)
    with tempfile.TemporaryDirectory(prefix="dbtasks-base-") as temporary:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            # Python 3.11.0 to 3.11.3 have no filters.
            tar.extraction_filter = _without_outside if hasattr(tarfile, "data_filter") else None
            tar.extractall(temporary)  # noqa: S202
        copy = replace(settings, root=(Path(temporary) / folder).resolve())
        try:
            config_files(copy)
        except DbtasksError as error:
            if error.code != "no-alembic":
                raise
            raise _without_migrations(name, commit) from None
        yield BaseFiles(name=name, commit=commit, settings=copy)


def _without_migrations(name: str, commit: str) -> MigrationError:
    return MigrationError(
        f"{name} ({commit[:8]}) has no migrations of this project yet",
        remedy="nothing is to be done",
        code="base-without-migrations",
    )


def _without_outside(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """Leave out what leads out of the folder, such as a symbolic link to an absolute path."""
    try:
        return tarfile.data_filter(member, path)
    except tarfile.FilterError:
        return None
