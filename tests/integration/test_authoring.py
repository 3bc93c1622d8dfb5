"""New revisions: what `db.revision` writes and refuses, `db.merge-heads`, and what `db.check` finds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbtasks.report import READ_IT
from histories import (
    document,
    error,
    relations,
    replace,
    revisions,
    rows,
    succeeded,
    version,
    write_revision,
)

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

DIFFERENCES = [
    {
        "code": "add_column",
        "message": "column post.summary is in the models only",
        "operation": "op.add_column('post', sa.Column('summary', sa.Text(), nullable=True))",
    },
    {
        "code": "add_index",
        "message": "index ix_post_title on post is in the models only",
        "operation": "op.create_index(op.f('ix_post_title'), 'post', ['title'], unique=False)",
    },
]
NO_CHANGES = {
    "code": "no-changes",
    "message": "the models and the migrations agree, so a revision would be empty",
    "remedy": "check that env.py imports every model; --empty writes a revision to fill in by hand",
}
# Root may write anywhere: invoke is run without the two capabilities that make it so.
WITHOUT_OVERRIDE = """\
import ctypes, os, sys
if os.geteuid() == 0:
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, "-m", "invoke", *sys.argv[1:]])
"""
NOT_AT_HEAD = {
    "code": "not-at-head",
    "message": "the database is not at head, so models and database cannot be compared",
    "remedy": "invoke db.migrate, then run this again",
}


def files(project: Project) -> set[Path]:
    return set(project.root.glob("migrations/**/*.py"))


def new_file(project: Project, *arguments: str, **environ: Any) -> Path:
    """Run a task that writes one revision; return the path that it printed."""
    before = files(project)
    done = project.invoke(*arguments, "--json", **environ)
    path = Path(json.loads(succeeded(done).out)["path"])
    assert files(project) - before == {path}
    compile(path.read_bytes(), path, "exec")
    return path


@pytest.fixture
def drift(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """A project at head whose models have a column and an index that no migration creates."""
    project = copy_project("drift", database)
    succeeded(project.invoke("db.init"))
    return project


def test_a_revision_brings_the_database_to_the_models(
    drift: Project, database: DatabaseURL
) -> None:
    assert document(drift, "db.check", code=1) == {"differences": DIFFERENCES}
    done = drift.invoke("db.check", GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(drift.root))
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "2 differences between the models and the migrations",
        "  column post.summary is in the models only",
        "  index ix_post_title on post is in the models only",
        "",
        "a new revision would hold",
        "  op.add_column('post', sa.Column('summary', sa.Text(), nullable=True))",
        "  op.create_index(op.f('ix_post_title'), 'post', ['title'], unique=False)",
        (
            "::error file=blog/models.py,line=15,title=db.check%3A add_column::column post.summary is in"
            " the models only%0Aop.add_column('post', sa.Column('summary', sa.Text(), nullable=True))"
        ),
        (
            "::error file=blog/models.py,line=9,title=db.check%3A add_index::index ix_post_title on post is in"
            " the models only%0Aop.create_index(op.f('ix_post_title'), 'post', ['title'], unique=False)"
        ),
    ]

    done = succeeded(drift.invoke("db.revision", "add a summary"))
    path = Path(done.out.rstrip("\n"))
    assert path.name.endswith("_add_a_summary.py")
    assert path.read_text(encoding="utf-8").startswith('"""add a summary\n')
    assert done.err == READ_IT + "\n"
    assert document(drift, "db.check") == {"differences": []}
    assert error(drift, "db.revision", "once more", code=1) == NO_CHANGES
    assert error(drift, "db.check", "--live") == NOT_AT_HEAD
    assert error(drift, "db.revision", "once more", "--from-live") == NOT_AT_HEAD

    applied = document(drift, "db.migrate")
    assert applied["pending"] == 0
    assert "ix_post_title" in relations(database)
    assert version(database) == applied["current"]
    assert document(drift, "db.check") == {"differences": []}
    assert document(drift, *drift.named("db.rollback"))["pending"] == 1
    assert "ix_post_title" not in relations(database)


def test_what_autogenerate_finds_nothing_for_is_refused_and_nothing_written(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    succeeded(project.invoke("db.init"))
    before = files(project)
    assert error(project, "db.revision", "nothing", code=1) == NO_CHANGES
    assert files(project) == before
    path = new_file(project, "db.revision", "by hand", "--empty")
    assert path.read_text(encoding="utf-8").count("    pass\n") == 2
    # An empty one compares nothing, so it may follow one that is not applied yet.
    assert new_file(project, "db.revision", "by hand again", "--empty") != path
    assert document(project, "db.migrate")["pending"] == 0


def test_the_message_may_come_from_the_environment_and_is_never_missing(
    drift: Project,
) -> None:
    before = files(drift)
    missing = {
        "code": "usage",
        "message": "a revision needs a message",
        "remedy": 'write invoke db.revision "what it does"',
    }
    assert error(drift, "db.revision", code=2) == missing
    assert error(drift, "db.revision", " ", code=2) == missing
    assert files(drift) == before
    path = new_file(drift, "db.revision", MIGRATE_MSG="from the environment")
    assert path.read_text(encoding="utf-8").startswith('"""from the environment\n')
    path.unlink()
    path = new_file(drift, "db.migrate-create", "from the line", MIGRATE_MSG="not this")
    assert path.read_text(encoding="utf-8").startswith('"""from the line\n')


def test_several_heads_are_merged_before_anything_else(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("several_heads", database)
    several = {
        "code": "several-heads",
        "message": "the history has 2 heads: 1184b34ba50a, 51672e9b8830",
        "remedy": "invoke db.merge-heads joins them; invoke db.rebase puts your branch behind the"
        " other, if nobody has applied it yet; invoke db.migrate heads applies them all as they are",
    }
    assert error(project, "db.init") == several
    assert error(project, "db.revision", "x", "--empty") == several
    assert document(project, "db.migrate", "heads")["current"] == ["1184b34ba50a", "51672e9b8830"]
    for task in ("db.migrate", "db.stamp head"):
        assert error(project, *project.named(*task.split())) == several
    (found,) = document(project, "db.check", code=1)["differences"]
    assert found["code"] == "several-heads"

    path = new_file(project, "db.merge-heads", "join due dates and tags")
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""join due dates and tags\n')
    assert (
        "down_revision: Union[str, Sequence[str], None] = ('1184b34ba50a', '51672e9b8830')" in text
    )
    merged = document(project, "db.migrate")
    assert (merged["pending"], version(database)) == (0, merged["current"])
    assert document(project, "db.heads")[0]["down_revision"] == ["1184b34ba50a", "51672e9b8830"]
    assert error(project, "db.merge-heads", code=1) == {
        "code": "one-head",
        "message": "there is nothing to merge: the history has one head",
        "remedy": "invoke db.heads shows it",
    }


def test_the_way_back_over_a_merge_needs_a_target(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("several_heads", database)
    branches = {
        "code": "ambiguous-revision",
        "message": "0 of 1 revisions back, the history has several branches: 1184b34ba50a, 51672e9b8830",
        "remedy": "name the revision to go back to, as in invoke db.rollback --to REV",
    }
    succeeded(project.invoke("db.merge-heads", "db.init"))
    head = version(database)[0]
    assert error(project, *project.named("db.rollback", "--steps", "2")) == {
        **branches,
        "message": branches["message"].replace("0 of 1", "1 of 2"),
    }
    assert version(database) == [head]
    assert revisions(document(project, *project.named("db.rollback"))) == [head]
    assert version(database) == ["1184b34ba50a", "51672e9b8830"]
    assert error(project, *project.named("db.rollback")) == branches
    undone = document(project, *project.named("db.rollback", "--to", "3902317c2c88"))
    assert sorted(revisions(undone)) == ["1184b34ba50a", "51672e9b8830"]
    assert error(project, "db.migrate", "+1") == {
        "code": "ambiguous-revision",
        "message": "more than one revision could be meant: the history has several branches there",
        "remedy": "invoke db.history shows the graph; name one revision",
    }
    assert document(project, "db.migrate", "1184b34ba50a")["pending"] == 2
    assert document(project, *project.named("db.rollback"))["current"] == ["3902317c2c88"]
    assert document(project, "db.migrate")["current"] == [head]


def test_a_revision_follows_the_effective_head_of_several_locations(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("many_locations", database)
    (project.root / "pyproject.toml").write_text(
        '[tool.dbtasks]\nsetup_sql = "setup.sql"\n', encoding="utf-8"
    )
    succeeded(project.invoke("db.init"))
    path = new_file(project, "db.revision", "by hand", "--empty")
    assert path.parent.name == "billing"
    assert document(project, "db.migrate")["pending"] == 0
    replace(
        project.root / "bank" / "models.py",
        "    sent_to:",
        "    paid: Mapped[bool | None]\n    sent_to:",
    )
    assert document(project, "db.check", code=1)["differences"] == [
        {
            "code": "add_column",
            "message": "column Billing Data.Invoice.paid is in the models only",
            "operation": "op.add_column('Invoice', sa.Column('paid', sa.Boolean(), nullable=True),"
            " schema='Billing Data')",
        }
    ]


def test_directives_of_env_are_followed(drift: Project) -> None:
    env = drift.root / "migrations" / "env.py"
    replace(
        env,
        "target_metadata = Base.metadata\n",
        "target_metadata = Base.metadata\n\n\n"
        "def directives(context, revision, directives):\n"
        "    directives[0].rev_id = '0042'\n"
        "    if directives[0].message == 'drop it':\n"
        "        directives[:] = []\n",
    )
    replace(
        env,
        "            connection=connection, target_metadata=target_metadata\n",
        "            connection=connection, target_metadata=target_metadata,\n"
        "            process_revision_directives=directives,\n",
    )
    before = files(drift)
    assert error(drift, "db.revision", "drop it", code=1)["code"] == "no-changes"
    assert files(drift) == before
    assert new_file(drift, "db.revision", "keep it").name == "0042_keep_it.py"


def test_post_write_hooks_run_and_leave_stdout_alone(drift: Project) -> None:
    hook = drift.root / "mark"
    hook.write_text('#!/bin/sh\necho "# marked" >> "$1"\necho the hook speaks\n', encoding="utf-8")
    hook.chmod(0o755)
    ini = drift.root / "alembic.ini"
    ini.write_text(
        ini.read_text(encoding="utf-8") + "\n[post_write_hooks]\nhooks = mark\nmark.type = exec\n"
        "mark.executable = %(here)s/mark\nmark.options = REVISION_SCRIPT_FILENAME\n",
        encoding="utf-8",
    )
    path = new_file(drift, "db.revision", "add a summary")
    assert path.read_text(encoding="utf-8").endswith("# marked\n")
    done = succeeded(drift.invoke("db.migrate", "db.revision", "more", "--empty"))
    assert "the hook speaks" in done.err.splitlines()
    assert "the hook speaks" not in done.out
    hook.unlink()
    before = files(drift)
    assert error(drift, "db.revision", "again", "--empty") == {
        "code": "files",
        "message": f"{hook}: No such file or directory",
        "remedy": "if post_write_hooks names it, the revision is written and the hook did not run",
    }
    assert len(files(drift) - before) == 1


def test_a_checkout_that_is_read_only_is_told(drift: Project) -> None:
    folder = drift.root / "migrations" / "versions"
    before = files(drift)
    folder.chmod(0o555)
    try:
        done = drift.run(
            sys.executable, "-c", WITHOUT_OVERRIDE, "db.revision", "add a summary", "--json"
        )
    finally:
        folder.chmod(0o755)
    assert done.code == 4, done
    found = json.loads(done.out)["error"]
    assert (found["code"], found["remedy"]) == (
        "not-writable",
        "make the folder writable, then run this again",
    )
    assert found["message"].startswith(f"{folder}/")
    assert found["message"].endswith("_add_a_summary.py cannot be written: Permission denied")
    assert files(drift) == before


def test_a_database_elsewhere_in_the_history_is_not_compared(
    drift: Project, database: DatabaseURL
) -> None:
    write_revision(drift, "aaaa", "b095d224ceb6")
    assert error(drift, "db.check", "--live") == NOT_AT_HEAD
    assert rows(database, "SELECT 1") == [1]


def test_an_env_without_metadata_cannot_be_compared(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("no_revisions", database)
    succeeded(project.invoke("db.init"))
    assert error(project, "db.check") == {
        "code": "no-metadata",
        "message": "env.py gives Alembic no metadata, so models and database cannot be compared",
        "remedy": "set target_metadata in env.py to the metadata of the models",
    }
    assert document(project, "db.history") == document(project, "db.heads") == []
    assert document(project, "db.migrate", "--plan") == []
    first = new_file(project, "db.revision", "the first", "--empty")
    assert document(project, "db.migrate")["current"] == [first.name.partition("_")[0]]
