"""What must hold of revision files, told by their text alone: nothing is imported, no database is needed.

Each finding has a rule, a file, a line, a message and a severity: `error`, or `warning` for what destroys data.
"""

import ast
import os
import re

from devtask_migrate import source

DESTRUCTIVE_SQL = re.compile(r"\bdrop\s+(table|column)\b|\btruncate\b", re.IGNORECASE)
DIRECTIONS = ("upgrade", "downgrade")


class Revision:
    """One file. `problem` is why it is none."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.problem = None
        self.revision = None
        self.parents = []
        self.depends_on = []
        self.lines = {}
        self.functions = {}
        try:
            self.read(ast.parse(text))
        except SyntaxError as error:
            self.problem = (error.lineno or 1, "is no Python: %s" % error.msg)
        except ValueError as error:
            self.problem = (1, "is no Python: %s" % error)

    def read(self, tree):
        values = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            for target, value in assignments(node):
                values[target] = value
                self.lines[target] = node.lineno
        self.revision = constant(values.get("revision"))
        self.parents = as_list(constant(values.get("down_revision")))
        self.depends_on = as_list(constant(values.get("depends_on")))

    def line(self, name):
        return self.lines.get(name, 1)


def assignments(node):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [(target.id, node.value) for target in targets if isinstance(target, ast.Name)]


def constant(node):
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None


def as_list(value):
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def read_folder(folder):
    """The revisions of a folder, as alembic finds them: files without a `revision` are something else."""
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if name.endswith(".py") and name != "__init__.py":
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                revision = Revision(path, stream.read().decode("utf-8", "replace"))
            if revision.revision or revision.problem:
                found.append(revision)
    return found


def check(folder, around=(), since="", known=(), file_name=""):
    """`since`: rules for single files hold for what comes after this revision; `known`: they do not hold for files of
    these names. `file_name` is a regular expression for the whole name, in which {rev} is the revision."""
    revisions = read_folder(folder)
    if not revisions:  # none yet, or they are SQL
        return []
    findings = list(of_graph(revisions))
    old = ancestors(revisions, since) if since else set()
    if since and since not in {revision.revision for revision in revisions}:
        findings.append(finding("since", folder, 1, "no revision %s, from which on the rules are to hold" % since))
    for revision in revisions:
        if revision.problem:
            findings.append(finding("syntax", revision.path, *revision.problem))
        elif revision.revision not in old and os.path.basename(revision.path) not in known:
            findings.extend(of_file(revision, around, file_name))
    return sorted(findings, key=lambda one: (one["file"], one["line"], one["rule"], one["message"]))


def finding(rule, path, line, message, severity="error"):
    return {"rule": rule, "file": path, "line": line, "message": message, "severity": severity}


# ---- the graph


def ancestors(revisions, start):
    parents = {revision.revision: revision.parents for revision in revisions}
    found, waiting = set(), [start]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, []))
    return found


def of_graph(revisions):
    files, parents = {}, set()
    for revision in revisions:
        parents.update(revision.parents)
        if revision.revision in files:
            other = os.path.basename(files[revision.revision].path)
            message = "revision %s is also that of %s" % (revision.revision, other)
            yield finding("duplicate", revision.path, revision.line("revision"), message)
        elif revision.revision:
            files[revision.revision] = revision
    for revision in revisions:
        for parent in revision.parents:
            if parent not in files:
                message = "down_revision %s does not exist" % parent
                yield finding("parent", revision.path, revision.line("down_revision"), message)
    heads = sorted(set(files) - parents)
    for head in heads if len(heads) > 1 else ():
        others = ", ".join(other for other in heads if other != head)
        message = "more than one head: %s and %s; one of them must follow the other" % (head, others)
        yield finding("heads", files[head].path, files[head].line("down_revision"), message)
    if files and not heads:
        yield finding("heads", revisions[0].path, revisions[0].line("down_revision"), "the revisions form a ring")


# ---- one file


def of_file(revision, around, file_name):
    if file_name:
        yield from of_name(revision, file_name)
    for name, line in sorted(source.undefined_names(revision.text).items()):
        yield finding("names", revision.path, line, "`%s` is not defined" % name)
    for direction in DIRECTIONS:
        if direction not in revision.functions:
            yield finding("functions", revision.path, 1, "no function `%s`" % direction)
        elif around:
            yield from of_around(revision, direction, around)
    yield from of_downgrade(revision, around)
    yield from of_destruction(revision)


def of_name(revision, pattern):
    name = os.path.basename(revision.path)
    if not re.match("(?:%s)$" % pattern.replace("{rev}", re.escape(revision.revision)), name):
        yield finding("file-name", revision.path, 1, "the name does not match %s" % pattern)


def body_of(function):
    """Without a docstring and `pass`."""
    return [
        node
        for number, node in enumerate(function.body)
        if not isinstance(node, ast.Pass)
        and not (number == 0 and isinstance(node, ast.Expr) and isinstance(constant(node.value), str))
    ]


def executed(node):
    """The SQL of `op.execute("…")`, or None."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or getattr(call.func, "attr", None) != "execute" or not call.args:
        return None
    argument = call.args[0]
    if isinstance(argument, ast.Call) and argument.args:  # sa.text("…")
        argument = argument.args[0]
    value = constant(argument)
    return value if isinstance(value, str) else None


def same_sql(one, other):
    def plain(text):
        return re.sub(r"\s*(=)\s*|\s+", lambda match: match.group(1) or " ", text.strip().rstrip(";").strip()).lower()

    return one is not None and plain(one) == plain(other)


def of_around(revision, direction, around):
    function = revision.functions[direction]
    body = body_of(function)
    if not body:
        return
    for node, wanted, place in ((body[0], around[0], "first"), (body[-1], around[1], "last")):
        if not same_sql(executed(node), wanted):
            message = '%s of %s must be op.execute("%s")' % (place, direction, wanted)
            yield finding("around", revision.path, node.lineno, message)


def own_statements(function, around):
    return [node for node in body_of(function) if not any(same_sql(executed(node), sql) for sql in around)]


def of_downgrade(revision, around):
    functions = [revision.functions.get(direction) for direction in DIRECTIONS]
    if None not in functions:
        up, down = (own_statements(function, around) for function in functions)
        if up and not down:
            message = "the downgrade is empty and the upgrade is not"
            yield finding("downgrade", revision.path, functions[1].lineno, message)


def calls_with_table(nodes, tables=None):
    """Each call, and if it is one of a batch block the table that it is for."""
    for node in nodes:
        inside = dict(tables or {})  # name of a block -> table
        for item in node.items if isinstance(node, ast.With) else ():
            call = item.context_expr
            if isinstance(call, ast.Call) and attribute(call) == "batch_alter_table":
                inside[getattr(item.optional_vars, "id", None)] = [constant(argument) for argument in call.args[:1]]
        if isinstance(node, ast.Call):
            yield node, inside.get(getattr(getattr(node.func, "value", None), "id", ""), [])
        yield from calls_with_table(ast.iter_child_nodes(node), inside)


def of_destruction(revision):
    function = revision.functions.get("upgrade")
    calls = list(calls_with_table(function.body)) if function else []
    created = {constant(call.args[0]) for call, _ in calls if attribute(call) == "create_table" and call.args}
    for call, table in calls:
        message = destruction(call, table, created)
        if message:
            yield finding("destructive", revision.path, call.lineno, message, "warning")


def attribute(call):
    return getattr(call.func, "attr", None)


def keyword(call, name):
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def destruction(call, table, created):
    """Why data may be lost or the upgrade fail on what is in the table, or None."""
    kind = attribute(call)
    if kind == "execute":
        sql = sql_in(call)
        return "loses data: %s" % " ".join(sql.split())[:80] if DESTRUCTIVE_SQL.search(sql) else None
    columns = [argument for argument in call.args if isinstance(argument, ast.Call)]
    column = columns[0] if columns else call
    arguments = call.args + (column.args[:1] if columns else [])
    names = table + [name for name in map(constant, arguments) if isinstance(name, str)]
    place = ".".join(names)
    if created & set(names[:1]):
        return None
    if kind in ("drop_table", "drop_column"):
        return "%s %s loses its data" % (kind, place)
    if constant(keyword(column, "nullable")) is not False or has(column, "server_default"):
        return None
    was_null = not has(call, "existing_server_default") and constant(keyword(call, "existing_nullable")) is not False
    if kind == "alter_column" and was_null:
        return "alter_column %s becomes not null: rows without a value make the upgrade fail" % place
    if kind == "add_column":
        return "add_column %s is not null and has no default: the upgrade fails where there are rows" % place
    return None


def has(call, name):
    """Whether the keyword is given and is not None or False."""
    node = keyword(call, name)
    return node is not None and not (is_literal(node) and constant(node) in (None, False))


def is_literal(node):
    try:
        ast.literal_eval(node)
        return True
    except ValueError:
        return False


def sql_in(call):
    texts = [constant(node) for argument in call.args for node in ast.walk(argument) if is_literal(node)]
    return " ".join(text for text in texts if isinstance(text, str))
