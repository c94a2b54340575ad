"""SQL expressions and definitions in one form: letter case, spaces and parentheses that change nothing are gone.

Pure, and about text only: quoted names and strings stay as they are.
"""

import re

TOKEN = re.compile(
    r"""\s+ | --[^\n]* | /\*.*?\*/
    | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\]
    | [\w$.]+ | \|\| | [<>=!]= | <> | << | >> | -> | :: | .""",
    re.VERBOSE | re.DOTALL,
)
PLAIN = re.compile(r"[a-z_][a-z0-9_$]*$")

# How tightly an operator binds; what is not here leaves the parentheses around it alone.
BINDING = {"or": 1, "and": 2, "not": 3}
BINDING.update(dict.fromkeys(["=", "==", "<>", "!=", "is", "in", "like", "glob", "between"], 4))
BINDING.update(dict.fromkeys(["<", "<=", ">", ">="], 5))
BINDING.update({"+": 7, "-": 7, "*": 8, "/": 8, "%": 8, "||": 9})
NO_CALL = {
    "and",
    "or",
    "not",
    "check",
    "default",
    "as",
    "where",
    "when",
    "then",
    "else",
    "case",
    "is",
    "like",
    "between",
}
ASSOCIATIVE = {"and", "or"}


def token(text):
    if text[0] in '"`[' and len(text) > 1:
        name = text[1:-1].replace('""', '"')
        return name if PLAIN.match(name) else '"%s"' % name
    return text if text[0] == "'" else text.lower()


def tokens(sql):
    found = TOKEN.findall(sql)
    return [token(text) for text in found if not text.isspace() and not text.startswith(("--", "/*"))]


def tree(flat):
    """Parentheses as lists."""
    stack = [[]]
    for one in flat:
        if one == "(":
            stack.append([])
        elif one == ")" and len(stack) > 1:
            group = stack.pop()
            stack[-1].append(group)
        else:
            stack[-1].append(one)
    return stack[0]


def loosest(group):
    """The operator in it that binds least; infinity where there is none, 0 where that is unknown."""
    words = [one for one in group if isinstance(one, str)]
    if {"case", "between", ",", "select"} & set(words):
        return 0
    return min([BINDING[word] for word in words if word in BINDING], default=100)


def is_call(before):
    return isinstance(before, str) and bool(re.match(r"[\w\"]", before)) and before not in NO_CALL


def is_free(group, before, after):
    """Whether the parentheses around the group change nothing, standing between these two."""
    if is_call(before) or "," in group or group[:1] == ["select"]:
        return False
    if before in (None, ",", "check", "default", "where") and after in (None, ","):
        return True
    sides = [BINDING.get(one) for one in (before, after) if one is not None]
    if None in sides:
        return False
    binding = loosest(group)
    operators = {one for one in group if isinstance(one, str) and BINDING.get(one) == binding}
    neighbours = {one for one in (before, after) if one is not None and BINDING[one] == binding}
    return binding > max(sides) or (binding == max(sides) and neighbours == operators and operators <= ASSOCIATIVE)


def simplified(group):
    result = []
    for number, one in enumerate(group):
        if not isinstance(one, list):
            result.append(one)
            continue
        inner = simplified(one)
        before = result[-1] if result else None
        after = group[number + 1] if number + 1 < len(group) else None
        if len(inner) == 1 and isinstance(inner[0], list):  # doubled
            inner = inner[0]
        if is_free(inner, before, after):
            result.extend(inner)
        else:
            result.append(inner)
    return result


def written(group):
    text = ""
    for one in group:
        if isinstance(one, list):
            text += "(%s)" % written(one) if not text or is_call(text.split(" ")[-1]) else " (%s)" % written(one)
        elif one == ",":
            text += ","
        else:
            text += (" " if text else "") + one
    return text


def normal(sql):
    """`(( A >0) AND "b" < 1)` is `a > 0 and b < 1`."""
    return None if sql is None else written(simplified(tree(tokens("%s" % sql))))


def split(group, separator=","):
    """The parts between commas that are in no parentheses."""
    parts = [[]]
    for one in group:
        if one == separator:
            parts.append([])
        else:
            parts[-1].append(one)
    return [part for part in parts if part]
