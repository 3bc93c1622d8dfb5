"""The README is run: its files are written, its commands executed, its tables compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from invoke.collection import Collection

import dbtasks
from consumers import PROJECTS, TASKS, clean_environ
from dbtasks.errors import CheckError, MigrationError, RefusedError, ServerError, UsageError
from dbtasks.proofs import test_migrations
from dbtasks.settings import environment_name, options

if TYPE_CHECKING:
    from collections.abc import Iterator

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- (file|append|run): (\w+) ?(\S*) -->\n```\w+\n(.*?)```", re.DOTALL)


def blocks(scenario: str) -> list[tuple[str, str, str]]:
    """Return the (what, file, text) of a scenario's blocks in order."""
    return [
        (what, file, text) for what, name, file, text in BLOCK.findall(TEXT) if name == scenario
    ]


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Path]:
    """A folder in which the README's commands run, on a local server that is removed afterwards."""
    yield tmp_path
    run_in(tmp_path, "invoke db.destroy --yes")
    if "analytics" in (tmp_path / "tasks.py").read_text(encoding="utf-8"):
        run_in(tmp_path, "invoke analytics.destroy --yes")


def run_in(folder: Path, script: str) -> str:
    """Run a script as bash does, stopping at the first command that fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**clean_environ(), "PATH": path, "DBTASKS_SERVER": "local", "NO_COLOR": "1"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def play(scenario: str, folder: Path) -> str:
    """Write the scenario's files, run its commands; return what they printed."""
    printed = ""
    for what, file, text in blocks(scenario):
        if what == "run":
            printed += run_in(folder, text)
        else:
            with (folder / file).open("a" if what == "append" else "w", encoding="utf-8") as target:
                target.write("\n" + text)
    assert printed
    return printed


def test_adopting_an_existing_repository(bash: Path) -> None:
    shutil.copytree(PROJECTS / "plain", bash, dirs_exist_ok=True)
    printed = play("adopt", bash)
    assert "the models and the migrations agree" in printed


def test_starting_a_new_repository(bash: Path) -> None:
    (bash / "tasks.py").write_text(TASKS, encoding="utf-8")
    printed = play("new", bash)
    assert "applied 1 revision" in printed
    assert "the models and the migrations agree" in printed


def test_several_databases_in_one_tasks_py(bash: Path) -> None:
    shutil.copytree(PROJECTS / "plain", bash, dirs_exist_ok=True)
    shutil.copytree(PROJECTS / "async_engine", bash / "analytics")
    printed = play("several", bash)
    assert printed.count("undid 1 revision") == 2
    assert printed.count("applied 1 revision") == 2


def test_a_database_for_every_test_and_the_proofs(tmp_path: Path) -> None:
    shutil.copytree(PROJECTS / "plain", tmp_path, dirs_exist_ok=True)
    printed = play("tests", tmp_path)
    assert "2 passed" in printed
    assert "10 passed, 1 skipped" in printed  # no git repository: nothing to compare with


def test_the_proofs_table_lists_every_proof() -> None:
    table = TEXT.partition("| proof | promise | codes |\n")[2].partition("\n\n")[0]
    tests = [name for name in vars(test_migrations) if name.startswith("test_")]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == [
        name.removeprefix("test_").replace("_", "-") for name in tests
    ]


def test_the_settings_table_lists_every_setting() -> None:
    rows = ["| setting | environment | default | |", "|---|---|---|---|"]
    for option in options():
        number = isinstance(option.default, float)
        value = f"{option.default:g}" if number else f"{option.default}"
        default = option.metadata["shown"] or f"`{value}`"
        rows.append(
            f"| `{option.name}` | `{environment_name(option.name)}` | {default} | {option.metadata['help']} |"
        )
    table = "\n".join(rows)
    assert f"<!-- settings -->\n{table}\n" in TEXT, (
        f"the README's settings table should be\n\n{table}"
    )


def test_the_exit_codes_are_those_of_the_errors() -> None:
    documented = dict(re.findall(r"^\| (\d+) \| (.+) \|$", TEXT, re.MULTILINE))
    assert documented == {
        "0": "done",
        str(CheckError.exit_code): "a check found something",
        str(UsageError.exit_code): "usage or settings",
        str(ServerError.exit_code): "server",
        str(MigrationError.exit_code): "migration failed",
        str(RefusedError.exit_code): "refused for safety",
        "130": "interrupted",
    }


def test_every_task_and_alias_that_the_readme_names_exists() -> None:
    ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())
    known = {name for task, aliases in ns.task_names.items() for name in (task, *aliases)}
    named = set(re.findall(r"(?<![\w./-])db\.[a-z]+(?:-[a-z]+)*", TEXT))
    assert named
    assert named <= known
    table = re.findall(
        r"^\| `[a-z-]+[^`]*` \| `invoke ([\w.-]+)[^`]*` \| (?:`([\w.-]+)`)? ?\|$",
        TEXT,
        re.MULTILINE,
    )
    assert len(table) == 13
    for task, alias in table:
        assert task in known
        assert not alias or alias in ns.task_names[task]


def test_the_two_commands_are_there_once_each() -> None:
    for name in ("run", "test"):
        assert len(re.findall(rf"<!-- command: {name} -->\n```bash\n(.+)\n```", TEXT)) == 1


@pytest.mark.parametrize("name", dbtasks.__all__)
def test_every_public_name_resolves(name: str) -> None:
    value = getattr(dbtasks, name)
    assert name in {value.__name__, getattr(value, "name", None)}


def test_an_unknown_name_is_an_attribute_error() -> None:
    unknown = f"x{uuid.uuid4().hex}"
    with pytest.raises(AttributeError, match=unknown):
        getattr(dbtasks, unknown)
