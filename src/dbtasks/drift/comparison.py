"""What a comparison looks at: more than Alembic does by default, without a word in env.py."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from alembic.runtime.plugins import Plugin

from dbtasks.drift import definitions, enums, server_defaults

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

# In this order: what hangs on an enum is known when the constraints have been compared.
_OURS = {
    "dbtasks.drift.definitions": definitions,
    "dbtasks.drift.enums": enums,
    "dbtasks.drift.server_defaults": server_defaults,
}
_CHECKS = "alembic.ext.checkconstraint_byname"  # 1.20; 1.19 has it on by default
_DEFAULT = ("alembic.autogenerate.*",)

for _name, _module in _OURS.items():
    Plugin.setup_plugin_from_module(_module, _name)


def widen(context: MigrationContext) -> None:
    """Let Alembic compare CHECK constraints, expressions, server defaults and values of enums too.

    A plugin that env.py excludes (`~name` in `autogenerate_plugins`) stays excluded, and a function
    that env.py gives as `compare_server_default` stays.
    """
    plugins = [*(context.opts.get("autogenerate_plugins") or _DEFAULT)]
    wanted = [*_OURS, *([_CHECKS] if find_spec(_CHECKS) else [])]
    context.opts["autogenerate_plugins"] = [
        *plugins,
        *(name for name in wanted if name not in plugins),
    ]
    # configure() cannot tell an env.py that says nothing from one that says False.
    if context._user_compare_server_default is False:  # noqa: SLF001
        context._user_compare_server_default = True  # noqa: SLF001
