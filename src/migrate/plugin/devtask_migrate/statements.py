"""The operations of a revision file, by its text alone, in the form of operations.py."""

import ast
import copy

from devtask_migrate import operations, rules

ON_COLUMNS = ("add_column", "drop_column", "alter_column")
KEYS = ("foreign_key", "primary_key")
# Of use to the operations around them, and none themselves.
SETUP = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Pass)
SHOWN = 60  # letters of a statement that has no name


class Statement:
    def __init__(self, node, block, described):
        self.node = node
        self.block = block  # the `with op.batch_alter_table(…)` around it, or None
        self.described = described


def batch_of(node):
    """The call of `op.batch_alter_table`, or None."""
    call = node.items[0].context_expr if isinstance(node, ast.With) and len(node.items) == 1 else None
    return call if isinstance(call, ast.Call) and rules.attribute(call) == "batch_alter_table" else None


def is_one_of(node, around):
    return any(rules.same_sql(rules.executed(node), sql) for sql in around)


def of_function(function, around):
    found = []
    for node in rules.body_of(function):
        batch = batch_of(node)
        for inner in node.body if batch else [node]:
            if not isinstance(inner, SETUP) and not is_one_of(inner, around):
                found.append(Statement(inner, node if batch else None, describe(inner, batch)))
    return found


def report_of(upgrade, downgrade):
    """As operations.report_of, of statements; a text does not know the models."""
    ups, downs = ([one.described for one in direction] for direction in (upgrade, downgrade))
    free = list(range(len(downs)))
    for up in ups:
        up["reverse"] = next((number for number in reversed(free) if undoes(up, downs[number])), None)
        if up["reverse"] is not None:
            free.remove(up["reverse"])
            made = downs[up["reverse"]]["uses"]  # of what is dropped, only the downgrade tells the columns
            up["uses"] = {key: sorted(set(names) | set(made[key])) for key, names in up["uses"].items()}
    return {"upgrade": ups, "downgrade": downs, "models": {}}


def undoes(one, other):
    def place(described):
        return described["schema"], described["table"], described["name"]

    verbs, things = zip(*(verb_and_thing(described["kind"]) for described in (one, other)))
    is_opposite = set(verbs) == {"alter"} or (verbs.count("drop") == 1 and set(verbs) & {"add", "create"})
    return bool(is_opposite and things[0] == things[1] and place(one) == place(other))


def verb_and_thing(kind):
    verb, _, thing = kind.partition("_")
    return verb, "constraint" if thing in KEYS or thing.endswith("_constraint") else thing


# ---- one statement


def describe(node, batch):
    node = operations.WithoutGivenNames().visit(copy.deepcopy(node))
    call = node.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    kind = rules.attribute(call) if call else None
    verb, thing = verb_and_thing(kind or "")
    if verb not in ("add", "alter", "create", "drop"):
        return of_other(node, call)
    name_first = thing in ("constraint", "index")
    schema = text_in(rules.keyword(batch or call, "schema") or rules.keyword(call, "source_schema")) or None
    if batch:
        table = argument(batch, 0, "table_name")
        call.args.insert(1 if name_first else 0, table)
    else:
        table = argument(call, 1 if name_first else 0, "table_name", "source_table")
    name = None
    if name_first:
        name = argument(call, 0, "index_name", "constraint_name")
    elif kind in ON_COLUMNS:
        name = argument(call, 1, "column_name", "column")
        name = argument(name, 0, "name") if isinstance(name, ast.Call) else name
    found = operations.described(call, [], schema, text_in(table), text_in(name))
    columns, elsewhere = parts_of(kind, call, found["name"])
    return dict(found, uses=operations.uses(operations.key_of(schema, found["table"]), columns, elsewhere))


def of_other(node, call):
    """An `execute`, a loop: compared as a whole, named by how it begins."""
    text = operations.text_of(call) if call else ast.dump(node)
    name = rules.sql_in(call) if call and rules.attribute(call) == "execute" else ""
    found = {"kind": (call and rules.attribute(call)) or type(node).__name__.lower(), "schema": None, "table": ""}
    found["name"] = " ".join((name or text).split())[:SHOWN]
    return dict(found, attributes={"text": text}, uses={"tables": [], "columns": []})


def argument(call, place, *names):
    """The positional one, or what has one of the names."""
    if place < len(call.args):
        return call.args[place]
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def text_in(node):
    value = rules.constant(node)
    return value if isinstance(value, str) else ""


def texts_in(node):
    found = [text_in(inner) for inner in ast.walk(node)] if node is not None else []
    return [text for text in found if text]


def parts_of(kind, call, name):
    """Columns of the table, and columns of others ("table.column")."""
    calls = [inner for inner in ast.walk(call) if isinstance(inner, ast.Call)]
    keys = [argument(inner, 0, "column") for inner in calls if rules.attribute(inner) == "ForeignKey"]
    keys += [argument(inner, 1, "refcolumns") for inner in calls if rules.attribute(inner) == "ForeignKeyConstraint"]
    elsewhere = [text for key in keys for text in texts_in(key)]
    if kind in ON_COLUMNS:
        return [name], elsewhere
    if kind == "create_foreign_key":
        schema = text_in(rules.keyword(call, "referent_schema"))
        target = operations.key_of(schema, text_in(argument(call, 2, "referent_table")))
        remote = texts_in(argument(call, 4, "remote_cols"))
        return texts_in(argument(call, 3, "local_cols")), ["%s.%s" % (target, column) for column in remote]
    if kind.startswith("create_") and kind != "create_table":
        columns = argument(call, 2, "columns", "condition")
        return [word for text in texts_in(columns) for word in operations.words(text)], elsewhere
    return [], elsewhere
