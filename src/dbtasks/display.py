"""What people see: progress, tables, questions and errors, on stderr and the terminal."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from dbtasks.garbage import no_collections
from dbtasks.pictures.cells import cells
from dbtasks.pictures.columns import aligned, breaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

    from dbtasks.errors import DbtasksError
    from dbtasks.results import Revision, Step


# How the pieces of a drawn history look.
_ROLES = {
    "lane": "dim",
    "revision": "yellow",
    "head": "bold green",
    "current": "bold cyan",
    "label": "magenta",
    "message": "",
    "note": "dim",
}
# How the pieces of a diagnosis look.
_DIAGNOSIS = {
    "": "",
    "problem": "bold red",
    "note": "bold cyan",
    "untold": "bold yellow",
    "mended": "bold green",
    "code": "bold",
    "detail": "dim",
    "remedy": "bold",
}


class Display:
    """A terminal, or whatever stderr and stdout lead to; a `Watcher` of migrations.

    Progress goes to stderr. On a terminal the current step is a line with a spinner; elsewhere
    every step is a line of its own. `quiet` leaves out all but questions, errors and `warn`. Rich is
    imported when something needs it: lines and tables in a pipe do not.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._status: Status | None = None
        self._said = ""

    @cached_property
    def _errors(self) -> Console:
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    @cached_property
    def _out(self) -> Console:
        from rich.console import Console

        return Console(highlight=False, soft_wrap=True)

    def say(self, message: str) -> None:
        """Tell what is being done now."""
        if self._quiet or message == self._said:
            return
        self._said = message
        if _print_plainly(sys.stderr, message):
            return
        from rich.text import Text

        if not self._errors.is_terminal:
            self._errors.print(Text(message))
        elif self._status is None:
            self._status = self._errors.status(Text(message))
            self._status.start()
        else:
            self._status.update(Text(message))

    def busy(self, message: str) -> None:
        """Tell a person that something may take a moment; elsewhere it would be noise."""
        if _styled(sys.stderr) and self._errors.is_terminal:
            self.say(message)

    def note(self, message: str, *, verbatim: bool = False) -> None:
        """Print a line that stays, on stderr; `verbatim` breaks none that is longer than the terminal."""
        if self._quiet or _print_plainly(sys.stderr, message):
            return
        from rich.text import Text

        self._errors.print(Text(message) if verbatim else _fitted(self._errors, message))

    def warn(self, message: str) -> None:
        """Print a line that stays on stderr, also where a machine reads stdout."""
        self.clear()
        self._errors.print(_fitted(self._errors, message))

    def begin(self, step: Step) -> None:
        """Show the revision that is about to run."""
        if _styled(sys.stderr) and self._errors.is_terminal:
            verb = "applying" if step.upgrade else "undoing"
            self.say(f"{verb} {step.number} of {step.total}: {step.revision} {step.message}")

    def done(self, step: Step, seconds: float) -> None:
        """Print the revision that has run, and how long it took."""
        width = len(str(step.total))
        arrow = "+" if step.upgrade else "-"
        self.note(
            f"{step.number:>{width}}/{step.total} {arrow} {step.revision}  {seconds:6.2f} s  {step.message}"
        )

    def clear(self) -> None:
        """Remove the spinner."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def print(self, text: str, *, verbatim: bool = False) -> None:
        """Print a result on stdout; `verbatim` breaks no line that is longer than the terminal."""
        self.clear()
        if _print_plainly(sys.stdout, text):
            return
        from rich.text import Text

        self._out.print(Text(text) if verbatim else _fitted(self._out, text))

    def pairs(self, rows: Iterable[tuple[str, str]]) -> None:
        """Print labels and texts in two aligned columns."""
        rows = [*rows]
        self._columns(rows, labels=max((cells(label) for label, _ in rows), default=0))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print an aligned table under the names of its columns."""
        self._columns([columns, *rows])

    def _columns(self, rows: Sequence[Sequence[str]], labels: int = 0) -> None:
        """Print rows, the first in bold, or as many cells as `labels` of each."""
        self.clear()
        if not _styled(sys.stdout):
            sys.stdout.writelines(f"{line}\n" for row in aligned(rows) for line in row)
            sys.stdout.flush()
            return
        from rich.text import Text

        for number, row in enumerate(aligned(rows, self._out.width)):
            for line in row:
                text = Text(line)
                if labels or number == 0:
                    text.stylize("bold", 0, labels or None)
                self._out.print(text)

    def history(self, revisions: Sequence[Revision]) -> None:
        """Draw a history as a graph, one line a revision."""
        from dbtasks.pictures import graph

        self.clear()
        if not _styled(sys.stdout):
            with no_collections():
                drawn = graph.lines(revisions, encoding=sys.stdout.encoding)
            sys.stdout.writelines("".join(part.text for part in line) + "\n" for line in drawn)
            sys.stdout.flush()
            return
        from rich.text import Text

        width = self._out.width if self._out.is_terminal else 80
        for line in graph.lines(revisions, width=width, encoding=self._out.encoding):
            self._out.print(Text.assemble(*((part.text, _ROLES[part.role]) for part in line)))

    def pieces(self, lines: Iterable[Iterable[tuple[str, str]]]) -> None:
        """Print the lines of a diagnosis, each of pieces with a role and a text."""
        from rich.text import Text

        self.clear()
        for line in lines:
            assembled = Text.assemble(*((text, _DIAGNOSIS[role]) for role, text in line))
            self._out.print(_fitted(self._out, assembled))

    def confirm(self, question: str) -> bool:
        """Ask a person; without one to answer, the answer is no."""
        self.clear()
        if not sys.stdin.isatty():
            return False
        answer = self._input(f"{question} [y/N]")
        return (answer or "").strip().lower() in {"y", "yes"}

    def ask(self, question: str) -> str | None:
        """Ask a person for a text, and return it as typed; None without one who sees the question."""
        self.clear()
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        return self._input(question)

    def _input(self, question: str) -> str | None:
        prompt = _fitted(self._errors, question.rstrip()).append(" ")
        try:
            return self._errors.input(prompt)
        except EOFError:  # Ctrl-D: no answer
            self._errors.print()
            return None

    def error(self, error: DbtasksError) -> None:
        """Print what failed in one line, its details, and what to do next."""
        from rich.text import Text

        self.clear()
        said = [Text.assemble(("error: ", "bold red"), error.message)]
        said += [Text(f"  {detail}", style="dim") for detail in error.details]
        if error.remedy:
            said.append(Text.assemble(("remedy: ", "bold"), error.remedy))
        for text in said:
            self._errors.print(_fitted(self._errors, text))


def _styled(stream: TextIO) -> bool:
    """Tell whether Rich may take a stream for a terminal."""
    return stream.isatty() or any(name in os.environ for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))


def _print_plainly(stream: TextIO, text: str) -> bool:
    """Print a line as Rich would where nobody looks; tell if that was done.

    Rich takes control characters out of a text and makes tabs spaces, so it gets those that have any.
    """
    if _styled(stream) or not text.replace("\n", "").isprintable():
        return False
    print(text, file=stream, flush=True)
    return True


def _fitted(console: Console, text: str | Text) -> Text:
    """Return a text whose lines break between words where a terminal ends, and hang from there."""
    from rich.text import Text

    text = Text(text) if isinstance(text, str) else text
    if not console.is_terminal:
        return text
    fitted = Text("\n").join(
        part for line in text.split("\n", allow_blank=True) for part in _parts(line, console.width)
    )
    fitted.style = text.style
    return fitted


def _parts(line: Text, width: int) -> Iterator[Text]:
    from rich.text import Text

    indent = len(line.plain) - len(line.plain.lstrip()) + 2
    first, *others = line.divide(breaks(line.plain, width, indent))
    for part in (first, *others):
        if others:
            part.rstrip()
    yield first
    for part in others:
        yield Text(" " * indent).append_text(part)
