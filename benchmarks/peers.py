"""Environments for peers, apart from ours: pytest-alembic needs pytest 8, and their plugins are not to be in our pytest."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.benchmark import LeftOutError

# The same on both sides.
_SHARED = ("alembic", "SQLAlchemy", "psycopg", "psycopg-binary")


def peer_python(*requirements: str) -> str:
    """Return the interpreter of an environment with these packages, made once in build/.

    Raises:
        LeftOutError: pip cannot install them.
    """
    shared = [f"{name}=={importlib.metadata.version(name)}" for name in _SHARED]
    wanted = [*shared, *requirements]
    key = hashlib.sha256("\0".join((sys.version, *wanted)).encode()).hexdigest()[:12]
    folder = Path(__file__).resolve().parent.parent / "build" / f"bench-{key}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for argv in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", *wanted],
        ):
            done = subprocess.run(argv, capture_output=True, text=True)
            if done.returncode:
                why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise LeftOutError(f"{', '.join(requirements)}: {why}")
        (folder / "complete").touch()
    return str(python)


def peer_versions(python: str, *packages: str) -> str:
    """Return the versions of an environment's packages."""
    program = "import sys; from importlib.metadata import version as v; print(', '.join(f'{n} {v(n)}' for n in sys.argv[1:]))"
    done = subprocess.run(
        [python, "-c", program, *packages], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
