"""Rows sent to the server many at a time, each on a savepoint of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dbtasks.rows.row import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

_UNITS = 250
_SEND = "SELECT set_config('dbtasks.units', %s, true), set_config('dbtasks.refusals', '[]', true)"
_ANSWER = "SELECT current_setting('dbtasks.refusals')"
# The units come as a setting and not in the text, so that nothing needs to be quoted twice. Each is
# read inside its own block: a text that this database's encoding lacks fails alone. Constraints are
# checked at the end of each unit, also those that wait for the end of the transaction.
_INSERT = """
DO $dbtasks$
DECLARE
    unit record;
    stored bigint;
    refusals json[] := '{}';
    message text; of_constraint text; of_column text; of_type text;
BEGIN
    FOR unit IN
        SELECT ordinality - 1 AS number, value AS statements
        FROM json_array_elements(current_setting('dbtasks.units')::json) WITH ORDINALITY
    LOOP
        BEGIN
            IF json_array_length(unit.statements) > 1 THEN
                SET CONSTRAINTS ALL DEFERRED;
            END IF;
            FOR at IN 0 .. json_array_length(unit.statements) - 1 LOOP
                EXECUTE unit.statements ->> at;
                GET DIAGNOSTICS stored = ROW_COUNT;
                IF stored = 0 THEN
                    RAISE EXCEPTION 'a trigger or a rule of the table let no row in';
                END IF;
            END LOOP;
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                message = MESSAGE_TEXT, of_constraint = CONSTRAINT_NAME,
                of_column = COLUMN_NAME, of_type = PG_DATATYPE_NAME;
            refusals := refusals || json_build_object(
                'unit', unit.number, 'message', message,
                'constraint', of_constraint, 'column', of_column, 'type', of_type
            );
        END;
    END LOOP;
    PERFORM set_config('dbtasks.refusals', array_to_json(refusals)::text, true);
END
$dbtasks$
"""


def insert(connection: psycopg.Connection, units: Sequence[Sequence[str]]) -> dict[int, Refusal]:
    """Run the statements of each unit, all or none of them; return what was refused, by place.

    Several transactions, because each takes locks on all tables that it touches.
    """
    refused: dict[int, Refusal] = {}
    for start in range(0, len(units), _UNITS):
        text = json.dumps(units[start : start + _UNITS])
        with connection.transaction():
            connection.execute(_SEND, [text])
            connection.execute(_INSERT)
            row = connection.execute(_ANSWER).fetchone()
        assert row is not None
        for one in json.loads(row[0]):
            refused[start + one["unit"]] = Refusal(
                message=one["message"].partition("\n")[0],
                constraint=one["constraint"],
                column=one["column"],
                type=one["type"],
            )
    return refused
