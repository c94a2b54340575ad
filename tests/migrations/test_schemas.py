"""Schemas: what means the same is the same, what does not is told by name."""

import sqlite3

import pytest
from devtask_migrate import schema, sql_text, sqlite_schema

SAME = [
    ("CHECK (a > 0)", "check ( (A>0) )"),
    ("(a > 0 AND (b > 0))", "a > 0 and b > 0"),
    ("((a or b)) and c", "(A OR B) AND C"),
    ("\"name\" = 'X'", "name='X'"),
    ("coalesce((a), b)", "coalesce( a , b )"),
    ("(strftime('%Y', 'now'))", "strftime('%Y','now')"),
    ("a -- note\n + b", "a /* note */ + b"),
    ("(a = 1) or (b = 2)", "a = 1 or b = 2"),
    ("[a] + `b`", "a + b"),
]
DIFFERENT = [
    ("a or b and c", "(a or b) and c"),
    ("'x'", "'X'"),
    ('"Name"', "name"),
    ("a - (b - c)", "a - b - c"),
    ("not (a and b)", "not a and b"),
    ("x in (1)", "x in (2)"),
    ("lower(a)", "lower a"),
    ("a between (1) and (2) or b", "a between 1 and (2 or b)"),
]


@pytest.mark.parametrize("one, other", SAME)
def test_the_same(one, other):
    assert sql_text.normal(one) == sql_text.normal(other)


@pytest.mark.parametrize("one, other", DIFFERENT)
def test_not_the_same(one, other):
    assert sql_text.normal(one) != sql_text.normal(other)


class Connection:
    """As much of SQLAlchemy's as is needed."""

    def __init__(self, *statements):
        self.database = sqlite3.connect(":memory:")
        for statement in statements:
            self.database.execute(statement)

    def exec_driver_sql(self, sql):
        return self.database.execute(sql)


def read(*statements):
    return sqlite_schema.read(Connection(*statements), without="alembic_version")


TABLE = """create table t (
    id integer not null, a varchar(10) default 'x' not null, b integer,
    constraint pk_t primary key (id),
    constraint ck check (a <> 'B,)' and (b > 0)),
    foreign key(b) references o (id) on delete set null,
    unique (a, b))"""
OTHER = """CREATE TABLE "t" (
    b INTEGER, id INTEGER NOT NULL, "a" VARCHAR(10) DEFAULT ('x') NOT NULL,
    UNIQUE (a, b),
    CONSTRAINT ck CHECK ((a <> 'B,)' AND b > 0)),
    FOREIGN KEY(b) REFERENCES "o" (id) ON DELETE SET NULL,
    CONSTRAINT pk_t PRIMARY KEY (id))"""


def test_order_and_spelling_are_free():
    assert schema.differences(read(TABLE), read(OTHER)) == []


CHANGES = [
    (" on delete set null", "", "t.b: foreign key: lost ON DELETE SET NULL"),
    ("    foreign key(b) references o (id) on delete set null,\n", "", "t: foreign key b -> o(id) is lost"),
    ("(b > 0)", "(b > 1)", None),
    ("b integer,", "b text,", "t.b: type was INTEGER, is TEXT"),
    ("default 'x' not null", "default 'x'", "t.a: nullable was False, is True"),
    ("default 'x'", "default 'y'", "t.a: default was 'x', is 'y'"),
    ("b integer,", "", "t: column b is lost"),
    (",\n    unique (a, b)", "", "t: unique a, b is lost"),
    ("primary key (id)", "primary key (id, b)", "t: primary key: columns was (id), is (id, b)"),
]


@pytest.mark.parametrize("old, new, expected", CHANGES)
def test_a_change_of_a_table_is_told(old, new, expected):
    assert old in TABLE
    changed = TABLE.replace(old, new)
    if new == "" and old.startswith("b integer"):
        changed = "create table t (id integer not null, a varchar(10) default 'x' not null, primary key (id))"
    found = schema.differences(read(TABLE), read(changed))
    assert found and (expected is None or expected in found)


INDEX = "create unique index i on t (a, b desc, lower(a)) where b > 0"
INDEXES = [
    ("b desc", "b", "t: index i: columns was (a, b desc, lower(a)), is (a, b, lower(a))"),
    ("unique ", "", "t: index i: unique was True, is False"),
    (" where b > 0", "", "t: index i: where was b > 0, is none"),
    ("lower(a)", "upper(a)", "t: index i: columns was (a, b desc, lower(a)), is (a, b desc, upper(a))"),
    (
        "(a,",
        "(a collate nocase,",
        "t: index i: columns was (a, b desc, lower(a)), is (a collate nocase, b desc, lower(a))",
    ),
]


@pytest.mark.parametrize("old, new, expected", INDEXES)
def test_a_change_of_an_index_is_told(old, new, expected):
    assert schema.differences(read(TABLE, INDEX), read(TABLE, INDEX.replace(old, new))) == [expected]


def test_spelling_of_an_index_is_free():
    other = 'CREATE UNIQUE INDEX "i" ON "t" ("a", b DESC, LOWER((a))) WHERE (b > 0)'
    assert schema.differences(read(TABLE, INDEX), read(TABLE, other)) == []


def test_tables_views_and_triggers_are_told():
    view, trigger = "create view v as select a from t", "create trigger g after insert on t begin select 1; end"
    assert schema.differences(read(TABLE, view, trigger), read()) == [
        "table t is lost",
        "trigger g is lost",
        "view v is lost",
    ]
    assert schema.differences(read(TABLE), read(TABLE, view)) == ["view v is left over"]


def test_alembics_own_table_is_none_of_the_schema():
    assert read("create table alembic_version (version_num text)") == {"tables": {}, "views": {}, "triggers": {}}


POSTGRESQL = [
    "create type color as enum ('red', 'green')",
    "create table o (id integer primary key)",
    "create table t (id integer primary key, a text default 'x' not null, c color, b integer references o"
    " on delete set null on update cascade, constraint ck check (b > 0), constraint uq unique (a, b))",
    "create index i on t using btree (a, b desc) where (b > 0)",
    "create view v as select a from t",
]
POSTGRESQL_CHANGES = [
    ("alter table t drop constraint t_b_fkey", "t: foreign key b -> o(id) is lost"),
    (
        "alter table t drop constraint t_b_fkey, add constraint t_b_fkey foreign key (b) references o on update cascade",
        "t.b: foreign key: lost ON DELETE SET NULL",
    ),
    ("drop index i", "t: index i is lost"),
    (
        "drop index i; create index i on t (a, b) where b > 0",
        "t: index i: columns was btree (a, b DESC), is btree (a, b)",
    ),
    ("alter table t alter a drop not null", "t.a: nullable was False, is True"),
    ("alter table t drop constraint ck", "t: check ck is lost"),
    ("alter type color add value 'blue'", "enum color: labels was (red, green), is (red, green, blue)"),
    ("drop view v", "view v is lost"),
    ("alter table t alter a drop default", "t.a: default was 'x'::text, is none"),
    ("alter table t alter id type bigint", "t.id: type was integer, is bigint"),
    ("create function f() returns integer language sql as 'select 1'", "function f() is left over"),
]


def test_changes_on_postgresql_are_told(server):
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(server.database("schemas"))
    try:
        for change, expected in POSTGRESQL_CHANGES:
            with engine.connect() as connection:
                connection.exec_driver_sql("drop schema public cascade")
                connection.exec_driver_sql("create schema public")
                for statement in POSTGRESQL:
                    connection.exec_driver_sql(statement)
                before = schema.read("postgresql", connection, without="alembic_version")
                assert schema.differences(before, before) == []
                for statement in change.split("; "):
                    connection.exec_driver_sql(statement)
                after = schema.read("postgresql", connection, without="alembic_version")
                assert schema.differences(before, after) == [expected]
    finally:
        engine.dispose()
