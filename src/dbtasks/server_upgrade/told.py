"""What an upgrade did, for people and machines; pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.server_upgrade import ServerUpgrade
    from dbtasks.server_upgrade.setting_line import SettingLine
    from dbtasks.server_upgrade.steps import MovedDatabase


def as_document(done: ServerUpgrade) -> Any:
    """Return the JSON document of an upgrade."""
    document = asdict(done)
    document["from"], document["to"] = document.pop("source"), document.pop("target")
    return document


def as_text(done: ServerUpgrade) -> str:
    """Return an upgrade in lines."""
    return "\n".join(_lines(done))


def _lines(done: ServerUpgrade) -> Iterator[str]:
    if done.databases:
        yield f"moved from PostgreSQL {done.source} to {done.version} in {done.seconds:.1f} s, in {done.where}"
    else:
        yield f"nothing to do: PostgreSQL {done.version} has what was moved from {done.source}, in {done.where}"
    yield from (_database(one) for one in done.databases)
    yield from (f"  accepted: {line}" for line in done.differences)
    if done.setting is not None:
        yield _setting(done.setting)
    if done.old is not None:
        yield f"the old data stay in {done.old}; {done.remove} removes them"


def _database(one: MovedDatabase) -> str:
    counted = [
        _count(one.tables, "table"),
        _count(one.rows, "row"),
        _count(one.sequences, "sequence"),
        *([_count(one.large_objects, "large object")] if one.large_objects else []),
    ]
    return f"  {one.name}: {', '.join(counted)} compared"


def _setting(setting: SettingLine) -> str:
    if setting.changed:
        return f"changed line {setting.line} of {setting.path} to {setting.text}"
    if setting.source == "default":
        return f"write {setting.text} below [tool.dbtasks] in pyproject.toml"
    return f"set {setting.text} where it is set now: {setting.source}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
