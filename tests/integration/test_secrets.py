"""Passwords: a canary is searched for wherever one could be left, after a run of every task."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from psycopg import sql

import dbtasks
from canary import Canary, docker_tells, watched
from dbtasks import maintenance, report
from dbtasks.servers import open_server
from dbtasks.servers.local import LocalServer
from dbtasks.servers.ports import LOOPBACK
from dbtasks.settings import load_settings
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CopyProject
    from consumers import Done, Project
    from dbtasks.url import DatabaseURL

COMPOSE = """\
services:
  db:
    image: {image}
    environment: {{POSTGRES_PASSWORD: {password}}}
    command: [postgres, -c, log_statement=all, -c, "log_line_prefix=%m %a "]
    ports: ["127.0.0.1::5432"]
    volumes: ["data:/var/lib/postgresql/data"]
volumes:
  data:
"""
# A formatter of new revisions, which writes down what it was given.
HOOK = """
[post_write_hooks]
hooks = tell
tell.type = exec
tell.executable = {program}
"""
# Every task, in an order in which each can do its work; where none can, it says why and does nothing.
PLAYS = (
    "db.config db.scaffold init start db.init db.start db.wait db.status",
    "db.psql --command=SELECT+1 db.heads db.current db.history --mermaid db.check --live",
    "db.migrate --sql db.rollback --steps=2 db.plan db.migrate db.redo",
    "db.revision --empty later db.migrate db.check db.rollback-all --yes db.stamp head",
    "db.config --json db.status --json db.logs --json",
    "db.merge-heads none",
    "db.rebase",
    "db.doctor",
    "db.upgrade-server --to=17",  # there already: a real move is watched in test_server_upgrade
    "db.url",
    "db.psql --command=SELECT+refused",
    "db.stop",
    "db.start db.logs --tail=1000",
    "db.recreate --yes",  # with a new password, where that is ours to choose
)
REFUSED = {
    "db.merge-heads none": 1,
    "db.rebase": 4,
    "db.upgrade-server --to=17": 3,
    "db.psql --command=SELECT+refused": 3,
}
REFUSED_EXTERNAL = {
    "db.config --json db.status --json db.logs --json": 3,
    "db.upgrade-server --to=17": 5,
    "db.stop": 5,
    "db.start db.logs --tail=1000": 3,
    "db.recreate --yes": 5,
}
# db.destroy is played when the test is over.
AFTERWARDS = "db.destroy --yes"
# Whose environment the password is in: those that need it, and all that runs in the container.
ALLOWED = {"psql"}
UNDOING = {"db.rollback", "db.rollback-all", "db.redo", "db.stamp"}


def test_every_task_is_played() -> None:
    tasks = {f"db.{name}" for name in dbtasks.collection().tasks} | {"init", "start"}
    played = {word for play in (*PLAYS, AFTERWARDS) for word in play.split()}
    assert tasks - played == set()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """A project on one kind of server, whose password is a canary."""

    project: Project
    kind: str
    canary: Canary
    home: Path
    docker: tuple[str, ...] = ()
    data: tuple[Path, ...] = ()

    @property
    def state(self) -> Path:
        return self.project.root / ".dbtasks"

    def play(self, line: str) -> Done:
        words: list[str] = []
        for word in line.split():
            words.append(word.replace("+", " "))
            if word in UNDOING and "DATABASE_URL" in self.project.environ:
                words += self.project.named(word)[1:]
        return self.project.invoke(*words, timeout=300)


def stage_of(
    kind: str, canary: Canary, copy_project: CopyProject, image: str, folder: Path
) -> Stage:
    """Return a project on docker, compose or local."""
    home = folder / "home"
    home.mkdir()
    project = copy_project(
        "plain",
        DBTASKS_SERVER=kind,
        DBTASKS_IMAGE=image,
        DBTASKS_POSTGRES="17",
        HOME=str(home),
        DOCKER_CONFIG=os.environ.get("DOCKER_CONFIG", str(Path("~/.docker").expanduser())),
        TMPDIR=str(folder / "temporary"),
        COMPOSE_PROJECT_NAME=f"t{secrets.token_hex(4)}",
        DBTASKS_COMPOSE_SERVICE="db",
        DBTASKS_SERVER_OPTIONS="log_statement=all,log_line_prefix=%m %a ",
    )
    (folder / "temporary").mkdir(mode=0o711)
    program = folder / "hook"
    program.write_text('#!/bin/sh\nenv > "$0.environment"\n')
    program.chmod(0o755)
    with (project.root / "alembic.ini").open("a", encoding="utf-8") as ini:
        ini.write(HOOK.format(program=program))
    settings = load_settings(root=project.root, environ=project.environ)
    docker: tuple[str, ...] = ()
    data: tuple[Path, ...] = ()
    if kind == "compose":
        text = COMPOSE.format(
            image=image.format(version=17), password=json.dumps(canary.password.replace("$", "$$"))
        )
        (project.root / "compose.yaml").write_text(text, encoding="utf-8")
        name = project.environ["COMPOSE_PROJECT_NAME"]
        docker = (f"{name}-db-1", f"{name}_data")
    if kind == "docker":
        State(settings).keep_password(f"{settings.key}.docker", canary.password)
        docker = (f"dbtasks-{settings.key}",)
    if kind == "local":
        server = open_server(settings)
        assert isinstance(server, LocalServer)
        data = (server._cluster(17).folder,)
        State(settings).keep_password(data[0].name, canary.password)
    return Stage(project=project, kind=kind, canary=canary, home=home, docker=docker, data=data)


@pytest.fixture(params=["docker", "compose", "local", "external"])
def stage(
    request: pytest.FixtureRequest, copy_project: CopyProject, docker_image: str, tmp_path: Path
) -> Iterator[Stage]:
    kind = request.param
    canary = Canary.plain() if kind == "docker" else Canary.awkward()
    if kind in {"docker", "compose"}:
        request.getfixturevalue("docker_engine")
    if kind != "external":
        stage = stage_of(kind, canary, copy_project, docker_image, tmp_path)
        yield stage
        everything = ["--all-volumes"] if kind == "compose" else []
        done = stage.project.invoke(*AFTERWARDS.split(), *everything)
        assert done.code == 0, done
        return
    url: DatabaseURL = request.getfixturevalue("database")
    role = sql.Identifier(f"role_{canary.core}"[:20])
    admin = url.with_database("postgres")
    with psycopg.connect(**admin.connect_args(), autocommit=True) as connection:
        verifier = connection.pgconn.encrypt_password(
            canary.password.encode(), role.as_string().strip('"').encode(), b"scram-sha-256"
        )
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, verifier.decode())
        )
        own = dataclasses.replace(url, user=role.as_string().strip('"'), password=canary.password)
        home = tmp_path / "home"
        home.mkdir()
        throwaway = own.with_database(f"{url.database}_beside")
        project = copy_project(
            "plain", own, HOME=str(home), DBTASKS_THROWAWAY_URL=throwaway.libpq()
        )
        yield Stage(project=project, kind=kind, canary=canary, home=home)
        owned = connection.execute(
            "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = %s", [own.user]
        )
        for name in [row[0] for row in owned]:
            maintenance.drop(url.with_database(name))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


def check_server(stage: Stage) -> None:
    """Look whom a server of our own listens to, and how it checks a password."""
    settings = load_settings(root=stage.project.root, environ=stage.project.environ)
    url = open_server(settings).address()
    listening = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    assert {(LOOPBACK, url.port)} == {
        tuple(one.laddr) for one in listening if url.port in tuple(one.laddr)
    }
    with maintenance.connect(url) as connection:
        rules = connection.execute(
            "SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type LIKE 'host%%' AND"
            " (address = 'all' OR NOT %s)",  # the image trusts who is in the container
            [stage.kind == "docker"],
        ).fetchall()
        assert rules == [("scram-sha-256",)]
        kept = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL")
        assert [row[0][:14] for row in kept] == ["SCRAM-SHA-256$"]
        assert connection.execute("SHOW password_encryption").fetchone() == ("scram-sha-256",)


def test_a_password_is_nowhere_after_every_task(stage: Stage, tmp_path: Path) -> None:
    canary, began = stage.canary, time.time() - 1
    done: dict[str, Done] = {}
    codes = {**REFUSED, **(REFUSED_EXTERNAL if stage.kind == "external" else {})}
    if stage.kind == "compose":
        codes["db.upgrade-server --to=17"] = 5
    with watched(stage.state) as seen:
        for play in PLAYS:
            if play == PLAYS[-1]:
                if stage.kind in {"docker", "local"}:
                    check_server(stage)
                told = docker_tells(stage.docker, began)
                kept = canary.files(tmp_path, *stage.data)
            done[play] = stage.play(play)
            assert done[play].code == codes.get(play, 0), (play, done[play])
    destroyed = stage.project.invoke(*AFTERWARDS.split())
    assert destroyed.code == (5 if stage.kind == "external" else 0), destroyed

    if stage.kind != "external":
        assert "PATH=" in (tmp_path / "hook.environment").read_text()
    shown = done.pop("db.url")
    assert canary.is_in(shown.out)
    assert shown.err.endswith(f"{report.SHOWS_IT}\n")
    assert not canary.is_in(shown.err)
    assert [str(one) for one in (*done.values(), destroyed) if canary.is_in(str(one))] == []
    assert [one for one in seen.arguments if canary.is_in(one)] == []
    inside = {name for name in seen.with_environment(canary) if name.startswith("container: ")}
    assert seen.with_environment(canary) - inside <= ALLOWED
    assert [name for name, text in told.items() if canary.is_in(text)] == [
        f"environment of container {name}" for name in stage.docker[:1]
    ]
    assert {name: mode for name, mode in seen.modes.items() if mode - {0o600, 0o700}} == {}
    assert seen.modes["."] == {0o700}
    own = {"compose.yaml"} if stage.kind == "compose" else set()
    assert {path.name for path in kept if path.suffix != ".password"} == own
    assert {path.parent for path in kept if path.suffix == ".password"} <= {stage.state}
    left = canary.files(tmp_path)
    assert {path.name for path in left} == own


TASKS = """
import logging
from invoke import Collection
import dbtasks

logging.basicConfig(level=logging.DEBUG, force=True)
ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())
"""


@pytest.mark.parametrize("way", ["INVOKE_DB_URL", "--url"])
def test_debugging_shows_no_password(
    way: str, copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project(
        "plain", DBTASKS_THROWAWAY_URL=database.with_database("postgres").libpq()
    )
    (project.root / "tasks.py").write_text(TASKS, encoding="utf-8")
    tasks = ("db.init", "db.check", "db.plan", "db.status")
    if way == "--url":
        words = [word for task in tasks for word in (task, "--url", database.libpq())]
        done = project.invoke("--debug", "--echo", *words)
        assert done.err.count(f"{report.SHOWN_BY_FLAG}\n") == len(tasks)
    else:
        done = project.invoke("--debug", "--echo", *tasks, INVOKE_DB_URL=database.libpq())
    assert done.code == 0, done
    assert "invoke" in done.err
    assert "DEBUG" in done.err
    assert "postgresql://postgres:***@" in done.err
    assert [line for line in str(done).splitlines() if database.password in line] == []


UNFORESEEN = """
import os


class Unforeseen(BaseException):
    pass


def connect(password):
    raise Unforeseen(f"{os.environ}, {os.environ['DATABASE_URL']} as postgresql://u:{password}@h/d")


connect(os.environ["PGPASSWORD"])
"""


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_a_traceback_shows_no_password(
    json_flag: tuple[str, ...], copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    maintenance.create(database)
    (project.root / "migrations" / "env.py").write_text(UNFORESEEN, encoding="utf-8")
    (project.root / "tasks.py").write_text(
        "from rich.traceback import install\ninstall(show_locals=True)\n"
        + (project.root / "tasks.py").read_text()
    )
    done = project.invoke("db.migrate", *json_flag)
    assert (done.code, done.out) == (1, "")
    assert "Traceback (most recent call last):" in done.err
    assert "Unforeseen: environ({" in done.err
    assert database.password not in str(done)
