"""What subtraction.py says, done to the text of a revision file: where alembic was not reached, two files that the
same tool has made, of the user's models and of the base's, are all that there is.

Pure. Comments and the form of what stays are left as they are.
"""

import ast

from devtask_migrate import rules, statements, subtraction
from devtask_migrate.request import Refusal


class Texts:
    """Where the nodes of a text are, in its bytes."""

    def __init__(self, text):
        self.content = text.encode("utf-8")
        self.lines = [0]
        for line in self.content.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.edits = []  # (first, end, bytes)

    def first(self, node):
        return self.lines[node.lineno - 1] + node.col_offset

    def end(self, node):
        return self.lines[node.end_lineno - 1] + node.end_col_offset

    def of(self, node):
        return self.content[self.first(node) : self.end(node)]

    def line_of(self, node):
        """First and end of its whole lines."""
        return self.lines[node.lineno - 1], self.lines[node.end_lineno]

    def replace(self, first, end, content):
        self.edits.append((first, end, content))

    def remove(self, node):
        first, end = self.line_of(node)
        following = self.lines.index(end) + 1
        if isinstance(node, ast.With) and following < len(self.lines):  # and the empty line that ends it
            behind = self.lines[following]
            end = end if self.content[end:behind].strip() else behind
        self.replace(first, end, b"")

    def line(self, node, text):
        indent = self.content[self.lines[node.lineno - 1] : self.first(node)]
        return indent + text.encode("utf-8") + b"\n"

    def edited(self):
        content = self.content
        for first, end, new in sorted(self.edits, reverse=True):
            content = content[:first] + new + content[end:]
        return content.decode("utf-8")


class File:
    def __init__(self, path, text, around):
        self.revision = rules.Revision(path, text)
        if self.revision.problem:
            raise Refusal("%s:%d: %s" % ((path,) + self.revision.problem))
        missing = [name for name in rules.DIRECTIONS if name not in self.revision.functions]
        if missing:
            raise Refusal("%s has no function `%s`" % (path, missing[0]))
        self.functions = [self.revision.functions[name] for name in rules.DIRECTIONS]
        self.directions = [statements.of_function(function, around) for function in self.functions]
        self.report = statements.report_of(*self.directions)


def subtract(file, base, around, keep=(), keep_all=False):
    """`base` is a File too, or None. The text, or None where nothing of it is the user's; and the choice."""
    choice = subtraction.subtract(file.report, base and base.report, keep, keep_all)
    kept = [choice.upgrade, choice.downgrade]
    if not any(any(one is not False for one in direction) for direction in kept):
        return None, choice
    texts = Texts(file.revision.text)
    was = olds(texts, file)
    for function, found, direction in zip(file.functions, file.directions, kept):
        reduce_function(texts, function, found, direction, around)
        for statement, one in zip(found, direction):
            if one is not True and one is not False:
                reduce_alter(texts, statement.node.value, one, was.get(id(statement), {}))
    text = texts.edited()
    check_reduced(file, text, kept, around)
    return text, choice


def reduce_function(texts, function, found, kept, around):
    gone = {id(statement.node) for statement, one in zip(found, kept) if one is False}
    stays = {id(statement.block or statement.node) for statement, one in zip(found, kept) if one is not False}
    body = rules.body_of(function)
    if not stays:
        for node in body:
            texts.remove(node)
        if body:
            first, _ = texts.line_of(body[0])
            texts.replace(first, first, texts.line(body[0], "pass"))
        return
    remaining = []
    for node in body:
        if id(node) in gone or (statements.batch_of(node) and id(node) not in stays):
            texts.remove(node)
            continue
        remaining.append(node)
        for inner in node.body if statements.batch_of(node) else ():
            if id(inner) in gone:
                texts.remove(inner)
    if around:
        first, last = remaining[0], remaining[-1]
        if not statements.is_one_of(first, around[:1]):
            texts.replace(*[texts.line_of(first)[0]] * 2, texts.line(first, "op.execute(%r)" % around[0]))
        if not statements.is_one_of(last, around[1:]):
            texts.replace(*[texts.line_of(last)[1]] * 2, texts.line(last, "op.execute(%r)" % around[1]))


def olds(texts, file):
    """For each `alter_column`, in both directions, what its attributes were: the downgrade makes them so again."""
    ups, downs = file.directions
    found = {}
    for up in ups:
        if up.described["kind"] == "alter_column" and up.described["reverse"] is not None:
            down = downs[up.described["reverse"]]
            values = {keyword.arg: texts.of(keyword.value) for keyword in down.node.value.keywords}
            found[id(up)] = found[id(down)] = values
    return found


def reduce_alter(texts, call, names, old):
    """What goes is said as what it was and stays: `nullable=False` becomes `existing_nullable=True`."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    before = call.args[-1] if call.args else None
    for keyword in call.keywords:
        existing = "existing_" + keyword.arg.rstrip("_")
        if keyword.arg in names:
            first, end = texts.end(before), texts.end(keyword.value)
            new = b""
            if keyword.arg in old and keyword.arg != "new_column_name":
                if existing in given:
                    texts.replace(texts.first(given[existing]), texts.end(given[existing]), old[keyword.arg])
                else:
                    lead = texts.content[first:end].partition(keyword.arg.encode())[0]
                    new = lead + existing.encode() + b"=" + old[keyword.arg]
            texts.replace(first, end, new)
        before = keyword.value


def check_reduced(file, text, kept, around):
    """Two statements in a line, say, are not taken apart."""

    def identity(described, without=()):
        left = {key: value for key, value in described["attributes"].items() if key not in without}
        return subtraction.place_of(described) + (left,)

    expected = []
    for found, direction in zip(file.directions, kept):
        staying = [(one.described, stays) for one, stays in zip(found, direction) if stays is not False]
        expected.append([identity(one, () if stays is True else stays) for one, stays in staying])
    try:
        directions = File(file.revision.path, text, around).directions
        is_right = [[identity(one.described) for one in found] for found in directions] == expected
    except Refusal:
        is_right = False
    if not is_right:
        raise Refusal("%s: operations that are not yours cannot be taken out of its text" % file.revision.path)
