"""Two branches made from one parent, one merged first: joined in one copy, re-parented in another."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from consumers import TASKS, Project, clean_environ
from dbtasks import maintenance
from dbtasks.servers import Server, open_server
from dbtasks.settings import load_settings
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parents[2] / "migrations"
HEAD = "d553c9883bfc"
PYPROJECT = """\
[tool.dbtasks]
database = "shop"

[tool.alembic]
script_location = "%(here)s/migrations"
prepend_sys_path = ["."]
"""
REVISION = '''\
"""{message}

Revision ID: {revision}
Revises: {parent}
"""

from alembic import op

revision = "{revision}"
down_revision = "{parent}"  # where this branch began


def upgrade() -> None:
    op.execute("{upgrade}")


def downgrade() -> None:
    op.execute("{downgrade}")
'''


class Repository(Project):
    """A consumer project in a git repository."""

    def git(self, *arguments: str) -> None:
        name = ["-c", "user.name=dev", "-c", "user.email=dev@example.invalid"]
        done = self.run("git", *name, *arguments)
        assert done.code == 0, done

    def add_revision(self, revision: str, table: str, parent: str = HEAD) -> Path:
        path = self.root / "migrations" / "versions" / f"{revision}.py"
        path.write_text(
            REVISION.format(
                message=f"create {table}",
                revision=revision,
                parent=parent,
                upgrade=f"CREATE TABLE {table} ()",
                downgrade=f"DROP TABLE {table}",
            ),
            encoding="utf-8",
        )
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"create {table}")
        return path

    def document(self, *arguments: str, code: int = 0) -> Any:
        done = self.invoke(*arguments, "--json")
        assert done.code == code, done
        return json.loads(done.out)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """On branch `feature`, after merging `main`, which got a revision of its own meanwhile."""
    root = tmp_path / "shop"
    shutil.copytree(REFERENCE, root / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "tasks.py").write_text(TASKS, encoding="utf-8")
    (root / ".gitignore").write_text(".dbtasks/\n__pycache__/\n", encoding="utf-8")
    environ = {**clean_environ(), "GIT_CONFIG_GLOBAL": "/dev/null"}
    repository = Repository(root, environ)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "the shop")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.add_revision("ffff00000001", "wish")
    repository.git("checkout", "--quiet", "main")
    repository.add_revision("aaaa00000001", "voucher")
    repository.git("checkout", "--quiet", "feature")
    return repository


@pytest.fixture(scope="module", params=["docker-14", "docker-18"])
def shared(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    docker_engine: None,
    docker_image: str,
) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server of one major for every repository of this file, and what leads them to it."""
    kind, _, major = request.param.partition("-")
    environ = {
        "DBTASKS_SERVER": kind,
        "DBTASKS_POSTGRES": major,
        "DBTASKS_IMAGE": docker_image,
        "DBTASKS_NAME": f"branches-{secrets.token_hex(4)}",
    }
    root = tmp_path_factory.mktemp("shared")
    server = open_server(load_settings(root=root, environ=environ, flags={"database": "shop"}))
    yield server, environ
    server.destroy()


@pytest.fixture
def served(repository: Repository, shared: tuple[Server, dict[str, str]]) -> Repository:
    """The same repository on a server of one major, without a database."""
    server, environ = shared
    maintenance.drop(server.start())
    repository.environ.update(environ)
    return repository


def test_the_gate_sees_the_second_head_before_the_branches_meet(repository: Repository) -> None:
    repository.environ["DBTASKS_SERVER"] = "local"
    assert len(repository.document("db.heads", "--check")) == 1
    heads = repository.document("db.heads", "--base", "main", code=1)
    assert [head["is_head"] for head in heads] == [True, True]
    assert {one["revision"] for one in heads} == {"aaaa00000001", "ffff00000001"}
    assert {one["author"] for one in heads} == {"dev"}
    assert all(one["date"] for one in heads)
    done = repository.invoke("db.heads", "--base", "main")
    assert "git merge main, then invoke db.rebase re-parents this branch" in done.err
    missing = repository.document("db.heads", "--base", "origin/nowhere", code=2)
    assert missing["error"]["remedy"]
    repository.git("merge", "--quiet", "--no-edit", "main")
    assert len(repository.document("db.heads", "--check", code=1)) == 2


def test_merging_the_heads_is_proven(served: Repository) -> None:
    served.git("merge", "--quiet", "--no-edit", "main")
    refused = served.document("db.init", code=4)
    assert refused["error"]["code"] == "several-heads"
    path = Path(served.document("db.merge-heads")["path"])
    assert '"""Merge multiple heads\n' in path.read_text(encoding="utf-8")
    assert served.document("db.migrate")["pending"] == 0
    assert served.document("db.rollback-all", "--yes")["current"] == []
    assert served.document("db.migrate")["pending"] == 0
    assert served.document("db.merge-heads", code=1)["error"]["code"] == "one-head"


def test_re_parenting_is_proven_and_takes_the_local_database_along(served: Repository) -> None:
    assert served.document("db.init")["current"] == ["ffff00000001"]
    served.git("merge", "--quiet", "--no-edit", "main")
    before = served.root / "migrations" / "versions" / "ffff00000001.py"
    text = before.read_text(encoding="utf-8")
    refused = served.document("db.rebase", "--base", "main", code=5)
    assert "--migrate" in refused["error"]["remedy"]
    assert before.read_text(encoding="utf-8") == text
    outcome = served.document("db.rebase", "--base", "main", "--migrate")
    assert (outcome["revision"], outcome["onto"]) == ("ffff00000001", "aaaa00000001")
    assert len(outcome["proofs"]) == 2
    assert before.read_text(encoding="utf-8") == text.replace(HEAD, "aaaa00000001")
    status = served.document("db.status")
    assert (status["heads"], status["current"], status["pending"]) == (
        ["ffff00000001"],
        ["ffff00000001"],
        0,
    )
    assert len(served.document("db.heads", "--check", "--base", "main")) == 1


def test_a_database_of_somebody_else_is_taken_along_only_by_its_name(
    repository: Repository, database: DatabaseURL
) -> None:
    throwaway = database.with_database("postgres").libpq()
    external = {"DATABASE_URL": database.libpq(), "DBTASKS_THROWAWAY_URL": throwaway}
    repository.environ.update(external)
    assert repository.document("db.init")["current"] == ["ffff00000001"]
    repository.git("merge", "--quiet", "--no-edit", "main")
    path = repository.root / "migrations" / "versions" / "ffff00000001.py"
    text = path.read_text(encoding="utf-8")
    rebase = ("db.rebase", "--base", "main", "--migrate")
    assert repository.document(*rebase, code=5)["error"]["code"] == "external"
    wrong = repository.document(*rebase, "--yes-destroy", "shop", code=5)["error"]
    assert wrong["code"] == "other-name"
    assert "refused to undo revisions of database " in wrong["message"]
    assert path.read_text(encoding="utf-8") == text
    assert [one["revision"] for one in repository.document("db.current")] == ["ffff00000001"]
    outcome = repository.document(*rebase, "--yes-destroy", database.database)
    assert outcome["undone"] == ["ffff00000001"]
    assert path.read_text(encoding="utf-8") != text


def test_a_missing_parent_is_found_on_the_branch_that_has_it(repository: Repository) -> None:
    repository.add_revision("ffff00000002", "gift", parent="aaaa00000001")
    found = repository.document("db.history", code=4)["error"]
    assert found["code"] == "missing-parent"
    assert found["details"][-1] == "main has it in migrations/versions/aaaa00000001.py"
    assert found["remedy"].startswith("git restore --source=")


def test_the_heads_are_told_with_their_author_and_date(repository: Repository) -> None:
    (head,) = repository.document("db.heads")
    assert head["author"] == "dev"
    done = repository.run("git", "log", "-1", "--format=%aI")
    assert head["date"] == done.out.strip()  # the file has no Create Date
    assert "dev" in repository.invoke("db.heads").out


def test_a_stopped_database_is_asked_what_is_applied_before_a_branch_is_moved(
    served: Repository,
) -> None:
    served.document("db.init")
    served.document("db.stop")
    served.git("merge", "--quiet", "--no-edit", "main")
    path = served.root / "migrations" / "versions" / "ffff00000001.py"
    text = path.read_text(encoding="utf-8")
    refused = served.document("db.rebase", "--base", "main", code=5)
    assert "ffff00000001 applied" in refused["error"]["message"]
    assert path.read_text(encoding="utf-8") == text


def test_a_missing_database_has_nothing_applied(served: Repository) -> None:
    served.document("db.init")
    maintenance.drop(DatabaseURL.parse(served.invoke("db.url").out.strip()))
    served.git("merge", "--quiet", "--no-edit", "main")
    assert served.document("db.rebase", "--base", "main")["onto"] == "aaaa00000001"


def test_a_file_that_computes_its_parent_is_run_by_alembic_visibly(repository: Repository) -> None:
    path = repository.root / "migrations" / "versions" / "ffff00000001.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(f'down_revision = "{HEAD}"', f'down_revision = "{HEAD[:4]}" + "{HEAD[4:]}"')
    )
    done = repository.invoke("db.heads")
    assert done.code == 0, done
    assert done.err == f"Alembic was asked what these compute: {path}\n"
