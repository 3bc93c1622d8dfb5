"""A branch re-parented and proven on PostgreSQL, with the local database taken along."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conftest import missing
from dbtasks.database import Database
from dbtasks.errors import DbtasksError
from dbtasks.migration_lock import migration_lock
from dbtasks.policy import Consent
from dbtasks.rebase.run import carry_out, prepare_rebase, prove
from dbtasks.settings import load_settings
from dbtasks.version_table import VersionTable
from histories import execute, relations, rows, version, write_revision

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.migrator import Migrator
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL

HEAD = "ed7760b0e974"


def git(project: Project, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
        cwd=project.root,
        env={**project.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
        check=True,
        timeout=30,
    )


def table(name: str) -> dict[str, str]:
    return {
        "upgrade": f"op.create_table('{name}', sa.Column('id', sa.Integer))",
        "downgrade": f"op.drop_table('{name}')",
    }


class Team:
    """Two branches from one parent; `theirs` was merged first, and is on the base branch."""

    def __init__(self, project: Project, url: DatabaseURL) -> None:
        self.project, self.url = project, url
        git(project, "init", "-q", "-b", "main")
        (project.root / ".gitignore").write_text(".dbtasks/\n__pycache__/\n")
        write_revision(project, "theirs", HEAD, **table("theirs"))
        git(project, "add", "-A")
        git(project, "commit", "-q", "-m", "theirs")
        git(project, "checkout", "-q", "-b", "feature")
        write_revision(project, "ours", HEAD, **table("ours"))
        write_revision(project, "ours2", "ours", **table("ours2"))
        git(project, "add", "-A")
        git(project, "commit", "-q", "-m", "ours")

    @property
    def settings(self) -> Settings:
        return load_settings(root=self.project.root, environ={}, flags={"url": self.url.libpq()})

    @property
    def throwaways(self) -> Throwaways:
        """Throwaway databases on the tests' server, which stands for one that dbtasks made."""
        from dbtasks.throwaway import Throwaways

        class Owned:
            owned = True

            def __init__(self, url: DatabaseURL) -> None:
                self._url = url

            def start(self) -> DatabaseURL:
                return self._url

        return Throwaways(self.settings, lambda: Owned(self.url), (), print)  # type: ignore[arg-type, return-value]

    def migrator(self) -> Migrator:
        return Database(self.settings).migrator(yes_destroy=self.url.database)

    def applied(self, *targets: str) -> tuple[str, ...]:
        """Create the local database and migrate it; return where it is."""
        Database(self.settings).create()
        for target in targets:
            self.migrator().upgrade(target)
        return self.migrator().standing().current

    def changed(self) -> list[str]:
        shown = subprocess.run(
            ["git", "diff", "--name-only"],
            cwd=self.project.root,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return shown.stdout.split()


@pytest.fixture
def team(copy_project: CopyProject, database: DatabaseURL) -> Team:
    if shutil.which("git") is None:
        missing("there is no git")
    return Team(copy_project("plain", database), database)


def path_of(team: Team, revision: str) -> Path:
    return team.project.root / "migrations" / "versions" / f"{revision}.py"


def test_a_branch_is_moved_and_proven_from_base_and_from_the_other_head(team: Team) -> None:
    before = set(rows(team.url.with_database("postgres"), "SELECT datname FROM pg_database"))
    prepared = prepare_rebase(team.settings)
    assert team.changed() == []
    outcome = carry_out(prepared, team.throwaways)
    assert (outcome.revision, outcome.onto, outcome.was) == ("ours", "theirs", (HEAD,))
    assert (outcome.moved, outcome.heads) == (("ours", "ours2"), ("ours2",))
    assert "-down_revision = 'ed7760b0e974'\n+down_revision = 'theirs'\n" in outcome.diff
    first, second = outcome.proofs
    assert (first.start, first.applied[-3:]) == ("base", ("theirs", "ours", "ours2"))
    assert (second.start, second.applied) == ("theirs", ("ours", "ours2"))
    assert team.changed() == ["migrations/versions/ours.py"]
    after = set(rows(team.url.with_database("postgres"), "SELECT datname FROM pg_database"))
    assert after == before
    assert team.applied("head") == ("ours2",)
    assert {"theirs", "ours", "ours2"} <= relations(team.url)


def test_a_local_database_at_a_moved_revision_is_taken_along(team: Team) -> None:
    current = team.applied("ours2")
    with pytest.raises(DbtasksError) as caught:
        prepare_rebase(team.settings, applied=current)
    assert (caught.value.code, caught.value.exit_code) == ("applied", 5)
    assert caught.value.details[0] == f"by hand: invoke db.rollback --to {HEAD}"
    assert team.changed() == []

    prepared = prepare_rebase(team.settings, applied=current, migrate=True)
    outcome = carry_out(prepared, team.throwaways, team.migrator)
    assert outcome.undone == ("ours2", "ours")
    assert outcome.applied == ("theirs", "ours", "ours2")
    assert version(team.url) == ["ours2"]


def test_a_local_database_is_not_taken_along_while_another_process_migrates_it(team: Team) -> None:
    prepared = prepare_rebase(team.settings, applied=team.applied("ours2"), migrate=True)
    database = Database(replace(team.settings, lock_wait=0.2))
    with (
        migration_lock(team.url, VersionTable(), wait=1, say=print),
        pytest.raises(DbtasksError) as caught,
    ):
        database.rebase(prepared, lambda target: Consent(name=target.url.database))
    assert (caught.value.code, caught.value.exit_code) == ("locked", 3)
    assert team.changed() == []
    assert version(team.url) == ["ours2"]


def test_nothing_is_moved_when_the_local_database_cannot_go_back(team: Team) -> None:
    prepared = prepare_rebase(team.settings, applied=team.applied("ours2"), migrate=True)
    execute(team.url, "CREATE VIEW seen AS SELECT id FROM ours2")
    with pytest.raises(DbtasksError) as caught:
        carry_out(prepared, team.throwaways, team.migrator)
    assert caught.value.exit_code == 4
    assert caught.value.details[-1] == "nothing was re-parented: ours.py is as it was"
    assert team.changed() == []
    assert version(team.url) == ["ours2"]


def test_only_the_moved_branch_is_rolled_back_where_both_are_applied(team: Team) -> None:
    current = team.applied("theirs", "ours")
    assert current == ("ours", "theirs")
    execute(team.url, "INSERT INTO theirs VALUES (7)")
    prepared = prepare_rebase(team.settings, applied=current, migrate=True)
    outcome = carry_out(prepared, team.throwaways, team.migrator)
    assert (outcome.undone, outcome.applied) == (("ours",), ("ours", "ours2"))
    assert rows(team.url, "SELECT id FROM theirs") == [7]
    assert version(team.url) == ["ours2"]


def test_the_way_by_hand_leads_there_too(team: Team) -> None:
    current = team.applied("theirs", "ours")
    plan = prepare_rebase(team.settings, applied=current, migrate=True).plan
    assert plan.way is not None
    target = plan.way.steps(plan)[0].removeprefix("invoke db.rollback --to ")
    assert target == f"ours@{HEAD}"
    assert team.migrator().downgrade(target).current == ("theirs",)
    carry_out(prepare_rebase(team.settings, applied=["theirs"]), team.throwaways)
    assert team.migrator().upgrade().current == ("ours2",)


def test_a_base_of_its_own_is_rolled_back_alone(team: Team) -> None:
    write_revision(team.project, "alone", None, **table("alone"))
    write_revision(team.project, "alone2", "alone", **table("alone2"))
    current = team.applied("theirs", "alone2")
    prepared = prepare_rebase(
        team.settings, revision="alone2", onto="theirs", applied=current, migrate=True
    )
    assert prepared.plan.way is not None
    assert prepared.plan.way.target == "alone@base"
    assert team.migrator().downgrade("alone@base").current == ("theirs",)


def test_branches_that_do_not_go_together_leave_file_and_database_as_they_were(
    team: Team,
) -> None:
    path = path_of(team, "ours")
    path.write_text(path.read_text().replace("'ours', sa", "'theirs', sa"))
    before = path.read_bytes()
    current = team.applied("ours2")
    prepared = prepare_rebase(team.settings, applied=current, migrate=True)
    with pytest.raises(DbtasksError) as caught:
        carry_out(prepared, team.throwaways, team.migrator)
    found = caught.value
    assert (found.code, found.exit_code) == ("unproven", 4)
    assert found.message == (
        "nothing was changed: with ours behind theirs, migrating from base to the new head fails:"
        " revision ours (a change) could not be applied:"
        ' relation "theirs" already exists'
    )
    assert found.remedy == (
        "let the branch fit what would come before it, then run this again;"
        " invoke db.merge-heads joins the heads and moves nothing"
    )
    assert path.read_bytes() == before
    assert version(team.url) == ["ours2"]
    with pytest.raises(DbtasksError, match="from base"):
        prove(team.throwaways, prepared.plan)


def test_the_database_stays_where_it_is_when_the_file_cannot_be_written(team: Team) -> None:
    current = team.applied("ours2")
    path_of(team, "ours").chmod(0o444)
    prepared = prepare_rebase(team.settings, applied=current, migrate=True)
    with pytest.raises(DbtasksError) as caught:
        carry_out(prepared, team.throwaways, team.migrator)
    assert caught.value.code == "not-writable"
    assert version(team.url) == ["ours2"]
