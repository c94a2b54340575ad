"""One run of the property test: a project and steps from a seed; on a failure, what is needed to understand it."""

import shutil

from property.commands import tasks_toml
from property.model import random_project
from property.session import Session, Wrong, random_for
from property.steps import first_steps, random_steps

SCRATCH_EVERY = 6  # of successful runs, one is repeated in a clean folder


def play(folder, seed, count, shrink=150):
    """Raises Wrong with a readable account. Returns what was done, counted."""
    rng = random_for("project", seed)
    session = new_session(folder, random_project(rng))
    done = 0
    try:
        for step in first_steps(rng, session):
            session.apply(step)
        while done < count:
            random_steps(rng, session)
            done += 1
    except Wrong as wrong:
        first = session.projects[0]
        session.folder.end_processes()
        script, last = session.script, wrong
        if shrink:
            script, last = shrunk(folder, first, script, wrong, shrink)
        raise Wrong(account(seed, done, first, script, last)) from None
    finally:
        session.folder.end_processes()
    session.stats["steps"] += done
    session.stats["from scratch"] += session.scratches
    return session.stats


def new_session(folder, project):
    shutil.rmtree(folder, ignore_errors=True)
    session = Session(folder, project, SCRATCH_EVERY)
    session.projects = [project]
    return session


def replay(folder, project, script):
    session = new_session(folder, project)
    try:
        for step in script:
            session.apply(step)
    except Wrong as wrong:
        return wrong, session.script
    finally:
        session.folder.end_processes()
    return None, script


def shrunk(folder, project, script, wrong, most):
    """Fewer steps that go wrong in the same way; what depends on the moment of a kill may not come again."""
    what = kind_of(wrong)
    tries, size = 0, max(1, len(script) // 2)
    while tries < most:
        at = 0
        while at < len(script) and tries < most:
            tries += 1
            shorter = script[:at] + script[at + size:]
            again, played = replay(folder, project, shorter)
            if again is not None and kind_of(again) == what:
                script, wrong = played, again
            else:
                at += size
        if size == 1:
            break
        size = max(1, size // 2)
    return script, wrong


def kind_of(wrong):
    return str(wrong).split(" ", 1)[0]


def account(seed, done, project, script, wrong):
    lines = [f"seed {seed}, step {done + 1}: {wrong}", "", "the project:"]
    for path, text in tasks_toml(project).items():
        lines += [f"--- {path}", text]
    lines.append("the steps:")
    for step in script:
        if step[0] == "project":
            lines.append("project:")
            for path, text in tasks_toml(step[1]).items():
                lines += [f"--- {path}", text]
        else:
            lines.append(" ".join(map(str, step)))
    return "\n".join(lines)
