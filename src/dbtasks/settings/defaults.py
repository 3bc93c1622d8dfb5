"""The defaults that depend on other settings, and on the project's folder."""

from __future__ import annotations

import re
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any

from dbtasks.settings import (
    EXTERNAL_DEFAULT,
    ON_EXTERNAL,
    Settings,
    digest,
    option_names,
    options,
)

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.url import DatabaseURL


def complete(
    root: Path, label: str | None, values: dict[str, Any], sources: dict[str, str]
) -> Settings:
    """Return the settings, with a default for what nobody set."""
    folder = re.sub(r"[^a-zA-Z0-9_.-]+", "-", root.name).strip("-._") or "project"
    base = re.sub(r"\W+", "_", folder, flags=re.ASCII).lower()[:40]
    defaults: dict[str, Any] = {
        "name": f"{folder[:40]}-{digest(str(root))}",
        "database": f"{base}_{label}"[:63] if label else base,
        "server_options": {},
        "env": {},
    }
    for item in options():
        if item.name not in values:
            sources[item.name] = "default"
            values[item.name] = defaults.get(
                item.name, None if item.default is MISSING else item.default
            )
    values["server_options"] = {"log_lock_waits": "on", **values["server_options"]}
    url: DatabaseURL | None = values["url"]
    if url is not None and not url.database:
        values["url"] = url = url.with_database(values["database"])
    if url is not None and sources["url"] != "default" and values["server"] in {"auto", "external"}:
        values["database"], sources["database"] = url.database, f"url ({sources['url']})"
        for name, value in ON_EXTERNAL.items():
            # Past a pooler that shares sessions (hence a lock_url) others would get what we set.
            if sources[name] == "default" and values["lock_url"] is None:
                values[name], sources[name] = value, EXTERNAL_DEFAULT
    return Settings(
        **values,
        root=root,
        label=label or "db",
        sources={name: sources[name] for name in option_names()},
    )
