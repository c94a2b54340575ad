"""The schema of a PostgreSQL database (12 and newer) from its catalogs, in the server's own words, which are normalised
already."""

import re

SCHEMAS = "left(n.nspname, 3) <> 'pg_' and n.nspname <> 'information_schema'"

COLUMNS = """
select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text, o.collname
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     left join pg_collation o on o.oid = a.attcollation and o.collname <> 'default'
where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and {schemas}"""

CONSTRAINTS = """
select n.nspname, c.relname, k.conname, k.contype::text, pg_get_constraintdef(k.oid)
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
where k.contype <> 't' and k.contype <> 'n' and {schemas}"""

INDEXES = """
select n.nspname, t.relname, c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
     join pg_namespace n on n.oid = t.relnamespace
where not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
      and {schemas}"""

TRIGGERS = """
select n.nspname, c.relname, t.tgname, pg_get_triggerdef(t.oid)
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and {schemas}"""

ENUMS = """
select n.nspname, t.typname, e.enumlabel
from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace
where {schemas} order by t.typname, e.enumsortorder"""

VIEWS = """
select n.nspname, c.relname, pg_get_viewdef(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('v', 'm') and {schemas}"""

FUNCTIONS = """
select n.nspname, p.oid::regprocedure::text, pg_get_functiondef(p.oid)
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where {schemas} and p.prokind in ('f', 'p')
      and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')"""

EXTENSIONS = "select 'public', e.extname, '' from pg_extension e"

RULES = re.compile(r" ON (UPDATE|DELETE) (CASCADE|SET NULL|SET DEFAULT|RESTRICT)(?: \(([^)]*)\))?")
FOREIGN_KEY = re.compile(r"FOREIGN KEY \((.*?)\) REFERENCES (\S+?)\((.*?)\)(.*)$", re.DOTALL)
INDEX = re.compile(r"CREATE (UNIQUE )?INDEX .*? ON (?:ONLY )?\S+ USING (.*?)(?: WHERE (.*))?$", re.DOTALL)


def rows(connection, sql):
    return [tuple(row) for row in connection.exec_driver_sql(sql.format(schemas=SCHEMAS))]


def key_of(schema, name):
    return name if schema == "public" else "%s.%s" % (schema, name)


def read(connection, without):
    found = {"tables": {}, "enums": {}, "views": {}, "functions": {}, "extensions": {}}
    tables = found["tables"]
    for schema, table, column, type_, nullable, default, identity, generated, collation in rows(connection, COLUMNS):
        tables.setdefault(key_of(schema, table), {})["column %s" % column] = {
            "type": type_,
            "nullable": nullable,
            "default": default,
            "identity": identity,
            "generated": bool(generated),
            "collation": collation,
        }
    tables.pop(without, None)
    for schema, table, name, kind, definition in rows(connection, CONSTRAINTS):
        part, attributes = constraint_of(kind, name, definition)
        tables.get(key_of(schema, table), {})[part] = attributes
    for schema, table, name, definition, valid in rows(connection, INDEXES):
        tables.get(key_of(schema, table), {})["index %s" % name] = index_of(definition, valid)
    for schema, table, name, definition in rows(connection, TRIGGERS):
        tables.get(key_of(schema, table), {})["trigger %s" % name] = {"definition": definition}
    for schema, name, label in rows(connection, ENUMS):
        found["enums"].setdefault(key_of(schema, name), {"labels": []})["labels"].append(label)
    for kind, sql in (("views", VIEWS), ("functions", FUNCTIONS), ("extensions", EXTENSIONS)):
        found[kind] = {key_of(schema, name): {"definition": text} for schema, name, text in rows(connection, sql)}
    return found


def constraint_of(kind, name, definition):
    match = FOREIGN_KEY.match(definition) if kind == "f" else None
    if not match:
        words = {"p": "primary key", "u": "unique", "c": "check"}.get(kind, "constraint")
        return "%s %s" % (words, name), {"definition": definition}
    columns, target, to, rest = match.groups()
    attributes = {"ON UPDATE": "", "ON DELETE": "", "name": name}
    for event, action, only in RULES.findall(rest):
        attributes["ON " + event] = action + (" (%s)" % only if only else "")
    attributes["further"] = RULES.sub("", rest).strip()
    return "foreign key %s -> %s(%s)" % (columns, target, to), attributes


def index_of(definition, valid):
    match = INDEX.match(definition)
    unique, columns, where = match.groups() if match else (None, definition, None)
    return {"unique": bool(unique), "columns": columns, "where": where, "valid": valid}
