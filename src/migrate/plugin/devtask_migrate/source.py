"""The text of a revision file: names that it uses and does not define, and a name that cannot break it.

Pure; what is meant by a text is Python's own opinion (ast, symtable).
"""

import ast
import builtins
import symtable

MODULE_NAMES = {"__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__", "__builtins__"}


def scopes(table):
    yield table
    for child in table.get_children():
        yield from scopes(child)


def undefined_names(text):
    """Name -> line of its first use."""
    module = symtable.symtable(text, "revision", "exec")
    tree = ast.parse(text)
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    if any(alias.name == "*" for alias in imports):
        return {}
    defined, used = MODULE_NAMES | set(dir(builtins)), set()
    for scope in scopes(module):
        for symbol in scope.get_symbols():
            at_module = scope is module or symbol.is_declared_global()
            if at_module and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()):
                defined.add(symbol.get_name())
            if symbol.is_referenced() and (scope is module or symbol.is_global()):
                used.add(symbol.get_name())
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in used - defined:
            found[node.id] = min(node.lineno, found.get(node.id, node.lineno))
    return found


def module_names(tree):
    """Imported module -> the name that it has in the file."""
    names = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname or "." not in alias.name:
                    names[alias.name] = alias.asname or alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.update({"%s.%s" % (node.module, alias.name): alias.asname or alias.name for alias in node.names})
    return names


def add_import(text, line):
    tree = ast.parse(text)
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    docstring = tree.body[:1] if ast.get_docstring(tree) is not None else []
    places = [last_line(node) for node in imports or docstring]
    lines = text.split("\n")
    lines.insert(max(places) if places else 0, line)
    return "\n".join(lines)


def last_line(node):
    end = getattr(node, "end_lineno", None)  # Python 3.8
    return end if end is not None else node.lineno


def qualify(text, name, prefix):
    lines = text.split("\n")
    uses = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name) and node.id == name]
    for node in sorted(uses, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line = lines[node.lineno - 1].encode("utf-8")
        changed = line[: node.col_offset] + prefix.encode() + b"." + line[node.col_offset :]
        lines[node.lineno - 1] = changed.decode("utf-8")
    return "\n".join(lines)


def mend(text, modules):
    """Qualifies what is undefined and in one of the modules, {full name: module}, the first that has it, and imports
    that module where it is not. Returns the text and what was done."""
    done = []
    for name in sorted(undefined_names(text)):
        full = next((full for full, module in modules.items() if hasattr(module, name)), None)
        if full is None:
            continue
        known = module_names(ast.parse(text))
        package, _, last = full.rpartition(".")
        if full not in known:
            text = add_import(text, "from %s import %s" % (package, last) if package else "import %s as sa" % full)
        prefix = module_names(ast.parse(text))[full]
        text = qualify(text, name, prefix)
        done.append("%s -> %s.%s" % (name, prefix, name))
    return text, done


def reason_against(name):
    """Why a revision cannot be called so, or None."""
    if not name.strip():
        return "a revision needs a name: -m NAME"
    if not any(character.isalnum() for character in name):
        return "the name of a revision needs a letter or a digit, of which its file's name is made: %r" % name
    strange = next((character for character in name if not character.isprintable()), None)
    if strange is not None:
        return "the name of a revision is one line of text, without %r" % strange
    return None


def as_docstring(name):
    """For a template that writes it between triple quotes."""
    return name.replace("\\", "\\\\").replace('"', '\\"' if '"""' in name or name.endswith('"') else '"')


def structure(text):
    """What a text is as a program, whatever its strings are."""

    class Blank(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Name(id="", ctx=ast.Load()) if isinstance(node.value, str) else node

        visit_Str = visit_Constant  # Python 3.7

    return ast.dump(Blank().visit(ast.parse(text)))


def reason_against_text(text, name, plain):
    """Why the text made by a project's own template cannot be a revision of this name, or None; `plain` is the text
    with a harmless name."""
    try:
        if structure(text) == structure(plain):
            return None
    except (SyntaxError, ValueError) as error:
        return "the name %r breaks the file that the project's template makes: %s" % (name, error)
    return "the name %r becomes a statement in the file that the project's template makes" % name
