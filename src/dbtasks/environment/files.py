"""The revision files, read into Alembic's map of revisions; what is wrong with them is told."""

from __future__ import annotations

import configparser
import contextlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import CycleDetected, RevisionError, RevisionMap
from alembic.util import CommandError, to_tuple

from dbtasks.environment.errors import origin, reason, syntax_error
from dbtasks.errors import MigrationError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alembic.config import Config

_DUPLICATE = "is present more than once"


def read_scripts(config: Config) -> ScriptDirectory:
    """Return the folder of migrations that an Alembic configuration names.

    Raises:
        SettingsError: the configuration is malformed, or names no folder that exists.
    """
    remedy = f"correct {config.config_file_name or config.toml_file_name}"
    try:
        return ScriptDirectory.from_config(config)
    except CommandError as error:
        text = str(error).partition("  Please use")[0].rstrip(".")
        raise SettingsError(
            f"script_location in the Alembic configuration: {text}",
            remedy=remedy,
            code="no-scripts",
        ) from error
    except (configparser.Error, ValueError, TypeError, ImportError) as error:
        raise SettingsError(
            f"the Alembic configuration is malformed: {reason(error)}",
            remedy=remedy,
            code="alembic-config",
        ) from error


def reparented(script: ScriptDirectory, parents: Mapping[str, str]) -> None:
    """Let revisions follow others than their files say; the files stay as they are."""

    def scripts() -> Iterator[Script]:
        for one in script._load_revisions():  # noqa: SLF001
            if one.revision in parents:
                vars(one.module)["down_revision"] = parents[one.revision]
                yield Script(one.module, one.revision, one.path)
            else:
                yield one

    script.revision_map = RevisionMap(scripts)


def load(script: ScriptDirectory) -> None:
    """Read the revision files; they are programs, and run.

    Raises:
        MigrationError: a file is broken, or the files do not make up one history.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with _explained(script):
            script.get_heads()
    for warning in caught:
        if _DUPLICATE in str(warning.message):
            raise _duplicate(script)
        warnings.warn_explicit(
            warning.message, warning.category, warning.filename, warning.lineno, source=None
        )


@contextlib.contextmanager
def _explained(script: ScriptDirectory) -> Iterator[None]:
    try:
        yield
    except (SyntaxError, UnicodeDecodeError) as error:
        raise _broken(script, error) from error
    except CycleDetected as error:
        raise MigrationError(
            f"the history runs in a circle: {', '.join(error.revisions)}",
            remedy="correct down_revision or depends_on in one of their files",
            code="cycle",
        ) from error
    except (CommandError, RevisionError) as error:
        raise MigrationError(
            str(error), remedy="correct the revision file", code="broken-file"
        ) from error
    except (Exception, SystemExit) as error:  # a revision file is a program and may raise anything
        file = _file_of(script, error)
        missing = _missing_parent(script) if file is None and isinstance(error, KeyError) else None
        if missing is not None:
            raise missing from error
        raise MigrationError(
            f"{file or 'a revision file'} raised {type(error).__name__}: {reason(error)}",
            remedy="mend the file; what it imports is looked for in prepend_sys_path",
            code="broken-file",
            details=origin(error),
        ) from error


def _broken(script: ScriptDirectory, error: SyntaxError | UnicodeDecodeError) -> MigrationError:
    """Name the file that is no Python source; not every error of the parser does."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return syntax_error(error)
    for folder in _folders(script):
        for file in sorted(folder.rglob("*.py")):
            try:
                compile(file.read_bytes(), file, "exec")
            except (SyntaxError, ValueError) as found:
                return MigrationError(
                    f"{file} is no Python source: {reason(found)}",
                    remedy="mend the file (its text has to be UTF-8), then run this again",
                    code="broken-file",
                )
    return MigrationError(
        f"a revision file is no Python source: {reason(error)}",
        remedy="mend the file",
        code="broken-file",
    )


def _folders(script: ScriptDirectory) -> list[Path]:
    return [Path(folder).resolve() for folder in script._version_locations]  # noqa: SLF001


def _file_of(script: ScriptDirectory, error: BaseException) -> Path | None:
    """Return the revision file that was running, or lacks something."""
    file = getattr(getattr(error, "obj", None), "__file__", None)
    found = Path(file) if file else None
    folders = _folders(script)
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.parent in folders:
            found = file
        trace = trace.tb_next
    return found


def _missing_parent(script: ScriptDirectory) -> MigrationError | None:
    scripts = _scripts(script)
    known = {name for one in scripts for name in (one.revision, *one.branch_labels)}
    for one in scripts:
        for verb, variable, parents in (
            ("follows", "down_revision", one.down_revision),
            ("depends on", "depends_on", one.dependencies),
        ):
            for parent in to_tuple(parents, default=()):
                if parent not in known:
                    return _missing(one, verb, parent, variable)
    return None


def _missing(script: Script, verb: str, parent: str, variable: str) -> MigrationError:
    return MigrationError(
        f"revision {script.revision} ({script.doc}) {verb} {parent}, which no revision file has",
        remedy=f"fetch the missing file from version control, or correct {variable}",
        code="missing-revision",
        details=[f"file: {script.path}"],
    )


def _duplicate(script: ScriptDirectory) -> MigrationError:
    files: dict[str, list[str]] = {}
    for one in _scripts(script):
        files.setdefault(one.revision, []).append(one.path)
    revision, paths = next((item for item in files.items() if len(item[1]) > 1), ("", []))
    return MigrationError(
        f"revision {revision} is in {len(paths)} files",
        remedy="delete the copy, or give it an id of its own",
        code="duplicate-revision",
        details=[f"file: {path}" for path in sorted(paths)],
    )


def _scripts(script: ScriptDirectory) -> list[Script]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(script._load_revisions())  # noqa: SLF001
