"""Fuzz: whole commands with awkward settings, names, messages and state folders end in a line, and change nothing."""

from __future__ import annotations

import ast
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumers import copy_of
from dbtasks.settings import environment_name, option_names
from fuzzing import file_name, fuzzed, texts, toml, values
from snapshots import files_of

NAMES = [name for name in option_names() if name != "state_dir"]
# Nothing that would start or look for a server: the settings and the files are read, and that is all.
READING = st.sampled_from(["db.config", "db.heads", "db.history --last 1", "db.history --mermaid"])
KEPT = st.sampled_from(
    ["revisions.json", "db.version-table.json", "x.password", ".gitignore", "x.lock"]
)


def words(text: str) -> str:
    return file_name(text) or "x"


@fuzzed(25, 400)
@given(
    READING,
    st.dictionaries(st.sampled_from([*NAMES, "prot"]), values(), max_size=2),
    st.dictionaries(st.sampled_from(NAMES).map(environment_name), texts().map(words), max_size=2),
    st.dictionaries(KEPT, st.binary(max_size=30), max_size=2),
)
def test_settings_and_what_the_state_folder_holds(
    command: str, settings: dict[str, object], environ: dict[str, Any], kept: dict[str, bytes]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = copy_of("plain", Path(folder))
        (project.root / "pyproject.toml").write_bytes(toml({"tool": {"dbtasks": settings}}))
        state = project.root / ".dbtasks"
        state.mkdir(mode=0o700)  # as dbtasks makes it: what is open to others would be mended
        for name, content in kept.items():
            (state / name).touch(mode=0o600)
            (state / name).write_bytes(content)
        before = files_of(project.root)
        done = project.invoke(*command.split(), "--json", **environ)
        assert done.code in {0, 2}, done
        assert "Traceback" not in done.err, done
        document = json.loads(done.out)
        if done.code:
            assert list(document) == ["error"]
            assert not done.err, done
        after = files_of(project.root)
        cache = {".dbtasks/revisions.json", ".dbtasks/.gitignore"}
        assert {one for one in {*before, *after} if before.get(one) != after.get(one)} <= cache


@fuzzed(15, 300)
@given(texts().map(lambda text: text.replace("\0", "")), st.booleans())
def test_any_message_is_what_the_new_revision_says(message: str, by_environment: bool) -> None:
    message = os.fsdecode(message.encode("utf-8", "surrogatepass"))
    if message.startswith("-"):
        by_environment = True
    with tempfile.TemporaryDirectory() as folder:
        project = copy_of("plain", Path(folder))
        before = files_of(project.root)
        given_ = ("db.revision", "--empty", "--json")
        if by_environment:
            done = project.invoke(*given_, MIGRATE_MSG=message)
        else:
            done = project.invoke(*given_, "--message", message)
        assert "Traceback" not in done.err, done
        document = json.loads(done.out)
        if done.code:
            assert (done.code, list(document)) == (2, ["error"])
            assert not done.err, done
            kept = {name: one for name, one in files_of(project.root).items() if name in before}
            assert kept == before
            return
        tree = ast.parse(Path(document["path"]).read_bytes())
        doc = ast.get_docstring(tree, clean=False)
        assert doc is not None
        text = message.replace("\r\n", "\n").replace("\r", "\n")
        assert doc.startswith(text), (doc, text)
        heads = project.invoke("db.heads", "--json")
        assert heads.code == 0, heads
