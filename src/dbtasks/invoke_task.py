"""Invoke's tasks and arguments, as the collection needs them."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit, ParseError, UnexpectedExit
from invoke.parser.argument import Argument
from invoke.parser.parser import ParseMachine
from invoke.tasks import Task

from dbtasks.errors import DbtasksError, of_full_disk
from dbtasks.masking import masked
from dbtasks.settings import option_help

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from invoke.context import Context

_SHARED_FLAGS = ("server", "postgres", "url")
INTERRUPTED = 130
# The functions of Invoke's parser that ask for missing positional arguments because they hold a
# token to give, and the name of the local variable that the token is in.
_GIVING = {
    ParseMachine.handle.__code__: "token",
    ParseMachine.see_positional_arg.__code__: "value",
}


class _Masking(logging.Filter):
    """Masks passwords in what `invoke --debug` tells of its arguments and its configuration."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and let it through."""
        record.msg, record.args = masked(record.getMessage()), ()
        return True


logging.getLogger("invoke").addFilter(_Masking())


class LightArgument(Argument):
    """An argument that is copied at little cost: Invoke's parser copies those of every task, deeply."""

    def __deepcopy__(self, memo: dict[int, Any]) -> LightArgument:
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)  # texts, flags and numbers; a list would be shared
        return copied


class OptionalPositional(LightArgument):
    """A positional argument that may be left out, as in `db.migrate [REV]`.

    Invoke knows only positional arguments that are required: one without a value takes the next
    token, and is an error at the end. This one counts as missing only while the parser holds a
    token that is neither a flag nor the name of a task.
    """

    @property
    def value(self) -> Any:
        """The value given; else the default, or None when the parser's token is for us."""
        return None if self._value is None and _token_for_us() else super().value

    @value.setter
    def value(self, given: str) -> None:
        self.set_value(given)


def _token_for_us() -> bool:
    frame = sys._getframe(2)  # noqa: SLF001  the parser tells arguments nothing
    while frame.f_back is not None and frame.f_code.co_name in {
        "missing_positional_args",
        "<listcomp>",
    }:
        frame = frame.f_back
    local = _GIVING.get(frame.f_code)
    if local is None:
        return False
    token, parser = frame.f_locals[local], frame.f_locals["self"]
    return token not in parser.contexts and not token.startswith("-")


class DatabaseTask(Task[Any]):
    """A task of one database's collection; its body receives a `Session` instead of a context."""

    def __init__(
        self,
        body: Callable[..., Any],
        *,
        database: str | None = None,
        root: Path | None = None,
        **options: Any,
    ) -> None:
        super().__init__(body, auto_shortflags=False, **{"positional": (), **options})
        self._database, self._root = database, root

    def __eq__(self, other: object) -> bool:
        # Invoke drops calls of tasks that compare equal, and compares by name and code: of
        # `db.migrate analytics.migrate` and `db.migrate db.rollback db.migrate` it would run the
        # first of each only. Every mention on the command line is a call of its own.
        return False

    def __hash__(self) -> int:
        return id(self)

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the body's arguments and those that every task takes."""
        arguments = super().get_arguments(ignore_unknown_help)
        for argument in arguments:
            if argument.kind is not list:
                argument.__class__ = OptionalPositional if argument.positional else LightArgument
        return [
            *arguments,
            LightArgument(name="json", kind=bool, default=False, help="print one JSON document"),
            *(LightArgument(name=name, help=option_help(name)) for name in _SHARED_FLAGS),
        ]

    def __call__(self, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Run the body with a session; every error becomes a message and an exit code.

        What was not foreseen is shown with its traceback, passwords masked.
        """
        from dbtasks.garbage import process_ends_soon
        from dbtasks.wiring import Session

        process_ends_soon()
        session = Session(
            invoke=_plain(context.config.get("db") or {}),
            flags={name: kwargs.pop(name, None) for name in _SHARED_FLAGS},
            database=self._database,
            root=self._root,
            json=kwargs.pop("json", False),
        )
        self.times_called += 1
        try:
            return self.body(session, *args, **kwargs)
        except BrokenPipeError as error:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=0) from error
        except DbtasksError as error:
            session.fail(error)
            raise Exit(code=error.exit_code) from error
        except KeyboardInterrupt as error:
            session.fail(
                DbtasksError("interrupted", remedy="run it again to go on", code="interrupted")
            )
            raise Exit(code=INTERRUPTED) from error
        except (Exit, UnexpectedExit, ParseError, SystemExit):
            raise
        except BaseException as error:
            full = of_full_disk(error)
            if full is not None:
                session.fail(full)
                raise Exit(code=full.exit_code) from error
            session.close()  # a mistake of ours, or of what we call
            print(masked(traceback.format_exc()), end="", file=sys.stderr)  # noqa: T201
            raise Exit(code=DbtasksError.exit_code) from error
        finally:
            session.close()


def _plain(config: Any) -> Any:
    """Return Invoke's configuration proxy as plain dicts."""
    if hasattr(config, "items"):
        return {key: _plain(value) for key, value in config.items()}
    return config
