"""What `db.check` finds, each with its whole message and operation, and what `db.revision` makes of enums."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from check_projects import Shelter
from dbtasks import maintenance
from dbtasks.database import Database
from dbtasks.errors import CheckError, SettingsError
from dbtasks.results import Difference
from histories import document, execute, rows, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CopyProject, MakeSettings
    from dbtasks.url import DatabaseURL

ROOT = Path(__file__).parents[2]
UNIQUE = 'UniqueConstraint("tag", name="pet_tag_key"),'
CHECK = 'CheckConstraint("age >= 0", name="pet_age_check"),'
INDEX = """Index("ix_pet_wild", "name", postgresql_where=text("mood = 'wild'")),"""
NAME = "    name: Mapped[str] = mapped_column(Text)\n"
OWNER = "    full_name: Mapped[str] = mapped_column(Text)\n"
TOY = """\
class Toy(Base):
    __tablename__ = "toy"

    id: Mapped[int] = mapped_column(primary_key=True)
    mood: Mapped[str] = mapped_column(Mood)


class Pet"""
REBUILD = """\
# fails while rows have 'shy': change them first
op.execute('DROP INDEX ix_pet_wild')
op.execute('ALTER TYPE mood RENAME TO mood_old')
op.execute("CREATE TYPE mood AS ENUM ('calm', 'wild')")
op.execute("ALTER TABLE pet ALTER COLUMN mood DROP DEFAULT, ALTER COLUMN mood TYPE mood USING mood::text::mood, ALTER COLUMN mood SET DEFAULT 'calm'::mood")
op.execute("ALTER TABLE pet ALTER COLUMN moods DROP DEFAULT, ALTER COLUMN moods TYPE mood[] USING moods::text[]::mood[], ALTER COLUMN moods SET DEFAULT '{}'::mood[]")
op.execute('DROP TYPE mood_old')
op.execute("CREATE INDEX ix_pet_wild ON public.pet USING btree (name) WHERE (mood = 'wild'::mood)")"""
FINDINGS = {
    "an added column": (
        [(NAME, NAME + "    chip: Mapped[str | None] = mapped_column(Text)\n")],
        "add_column",
        "column pet.chip is in the models only",
        "op.add_column('pet', sa.Column('chip', sa.Text(), nullable=True))",
    ),
    "a removed column": (
        [(OWNER, "")],
        "remove_column",
        "column owner.full_name is in the database only",
        "op.drop_column('owner', 'full_name')",
    ),
    "a retyped column": (
        [("ARRAY,", "ARRAY, BigInteger,"), ('(server_default="1"', '(BigInteger, server_default="1"')],
        "modify_type",
        "column pet.age is INTEGER() in the database and BigInteger() in the models",
        ("op.alter_column('pet', 'age',\n           existing_type=sa.INTEGER(),\n           type_=sa.BigInteger(),\n"
        "           existing_nullable=False,\n           existing_server_default=sa.text('1'))"),
    ),
    "a nullable column": (
        [("full_name: Mapped[str]", "full_name: Mapped[str | None]")],
        "modify_nullable",
        "column owner.full_name is NOT NULL in the database only",
        "op.alter_column('owner', 'full_name',\n           existing_type=sa.TEXT(),\n           nullable=True)",
    ),
    "a server default": (
        [('server_default="1"', 'server_default="2"')],
        "modify_default",
        "column pet.age has another server default in the models",
        ("op.alter_column('pet', 'age',\n           existing_type=sa.INTEGER(),\n           server_default='2',\n"
        "           existing_nullable=False)"),
    ),
    "an added index": (
        [(INDEX, INDEX + ' Index("ix_pet_name", "name"),')],
        "add_index",
        "index ix_pet_name on pet is in the models only",
        "op.create_index('ix_pet_name', 'pet', ['name'], unique=False)",
    ),
    "a removed index": (
        [(INDEX, "")],
        "remove_index",
        "index ix_pet_wild on pet is in the database only",
        "op.drop_index(op.f('ix_pet_wild'), table_name='pet', postgresql_where=\"(mood = 'wild'::mood)\")",
    ),
    "an added unique constraint": (
        [(UNIQUE, UNIQUE + ' UniqueConstraint("name", name="pet_name_key"),')],
        "add_constraint",
        "constraint pet_name_key on pet is in the models only",
        "op.create_unique_constraint('pet_name_key', 'pet', ['name'])",
    ),
    "a removed unique constraint": (
        [(UNIQUE, "")],
        "remove_constraint",
        "constraint pet_tag_key on pet is in the database only",
        "op.drop_constraint(op.f('pet_tag_key'), 'pet', type_='unique')",
    ),
    "an added foreign key": (
        [("tag: Mapped[str] = mapped_column(Text)", ("tag: Mapped[str] = mapped_column(Text)\n"
          "    friend_id: Mapped[int | None] = mapped_column(ForeignKey('pet.id', name='pet_friend'))"))],
        "add_constraint",
        "constraint pet_friend on pet is in the models only",
        "op.create_foreign_key('pet_friend', 'pet', 'pet', ['friend_id'], ['id'])",
    ),
    "a removed foreign key": (
        [('ForeignKey("owner.id", name="pet_owner_id_fkey")', "")],
        "remove_constraint",
        "constraint pet_owner_id_fkey on pet is in the database only",
        "op.drop_constraint(op.f('pet_owner_id_fkey'), 'pet', type_='foreignkey')",
    ),
    "an added named check": (
        [(CHECK, CHECK + ' CheckConstraint("age < 99", name="pet_age_limit"),')],
        "add_constraint",
        "constraint pet_age_limit on pet is in the models only",
        "op.create_check_constraint('pet_age_limit', 'pet', 'age < 99')",
    ),
    "a removed named check": (
        [(CHECK, "")],
        "remove_constraint",
        "constraint pet_age_check on pet is in the database only",
        "op.drop_constraint(op.f('pet_age_check'), 'pet', type_='check')",
    ),
    "a check of another meaning": (
        [('"age >= 0"', '"age > 0"')],
        "modify_constraint",
        "check constraint pet_age_check on pet has another definition in the models",
        ("op.drop_constraint(op.f('pet_age_check'), 'pet', type_='check')\n"
        "op.create_check_constraint('pet_age_check', 'pet', 'age > 0')"),
    ),
    "an index on other rows": (
        [("mood = 'wild'", "mood = 'calm'")],
        "modify_index",
        "index ix_pet_wild on pet has another definition in the models",
        ("op.drop_index(op.f('ix_pet_wild'), table_name='pet', postgresql_where=\"(mood = 'wild'::mood)\")\n"
        "op.create_index('ix_pet_wild', 'pet', ['name'], unique=False, postgresql_where=sa.text(\"mood = 'calm'\"))"),
    ),
    "an index on all rows": (
        [(""", postgresql_where=text("mood = 'wild'")""", "")],
        "modify_index",
        "index ix_pet_wild on pet has another definition in the models",
        ("op.drop_index(op.f('ix_pet_wild'), table_name='pet', postgresql_where=\"(mood = 'wild'::mood)\")\n"
        "op.create_index('ix_pet_wild', 'pet', ['name'], unique=False)"),
    ),
    "a new table": (
        [("class Pet", TOY)],
        "add_table",
        "table toy is in the models and not in the database",
        ("op.create_table('toy',\nsa.Column('id', sa.Integer(), nullable=False),\n"
        "sa.Column('mood', postgresql.ENUM('calm', 'wild', 'shy', name='mood', create_type=False), nullable=False),\n"
        "sa.PrimaryKeyConstraint('id')\n)"),
    ),
    "an added enum value": (
        [('"calm", "wild"', '"calm", "tame", "wild"')],
        "add_enum_value",
        "value tame of enum mood is in the models only",
        ("with op.get_context().autocommit_block():\n"
        "    op.execute(\"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'tame' AFTER 'calm'\")"),
    ),
    "a removed enum value": (
        [('"wild", "shy"', '"wild"')],
        "remove_enum_value",
        "value shy of enum mood is in the database only",
        REBUILD,
    ),
    "enum values in another order": (
        [('"wild", "shy"', '"shy", "wild"')],
        "reorder_enum_values",
        "enum mood has its values in the order calm, wild, shy in the database and calm, shy, wild in the models",
        REBUILD.partition("\n")[2].replace("'calm', 'wild'", "'calm', 'shy', 'wild'"),
    ),
}  # fmt: skip


@pytest.fixture
def shelter(tmp_path: Path, database: DatabaseURL) -> Iterator[Shelter]:
    yield Shelter(tmp_path / "shelter", database)
    for name in [name for name in sys.modules if name.partition(".")[0] == "shelter"]:
        del sys.modules[name]


@pytest.mark.parametrize("change", FINDINGS)
def test_it_finds(shelter: Shelter, change: str) -> None:
    replacements, code, message, operation = FINDINGS[change]
    shelter.change(*replacements)
    found = shelter.at_head().differences()
    if change == "an added foreign key":
        assert found[0].code == "add_column"
        found = found[1:]
    assert found == (Difference(code=code, message=message, operation=operation),)


def test_it_finds_nothing_where_all_is_equal(shelter: Shelter) -> None:
    assert shelter.at_head().differences() == ()


SPECIAL = """
ALTER TABLE pet ADD CONSTRAINT c_in CHECK (tag IN ('a', 'b'));
ALTER TABLE pet ADD CONSTRAINT c_like CHECK (tag LIKE '100%' OR tag ~ '^\\\\w:x' OR tag NOT IN ('c', 'd'));
ALTER TABLE pet ADD CONSTRAINT c_table CHECK (pet.age BETWEEN 0 AND 99);
CREATE INDEX ix_lower ON pet (lower(name) DESC NULLS LAST, tag text_pattern_ops) WHERE age > 1 AND mood IN ('calm', 'shy');
CREATE INDEX ix_moods ON pet USING gin (moods) WHERE name NOT LIKE 'x%';
CREATE UNIQUE INDEX ix_cast ON pet ((age::text || tag)) INCLUDE (mood) WITH (fillfactor = 70);
CREATE SCHEMA zoo; CREATE TABLE zoo.pet (kind varchar(9), n int CONSTRAINT c_kind CHECK (n > 1 and n < 9));
ALTER TABLE zoo.pet ADD CONSTRAINT c_in CHECK (kind IN ('a', 'b'));
"""
SPECIAL_MODELS = """
CheckConstraint("tag in ('a','b')", name="c_in"),
CheckConstraint(r"tag like '100%' or tag ~ '^\\w\\:x' or tag not in ('c', 'd')", name="c_like"),
CheckConstraint("pet.age between 0 and 99", name="c_table"),
Index("ix_lower", text("lower(name) desc nulls last"), "tag", postgresql_ops={"tag": "text_pattern_ops"},
    postgresql_where=text("age > 1 and mood in ('calm', 'shy')")),
Index("ix_moods", "moods", postgresql_using="gin", postgresql_where=text("name not like 'x%'")),
Index("ix_cast", text("(age::text || tag)"), unique=True, postgresql_include=["mood"], postgresql_with={"fillfactor": 70}),
"""
ZOO = """\
Table("pet", Base.metadata, Column("kind", String(9)), Column("n", Integer),
    CheckConstraint(column("n") > 1, name="c_none"), CheckConstraint("n > 1 AND n < 9", name="c_kind"),
    CheckConstraint(column("kind").in_(["a", "b"]), name="c_in"), schema="zoo")


class Pet"""


def special(shelter: Shelter) -> None:
    """Let models and database have constraints and indexes that each writes in its own way."""
    shelter.before('    """)\n\n\ndef downgrade', SPECIAL + '    """)\n\n\ndef downgrade')
    shelter.before("DROP TABLE pet;", "DROP TABLE zoo.pet; DROP SCHEMA zoo; DROP TABLE pet;")
    shelter.change(
        (INDEX, INDEX + SPECIAL_MODELS),
        ("class Pet", ZOO.replace('CheckConstraint(column("n") > 1, name="c_none"), ', "")),
        ("ARRAY,", "ARRAY, Column, Integer, String, Table, column,"),
    )


def test_what_postgresql_writes_in_another_way_is_the_same(shelter: Shelter) -> None:
    special(shelter)
    assert shelter.at_head().differences() == ()
    assert rows(shelter.url, "SELECT count(*) FROM pg_class WHERE relpersistence = 't'") == [0]


def test_meanings_are_compared_without_transactions_too(shelter: Shelter) -> None:
    special(shelter)
    env = shelter.root / "migrations" / "env.py"
    text = env.read_text()
    assert "poolclass=pool.NullPool" in text
    env.write_text(
        text.replace(
            "poolclass=pool.NullPool", 'poolclass=pool.NullPool, isolation_level="AUTOCOMMIT"'
        )
    )
    shelter.change(("between 0 and 99", "between 0 and 98"), ("mood = 'wild'", "mood = 'calm'"))
    assert [one.message for one in shelter.at_head().differences()] == [
        "check constraint c_table on pet has another definition in the models",
        "index ix_pet_wild on pet has another definition in the models",
    ]
    assert rows(shelter.url, "SELECT count(*) FROM pg_class WHERE relpersistence = 't'") == [0]


def test_meanings_are_compared_over_an_async_engine(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("async_engine", database)
    maintenance.create(database)
    succeeded(project.invoke("db.migrate"))
    execute(database, "ALTER TABLE job ADD CONSTRAINT named CHECK (name <> 'a:b%')")
    execute(database, "CREATE INDEX ix_named ON job (name) WHERE name <> 'a'")
    models = project.root / "service" / "models.py"
    with models.open("a") as file:
        file.write(
            "\n\nfrom sqlalchemy import CheckConstraint, Index, text\n"
            "Job.__table__.append_constraint(CheckConstraint(r\"name != 'a\\:b%'\", name='named'))\n"
            "Index('ix_named', Job.name, postgresql_where=text(\"name <> 'b'\"))\n"
        )
    (found,) = document(project, "db.check", "--live", code=1)["differences"]
    assert found["message"] == "index ix_named on job has another definition in the models"


def test_definitions_that_mean_something_else_are_replaced_up_and_down(shelter: Shelter) -> None:
    special(shelter)
    # PostgreSQL writes a list of varchar in another way when it reads what it wrote.
    shelter.before("kind varchar(9)", "kind text")
    shelter.change(
        ("String(9)", "Text"),
        ("('a','b')", "('a','x%')"),
        ("between 0 and 99", "between 0 and 98"),
        ("lower(name) desc", "upper(name) desc"),
        ("not like 'x%'", "not like 'y%'"),
        ("(age::text || tag)", "(age::text || chip)"),
        ('.in_(["a", "b"])', '.in_(["a", "c"])'),
        (NAME, NAME + "    chip: Mapped[str | None] = mapped_column(Text)\n"),
        ('"wild", "shy"', '"wild"'),
        ("in ('calm', 'shy')", "in ('calm', 'wild')"),
    )
    migrator = shelter.at_head()
    before = rows(shelter.url, CATALOG)
    replaced = [one for one in migrator.differences() if one.code.startswith("modify_")]
    assert {one.message.partition(" has another")[0] for one in replaced} == {
        *(
            f"check constraint {name}"
            for name in ("c_in on pet", "c_table on pet", "c_in on zoo.pet")
        ),
        "index ix_moods on pet",  # Alembic itself finds what is another expression
    }
    migrator.revision("change")
    for _ in range(2):
        assert shelter.at_head().differences() == ()
        shelter.migrator().downgrade("f1r5t0000000")
        assert rows(shelter.url, CATALOG) == before


SIZE = NAME + "    size: Mapped[str | None] = mapped_column(Enum('s', 'm', name='size'))\n"
REVISIONS = {
    "value added at the end": [('"shy"', '"shy", "mad"')],
    "values added at the start and between": [('"calm", "wild"', '"new", "calm", "mid", "wild"')],
    "value removed": [('"wild", "shy"', '"wild"')],
    "other order": [('"wild", "shy"', '"shy", "wild"')],
    "the default's value renamed": [('"calm", "wild"', '"mild", "wild"'), ('default="calm"', 'default="mild"')],
    "added, removed and moved": [('"calm", "wild", "shy"', '"wild", "it\'s: new", "calm"')],
    "new type in a new column": [(NAME, SIZE)],
    "new table with an old type": [("class Pet", TOY)],
    "new type in table and column, value added": [
        (NAME, SIZE),
        ("class Pet", TOY.replace("Mood)", "ARRAY(Enum('s', 'm', name='size')))")),
        ('"shy"', '"shy", "mad"'),
    ],
    "value and column removed": [('"wild", "shy"', '"wild"'), (NAME, ""), (INDEX, "")],
}  # fmt: skip
CATALOG = """
SELECT format('%s %s', enumtypid::regtype, array_agg(enumlabel::text ORDER BY enumsortorder))
    FROM pg_enum GROUP BY enumtypid
UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid > 16383
UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid > 16383
UNION ALL SELECT format('%s %s', adnum, pg_get_expr(adbin, adrelid)) FROM pg_attrdef ORDER BY 1
"""


@pytest.mark.parametrize("change", REVISIONS)
def test_an_autogenerated_enum_change_runs_up_and_down(shelter: Shelter, change: str) -> None:
    shelter.change(*REVISIONS[change])
    if "removed" not in change and "renamed" not in change:
        shelter.before(
            "CREATE INDEX",
            "ALTER TABLE pet ADD CONSTRAINT calm CHECK (mood <> 'shy'); CREATE INDEX",
        )
        shelter.change((CHECK, CHECK + """ CheckConstraint("mood <> 'shy'", name="calm"),"""))
    migrator = shelter.at_head()
    before = rows(shelter.url, CATALOG)
    migrator.revision("change")
    for _ in range(2):
        assert shelter.at_head().differences() == ()
        assert rows(shelter.url, CATALOG) != before
        shelter.migrator().downgrade("f1r5t0000000")
        # A column that is dropped and added again comes last.
        if change != "value and column removed":
            assert rows(shelter.url, CATALOG) == before


HANGING = """
CREATE TABLE temper (mood mood PRIMARY KEY, note text);
CREATE INDEX ix_temper ON temper ((coalesce(mood, 'calm'::mood)));
ALTER TABLE pet ADD CONSTRAINT pet_mood_fkey FOREIGN KEY (mood) REFERENCES temper DEFERRABLE;
ALTER TABLE temper ADD CONSTRAINT temper_one EXCLUDE USING btree (note WITH =) WHERE (mood = 'wild');
CREATE VIEW wild_pet WITH (security_barrier=true) AS SELECT id, mood FROM pet WHERE mood = 'wild';
CREATE VIEW any_pet AS SELECT mood, 'it''s: all' AS what FROM wild_pet;
CREATE MATERIALIZED VIEW moods AS SELECT mood, count(*) FROM any_pet GROUP BY mood;
CREATE UNIQUE INDEX ix_moods ON moods (mood);
COMMENT ON VIEW any_pet IS 'of any mood';
GRANT SELECT ON any_pet TO PUBLIC;
GRANT ALL ON wild_pet TO pg_monitor WITH GRANT OPTION;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER keep BEFORE UPDATE OF mood ON pet FOR EACH ROW WHEN (NEW.mood = 'wild') EXECUTE FUNCTION keep();
ALTER TABLE pet DISABLE TRIGGER keep;
CREATE POLICY calm ON pet FOR SELECT TO PUBLIC USING (mood <> 'wild');
"""
TEMPER = """\
class Temper(Base):
    __tablename__ = "temper"
    __table_args__ = (
        Index("ix_temper", text("(coalesce(mood, 'calm'::mood))")),
        ExcludeConstraint(("note", "="), name="temper_one", using="btree", where=text("mood = 'wild'")),
    )

    mood: Mapped[str] = mapped_column(Mood, primary_key=True)
    note: Mapped[str | None] = mapped_column(Text)


class Pet"""
FRIEND = """\
class Friend(Base):
    __tablename__ = "friend"
    __table_args__ = (CheckConstraint("mood <> 'wild'", name="friend_mood_check"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mood: Mapped[str] = mapped_column(ForeignKey("temper.mood"))


class Pet"""
HANGS = """
SELECT format('%s %s %s', c.oid::regclass, c.reloptions, c.relacl) FROM pg_class c WHERE c.relkind IN ('v', 'm')
    AND c.relnamespace = 'public'::regnamespace
UNION ALL SELECT definition FROM pg_views WHERE schemaname = 'public'
UNION ALL SELECT definition || ispopulated FROM pg_matviews
UNION ALL SELECT format('%s %s', polname, pg_get_expr(polqual, polrelid)) FROM pg_policy
UNION ALL SELECT format('%s %s', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT obj_description('any_pet'::regclass) ORDER BY 1
"""


def hanging(shelter: Shelter) -> None:
    """Let all that may hang on an enum do so, in models and database."""
    shelter.before('    """)\n\n\ndef downgrade', HANGING + '    """)\n\n\ndef downgrade')
    down = "DROP MATERIALIZED VIEW moods; DROP VIEW any_pet; DROP VIEW wild_pet; DROP TABLE pet; DROP TABLE temper;"
    shelter.before("DROP TABLE pet;", f"{down} DROP FUNCTION keep;")
    shelter.change(
        ("from sqlalchemy.orm", "from sqlalchemy.dialects.postgresql import ExcludeConstraint\nfrom sqlalchemy.orm"),
        ("class Pet", TEMPER),
        ('mapped_column(Mood, server_default="calm")',
         'mapped_column(Mood, ForeignKey("temper.mood", name="pet_mood_fkey", deferrable=True), server_default="calm")'),
    )  # fmt: skip


@pytest.mark.parametrize("with_more", [False, True])
def test_an_enum_that_much_hangs_on_is_made_anew_and_back(
    shelter: Shelter, with_more: bool
) -> None:
    hanging(shelter)
    shelter.change(('"wild", "shy"', '"wild"'))
    if with_more:  # the same revision makes more that hangs on it
        shelter.change(
            ("class Pet", FRIEND),
            (INDEX, INDEX + """ Index("ix_pet_calm", "name", postgresql_where=text("mood = 'calm'")),"""),
        )  # fmt: skip
    migrator = shelter.at_head()
    before = rows(shelter.url, CATALOG), rows(shelter.url, HANGS)
    execute(shelter.url, "INSERT INTO temper VALUES ('calm'), ('wild')")
    execute(shelter.url, "INSERT INTO owner VALUES (1, 'Ada')")
    execute(shelter.url, "INSERT INTO pet VALUES (1, 1, 'a', 'Rex', 1, 'wild', '{calm}')")
    migrator.revision("change")
    for _ in range(2):
        assert shelter.at_head().differences() == ()
        assert rows(shelter.url, HANGS) == before[1]
        shelter.migrator().downgrade("f1r5t0000000")
        assert (rows(shelter.url, CATALOG), rows(shelter.url, HANGS)) == before
    assert rows(shelter.url, "SELECT mood::text FROM pet") == ["wild"]


def test_what_nobody_can_make_again_for_an_enum_is_named(shelter: Shelter) -> None:
    shelter.before(
        "CREATE INDEX",
        "CREATE FUNCTION tame(mood) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        " CREATE DOMAIN mild AS mood; CREATE INDEX",
    )
    shelter.change(('"wild", "shy"', '"wild"'))
    (found,) = shelter.at_head().differences()
    note = "# drop before and create again afterwards, by hand: function tame(mood), type mild\n"
    assert found.operation == REBUILD.replace("first\n", f"first\n{note}")


def test_enums_in_schemas_decorators_and_variants_are_compared_and_text_is_not(
    shelter: Shelter,
) -> None:
    shelter.before(
        "CREATE TYPE mood",
        """CREATE SCHEMA "the zoo"; CREATE TYPE "the zoo"."Size" AS ENUM ('s', 'm'); CREATE TYPE mood""",
    )
    shelter.before(
        "name text NOT NULL,",
        """name text NOT NULL, size "the zoo"."Size", wrapped "the zoo"."Size",
        variant mood, plain varchar(4),""",
    )
    shelter.change(
        ("class Base", ('Size = Enum("s", "l", name="Size", schema="the zoo")\n\n\n'
         "class Wrapped(TypeDecorator):\n    impl = Size\n    cache_ok = True\n\n\nclass Base")),
        ("ARRAY,", "ARRAY, String, TypeDecorator,"),
        (NAME, NAME + "    size: Mapped[str | None] = mapped_column(Size)\n"
         "    wrapped: Mapped[str | None] = mapped_column(Wrapped)\n"
         "    variant: Mapped[str | None] = mapped_column(String().with_variant(Mood, 'postgresql'))\n"
         "    plain: Mapped[str | None] = mapped_column(Enum('tall', name='kind', native_enum=False))\n"),
    )  # fmt: skip
    migrator = shelter.at_head()
    assert [one.message for one in migrator.differences()] == [
        'value l of enum "the zoo"."Size" is in the models only',
        'value m of enum "the zoo"."Size" is in the database only',
    ]
    migrator.revision("change")
    assert shelter.at_head().differences() == ()
    shelter.migrator().downgrade("f1r5t0000000")
    assert len(shelter.migrator().plan()) == 1


def test_a_default_that_postgresql_cannot_compare_is_found(shelter: Shelter) -> None:
    shelter.before(
        "name text NOT NULL,", "name text NOT NULL, a json DEFAULT '{}', b json DEFAULT '{}',"
    )
    shelter.change(
        ("ARRAY,", "ARRAY, JSON,"),
        (NAME, NAME + "    a: Mapped[str | None] = mapped_column(JSON, server_default='{}')\n"
         "    b: Mapped[str | None] = mapped_column(JSON, server_default='[]')\n"),
    )  # fmt: skip
    assert [one.message for one in shelter.at_head().differences()] == [
        "column pet.b has another server default in the models"
    ]


def test_a_model_that_nobody_imports_is_found(shelter: Shelter) -> None:
    (shelter.models.parent / "toys.py").write_text(
        "from shelter.models import Base\n\n\nclass Toy(Base):\n    __tablename__ = 'toy'\n"
    )
    assert shelter.at_head().differences() == (
        Difference(
            code="model-not-imported",
            message="shelter/toys.py defines table toy and is not imported; import it in env.py,"
            " or where the other models are imported",
            operation="",
            path=str(shelter.models.parent.resolve() / "toys.py"),
        ),
    )


def test_an_empty_metadata_is_one_finding_and_no_revision(shelter: Shelter) -> None:
    text = shelter.models.read_text()
    shelter.models.write_text(text[: text.index("class Owner")])
    migrator = shelter.at_head()
    empty = "the metadata that env.py gives Alembic has no tables; import the models in env.py"
    assert migrator.differences() == (
        Difference(code="empty-metadata", message=empty, operation=""),
    )
    with pytest.raises(CheckError) as caught:
        migrator.revision("drop everything")
    assert caught.value.code == "empty-metadata"
    assert caught.value.message == empty


def test_accepted_drift_is_left_out_and_stale_acceptance_is_found(shelter: Shelter) -> None:
    shelter.change(('server_default="1"', 'server_default="2"'))
    accepted = shelter.root / "migrations" / "accepted_drift.toml"
    accepted.write_text(
        '[[accepted]]\ncode = "modify_default"\n'
        'message = "column pet.age has another server default in the models"\n'
        'reason = "the importer sets it"\n'
        '[[accepted]]\ncode = "remove_table"\nmessage = "gone"\nreason = "was there once"\n'
    )
    migrator = shelter.at_head()
    assert migrator.differences() == (
        Difference(
            code="stale-acceptance",
            message="accepted_drift.toml accepts remove_table (gone), which no longer occurs; remove the entry",
            operation="",
            path=str(accepted),
        ),
    )
    accepted.write_text('[[accepted]]\ncode = "remove_table"\nmessage = "gone"\n')
    with pytest.raises(SettingsError) as caught:
        migrator.differences()
    assert caught.value.message == f"{accepted}: entry 1 has no reason"


@pytest.mark.parametrize("major", ["14", "18"])
def test_the_reference_project_has_no_findings(
    tmp_path: Path, make_settings: MakeSettings, docker_engine: None, docker_image: str, major: str
) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    database = Database(
        make_settings(
            tmp_path,
            server="docker",
            image=docker_image,
            postgres=major,
            name=f"check-{tmp_path.name}"[:30],
        )
    )
    try:
        database.server.start()
        with database.throwaways().at_head() as migrator:
            assert migrator.differences() == ()
    finally:
        database.destroy()
