"""`invoke --list` with the collection against `invoke --list` with a tasks.py of one task."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from side_by_side import Side, compare

TASKS = {
    "bare Invoke": "from invoke import task\n@task\ndef build(c):\n    pass\n",
    "dbtasks": "from invoke import Collection\nimport dbtasks\n"
    "ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())\n",
}


def main() -> None:
    """Print the ratio."""
    with tempfile.TemporaryDirectory() as temporary:
        sides = {}
        for name, text in TASKS.items():
            folder = Path(temporary) / name.replace(" ", "")
            folder.mkdir()
            (folder / "tasks.py").write_text(text)
            argv = (sys.executable, "-m", "invoke", "--list")
            sides[name] = Side(name=name, argv=argv, folder=folder)
        compare("invoke --list", sides["dbtasks"], sides["bare Invoke"], target=1.2)


if __name__ == "__main__":
    main()
