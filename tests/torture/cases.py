"""What is killed: a command, where it begins, and what the next command has to make of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks import maintenance
from histories import PLAIN, execute, relations, version
from torture import branches
from torture import project as projects
from torture.project import NEW, OLD

if TYPE_CHECKING:
    from consumers import Done
    from torture.lab import Lab

_BY_HAND = re.compile(r"if a killed run built it, drop it, then run this again: (DROP INDEX .+)")
_COMMAND = re.compile(r"invoke (db\.[a-z-]+(?: --?[a-z-]+)*)")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One command to be killed.

    `begin` brings a lab to where the command begins, `end` checks what there is after the next command,
    which is `following` or the command itself.
    """

    name: str
    argv: tuple[str, ...]
    begin: Callable[[Lab], None]
    end: Callable[[Lab], None]
    following: tuple[str, ...] = ()
    flavour: str = "per_revision"
    kinds: tuple[str, ...] = ("local", "docker")
    looks: bool = True
    """Whether catalog and version table have to agree before the next command, too."""
    accepted: str = ""
    """An error of the next command that says that all is done."""
    by_hand: bool = False
    """Whether a person may have to run what an error names, to undo what a revision did in autocommit blocks."""

    def follow(self, lab: Lab) -> Done:
        """Run the next command, then the one that its error names, if it fails, and itself again."""
        argv = self.following or self.argv
        done = lab.project.module(argv[0], *argv[1:])
        named = _COMMAND.search(done.err.rpartition("remedy:")[2])
        if done.code and named is not None:
            mended = lab.project.invoke(*named[1].split())
            assert mended.code == 0, (done, mended)
            done = lab.project.module(argv[0], *argv[1:])
        statement = _BY_HAND.search(done.err)
        if done.code and self.by_hand and statement is not None:
            execute(lab.running, statement[1])
            done = lab.project.module(argv[0], *argv[1:])
        if done.code and self.accepted:  # which need not come to where left-overs are removed
            lab.project.invoke("db.plan")
        assert done.code == 0 or (self.accepted and self.accepted in done.err), done
        assert "Traceback" not in done.err, done
        return done


def _invoke(*arguments: str) -> tuple[str, ...]:
    return ("invoke", *arguments)


def _nothing(lab: Lab) -> None:
    lab.remove()


def _stopped(lab: Lab) -> None:
    lab.put("start")
    lab.database.migrate(PLAIN[1])
    lab.database.server.stop()


def _empty(lab: Lab) -> None:
    lab.put("start")


def _full(lab: Lab) -> None:
    lab.put("head")


def _cold_template(lab: Lab) -> None:
    lab.put("head")
    lab.drop_templates()


def _without_server_template(lab: Lab) -> None:
    lab.put("head")
    for path in (lab.project.root / ".dbtasks").glob("*.template.*"):
        path.unlink()


def _is_new(lab: Lab) -> None:
    url = lab.running
    assert maintenance.exists(url)
    assert not lab.has_data(url)


def _is_at(*revisions: str | None) -> Callable[[Lab], None]:
    """Return what checks the version, and the data of before; None is the head."""

    def check(lab: Lab) -> None:
        expected = tuple(one or lab.history[-1] for one in revisions)
        lab.check_state(lab.running, expected)
        lab.check_data(lab.running)

    return check


def _answers(lab: Lab) -> None:
    assert lab.url is not None
    maintenance.server_version(lab.url)


def _before_rebase(lab: Lab) -> None:
    branches.reset(lab.project)
    lab.put("start")


def _before_rebase_migrated(lab: Lab) -> None:
    branches.reset(lab.project)
    lab.put("head")


def _rebased(lab: Lab) -> None:
    assert branches.changed(lab.project) == [" M migrations/versions/ours.py"]
    lab.check_state(lab.running, ())
    lab.check_data(lab.running)


def _rebased_and_migrated(lab: Lab) -> None:
    """After a kill between rewriting the file and migrating, db.migrate is the natural next command, too."""
    assert branches.changed(lab.project) == [" M migrations/versions/ours.py"]
    done = lab.project.invoke("db.migrate")
    assert done.code == 0, done
    lab.check_state(lab.running, (branches.OURS[-1],))
    assert branches.THEIRS in relations(lab.running)
    lab.check_data(lab.running)


def _on_the_old_major(lab: Lab) -> None:
    lab.at(NEW).destroy()
    projects.set_major(lab.project, OLD)
    lab.put("head")


def _on_the_new_major(lab: Lab) -> None:
    """The catalogs of two majors are no matter of a kill; upgrade-server compares them itself."""
    url = lab.running
    assert maintenance.server_version(url).startswith(f"{NEW}.")
    assert version(url) == [lab.history[-1]]
    lab.check_data(url)
    assert set(projects.NAMES) <= relations(url)


_HEAD = _is_at(None)
_ONE_HEAD = "there is nothing to re-parent: the history has one head"

CASES = (
    Case(name="init", argv=_invoke("db.init"), begin=_nothing, end=_is_new),
    Case(name="init-again", argv=_invoke("db.init"), begin=_stopped, end=_HEAD),
    Case(name="start", argv=_invoke("db.start"), begin=_nothing, end=_answers),
    Case(name="start-again", argv=_invoke("db.start"), begin=_stopped, end=_is_at(PLAIN[1])),
    Case(
        name="recreate",
        argv=_invoke("db.recreate", "--yes"),
        begin=_full,
        end=_is_new,
        looks=False,
    ),
    Case(
        name="recreate-from-template",
        argv=_invoke("db.recreate", "--yes"),
        begin=_full,
        end=_is_new,
        flavour="server_template",
        kinds=("docker",),
        looks=False,
    ),
    Case(
        name="recreate-with-a-new-template",
        argv=_invoke("db.recreate", "--yes"),
        begin=_without_server_template,
        end=_is_new,
        flavour="server_template",
        kinds=("docker",),
        looks=False,
    ),
    Case(name="migrate-per-revision", argv=_invoke("db.migrate"), begin=_empty, end=_HEAD),
    Case(
        name="migrate-one-transaction",
        argv=_invoke("db.migrate"),
        begin=_empty,
        end=_HEAD,
        flavour="one_transaction",
    ),
    Case(
        name="migrate-autocommit",
        argv=_invoke("db.migrate"),
        begin=_empty,
        end=_HEAD,
        flavour="autocommit",
        by_hand=True,
        looks=False,
    ),
    Case(
        name="rollback",
        argv=_invoke("db.rollback", "--to", "base"),
        begin=_full,
        end=_is_at(),
    ),
    Case(
        name="rollback-then-migrate",
        argv=_invoke("db.rollback", "--to", PLAIN[0]),
        following=_invoke("db.migrate"),
        begin=_full,
        end=_HEAD,
    ),
    Case(
        name="upgrade-server",
        argv=_invoke("db.upgrade-server", "--to", str(NEW)),
        begin=_on_the_old_major,
        end=_on_the_new_major,
        flavour="old_major",
        looks=False,
    ),
    Case(name="template", argv=_invoke("db.check"), begin=_cold_template, end=_HEAD),
    Case(
        name="plugin",
        argv=("pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"),
        begin=_full,
        end=_HEAD,
    ),
    Case(
        name="rebase",
        argv=_invoke("db.rebase"),
        begin=_before_rebase,
        end=_rebased,
        accepted=_ONE_HEAD,
        flavour="branches",
    ),
    Case(
        name="rebase-migrate",
        argv=_invoke("db.rebase", "--migrate"),
        begin=_before_rebase_migrated,
        end=_rebased_and_migrated,
        accepted=_ONE_HEAD,
        flavour="branches",
    ),
)
