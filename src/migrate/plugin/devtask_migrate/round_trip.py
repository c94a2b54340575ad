"""Up, down and up again, with the schema compared: what a revision does must be undone by its downgrade."""

import os
import traceback

from devtask_migrate import rules, schema


def snapshot(config):
    """Of the database that the project's env.py connects to, and which revisions it is at."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    found = {}

    def read(heads, context):
        found["heads"] = sorted(heads)
        connection = context.connection
        found.update(schema.read(connection.dialect.name, connection, without=context.version_table))
        return []

    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, script, fn=read, dont_mutate=True):
        script.run_env()
    return found


def line_of(path, function):
    with open(path, "rb") as stream:
        found = rules.Revision(path, stream.read().decode("utf-8", "replace")).functions.get(function)
    return found.lineno if found else 1


def place_of(error, scripts):
    """The script in which it was raised, and the line there; or None."""
    paths = {os.path.realpath(script.path): script for script in scripts}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        script = paths.get(os.path.realpath(frame.filename))
        if script:
            return script, frame.lineno
    return None


def parent_of(script):
    """Of a merge one of them: down to it leads to all of them."""
    parents = script.down_revision
    return (parents if isinstance(parents, str) else parents[0]) if parents else "base"


class Trip:
    def __init__(self, config):
        self.config = config
        self.problems = []
        self.known = []  # scripts in which something can go wrong
        self.tried = []  # scripts
        self.branches = []  # for which there is no round trip of their own

    def up(self, revision):
        from alembic import command

        command.upgrade(self.config, revision)
        return snapshot(self.config)

    def down(self, revision):
        from alembic import command

        command.downgrade(self.config, revision)
        return snapshot(self.config)

    def compare(self, script, step, before, after):
        """What has changed on the way back is the fault of the downgrade."""
        for difference in schema.differences(before, after):
            self.add(script, line_of(script.path, "downgrade"), step, difference)

    def add(self, script, line, step, message):
        path = script.path if script else None
        place = {"revision": script and script.revision, "path": path, "line": path and line}
        self.problems.append(dict(place, step=step, message=message))

    def one(self, script, before):
        """The database is at the revision before."""
        revision = script.revision
        self.tried.append(script)
        first = self.up(revision)
        after = self.down(parent_of(script))
        if after["heads"] != before["heads"]:  # a branch: its downgrade takes others along
            self.branches.append(revision)
            return [self.up(earlier.revision) for earlier in self.tried][-1]
        self.compare(script, "upgrade, downgrade", before, after)
        second = self.up(revision)
        self.compare(script, "upgrade, downgrade, upgrade", first, second)
        return second

    def result(self):
        revisions = [script.revision for script in self.tried]
        return {"problems": self.problems, "revisions": revisions, "branches": self.branches}


def attempt(config, steps):
    trip = Trip(config)
    try:
        steps(trip)
    except Exception as error:
        message = "%s: %s" % (type(error).__name__, "%s" % error)
        at = place_of(error, trip.known) or [(script, 1) for script in [None] + trip.tried][-1]
        trip.add(*at, step="failed", message=message)
    return trip.result()


def of_new(config, script):
    def steps(trip):
        trip.known.append(script)
        trip.one(script, snapshot(config))

    return attempt(config, steps)


def check(config, scripts, start):
    """The revisions after `start`, or the head alone. What a downgrade loses is seen only in a database that has never
    been above: give one at `start` or below, or an empty one. One above is downgraded first."""

    def steps(trip):
        whole = list(scripts.walk_revisions("base", "heads"))  # newest first
        trip.known.extend(whole)
        names = [script.revision for script in whole]
        count = names.index(start) if start in names else (1 if not start else len(names))
        wanted = list(reversed(whole[:count]))
        if not wanted:
            return
        was = snapshot(config)
        parent = parent_of(wanted[0])
        is_ahead = set(was["heads"]) & set(names[:count])
        before = trip.down(parent) if is_ahead else trip.up(parent) if parent != "base" else was
        for script in wanted:
            before = trip.one(script, before)
        if was["heads"] == before["heads"]:
            trip.compare(wanted[-1], "downgrade, upgrade", was, before)

    return attempt(config, steps)
