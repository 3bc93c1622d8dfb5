"""What a project's env.py and revisions import, kept apart from other projects in one process.

`invoke db.migrate analytics.migrate` runs two projects in one process. Both may have a package
`app`, and both may put `.` on `sys.path`, which Python's import system remembers as the folder that
it was at first.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@dataclass
class _View:
    """The import path that a project adds, and the modules that it has imported."""

    path: list[str] = field(default_factory=list)
    modules: dict[str, ModuleType] = field(default_factory=dict)


_views: dict[Path, _View] = {}
_last: list[Path] = []


@contextlib.contextmanager
def imports_of(folder: Path) -> Iterator[None]:
    """Work in `folder`, with what this project imported before, and nothing of another project's.

    A project's modules stay imported until another project takes its turn.
    """
    view = _views.setdefault(folder, _View())
    if _last and _last[0] != folder:
        for name in _views[_last[0]].modules:
            sys.modules.pop(name, None)
        sys.modules.update(view.modules)
    _last[:] = [folder]
    path, known = sys.path[:], set(sys.modules)
    sys.path[:0] = [entry for entry in view.path if entry not in path]
    try:
        with contextlib.chdir(folder):
            try:
                yield
            finally:
                added = [str(Path(entry).absolute()) for entry in sys.path if entry not in path]
                view.path = list(dict.fromkeys(added))
    finally:
        sys.path[:] = path
        for entry in [one for one in sys.path_importer_cache if not os.path.isabs(one)]:  # noqa: PTH117
            del sys.path_importer_cache[entry]
        new = set(sys.modules) - known
        view.modules.update({name: sys.modules[name] for name in new if _is_below(name, folder)})


def files_of(folder: Path) -> list[Path]:
    """Return the files of the modules that this project has imported."""
    view = _views.get(folder, _View())
    files = (getattr(module, "__file__", None) for module in view.modules.values())
    return [Path(file) for file in files if file]


def files_below(folder: Path) -> list[Path]:
    """Return the files of the modules below a folder, but for installed ones, that are imported now."""
    files = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    paths = (Path(file).resolve() for file in files if file)
    top = folder.resolve()
    return [
        path for path in paths if path.is_relative_to(top) and "site-packages" not in path.parts
    ]


def _is_below(name: str, folder: Path) -> bool:
    """Tell whether a module is the project's own, and no installed package."""
    module = sys.modules[name]
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
    return any(
        place and Path(place).is_relative_to(folder) and "site-packages" not in Path(place).parts
        for place in places
    )
