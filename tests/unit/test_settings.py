"""Settings: five layers, each value with the place it came from, and no unknown key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dbtasks.errors import SettingsError
from dbtasks.settings import Settings, environment_name, load_settings, option_names


def load(root: Path, pyproject: str = "", **layers: Any) -> Settings:
    (root / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    return load_settings(root=root, **{"environ": {}, **layers})


def test_a_later_layer_wins_and_says_so(tmp_path: Path) -> None:
    pyproject = "[tool.dbtasks]\npostgres = 14\nport = 6001\nuser = 'a'\n"
    settings = load(
        tmp_path,
        pyproject,
        invoke={"port": "6002", "user": "b", "image": None},
        environ={"DBTASKS_USER": "c", "DBTASKS_PORT": "6003"},
        flags={"user": "d", "server": None},
    )
    assert (settings.postgres, settings.port, settings.user) == (14, 6003, "d")
    assert settings.sources["postgres"] == "pyproject.toml [tool.dbtasks]"
    assert settings.sources["port"] == "DBTASKS_PORT"
    assert settings.sources["user"] == "flag"
    assert settings.sources["image"] == "default"


def test_a_false_or_zero_value_is_not_taken_for_unset(tmp_path: Path) -> None:
    settings = load(tmp_path, "[tool.dbtasks.server_options]\nfsync = false\nwork_mem = 0\n")
    assert settings.server_options == {"log_lock_waits": "on", "fsync": "off", "work_mem": "0"}


def test_dbtasks_url_wins_over_database_url(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgresql://a/x", "DBTASKS_URL": "postgresql://b/y"}
    settings = load(tmp_path, environ=environ)
    assert settings.url is not None
    assert (settings.url.host, settings.database) == ("b", "y")
    assert settings.sources["url"] == "DBTASKS_URL"


def test_a_second_database_inherits_what_is_common_and_not_what_tells_them_apart(
    tmp_path: Path,
) -> None:
    pyproject = """
    [tool.dbtasks]
    name = "shop"
    postgres = 16
    database = "shop"
    setup_sql = "setup.sql"
    [tool.dbtasks.databases.analytics]
    alembic = "analytics/alembic.ini"
    """
    environ = {"DATABASE_URL": "postgresql://prod/shop", "DBTASKS_ANALYTICS_PORT": "7000"}
    main = load(tmp_path, pyproject, environ=environ)
    second = load(tmp_path, pyproject, environ=environ, database="analytics")
    assert (main.postgres, second.postgres, second.port) == (16, 16, 7000)
    assert second.url is None
    assert second.setup_sql == ()
    assert second.alembic == "analytics/alembic.ini"
    assert second.database != main.database
    assert second.key != main.key


@pytest.mark.parametrize(
    ("layers", "message", "remedy"),
    [
        (
            {"pyproject": "[tool.dbtasks]\nserverr = 'docker'"},
            "unknown setting serverr in pyproject.toml [tool.dbtasks]",
            "did you mean server?",
        ),
        (
            {"invoke": {"postgress": 14}},
            "unknown setting postgress in Invoke's configuration (db)",
            "did you mean postgres?",
        ),
        (
            {"environ": {"DBTASKS_IMGE": "x"}},
            "unknown setting DBTASKS_IMGE in the environment",
            "did you mean DBTASKS_IMAGE?",
        ),
        ({"flags": {"prot": 1}}, "unknown setting prot in flag", "did you mean port?"),
    ],
)
def test_an_unknown_key_names_its_layer_and_the_nearest_known_one(
    tmp_path: Path, layers: dict[str, Any], message: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, **layers)
    assert (caught.value.message, caught.value.remedy) == (message, remedy)
    assert caught.value.code == "unknown-setting"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "server",
            "dcoker",
            "server = 'dcoker' from flag wants one of auto, docker, compose, local, external",
        ),
        (
            "postgres",
            "latest",
            "postgres = 'latest' from flag wants one of the majors 14, 15, 16, 17, 18",
        ),
        ("postgres", True, "postgres = True from flag wants one of the majors 14, 15, 16, 17, 18"),
        ("port", 0, "port = 0 from flag wants a whole number from 1 to 65535"),
        (
            "database",
            "x" * 64,
            f"database = '{'x' * 64}' from flag wants at most 63 bytes, PostgreSQL's limit for names",
        ),
        (
            "name",
            "a b",
            "name = 'a b' from flag wants letters, digits, '_', '.' and '-' only, as in Docker names",
        ),
        (
            "start_timeout",
            "-1",
            "start_timeout = '-1' from flag wants a number of seconds, more than 0",
        ),
        (
            "start_timeout",
            "nan",
            "start_timeout = 'nan' from flag wants a number of seconds, more than 0",
        ),
        (
            "lock_timeout",
            "soon",
            "lock_timeout = 'soon' from flag wants a PostgreSQL duration such as 500ms or 5s",
        ),
        ("setup_sql", [1], "setup_sql = [1] from flag wants a text or a list of texts"),
        (
            "server_options",
            "fsync",
            "server_options = 'fsync' from flag wants NAME=VALUE, several separated by commas",
        ),
        ("user", "a\nb", "user = 'a\\nb' from flag wants a text on one line"),
        (
            "url",
            "mysql://u:canary@h/d",
            "url from flag: the database URL is for mysql, and dbtasks works with PostgreSQL only",
        ),
    ],
)
def test_a_malformed_value_is_one_line(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, flags={key: value})
    assert caught.value.message == message
    assert caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "pyproject",
    [
        "[tool.dbtasks",
        "[tool]\ndbtasks = 3",
        "[tool.dbtasks]\ndatabases = 3",
        "[tool.dbtasks.databases]\na = 3",
    ],
)
def test_a_broken_pyproject_is_a_settings_error(tmp_path: Path, pyproject: str) -> None:
    with pytest.raises(SettingsError):
        load(tmp_path, pyproject)


def test_two_checkouts_with_the_same_folder_name_do_not_share_a_server(tmp_path: Path) -> None:
    keys = set()
    for parent in ("one", "two"):
        root = tmp_path / parent / "shop"
        root.mkdir(parents=True)
        keys.add(load(root).key)
    assert len(keys) == 2


def test_a_named_project_shares_its_server(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    pyproject = "[tool.dbtasks]\nname = 'shop'\ndatabase = 'shop'"
    assert (
        load(tmp_path / "one", pyproject).key
        == load(tmp_path / "two", pyproject).key
        == "shop-shop-pg18"
    )


@pytest.mark.parametrize("folder", ["we ird", "Ünïcode", "---", "a.b", "x" * 200])
def test_every_folder_name_makes_a_valid_project_and_database_name(
    tmp_path: Path, folder: str
) -> None:
    root = tmp_path / folder
    root.mkdir()
    settings = load(root)
    assert settings.key.isascii()
    assert settings.key[0].isalnum()
    assert 0 < len(settings.database.encode()) <= 63


def test_every_setting_has_an_environment_variable_that_works(tmp_path: Path) -> None:
    samples = {
        "server": "local",
        "postgres": "15",
        "image": "x:{version}",
        "port": "6000",
        "name": "n",
        "database": "d",
        "user": "u",
        "throwaway_url": "postgresql://h/d",
        "rehearsal_limit": "10",
        "url": "postgresql://h/d",
        "driver": "asyncpg",
        "alembic": "a.ini",
        "env": "DB_HOST={host}",
        "setup_sql": "s.sql",
        "server_options": "fsync=off",
        "compose_file": "c.yaml",
        "compose_service": "db",
        "postgres_bin": "/b",
        "base": "develop",
        "versions": "14,18",
        "revision_timeout": "5",
        "reuse_server": "true",
        "results_dir": "results",
        "state_dir": "s",
        "start_timeout": "5",
        "lock_wait": "5",
        "lock_url": "postgresql://h/d",
        "lock_timeout": "5s",
        "statement_timeout": "1min",
        "concurrently_lock_timeout": "1h",
        "concurrently_statement_timeout": "2h",
        "lock_retries": "3",
        "lock_retry_wait": "0.5",
        "commit_each": "true",
        "recreate_from_template": "true",
    }
    assert set(samples) == set(option_names())
    for name, value in samples.items():
        settings = load(tmp_path, environ={environment_name(name): value})
        assert settings.sources[name] == environment_name(name)
