"""Projects with a noxfile, run by the real nox."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from consumers import Done, Project, clean_environ

_TOOK = re.compile(r" \(took [^)]+\)|, took [^\n]+|(?<=successful) in [^\n]+(?=\.\n)")
NOXFILE = """\
import nox
import dbtasks.nox

dbtasks.nox.migrations(install=None, tags=["db"], jobs=2)
dbtasks.nox.check(install=None)
dbtasks.nox.heads("main")
dbtasks.nox.report()


@nox.session(venv_backend="none")
def lint(session):
    session.log("linted")
"""
# `python -m pytest` in a folder with a pytest.py runs that: an end of a run that needs no server.
PYTEST = """\
import json, os, signal, sys, time
from pathlib import Path
from dbtasks.matrix.cells import Cell, ProofResult, write_cell

given = dict(zip(sys.argv, sys.argv[1:]))
major, path = int(given["--postgres"]), Path(given["--dbtasks-result"])
outcome, code = json.loads(os.environ["ENDS"])[str(major)]
Path(f"arguments-{major}").write_text(json.dumps(sys.argv[1:]))


def write(outcome, reason=""):
    proof = ProofResult(proof="upgrade", outcome="passed")
    cell = Cell(name=path.parent.name, postgres=major, outcome=outcome, reason=reason, proofs=(proof,))
    write_cell(path, cell)


def stop(*_):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3)  # what removing a server takes
    Path(f"server-{major}").unlink()
    sys.exit(2)


if outcome == "killed":
    write("unfinished")
    os.kill(os.getpid(), signal.SIGKILL)
if outcome == "interrupted":
    write("unfinished")
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    Path(f"server-{major}").touch()
    time.sleep(60)
if outcome == "whole":
    from matrices import passing
    write_cell(path, passing(major))
elif outcome == "damaged":
    write("passed")
    path.write_text("{")
elif outcome != "missing":
    write(outcome, {"skipped": "no server can be had", "failed": "the server died"}.get(outcome, ""))
print("cell", major)
sys.exit(code)
"""


def nox_environ() -> dict[str, str]:
    """Return an environment that says nothing to nox."""
    environ = {name: value for name, value in clean_environ().items() if not name.startswith("NOX")}
    return {**environ, "NO_COLOR": "1", "PYTHONPATH": str(Path(__file__).parent)}


def folder(
    path: Path, noxfile: str = NOXFILE, ends: Mapping[str, tuple[str, int]] | None = None
) -> Project:
    """Return a project with a noxfile; its cells end as said, `{"pg17": ("passed", 0)}`."""
    (path / "noxfile.py").write_text(noxfile, encoding="utf-8")
    environ = nox_environ()
    if ends:
        (path / "pytest.py").write_text(PYTEST, encoding="utf-8")
        environ["ENDS"] = json.dumps({major.removeprefix("pg"): end for major, end in ends.items()})
    return Project(path, environ)


def nox(project: Project, *arguments: str, **environ: str) -> Done:
    """Run nox in the project, as a user would; how long a session took is left out of what it printed."""
    given = Project(project.root, {**project.environ, **environ})
    done = given.run(sys.executable, "-m", "nox", *arguments, timeout=900)
    return Done(done.code, _TOOK.sub("", done.out), _TOOK.sub("", done.err))


def listed(project: Project, *arguments: str, **environ: str) -> list[dict[str, Any]]:
    """Return what a CI gets to read."""
    done = nox(project, "--list", "--json", *arguments, **environ)
    assert done.code == 0, done
    sessions: list[dict[str, Any]] = json.loads(done.out)
    return sessions


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "nothing came of it"
        time.sleep(0.1)
