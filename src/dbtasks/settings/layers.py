"""The layers of settings: what each place gives, and the values that come of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dbtasks import toml_file
from dbtasks.errors import SettingsError
from dbtasks.settings import PREFIX, environment_name, option_names, options

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from dataclasses import Field
    from pathlib import Path

RESERVED = ("DBTASKS_TEST_", "DBTASKS_REQUIRE_ALL")
_LONGEST_SHOWN = 100
# What tells databases apart must not leak from the main one into the others.
_OF_ONE_DATABASE = frozenset({"url", "lock_url", "database", "setup_sql", "port"})


class Layer(NamedTuple):
    """The settings that one place gives, and the name of that place for messages."""

    name: str
    values: Mapping[str, object]


def strongest_last(
    root: Path,
    database: str | None,
    invoke: Mapping[str, object],
    environ: Mapping[str, str],
    flags: Mapping[str, object],
) -> list[Layer]:
    """Return what every place gives for one of several databases, or for the main one.

    Raises:
        SettingsError: a table is malformed, or a variable is unknown.
    """
    tables = (
        Layer("pyproject.toml [tool.dbtasks]", _read_pyproject(root)),
        Layer("Invoke's configuration (db)", invoke),
    )
    declared = {name for table in tables for name in _databases(table)} | (
        {database} if database else set()
    )
    return [
        *(layer for table in tables for layer in _split(table, database)),
        *_environment_layers(environ, database, declared),
        Layer("flag", flags),
    ]


def merge(layers: Iterable[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values that somebody set, read, and the name of the layer that each is from.

    Raises:
        SettingsError: a value is malformed, or a key is unknown.
    """
    known = {item.name: item for item in options()}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        for key, value in layer.values.items():
            if key not in known:
                raise _unknown(key, known, layer.name)
            if value is None:
                continue
            values[key] = _parse(known[key], value, layer.name)
            sources[key] = layer.name
    return values, sources


def _databases(layer: Layer) -> Mapping[str, Mapping[str, object]]:
    """Return the `databases` table of a layer, checked for its shape."""
    databases = layer.values.get("databases") or {}
    if not hasattr(databases, "items"):
        raise SettingsError(
            f"databases in {layer.name} is no table", remedy="write [tool.dbtasks.databases.NAME]"
        )
    for name, override in databases.items():
        if not isinstance(name, str):
            raise SettingsError(
                f"databases in {layer.name} has the name {name!r}, which is no text",
                remedy="put the name in quotes",
            )
        if not hasattr(override, "items"):
            raise SettingsError(
                f"databases.{name} in {layer.name} is no table of settings",
                remedy=f"write [tool.dbtasks.databases.{name}] and its settings below it",
            )
    return databases  # type: ignore[return-value]


def _split(layer: Layer, database: str | None) -> Iterable[Layer]:
    """Separate a layer's common settings from those of one of its databases."""
    common = {key: value for key, value in layer.values.items() if key != "databases"}
    if database is None:
        yield Layer(layer.name, common)
        return
    yield Layer(
        layer.name, {key: value for key, value in common.items() if key not in _OF_ONE_DATABASE}
    )
    if database in _databases(layer):
        yield Layer(f"{layer.name} databases.{database}", _databases(layer)[database])


def _environment_layers(
    environ: Mapping[str, str], database: str | None, declared: Iterable[str]
) -> Iterable[Layer]:
    """Read `DBTASKS_*` and `DATABASE_URL`; every further database has variables of its own."""
    names = option_names()
    common = {environment_name(name): name for name in names}
    own = {environment_name(name, database): name for name in names} if database else {}
    foreign = {environment_name(name, other) for name in names for other in declared}
    for variable in sorted(environ):
        reserved = variable.startswith(RESERVED)
        if not variable.startswith(PREFIX) or reserved or variable in {*common, *foreign}:
            continue
        raise _unknown(variable, [*common, *foreign], "the environment")
    if database is None and environ.get("DATABASE_URL"):
        yield Layer("DATABASE_URL", {"url": environ["DATABASE_URL"]})
    for variable, name in common.items():
        if environ.get(variable) and not (database and name in _OF_ONE_DATABASE):
            yield Layer(variable, {name: environ[variable]})
    for variable, name in own.items():
        if environ.get(variable):
            yield Layer(variable, {name: environ[variable]})


def _read_pyproject(root: Path) -> Mapping[str, object]:
    path = root / "pyproject.toml"
    try:
        document = toml_file.read(path)
    except FileNotFoundError:
        return {}
    except toml_file.UnreadableError as error:
        raise SettingsError(
            f"{path} {'is no valid TOML' if error.is_syntax else 'cannot be read'}: {error}",
            remedy="mend the line it names" if error.is_syntax else "mend the file",
        ) from error
    try:
        return toml_file.table(document, "tool", "dbtasks")
    except toml_file.UnreadableError as error:
        raise SettingsError(
            f"{path} cannot be used: {error}",
            remedy="write [tool.dbtasks] and the settings below it",
        ) from error


def _parse(option: Field[Any], value: object, layer: str) -> Any:
    try:
        return option.metadata["parse"](value)
    except ValueError as error:
        secret = option.name in {"url", "lock_url", "throwaway_url", "env"}
        shown = "" if secret else f" = {_written(value)}"
        raise SettingsError(
            f"{option.name}{shown} from {layer} {error}",
            remedy=f"{option.name}: {option.metadata['help']}",
        ) from None
    except SettingsError as error:
        raise SettingsError(
            f"{option.name} from {layer}: {error.message}", remedy=error.remedy, code=error.code
        ) from None


def _written(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        text = "a number"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _unknown(key: object, known: Collection[str], layer: str) -> SettingsError:
    import difflib

    near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known settings: {', '.join(known)}"
    return SettingsError(f"unknown setting {key} in {layer}", remedy=hint, code="unknown-setting")
