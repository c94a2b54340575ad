"""alembic's operations as data that can be compared: as the Python that alembic writes for them, taken apart.

So what is equal here would be equal in the file. `op.f('x')` is 'x', order of keywords is free, and a batch block is
its operations, each with its table.
"""

import ast
import re

# Of `alter_column`: what is said about the column but not changed.
CONTEXT = re.compile("existing_|autoincrement")


class WithoutGivenNames(ast.NodeTransformer):
    def visit_Call(self, node):
        self.generic_visit(node)
        is_given = isinstance(node.func, ast.Attribute) and node.func.attr == "f" and len(node.args) == 1
        return node.args[0] if is_given else node


def text_of(node):
    """Independent of Python's version, on which names of revisions would depend otherwise."""
    if isinstance(node, ast.Call):
        keywords = sorted("%s=%s" % (keyword.arg, text_of(keyword.value)) for keyword in node.keywords)
        return "%s(%s)" % (text_of(node.func), ", ".join([text_of(argument) for argument in node.args] + keywords))
    if isinstance(node, ast.Attribute):
        return "%s.%s" % (text_of(node.value), node.attr)
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        form = {ast.List: "[%s]", ast.Tuple: "(%s)", ast.Set: "{%s}"}[type(node)]
        return form % ", ".join(map(text_of, node.elts))
    if isinstance(node, ast.Dict):
        pairs = ["%s: %s" % (text_of(key), text_of(value)) for key, value in zip(node.keys, node.values)]
        return "{%s}" % ", ".join(sorted(pairs))
    try:
        return repr(ast.literal_eval(node))
    except ValueError:
        return ast.dump(node)


def key_of(schema, table):
    return "%s.%s" % (schema, table) if schema else "%s" % table


def words(expression):
    return re.findall(r"\w+", "%s" % expression)


def of_index(index):
    names = []
    for expression in index.expressions:
        name = getattr(expression, "name", None)
        names.extend([name] if name else words(expression))
    return names, []


def of_constraint(constraint):
    if hasattr(constraint, "sqltext"):
        return words(constraint.sqltext), []
    targets = [element.target_fullname for element in getattr(constraint, "elements", [])]
    return list(getattr(constraint, "column_keys", None) or constraint.columns.keys()), targets


def parts_of(op):
    """Columns of the operation's table and columns of others ("table.column") that it is about."""
    try:
        if hasattr(op, "to_index"):
            return of_index(op.to_index())
        if hasattr(op, "to_constraint"):
            return of_constraint(op.to_constraint())
        if hasattr(op, "to_table"):
            return [], [key.target_fullname for column in op.to_table().columns for key in column.foreign_keys]
    except ValueError:  # dropped, and alembic does not know what it was
        return [], []
    column = getattr(op, "column", None)
    if column is not None:
        return [column.name], [key.target_fullname for key in column.foreign_keys]
    return [op.column_name] if hasattr(op, "column_name") else [], []


def name_of(op):
    for attribute in ("column_name", "index_name", "constraint_name"):
        if getattr(op, attribute, None):
            return "%s" % getattr(op, attribute)
    column = getattr(op, "column", None)
    return column.name if column is not None else ""


def calls(op, context):
    from alembic.autogenerate import render

    lines = render.render_op(context, op)
    tree = WithoutGivenNames().visit(ast.parse("\n".join(lines)))
    return [node.value for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]


def described(first, others, schema, table, name):
    """One operation by the calls that are written for it: their arguments are (table, …) or (name, table, …)."""
    kind = getattr(first.func, "attr", text_of(first.func))
    arguments = [text_of(argument) for argument in first.args]
    attributes = {keyword.arg or "**": text_of(keyword.value) for keyword in first.keywords}
    found = {"kind": kind, "schema": schema, "table": table, "name": name, "attributes": attributes}
    if kind == "alter_column":
        found["existing"] = {key: attributes.pop(key) for key in list(attributes) if CONTEXT.match(key)}
    else:
        attributes["arguments"] = sorted(arguments) if kind == "create_table" else arguments
    if others:
        attributes["then"] = [text_of(call) for call in others]
    return found


def uses(table, columns, elsewhere):
    """`table` and `elsewhere` are keys: with the schema, if there is one."""
    return {
        "tables": sorted({table} | {target.rpartition(".")[0] for target in elsewhere}),
        "columns": sorted({"%s.%s" % (table, column) for column in columns} | set(elsewhere)),
    }


def describe(op, context):
    """One operation that holds no others; `context` is the AutogenContext of the run."""
    first, *others = calls(op, context)
    table = getattr(op, "table_name", None) or getattr(op, "source_table", None) or ""
    schema = getattr(op, "schema", None) or getattr(op, "kw", {}).get("source_schema")
    found = described(first, others, schema, "%s" % table, name_of(op))
    return dict(found, uses=uses(key_of(schema, table), *parts_of(op)))


def flat(container):
    """Each operation with the container that it is in, in order."""
    for op in container.ops:
        if hasattr(op, "ops"):
            yield from flat(op)
        else:
            yield op


def reverse_of(op, context):
    try:
        return identity(describe(op.reverse(), context))
    except (NotImplementedError, ValueError, AttributeError):
        return None


def identity(described):
    return {key: value for key, value in described.items() if key not in ("uses", "reverse")}


def report_of(scripts, context):
    """Of alembic's MigrationScript objects: the operations in both directions, and which undoes which."""
    upgrade, downgrade = [], []
    for script in scripts:
        ups = [op for part in script.upgrade_ops_list for op in flat(part)]
        downs = [op for part in script.downgrade_ops_list for op in flat(part)]
        described = [describe(op, context) for op in downs]
        free = dict(enumerate(map(identity, described), len(downgrade)))
        for op in ups:
            wanted = reverse_of(op, context)
            match = next((number for number, one in free.items() if one == wanted), None)
            free.pop(match, None)
            upgrade.append(dict(describe(op, context), reverse=match))
        downgrade.extend(described)
    return {"upgrade": upgrade, "downgrade": downgrade, "models": models_of(context)}


def models_of(context):
    """The models' tables, each as the texts of its parts: what has changed in them although alembic sees nothing."""
    from alembic.operations import ops

    tables = {}
    for key, table in sorted(context.table_key_to_table.items()):
        (call,) = calls(ops.CreateTableOp.from_table(table), context)
        parts = [text_of(argument) for argument in call.args[1:]]
        for index in table.indexes:
            parts.extend(text_of(call) for call in calls(ops.CreateIndexOp.from_index(index), context))
        tables[key] = sorted(parts)
    return tables
