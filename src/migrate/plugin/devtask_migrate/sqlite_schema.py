"""The schema of an SQLite database: what PRAGMAs tell, and from the SQL of tables and indexes what they do not, which
is checks, names of constraints, collations, generated columns, expressions and conditions of indexes."""

from devtask_migrate import sql_text


def rows(connection, sql):
    return [tuple(row) for row in connection.exec_driver_sql(sql)]


def quoted(name):
    return "'%s'" % name.replace("'", "''")


def read(connection, without):
    found = {"tables": {}, "views": {}, "triggers": {}}
    for kind, name, table, sql in rows(connection, "select type, name, tbl_name, sql from sqlite_master order by name"):
        if name.startswith("sqlite_") or table == without:
            continue
        if kind == "table":
            found["tables"][name] = table_of(connection, name, sql)
        elif kind in ("view", "trigger"):
            found[kind + "s"][name] = {"definition": sql_text.normal(sql)}
    return found


def table_of(connection, name, sql):
    parts = {}
    definition = Definition(sql)
    primary = {}
    for row in rows(connection, "pragma table_xinfo(%s)" % quoted(name)):
        _, column, type_, not_null, default, key, hidden = row
        parts["column %s" % column] = {
            "type": type_.upper(),
            "nullable": not not_null,
            "default": sql_text.normal(default),
            "generated": bool(hidden),
            "further": definition.further(column),
        }
        if key:
            primary[key] = column
    if primary:
        parts["primary key"] = {"columns": [primary[number] for number in sorted(primary)]}
    add_foreign_keys(connection, name, parts)
    add_indexes(connection, name, parts)
    for check in definition.checks:
        parts["check %s" % check] = {}
    if definition.options:
        parts["table"] = {"options": definition.options}
    return parts


def add_foreign_keys(connection, table, parts):
    keys = {}
    for number, _, target, column, to, on_update, on_delete, _ in rows(
        connection, "pragma foreign_key_list(%s)" % quoted(table)
    ):
        key = keys.setdefault(number, {"target": target, "columns": [], "to": [], "rules": (on_update, on_delete)})
        key["columns"].append(column)
        key["to"].append(to or "")
    for key in keys.values():
        place = "foreign key %s -> %s(%s)" % (", ".join(key["columns"]), key["target"], ", ".join(key["to"]))
        on_update, on_delete = ("" if rule == "NO ACTION" else rule for rule in key["rules"])
        parts[place] = {"ON UPDATE": on_update, "ON DELETE": on_delete}


def add_indexes(connection, table, parts):
    for _, index, unique, origin, partial in rows(connection, "pragma index_list(%s)" % quoted(table)):
        if origin == "pk":
            continue
        found = rows(connection, "pragma index_xinfo(%s)" % quoted(index))
        columns = [(name, collation, down) for _, number, name, down, collation, key in found if key]
        if origin == "u":
            parts["unique %s" % ", ".join(name for name, _, _ in columns)] = {}
            continue
        sql = rows(connection, "select sql from sqlite_master where type = 'index' and name = %s" % quoted(index))[0][0]
        parts["index %s" % index] = index_of(sql, columns, unique)


def index_of(sql, columns, unique):
    group = sql_text.tree(sql_text.tokens(sql))
    expressions = next((sql_text.split(one) for one in group if isinstance(one, list)), [])
    shown = []
    for (name, collation, down), expression in zip(columns, expressions):
        bare = [one for one in expression if one not in ("asc", "desc")]
        text = name if name is not None else sql_text.written(sql_text.simplified(bare))
        is_told = "collate" in text or collation in (None, "BINARY")
        shown.append(text + ("" if is_told else " collate " + collation.lower()) + (" desc" if down else ""))
    where = group[group.index("where") + 1 :] if "where" in group else []
    return {
        "columns": shown,
        "unique": bool(unique),
        "where": sql_text.written(sql_text.simplified(where)) or None,
    }


class Definition:
    """What CREATE TABLE says and no PRAGMA tells."""

    def __init__(self, sql):
        group = sql_text.tree(sql_text.tokens(sql))
        bodies = [number for number, one in enumerate(group) if isinstance(one, list)]
        self.checks = []
        self.columns = {}
        self.options = ""
        if not bodies:  # made by `create table … as`, or virtual
            return
        self.options = sql_text.written(group[bodies[-1] + 1 :])
        for part in sql_text.split(group[bodies[0]]):
            if part[0] not in ("constraint", "primary", "unique", "check", "foreign"):
                self.columns[part[0].strip('"').lower()] = column_rest(part)
            self.checks.extend(checks_in(part))

    def further(self, column):
        return self.columns.get(column.lower(), "")


def checks_in(part):
    for number, one in enumerate(part[:-1]):
        if one == "check" and isinstance(part[number + 1], list):
            named = number >= 2 and part[number - 2] == "constraint"
            text = sql_text.written(sql_text.simplified([part[number + 1]]))
            yield ("%s: " % part[number - 1] if named else "") + text


def column_rest(part):
    """Collation, AUTOINCREMENT and the expression of a generated column."""
    found = []
    for number, one in enumerate(part):
        following = part[number + 1] if number + 1 < len(part) else ""
        if one == "collate" and following != "binary":
            found.append("collate %s" % following)
        elif one == "autoincrement":
            found.append(one)
        elif one == "as" and isinstance(following, list):
            stored = "stored" if "stored" in part[number:] else "virtual"
            found.append("as (%s) %s" % (sql_text.written(sql_text.simplified(following)), stored))
    return ", ".join(found)
