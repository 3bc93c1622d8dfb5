"""The doctor about git and the state folder, about env.py, and about passwords that nobody needs."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dbtasks.servers import docker_plan, open_server
from dbtasks.servers.local import LocalServer
from dbtasks.settings import load_settings
from dbtasks.state import State
from histories import PLAIN, execute, relations, succeeded, write_env, write_revision

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Project

NOBODY = "postgresql://postgres@127.0.0.1:1/shop"
ENV = """\
import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
BLOCK = '    with op.get_context().autocommit_block():\n        op.execute("SELECT 1")\n'


def found(project: Project, *flags: str) -> dict[str, dict[str, Any]]:
    own = "DBTASKS_SERVER" in project.environ
    environ: dict[str, Any] = {} if own else {"DATABASE_URL": NOBODY}
    done = project.invoke("db.doctor", "--json", *flags, **environ)
    return {
        one["code"]: one
        for one in json.loads(done.out)["findings"]
        if str(project.root) in one["message"]
    }


def git(project: Project, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project.root, check=True, capture_output=True)


def test_a_state_folder_that_git_sees_is_told_and_hidden(copy_project: CopyProject) -> None:
    project = copy_project("plain")
    git(project, "init", "--quiet")
    state = project.root / ".dbtasks"
    state.mkdir(mode=0o700)
    one = found(project)["state-not-ignored"]
    assert one["message"] == (
        f"git does not ignore the state folder {state}, which holds passwords"
    )
    assert found(project, "--fix") == {}
    assert (state / ".gitignore").read_text() == "*\n"

    (state / "shop.password").touch(mode=0o600)
    git(project, "add", "--force", ".dbtasks/shop.password")
    one = found(project)["state-committed"]
    assert (one["message"], one["safe"]) == (
        f"git keeps shop.password of the state folder {state}",
        False,
    )
    remedy, _, rest = one["remedy"].partition(", and ")
    assert rest == "invoke db.recreate for another password"
    subprocess.run(["sh", "-c", remedy], cwd=project.root, check=True, capture_output=True)
    assert found(project) == {}


def test_one_transaction_around_autocommit_blocks_is_told_until_it_is_not(
    copy_project: CopyProject,
) -> None:
    project = copy_project("plain")
    env = write_env(project, ENV)
    path = write_revision(project, "aaaa", PLAIN[2])
    path.write_text(path.read_text().replace("def upgrade():\n", f"def upgrade():\n{BLOCK}"))
    one = found(project)["one-transaction"]
    assert (one["message"], one["remedy"], one["level"]) == (
        (
            f"{env} runs all revisions in one transaction, and aaaa commits it with autocommit_block():"
            " a failure later leaves changes that the version table does not show"
        ),
        f"pass transaction_per_migration=True to context.configure() in {env}",
        "note",
    )
    second = write_revision(project, "bbbb", "aaaa")
    second.write_text(second.read_text().replace("def upgrade():\n", f"def upgrade():\n{BLOCK}"))
    assert ", and aaaa, bbbb commit it with " in found(project)["one-transaction"]["message"]
    project.environ["DBTASKS_COMMIT_EACH"] = "true"
    assert found(project) == {}
    del project.environ["DBTASKS_COMMIT_EACH"]
    write_env(project, ENV.replace("connection)", "connection, transaction_per_migration=True)"))
    assert found(project) == {}


def test_the_password_of_a_local_server_that_is_gone_is_removed(
    copy_project: CopyProject,
) -> None:
    project = copy_project("plain", DBTASKS_SERVER="local", DBTASKS_POSTGRES="18")
    settings = load_settings(root=project.root, environ=project.environ)
    server = open_server(settings)
    assert isinstance(server, LocalServer)
    folder = server.cluster().folder
    path = project.root / ".dbtasks" / f"{folder.name}.password"
    server.state.keep_password(folder.name, "secret")
    one = found(project)["left-over-password"]
    assert (one["message"], one["remedy"], one["level"]) == (
        f"{path} is kept for a local server that is gone",
        f"rm '{path}'",
        "note",
    )
    with server.state.lock(f"{settings.key.removesuffix('-pg18')}.upgrade"):
        assert found(project, "--fix") == {}  # the upgrade needs it at its end
    assert path.exists()
    assert found(project, "--fix") == {}
    assert not path.exists()


def test_an_invalid_index_of_an_own_server_is_dropped(copy_project: CopyProject) -> None:
    project = copy_project("plain", DBTASKS_SERVER="local", DBTASKS_POSTGRES="18")
    succeeded(project.invoke("db.init"))
    try:
        settings = load_settings(root=project.root, environ=project.environ)
        url = open_server(settings).address()
        execute(url, "CREATE TABLE bad (a integer); INSERT INTO bad VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            execute(url, "CREATE UNIQUE INDEX CONCURRENTLY bad_a ON bad (a)")
        document = json.loads(project.invoke("db.doctor", "--json", "--fix").out)
        did = {"code": "invalid-index", "did": "dropped index public.bad_a"}
        assert did in document["mended"]  # with what other tests left on the machine
        assert "bad_a" not in relations(url)
    finally:
        project.invoke("db.destroy", "--yes")


def test_what_a_mend_uncovers_is_mended_too(
    copy_project: CopyProject, docker_image: str, docker_engine: None
) -> None:
    project = copy_project("plain", DBTASKS_SERVER="docker", DBTASKS_IMAGE=docker_image)
    settings = load_settings(root=project.root, environ=project.environ)
    State(settings).keep_password(f"{settings.key}.docker", "secret")
    volume = docker_plan.Names.of(settings).unfinished
    labels = [
        f"--label={key}={value}" for key, value in docker_plan.volume_labels(settings).items()
    ]
    subprocess.run(["docker", "volume", "create", *labels, volume], check=True, capture_output=True)
    document = json.loads(project.invoke("db.doctor", "--json", "--fix").out)
    path = project.root / ".dbtasks" / f"{settings.key}.docker.password"
    did = [one["did"] for one in document["mended"]]
    assert [one for one in did if settings.key in one] == [
        f"removed volume {volume}",
        f"removed {path}",
    ]
    assert not path.exists()
