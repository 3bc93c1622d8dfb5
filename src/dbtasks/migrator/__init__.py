"""Alembic, in process: what is applied, what is pending, and how to get from one to the other."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from dbtasks import policy
from dbtasks.environment import Environment
from dbtasks.errors import CheckError, UsageError
from dbtasks.migrator import writing
from dbtasks.migrator.heads import head_names, one_head
from dbtasks.migrator.rehearsal import Rehearsal
from dbtasks.migrator.run import Run, Watcher
from dbtasks.migrator.runner import Runner
from dbtasks.migrator.steps import back, check_known, describe, down, stairs, unknown, up
from dbtasks.results import Difference, Outcome, RehearsedStep, Revision, Standing, Step
from dbtasks.revisions import read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from alembic.autogenerate import RevisionContext
    from alembic.runtime.migration import MigrationContext, MigrationStep
    from alembic.script import Script

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL
    from dbtasks.version_table import VersionTable


class Migrator:
    """The migrations of one project on one database.

    `watcher` is told of each revision that runs, `announce` before the first of a run of all that
    will, `tell` of what a person has to know meanwhile, such as who holds a lock. Without a `url`
    only what the files tell is to be had. `parents` says which revisions follow another one than
    their files say; `copied` that the database ought to be at head. `yes_destroy` is the database's
    name, without which nothing is undone or stamped on a server that dbtasks did not make:
    RefusedError.
    """

    def __init__(
        self,
        settings: Settings,
        url: DatabaseURL | None = None,
        *,
        watcher: Watcher | None = None,
        announce: Callable[[tuple[Step, ...]], None] = lambda _: None,
        tell: Callable[[str], None] | None = None,
        parents: Mapping[str, str] | None = None,
        copied: bool = False,
        yes_destroy: str = "",
    ) -> None:
        self.environment = Environment(settings, url, parents=parents)
        self._runner = Runner(self.environment, watcher, announce, tell)
        self._copied, self._yes_destroy = copied, yes_destroy

    def standing(self) -> Standing:
        """Return the current revisions, the heads, and how many revisions are pending."""
        seen: list[tuple[str, ...]] = []

        def look(heads: Any, _: MigrationContext) -> list[Any]:
            seen.append(tuple(heads))
            return []

        self.environment.run(look, dont_mutate=True)
        return self._standing(seen[-1])

    def version_table(self) -> VersionTable:
        """Return which table env.py says holds the applied revisions."""
        self.environment.run(lambda *_: [], dont_mutate=True)
        assert self.environment.version_table is not None
        return self.environment.version_table

    def history(self, current: Sequence[str] = ()) -> tuple[Revision, ...]:
        """Return every revision, newest first; `current` are the ones to mark as current."""
        with self.environment.inside():
            scripts = list(self.environment.script.walk_revisions())
        heads = self.head_names()
        return tuple(_revision(script, heads, current) for script in scripts)

    def plan(self, target: str | None = None) -> tuple[Step, ...]:
        """Return the steps that `upgrade(target)` would take on this database."""
        found: list[Step] = []

        def look(heads: Any, _: MigrationContext) -> list[Any]:
            check_known(self.environment.script, heads)
            found.extend(describe(up(self.environment.script, self._goal(target), heads)))
            return []

        self.environment.run(look, dont_mutate=True)
        return tuple(found)

    def sql(self, target: str | None = None) -> str:
        """Return the SQL of `upgrade(target)` from where this database is, without running it.

        Alembic writes it offline: a migration that reads data to decide what to do may fail here.
        """
        current = self.standing().current
        goal = self._goal(target)
        text, run = io.StringIO(), Run(self.environment)
        with run.explained():
            self.environment.run(
                lambda heads, context: run.observe(
                    up(self.environment.script, goal, heads), heads, context
                ),
                sql_to=text,
                starting_rev=current or None,
                destination_rev=goal,
            )
        return text.getvalue()

    def rehearse(self, target: str | None = None) -> tuple[RehearsedStep, ...]:
        """Run `upgrade(target)` and return the SQL of each revision; for a throwaway database."""
        rehearsal = Rehearsal()
        self._run(
            lambda heads: up(self.environment.script, self._goal(target), heads),
            rehearsal=rehearsal,
        )
        return tuple(rehearsal.steps)

    def upgrade(self, target: str | None = None, *, fix: bool = False) -> Outcome:
        """Apply the pending revisions up to `target`, the head when not given.

        With `fix` an invalid index that a failed CREATE INDEX CONCURRENTLY of theirs left is dropped.

        Raises:
            MigrationError: a revision failed, or the target is unknown or ambiguous.
        """
        return self._run(
            lambda heads: up(self.environment.script, self._goal(target), heads), fix=fix
        )

    def stairway(self, wanted: Collection[str]) -> Outcome:
        """Apply everything pending, each revision in a transaction of its own, whatever env.py says.

        Each revision of `wanted` is undone and applied again before the next one. All of it happens
        in one environment: env.py runs once.
        """
        self._check_policy("undo revisions of")
        return self._run(
            lambda heads: stairs(self.environment.script, heads, wanted), commit_each=True
        )

    def downgrade(self, target: str) -> Outcome:
        """Undo revisions until the database is at `target`; `base` undoes all."""
        self._check_policy("undo revisions of")
        return self._run(lambda heads: down(self.environment.script, target, heads))

    def rollback(self, steps: int = 1) -> Outcome:
        """Undo the last `steps` revisions.

        Raises:
            UsageError: `steps` is less than 1.
            MigrationError: the way back is not one line, so a target has to be named.
        """
        if steps < 1:
            raise UsageError(f"--steps {steps} undoes nothing", remedy="give a number from 1 on")
        self._check_policy("undo revisions of")
        return self._run(lambda heads: back(self.environment.script, steps, heads))

    def redo(self) -> Outcome:
        """Undo the last revision and apply it again."""
        before = self.standing().current
        undone = self.rollback()
        again = self._run(lambda heads: up(self.environment.script, before, heads))
        return Outcome(
            applied=undone.applied + again.applied, current=again.current, pending=again.pending
        )

    def stamp(self, target: str) -> Standing:
        """Write `target` into the version table without running anything.

        What the table said before goes if it is a revision that no file has.
        """
        self._check_policy("overwrite the version table of")
        script = self.environment.script
        found: list[tuple[str, ...]] = []

        def look(heads: Any, _: MigrationContext) -> list[Any]:
            found.append(unknown(script, heads))
            return []

        self.environment.run(look, dont_mutate=True)
        self.environment.run(
            lambda heads, _: script._stamp_revs(self._goal(target), heads),  # noqa: SLF001
            purge=bool(found[-1]),
        )
        return self.standing()

    def revision(self, message: str, *, empty: bool = False) -> str:
        """Write a revision that brings the database to the models; return its path.

        Raises:
            CheckError: models and database agree, and `empty` was not asked for.
            MigrationError: the database is not at head, or there are several heads.
        """
        from dbtasks.drift import findings  # here and below: runs of revisions do without

        context = self._compare(writing.in_docstring(message), autogenerate=not empty)
        if not empty and not context._last_autogen_context.sorted_tables:  # noqa: SLF001
            raise CheckError(
                findings.EMPTY_METADATA,
                remedy="--empty writes a revision to fill in by hand",
                code="empty-metadata",
            )
        if not empty and not any(
            ops.ops for script in context.generated_revisions for ops in script.upgrade_ops_list
        ):
            raise CheckError(
                "the models and the migrations agree, so a revision would be empty",
                remedy="check that env.py imports every model; --empty writes a revision to fill in by hand",
                code="no-changes",
            )
        with writing.written(self.environment):
            scripts = [script for script in context.generate_scripts() if script is not None]
        if not scripts:
            raise CheckError(
                "env.py's process_revision_directives took the revision away",
                remedy="see env.py",
                code="no-changes",
            )
        return scripts[-1].path

    def empty_revision(self, message: str) -> str:
        """Write a revision to fill in by hand; return its path. No database is needed."""
        return writing.write_empty(self.environment, message)

    def merge(self, message: str) -> str:
        """Write one revision over all heads; return its path.

        Raises:
            CheckError: there is one head only.
        """
        return writing.write_merge(self.environment, message)

    def differences(self) -> tuple[Difference, ...]:
        """Return what is wrong with models and migrations, and not accepted; the database is at head.

        Raises:
            SettingsError: `accepted_drift.toml` is malformed.
        """
        from dbtasks.drift.differences import found

        environment = self.environment
        history = read_history(environment.settings)
        return found(environment, lambda: self._compare(None, autogenerate=True), history)

    def _check_policy(self, operation: str) -> None:
        environment = self.environment
        if environment.url is not None:
            policy.check_call(environment.settings, environment.url, operation, self._yes_destroy)

    def _run(
        self,
        steps_from: Callable[[tuple[str, ...]], list[MigrationStep]],
        *,
        rehearsal: Rehearsal | None = None,
        commit_each: bool = False,
        fix: bool = False,
    ) -> Outcome:
        run = self._runner.run(steps_from, rehearsal=rehearsal, commit_each=commit_each, fix=fix)
        standing = self._standing(run.heads_now())
        return Outcome(applied=run.finished, current=standing.current, pending=standing.pending)

    def _compare(self, message: str | None, *, autogenerate: bool) -> RevisionContext:
        """Let Alembic compare the models with the database, as its `revision` and `check` do."""
        from dbtasks.drift import comparison
        from dbtasks.drift.on_copy import check_copy, new_context

        environment = self.environment
        context = new_context(environment, environment.script, message, autogenerate=autogenerate)

        def look(heads: Any, migration_context: MigrationContext) -> list[Any]:
            if self._copied:
                check_copy(heads, self.head_names())
            check_known(environment.script, heads)
            for script in context.generated_revisions:
                script.head = one_head(self.environment) or "head"
            if autogenerate:
                comparison.widen(migration_context)
                context.run_autogenerate(heads, migration_context)
            else:
                context.run_no_autogenerate(heads, migration_context)
            return []

        environment.run(
            look, dont_mutate=True, template_args=context.template_args, revision_context=context
        )
        return context

    def _goal(self, target: str | None) -> str:
        """Return the target for Alembic; without one, all of a history that has one head."""
        if target in {None, "head"}:
            one_head(self.environment)
            return "heads"
        assert target is not None
        return target

    def head_names(self) -> tuple[str, ...]:
        """Return the effective heads: those that no other revision follows or depends on."""
        return head_names(self.environment)

    def _standing(self, current: tuple[str, ...]) -> Standing:
        script = self.environment.script
        check_known(script, current)
        return Standing(
            current=tuple(sorted(current)),
            heads=self.head_names(),
            pending=len(up(script, "heads", current)),
        )


def _revision(script: Script, heads: Sequence[str], current: Sequence[str]) -> Revision:
    parents = script.down_revision
    return Revision(
        revision=script.revision,
        down_revision=(parents,) if isinstance(parents, str) else tuple(parents or ()),
        message=script.doc or "",
        path=script.path,
        is_head=script.revision in heads,
        is_current=script.revision in current,
    )
