"""Random steps: what people do to a project between two commands, and the commands."""

from dataclasses import replace

from property.model import CONTENTS, LINKED, NAMES, OWNED_KINDS, SHARED, TOOL, add_random_task, pick
from property.oracle import KNOWN, Plan, Request, outputs_of

FAIL = "FAIL"
DELAYS = (0.002, 0.004, 0.006, 0.01, 0.015, 0.02, 0.03)
REST = 0.03  # a rest takes more than two seconds, where there is something to seal
KILL = 0.1
ONLY = 0.08
HOWS = ("in place", "in place", "renamed", "same time")


def first_steps(rng, session):
    """Sources for every task."""
    steps = [("write", f"{LINKED}/one", "a1"), ("write", f"{LINKED}/two", "b1")]
    steps += [("write", f"{SHARED}/{name}", "a1") for name in ("a.txt", "b.txt")]
    steps += [("write", TOOL, tool_text(1)), ("chmod", TOOL, True)]
    for task in session.here.project.tasks.values():
        steps += sources_of(rng, task)
    return steps


def sources_of(rng, task):
    if task.is_group:
        return []
    names = [f"{value}.txt" for value in task.matrix] or rng.sample(NAMES, rng.randint(2, 5))
    return [("write", f"{task.folder}/{name}", rng.choice(CONTENTS)) for name in names]


def tool_text(version):
    return f"#!/bin/sh\necho g{version}"


def random_steps(rng, session):
    """One to three changes, perhaps a look, and a command."""
    steps = []
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        change = rng.choices(CHANGES, WEIGHTS)[0](rng, session)
        if change is not None:
            steps.append(change)
            session.apply(change)
    request = random_request(rng, session)
    if session.rested is not None:  # what was sealed must not hide what has changed
        request, session.rested = session.rested, None
    elif rng.random() < REST and not (request.ninja or request.force):
        session.apply(("rest", request))
        session.rested = request
        return
    if rng.random() < 0.4 and not request.ninja:
        session.apply(("look", request))
    if rng.random() < KILL and not (request.ninja or request.force or request.only):
        session.apply(("kill", request, rng.choice(DELAYS) * rng.uniform(0.5, 1.5)))
    else:
        session.apply(("run", request))


# ---- changes of files


def some_task(rng, session, kinds=None):
    found = [task for task in session.here.project.tasks.values() if kinds is None or task.kind in kinds]
    return rng.choice(found) if found else None


def some_source(rng, session):
    task = some_task(rng, session)
    if rng.random() < 0.1:
        return f"{SHARED}/{rng.choice(['a.txt', 'b.txt', 'c.txt', 'd.md'])}"
    names = [f"{value}.txt" for value in task.matrix] or NAMES
    return f"{task.folder}/{rng.choice(names)}"


def existing_source(rng, session):
    found = sorted(path for path in session.here.files if "src/" in path and not path.endswith("made.txt"))
    return rng.choice(found) if found else None


def edit(rng, session):
    path = existing_source(rng, session)
    return path and ("write", path, rng.choice(CONTENTS), rng.choice(HOWS))


def add(rng, session):
    return ("write", some_source(rng, session), rng.choice(CONTENTS), rng.choice(HOWS))


def make_fail(rng, session):
    path = existing_source(rng, session)
    return path and ("write", path, FAIL)


def mend(rng, session):
    """Failing is no fun for long."""
    found = sorted(path for path, file in session.here.files.items() if FAIL in file.text and "src/" in path)
    return ("write", rng.choice(found), rng.choice(CONTENTS)) if found else None


def delete(rng, session):
    path = existing_source(rng, session)
    return path and ("delete", path)


def rename(rng, session):
    path = existing_source(rng, session)
    return path and ("rename", path, some_source(rng, session))


def chmod(rng, session):
    path = existing_source(rng, session)
    return path and ("chmod", path, rng.random() < 0.6)


def link(rng, session):
    path = some_source(rng, session)
    if path.endswith("/made.txt"):
        return None
    up = "../" * path.count("/")
    return ("link", path, rng.choice([f"{up}{LINKED}/one", f"{up}{LINKED}/two", f"{up}{LINKED}", "nowhere"]))


def folder_for_file(rng, session):
    path = existing_source(rng, session)
    return path and path.count("/") < 4 and ("write", f"{path}/inner.txt", rng.choice(CONTENTS)) or None


def edit_linked(rng, session):
    return ("write", f"{LINKED}/{rng.choice(['one', 'two'])}", rng.choice(CONTENTS))


def touch(rng, session):
    return ("touch", rng.choice([None, None, -100_000, 100_000]))


def edit_tool(rng, session):
    how = rng.random()
    if how < 0.1:
        return ("chmod", TOOL, False)
    if how < 0.3:
        return ("chmod", TOOL, True)
    return ("write", TOOL, tool_text(rng.randint(1, 3)), rng.choice(HOWS))


# ---- changes of outputs and of what is remembered


def output_of(rng, session, kinds=OWNED_KINDS):
    """A path that a recorded success made, or a witness."""
    found = []
    for label, success in session.here.successes.items():
        if success.witness or session.here.project.tasks.get(label.split(" ")[0].partition("@")[0]) is not None:
            found += [path for path, _ in (*success.outputs, *success.witness)]
    found = sorted(path for path in set(found) if path in session.here.files)
    return rng.choice(found) if found else None


def damage(rng, session):
    path = output_of(rng, session)
    if path and not path.endswith("/witness") and rng.random() < 0.2:
        return ("link", path, "nowhere")
    return path and ("write", path, rng.choice(["damaged", "a1"]), rng.choice(HOWS))


def damage_mode(rng, session):
    path = output_of(rng, session)
    return path and ("chmod", path, rng.random() < 0.5)


def delete_output(rng, session):
    path = output_of(rng, session)
    folder = path and path.rpartition("/")[0]
    if path and rng.random() < 0.4:
        return ("delete", folder) if "src/" not in path else None
    return path and ("delete", path)


def stray(rng, session):
    """A person's file among the outputs."""
    task = some_task(rng, session, ("folder", "glob"))
    if task is None:
        return None
    instance = session.here.project.instances(task.name)[-1]
    path = instance.extra(rng.choice(["stray", "stray", "a.txt", "b.txt", "c.skip"]))
    if task.kind == "folder" and rng.random() < 0.2:
        path = instance.output_pattern + ".gitkeep"
    return rng.choice([("write", path, rng.choice(["stray", "a1\n", ""]), rng.choice(HOWS)), ("delete", path)])


def forget(rng, session):
    outputs = outputs_of(session.here, session.here.project.all_instances())
    if "nobody looks behind a link" in KNOWN and any(file.target for file in outputs.values()):
        return None
    return ("forget",)


def empty_cache(rng, session):
    return ("empty_cache",)


def clean(rng, session):
    names = rng.sample(sorted(session.here.project.tasks), rng.choice([0, 1, 2]))
    return ("clean", tuple(behind_arguments(session.here.project, names)))


def switch(rng, session):
    return ("switch", "two" if session.name == "one" else "one")


def variable(rng, session):
    task = some_task(rng, session)
    name = rng.choice([task.variable(), task.variable() + "_MORE", "HIDDEN"])
    return ("variable", name, rng.choice([None, "1", "2"]))


# ---- changes of tasks.toml


def change_project(rng, session):
    project = session.here.project.copy()
    seen = session.projects
    if len(seen) > 1 and rng.random() < 0.3:
        return ("project", rng.choice(seen[-6:]))
    task = some_task(rng, session)
    what = rng.choice(["version", "version", "constant", "patterns", "dep", "dep", "cut", "kind", "kind", "add",
                       "remove"])
    if what == "version":
        project.tasks[task.name] = replace(task, version=rng.randint(1, 3))
    elif what == "constant":
        project.tasks[task.name] = replace(task, constant=rng.choice(["", "one", "two"]))
    elif what == "patterns":
        project.tasks[task.name] = replace(task, patterns=rng.choice(["folder", "any level", "one level", "not skip"]))
    elif what == "cut":
        project.tasks[task.name] = replace(task, cut=not task.cut)
    elif what == "kind" and task.kind in ("literal", "glob") and not task.in_sources:
        project.tasks[task.name] = replace(task, kind="glob" if task.kind == "literal" else "literal")
    elif what == "dep":
        change_dep(rng, project, task)
    elif what == "add" and len(project.tasks) < 12:
        index = max(int(name.rpartition("t")[2]) for name in project.tasks) + 1
        added = add_random_task(rng, project, f"t{index}")
        for step in sources_of(rng, added):
            session.apply(step)
    elif what == "remove" and len(project.tasks) > 4 and not project.dependents(task.name):
        if not any(task.folder == each.shared for each in project.tasks.values()):
            del project.tasks[task.name]
    seen.append(project)
    return ("project", project)


def change_dep(rng, project, task):
    names = list(project.tasks)
    gone = [dep for dep in task.deps if dep.partition("@")[0] not in task.reads_all]
    if gone and (rng.random() < 0.5) and not (task.is_group and len(task.deps) == 1):
        dropped = rng.choice(gone)
        project.tasks[task.name] = replace(task, deps=tuple(dep for dep in task.deps if dep != dropped))
        return
    have = {dep.partition("@")[0] for dep in task.deps}
    free = [project.tasks[name] for name in names[:names.index(task.name)]
            if name not in have and project.tasks[name].kind != "creates"]
    if free:
        project.tasks[task.name] = replace(task, deps=(*task.deps, pick(rng, rng.choice(free), task.matrix)))


CHANGES, WEIGHTS = zip(
    (edit, 16), (add, 6), (make_fail, 3), (mend, 5), (delete, 5), (rename, 3), (chmod, 3), (link, 3),
    (folder_for_file, 2), (edit_linked, 3), (touch, 3), (edit_tool, 4), (damage, 4), (damage_mode, 1),
    (delete_output, 4), (stray, 4), (forget, 2), (empty_cache, 1), (clean, 1), (switch, 5), (variable, 5),
    (change_project, 7))


# ---- commands


def random_request(rng, session):
    project = session.here.project
    names = []
    for name in rng.sample(sorted(project.tasks), rng.choice([1, 1, 1, 2, 3])):
        task = project.tasks[name]
        if task.matrix and rng.random() < 0.4:
            name += "@" + rng.choice(task.matrix)
        # An argument is the word behind the name, so that every such task gets one if anything follows.
        if task.argument and rng.random() < 0.4:
            name += " " + rng.choice(["usual", "one", "two"])
        names.append(name)
    kind = rng.random()
    names = tuple(behind_arguments(project, names))
    request = Request(names, jobs=rng.choice([1, 2, 2, 3]), keep_going=rng.random() < 0.3)
    if kind < 0.08:
        return replace(request, force=True)
    if kind < 0.08 + ONLY:
        return replace(request, only=True)
    if kind < 0.22 + ONLY and not any(" " in name for name in names) and not is_unordered(project, request):
        return replace(request, ninja=True)
    return request


def behind_arguments(project, names):
    """What follows a task that takes an argument would be its argument: such a name comes last, and one is enough."""
    hungry = [name for name in names if " " not in name and project.tasks[name.partition("@")[0]].argument]
    return [name for name in names if name not in hungry] + hungry[:1]


def is_unordered(project, request):
    return "plain Ninja does not order edits" in KNOWN and bool(Plan(project, replace(request, ninja=False)).after)
