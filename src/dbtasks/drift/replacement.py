"""One constraint or index put in the place of another of the same name: two operations, one difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.autogenerate.render import render_op, renderers
from alembic.operations import ops
from alembic.operations.ops import MigrateOperation
from sqlalchemy.schema import ExecutableDDLElement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy import Dialect


class ReplaceOp(MigrateOperation):
    """Half of a replacement: `operation`, whose other half is `other`; one of them `leads`."""

    def __init__(
        self,
        operation: MigrateOperation,
        other: MigrateOperation,
        *,
        code: str,
        what: str,
        leads: bool = True,
    ) -> None:
        self.operation, self.other = operation, other
        self.code, self.what, self.leads = code, what, leads

    def reverse(self) -> ReplaceOp:
        """Return this half of the replacement back."""
        return ReplaceOp(
            self.operation.reverse(),
            self.other.reverse(),
            code=self.code,
            what=self.what,
            leads=not self.leads,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what `alembic check` prints."""
        return self.operation.to_diff_tuple()

    @property
    def message(self) -> str:
        """The change as a sentence on what the models and the database have."""
        return f"{self.what} has another definition in the models"


def leaves(container: ops.OpContainer) -> Iterator[MigrateOperation]:
    """Yield the operations of a revision, without what they are grouped by."""
    for operation in container.ops:
        if isinstance(operation, ops.OpContainer):
            yield from leaves(operation)
        else:
            yield operation


def sql_of(dialect: Dialect, element: Any) -> str:
    """Return a statement, or a part of one, as the server is to read it, in one line."""
    compiled = (
        element.compile(dialect=dialect)
        if isinstance(element, ExecutableDDLElement)
        else dialect.ddl_compiler(dialect, None).process(element)  # type: ignore[arg-type]
    )
    text = " ".join(str(compiled).split())
    # For a driver that looks for parameters, which there are none of.
    doubled = dialect.identifier_preparer._double_percents  # noqa: SLF001
    return text.replace("%%", "%") if doubled else text


@renderers.dispatch_for(ReplaceOp)
def _render(context: AutogenContext, operation: ReplaceOp) -> list[str]:
    return render_op(context, operation.operation)
