"""`invoke db.heads` against `alembic heads` on a history of 5,000 revisions, warm and without cache."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from side_by_side import Side, compare

from histories import write_history

REVISIONS = 5000
TASKS = "from invoke import Collection\nimport dbtasks\nns = Collection(db=dbtasks.collection())\n"


def main() -> None:
    """Print both ratios."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        write_history(root, REVISIONS)
        (root / "tasks.py").write_text(TASKS)
        peer = Side(
            name="alembic heads", argv=(sys.executable, "-m", "alembic", "heads"), folder=root
        )
        heads = (sys.executable, "-m", "invoke", "db.heads")
        cold = ("sh", "-c", 'rm -rf .dbtasks && exec "$@"', "sh", *heads)
        warm = Side(name="invoke db.heads, warm cache", argv=heads, folder=root)
        compare(f"heads of {REVISIONS} revisions", warm, peer, target=0.2)
        without = Side(name="invoke db.heads, no cache", argv=cold, folder=root)
        compare(f"heads of {REVISIONS} revisions", without, peer, target=0.6)


if __name__ == "__main__":
    main()
