"""What is measured, and on what machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

_PACKAGES = ("dbtasks", "alembic", "SQLAlchemy", "psycopg", "invoke", "nox", "pytest", "pyperf")


def versions() -> dict[str, str]:
    """Return the versions of Python, of the packages of both sides, and of the Docker engine."""
    found = {"Python": platform.python_version()}
    found |= {name: importlib.metadata.version(name) for name in _PACKAGES}
    done = subprocess.run(
        ["sh", "-c", "docker version --format '{{.Server.Version}}'"],
        capture_output=True,
        text=True,
    )
    if not done.returncode:
        found["Docker engine"] = done.stdout.strip()
    return found


def machine() -> dict[str, object]:
    """Return the processors, and how busy they are: figures of a busy machine are worth little."""
    return {
        "system": platform.platform(terse=True),
        "processors": os.cpu_count(),
        "processor": _processor(),
        "load": load(),
    }


def load() -> float:
    """Return the mean number of processes that ran in the last minute."""
    return round(os.getloadavg()[0], 1)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
