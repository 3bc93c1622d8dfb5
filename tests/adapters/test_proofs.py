"""A fault for every proof, and the proof that finds it: exactly that one, by its code, in these words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from consumers import copy_of
from histories import write_revision
from proving import prove

if TYPE_CHECKING:
    from consumers import Project
    from dbtasks.url import DatabaseURL
    from proving import Proven


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A revision with a fault, and what the proof that finds it says."""

    proof: str
    code: str
    message: str
    remedy: str
    up: str = "pass"
    down: str = "pass"


def sql(*statements: str) -> str:
    return "\n    ".join(f'op.execute("""{statement}""")' for statement in statements)


def left_over(what: str, *up: str) -> Fault:
    return Fault(
        proof="stairway",
        code="left-over",
        message=f"undoing {{revision}} leaves {what} behind",
        remedy="let downgrade() in {path} drop what upgrade() makes",
        up=sql(*up),
    )


def not_restored(what: str, *up: str, down: tuple[str, ...] = ()) -> Fault:
    return Fault(
        proof="stairway",
        code="not-restored",
        message=f"undoing {{revision}} does not restore {what}",
        remedy="let downgrade() in {path} put back what was there before",
        up=sql(*up),
        down=sql(*down) if down else "pass",
    )


BEFORE = sql(
    "CREATE SCHEMA extra",
    "CREATE TABLE extra.item (id int PRIMARY KEY, code text NOT NULL DEFAULT 'x', amount int,"
    " CONSTRAINT amount_limit CHECK (amount < 2000000000))",
    "CREATE VIEW extra.codes AS SELECT id, code FROM extra.item",
    "CREATE FUNCTION extra.half(n int) RETURNS int LANGUAGE sql AS 'SELECT n / 2'",
    "CREATE FUNCTION extra.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
)
OWN_CONNECTION = """import sqlalchemy
    engine = sqlalchemy.create_engine(op.get_bind().engine.url)
    globals()["kept"] = engine.connect()
    kept.execute(sa.text("SELECT 'left open'"))"""

FAULTS = {
    "enum": left_over(
        "enum extra.mood",
        "DROP TYPE IF EXISTS extra.mood",
        "CREATE TYPE extra.mood AS ENUM ('sad', 'glad')",
    ),
    "domain": left_over(
        "domain extra.positive",
        "DROP DOMAIN IF EXISTS extra.positive",
        "CREATE DOMAIN extra.positive AS int CHECK (VALUE > 0)",
    ),
    "view": left_over("view extra.ids", "CREATE OR REPLACE VIEW extra.ids AS SELECT 1 AS id"),
    "function": left_over(
        "function extra.twice(integer)",
        "CREATE OR REPLACE FUNCTION extra.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'",
    ),
    "trigger": left_over(
        "trigger extra.item.touched",
        "CREATE OR REPLACE TRIGGER touched BEFORE UPDATE ON extra.item"
        " FOR EACH ROW EXECUTE FUNCTION extra.touch()",
    ),
    "sequence": left_over("sequence extra.number", "CREATE SEQUENCE IF NOT EXISTS extra.number"),
    "index": left_over(
        "index extra.item_code", "CREATE INDEX IF NOT EXISTS item_code ON extra.item (code)"
    ),
    "table": left_over("table extra.log", "CREATE TABLE IF NOT EXISTS extra.log (line text)"),
    "constraint": left_over(
        "constraint extra.item.code_given",
        "ALTER TABLE extra.item DROP CONSTRAINT IF EXISTS code_given",
        "ALTER TABLE extra.item ADD CONSTRAINT code_given CHECK (code <> 'none')",
    ),
    "extension": left_over("extension citext", "CREATE EXTENSION IF NOT EXISTS citext"),
    "grant": not_restored("table extra.item", "GRANT SELECT ON extra.item TO PUBLIC"),
    "comment": not_restored(
        "column extra.item.code", "COMMENT ON COLUMN extra.item.code IS 'the short one'"
    ),
    "default": not_restored(
        "column extra.item.code", "ALTER TABLE extra.item ALTER code SET DEFAULT 'y'"
    ),
    "nullable": not_restored(
        "column extra.item.code", "ALTER TABLE extra.item ALTER code DROP NOT NULL"
    ),
    "type": not_restored(
        "column extra.item.amount", "ALTER TABLE extra.item ALTER amount TYPE bigint"
    ),
    "view definition": not_restored(
        "view extra.codes",
        "CREATE OR REPLACE VIEW extra.codes AS SELECT id, upper(code) AS code FROM extra.item",
    ),
    "function body": not_restored(
        "function extra.half(integer)",
        "CREATE OR REPLACE FUNCTION extra.half(n int) RETURNS int LANGUAGE sql AS 'SELECT n / 3'",
    ),
    "random": Fault(
        proof="stairway",
        code="again-differs",
        message="applying {revision} again gives another column extra.item.id than the first time",
        remedy="let downgrade() in {path} undo all that upgrade() does, and upgrade() do the same each time",
        up="import uuid\n    op.execute(f\"COMMENT ON COLUMN extra.item.id IS '{uuid.uuid4()}'\")",
        down=sql("COMMENT ON COLUMN extra.item.id IS NULL"),
    ),
    "broken downgrade": Fault(
        proof="stairway",
        code="downgrade-failed",
        message='{revision} could not be undone: table "nothing" does not exist',
        remedy="mend the revision's file, then run this again; what it changed is rolled back",
        down=sql("DROP TABLE extra.nothing"),
    ),
    "rows of its own": Fault(
        proof="stairway",
        code="upgrade-again-failed",
        message="{revision} could not be applied: duplicate key value violates unique constraint"
        ' "item_pkey"',
        remedy="mend the revision's file, then run this again; what it changed is rolled back",
        up=sql("INSERT INTO extra.item (id) VALUES (-77)"),
    ),
    "open transaction": Fault(
        proof="stairway",
        code="open-transaction",
        message="{revision} left a transaction open: process",
        remedy="let the revision work on op.get_bind(), or close the connection that it opens",
        up=OWN_CONNECTION,
    ),
    "deleted rows": Fault(
        proof="rows",
        code="rows-lost",
        message="{revision} loses data: table extra.item",
        remedy="",
        up=sql("DELETE FROM extra.item"),
    ),
    "forgotten values": Fault(
        proof="rows",
        code="values-lost",
        message="{revision} loses data: column amount of table extra.item",
        remedy="",
        up=sql("UPDATE extra.item SET amount = NULL"),
    ),
    "not null": Fault(
        proof="rows",
        code="rows-upgrade-failed",
        message='{revision} could not be applied: column "size" of relation "item" contains null'
        " values",
        remedy="mend the revision's file, then run this again; what it changed is rolled back",
        up=sql("ALTER TABLE extra.item ADD size int NOT NULL"),
        down=sql("ALTER TABLE extra.item DROP size"),
    ),
    "owner": Fault(
        proof="plain-owner",
        code="needs-superuser",
        message="{revision} could not be applied: must be able to SET ROLE",
        remedy="move the statement to setup_sql, which a superuser runs, or do without it",
        up=sql("ALTER FUNCTION extra.touch() OWNER TO pg_monitor"),
        down=sql("ALTER FUNCTION extra.touch() OWNER TO CURRENT_USER"),
    ),
}


@pytest.fixture(scope="module")
def faulty(
    tmp_path_factory: pytest.TempPathFactory, postgres: DatabaseURL
) -> tuple[Project, Proven]:
    """One history with every fault in a revision of its own, proven once."""
    project = copy_of("plain", tmp_path_factory.mktemp("faults"), postgres.with_database("faults"))
    parent = write_revision(
        project, "before", upgrade=BEFORE, downgrade=sql("DROP SCHEMA extra CASCADE")
    )
    revision = "before"
    assert parent.exists()
    for name, fault in FAULTS.items():
        write_revision(
            project, identify(name), revision, message=name, upgrade=fault.up, downgrade=fault.down
        )
        revision = identify(name)
    return project, prove(project, "--db-server", "local")


def identify(name: str) -> str:
    return "fault_" + name.replace(" ", "_")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_by_its_proof(name: str, faulty: tuple[Project, Proven]) -> None:
    project, proven = faulty
    fault, revision = FAULTS[name], identify(name)
    found = proven.by("failed")[fault.proof, None if fault.proof == "plain-owner" else revision]
    path = next(project.root.rglob(f"{revision}*.py"))
    words = {"revision": f"revision {revision} ({name})", "path": str(path)}
    assert found["code"] == fault.code, found
    assert found["message"].startswith(fault.message.format(**words))
    if fault.remedy:
        assert found["remedy"] == fault.remedy.format(**words)
    assert found["remedy"]
    assert f"{fault.code}: {found['message']}" in proven.done.out


def test_no_other_proof_fails(faulty: tuple[Project, Proven]) -> None:
    _, proven = faulty
    assert proven.failed == {
        (fault.proof, None if fault.proof == "plain-owner" else identify(name)): fault.code
        for name, fault in FAULTS.items()
    }
    assert proven.cell["outcome"] == "failed"
    assert proven.done.code == 1
