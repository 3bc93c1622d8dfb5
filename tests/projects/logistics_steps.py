"""What the revisions of `logistics` are made of: steps, each of which knows its way back, as source code."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

TYPES = {"when": "sa.DateTime(timezone=True)", "citext": "postgresql.CITEXT()", "hstore": "postgresql.HSTORE()"}
TYPES |= {"jsonb": "postgresql.JSONB()", "uuid": "sa.Uuid()", "tags": "postgresql.ARRAY(sa.Text())"}


@dataclass
class Step:
    """Statements of a revision, and those that undo them."""

    up: list[str]
    down: list[str]


def execute(statement):
    statement = textwrap.dedent(statement).strip()
    if "\n" in statement:
        return f'op.execute(\n    """\n{textwrap.indent(statement, " " * 4)}\n    """\n)'
    return f'op.execute("""{statement}""")' if '"' in statement else f'op.execute("{statement}")'


def sql(up, down):
    """SQL as it is; a list where asyncpg, which takes one statement at a time, needs several."""
    return Step(*([execute(one) for one in ([way] if isinstance(way, str) else way)] for way in (up, down)))


def data(statement):
    """Rows put in order; what they were is not known any more."""
    return sql(statement, [])


def split(table):
    schema, _, name = table.rpartition(".")
    return name, (f', schema="{schema}"' if schema else "")


def type_code(text):
    if text.startswith("@"):
        name, schema = split(text[1:])
        return f'postgresql.ENUM(name="{name}"{schema}, create_type=False)'
    if text.startswith("%"):  # a domain
        name, schema = split(text[1:])
        return f'postgresql.DOMAIN("{name}", sa.Text(){schema}, create_type=False)'
    return TYPES.get(text) or f"sa.{text}" + ("" if text.endswith(")") else "()")


def column_code(text):
    """A column written as `name Type! =default := generated >table.column`; `!` is NOT NULL."""
    found = re.fullmatch(r"(\w+) (\S+?)(!?)(?: =(.+?))?(?: :=(.+?))?(?: >(\S+?)( cascade)?)?", text)
    name, kind, required, default, generated = found.groups()[:5]
    parts = [f'"{name}"', type_code(kind)]
    if generated:
        parts.append(f'sa.Computed("{generated}", persisted=True)')
    if default:
        parts.append(f'server_default=sa.text("{default}")')
    if required:
        parts.append("nullable=False")
    return f"sa.Column({', '.join(parts)})"


def foreign_key(table, text):
    found = re.search(r"^(\w+) .* >(\S+?)( cascade)?$", text)
    if not found:
        return None
    name, _ = split(table)
    target = found[2].split(".")
    return found[1], found[2], f"fk_{name}_{found[1]}_{target[-2]}", ', ondelete="CASCADE"' if found[3] else ""


def table(full, *columns, unique=(), checks=()):
    name, schema = split(full)
    parts = ['sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False)']
    parts += [column_code(one) for one in columns]
    for one in columns:
        if key := foreign_key(full, one):
            parts.append(f'sa.ForeignKeyConstraint(["{key[0]}"], ["{key[1]}"], name=op.f("{key[2]}"){key[3]})')
    parts += [f'sa.CheckConstraint("{text}", name=op.f("ck_{name}_{what}"))' for what, text in checks]
    parts.append(f'sa.PrimaryKeyConstraint("id", name=op.f("pk_{name}"))')
    for one in unique:
        names = ", ".join(f'"{each}"' for each in one.split())
        parts.append(f'sa.UniqueConstraint({names}, name=op.f("uq_{name}_{one.replace(" ", "_")}"))')
    up = f'op.create_table("{name}", {", ".join(parts)}{schema},)'
    return Step([up], [f'op.drop_table("{name}"{schema})'])


def add(full, *columns):
    name, schema = split(full)
    up, down = [], []
    for one in columns:
        column = one.split()[0]
        up.append(f'op.add_column("{name}", {column_code(one)}{schema})')
        down.insert(0, f'op.drop_column("{name}", "{column}"{schema})')
        if key := foreign_key(full, one):
            target, target_schema = split(key[1].rpartition(".")[0])
            schemas = schema.replace("schema", "source_schema") + target_schema.replace("schema", "referent_schema")
            up.append(
                f'op.create_foreign_key(op.f("{key[2]}"), "{name}", "{target}", ["{key[0]}"], ["id"]{schemas}{key[3]})'
            )
    return Step(up, down)


def drop(full, column):
    """Drop the last column of a table, so that it comes back in its place."""
    return Step(*reversed((lambda step: (step.up, step.down))(add(full, column))))


def index(full, columns, *, name=None, unique=False, where=None, more="", online=False):
    table_name, schema = split(full)
    name = name or f"ix_{table_name}_{columns.replace(' ', '_')}"
    listed = columns if columns.startswith("[") else "[" + ", ".join(f'"{one}"' for one in columns.split()) + "]"
    options = schema + (", unique=True" if unique else "") + more
    options += f', postgresql_where=sa.text("{where}")' if where else ""
    up = f'op.create_index("{name}", "{table_name}", {listed}{options}'
    down = f'op.drop_index("{name}", table_name="{table_name}"{schema}'
    if not online:
        return Step([up + ")"], [down + ")"])
    block = "with op.get_context().autocommit_block():\n"
    tidy = (
        f'    op.drop_index("{name}", table_name="{table_name}"{schema}, postgresql_concurrently=True, if_exists=True)'
    )
    return Step([f"{block}{tidy}\n    {up}, postgresql_concurrently=True)"], [block + tidy])


def check(full, what, text):
    name, schema = split(full)
    drop_it = f'op.drop_constraint(op.f("ck_{name}_{what}"), "{name}", type_="check"{schema})'
    return Step([f'op.create_check_constraint(op.f("ck_{name}_{what}"), "{name}", "{text}"{schema})'], [drop_it])


def unique(full, *columns):
    name, schema = split(full)
    constraint = f'op.f("uq_{name}_{"_".join(columns)}"), "{name}"'
    return Step(
        [f"op.create_unique_constraint({constraint}, {list(columns)}{schema})"],
        [f'op.drop_constraint({constraint}, type_="unique"{schema})'],
    )


def alter(full, column, up, down):
    name, schema = split(full)
    return Step(*([f'op.alter_column("{name}", "{column}", {one}{schema})'] for one in (up, down)))


def rename(full, old, new):
    step = alter(full, old, f'new_column_name="{new}"', "")
    return Step(step.up, alter(full, new, f'new_column_name="{old}"', "").up)


def required(full, column):
    return alter(full, column, "nullable=False", "nullable=True")


def default(full, column, text):
    return alter(full, column, f'server_default=sa.text("{text}")', "server_default=None")


def comment(full, text):
    name, schema = split(full)
    up = f'op.create_table_comment("{name}", "{text}"{schema})'
    return Step([up], [f'op.drop_table_comment("{name}"{schema})'])


def column_comment(full, column, text):
    return alter(full, column, f'comment="{text}"', "comment=None")


def enum(name, *values):
    return sql(f"CREATE TYPE {name} AS ENUM ({', '.join(map(repr, values))})", f"DROP TYPE {name}")


def add_value(name, values, new, tables, *, instead):
    """A new value of an enum; PostgreSQL cannot drop one, so going down builds the type anew."""
    schema, _, bare = name.rpartition(".")
    down = [f"ALTER TYPE {name} RENAME TO {bare}_with_{new}"]
    down.append(f"CREATE TYPE {name} AS ENUM ({', '.join(map(repr, values))})")
    for full, column, initial in tables:
        down.append(f"ALTER TABLE {full} ALTER COLUMN {column} DROP DEFAULT")
        case = f"CASE {column}::text WHEN '{new}' THEN '{instead}' ELSE {column}::text END"
        down.append(f"ALTER TABLE {full} ALTER COLUMN {column} TYPE {name}\n    USING ({case})::{name}")
        down.append(f"ALTER TABLE {full} ALTER COLUMN {column} SET DEFAULT '{initial}'")
    return sql(f"ALTER TYPE {name} ADD VALUE '{new}'", [*down, f"DROP TYPE {schema}.{bare}_with_{new}"])


def view(name, body, kind="VIEW"):
    return sql(f"CREATE {kind} {name} AS\n{textwrap.dedent(body).strip()}", f"DROP {kind} {name}")


def function(signature, rest, body):
    text = f"CREATE OR REPLACE FUNCTION {signature}\n{rest} AS $$\n{textwrap.dedent(body).strip()}\n$$"
    return sql(text, f"DROP FUNCTION {re.sub(' RETURNS.*', '', signature)}")


def replaced(new, old):
    """Another definition under the same name; going down brings the old one back."""
    return Step(new.up, old.up)


def trigger(name, full, when, call):
    up = f"CREATE TRIGGER {name} {when} ON {full}\nFOR EACH ROW EXECUTE FUNCTION {call}"
    return sql(up, f"DROP TRIGGER {name} ON {full}")


def undone(step):
    return Step(step.down, step.up)
