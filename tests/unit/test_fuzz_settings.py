"""Fuzz: whatever the layers hold, they are merged as a simple model says, or refused in a line."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dbtasks import report
from dbtasks.errors import SettingsError
from dbtasks.report import document
from dbtasks.settings import environment_name, load_settings, option_names
from fuzzing import check_error, fuzzed, texts, toml, values

NAMES = option_names()
KEYS = st.one_of(st.sampled_from([*NAMES, "databases", "prot", "Port"]), texts())
VARIABLES = st.one_of(
    st.sampled_from([environment_name(name) for name in NAMES]),
    st.sampled_from([environment_name(name, "a") for name in NAMES]),
    st.sampled_from(["DATABASE_URL", "DBTASKS_", "DBTASKS_TEST_X"]),
    texts().map("DBTASKS_{}".format),
)
DATABASES = st.dictionaries(
    st.one_of(st.sampled_from(["a", "b c", ""]), texts(), st.integers(), st.none()),
    st.one_of(st.dictionaries(KEYS, values(), max_size=2), values()),
    max_size=2,
)
TABLES = st.one_of(
    st.dictionaries(KEYS, values(), max_size=4),
    st.builds(
        lambda table, databases: {**table, "databases": databases},
        st.dictionaries(KEYS, values(), max_size=2),
        DATABASES,
    ),
    st.dictionaries(st.one_of(st.integers(), st.none(), st.dates()), values(), max_size=2),
)
ENVIRONMENTS = st.dictionaries(
    VARIABLES, texts().map(lambda text: text.replace("\0", "")), max_size=3
)
# One setting of each kind of reader, with two values that mean different things.
SAMPLES: dict[str, tuple[Any, Any]] = {
    "server": ("local", "docker"),
    "postgres": (15, "16"),
    "image": ("x:{version}", "y"),
    "port": (1, "٢"),
    "database": ("we ird", "Ü"),
    "env": ({"A": 1}, "A={host}"),
    "setup_sql": (["SELECT 1"], "a.sql"),
    "versions": ([14, 18], "15"),
    "reuse_server": (False, "yes"),
    "start_timeout": (0.5, "7"),
    "lock_timeout": ("5s", 700),
    "alembic": ("a.ini", "~/b.ini"),
}
LAYERS = ("pyproject.toml [tool.dbtasks]", "Invoke's configuration (db)", "environment", "flag")


@fuzzed(200, 20_000)
@given(TABLES, TABLES, ENVIRONMENTS, st.dictionaries(KEYS, values(), max_size=2), st.booleans())
@example({"databases": {1: {}}}, {}, {}, {}, False)
@example({1: 2}, {}, {}, {}, False)
@example({"start_timeout": 10**400}, {}, {}, {}, False)
@example({"port": 16**5000}, {}, {}, {}, False)
@example({"alembic": "~nobody-here/alembic.ini"}, {}, {}, {}, False)
@example({"state_dir": "x" * 300}, {}, {}, {}, False)
@example({}, {}, {"DBTASKS_PORT": "9" * 5000}, {}, False)
@example({}, {}, {"DBTASKS_DATABASE": "caf\udce9"}, {}, False)
@example({"env": {"A=B": "x\0"}}, {}, {}, {}, False)
@example({"setup_sql": "\udce9"}, {}, {}, {}, False)
def test_any_layers_are_settings_or_an_error_of_one_line(
    pyproject: dict[Any, Any],
    invoke: dict[Any, Any],
    environ: dict[str, str],
    flags: dict[str, Any],
    of_another: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_bytes(toml({"tool": {"dbtasks": pyproject}}))
        try:
            settings = load_settings(
                root=root,
                database="a" if of_another else None,
                invoke=invoke,
                environ=environ,
                flags=flags,
            )
        except SettingsError as error:
            check_error(error, 2)
            return
    assert settings.key.isascii()
    assert 0 < len(settings.database.encode()) <= 63
    document.dumps(document.settings_document(settings)).encode()
    for row in report.settings_rows(settings):
        "".join(row).encode()


@fuzzed(150, 20_000)
@given(
    st.lists(
        st.dictionaries(st.sampled_from([*SAMPLES]), st.integers(0, 2), max_size=6),
        min_size=4,
        max_size=4,
    )
)
def test_the_strongest_layer_that_says_something_wins(chosen: list[dict[str, int]]) -> None:
    """A layer gives the first or the second value of a setting, or says explicitly that it gives none."""
    layers = [
        {name: (*SAMPLES[name], None)[which] for name, which in layer.items()} for layer in chosen
    ]
    layers[0] = {name: value for name, value in layers[0].items() if value is not None}
    words: dict[str, Any] = {
        name: value for name, value in layers[2].items() if isinstance(value, str)
    }
    layers[2] = {**words}
    environ = {environment_name(name): value for name, value in words.items()}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_bytes(toml({"tool": {"dbtasks": layers[0]}}))
        told = load_settings(
            root=root, invoke=layers[1], environ={**environ, "PATH": "x"}, flags=layers[3]
        )
        alone = load_settings(root=root / "elsewhere", environ={})
        for name in SAMPLES:
            said = [
                (place, layer[name])
                for place, layer in zip(LAYERS, layers, strict=True)
                if layer.get(name) is not None
            ]
            if not said:
                assert told.sources[name] == "default"
                if name != "database":
                    assert getattr(told, name) == getattr(alone, name)
                continue
            place, value = said[-1]
            wanted = load_settings(root=root / "elsewhere", environ={}, flags={name: value})
            assert getattr(told, name) == getattr(wanted, name)
            assert told.sources[name] == (
                environment_name(name) if place == "environment" else place
            )


@fuzzed(150, 20_000)
@given(
    st.one_of(
        st.binary(max_size=40),
        texts().map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.tuples(
            st.sampled_from([b"[tool.dbtasks]\n", b"tool = ", b"[[tool]]\n", b"tool.dbtasks = "]),
            values().map(lambda value: toml({"x": value})),
        ).map(b"".join),
    )
)
@example(b"tool = 3")
@example(b"[tool.dbtasks]\nport = " + b"9" * 5000)
@example(b"[tool.dbtasks]\nport = " + b"[" * 5000)
def test_any_pyproject_is_read_or_an_error_of_one_line(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_bytes(content)
        try:
            load_settings(root=root, environ={})
        except SettingsError as error:
            check_error(error, 2)


@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_a_pyproject_that_is_no_file_is_an_error_of_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    with pytest.raises(SettingsError) as caught:
        load_settings(root=tmp_path, environ={})
    check_error(caught.value, 2)
