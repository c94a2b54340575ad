"""Up, down and up again, with the schema compared: what a revision does must be undone by its downgrade."""

from devtask_migrate import schema


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


def parent_of(script):
    """Of a merge one of them: down to it leads to all of them."""
    parents = script.down_revision
    return (parents if isinstance(parents, str) else parents[0]) if parents else "base"


class Trip:
    def __init__(self, config):
        self.config = config
        self.problems = []
        self.revisions = []
        self.branches = []  # for which there is no round trip of their own

    def up(self, revision):
        from alembic import command

        command.upgrade(self.config, revision)
        return snapshot(self.config)

    def down(self, revision):
        from alembic import command

        command.downgrade(self.config, revision)
        return snapshot(self.config)

    def compare(self, revision, step, before, after):
        for line in schema.differences(before, after):
            self.problems.append({"revision": revision, "step": step, "message": line})

    def one(self, script, before):
        """The database is at the revision before."""
        revision = script.revision
        self.revisions.append(revision)
        first = self.up(revision)
        after = self.down(parent_of(script))
        if after["heads"] != before["heads"]:  # a branch: its downgrade takes others along
            self.branches.append(revision)
            return [self.up(earlier) for earlier in self.revisions][-1]
        self.compare(revision, "upgrade, downgrade", before, after)
        second = self.up(revision)
        self.compare(revision, "upgrade, downgrade, upgrade", first, second)
        return second

    def result(self):
        return {"problems": self.problems, "revisions": self.revisions, "branches": self.branches}


def attempt(config, steps):
    trip = Trip(config)
    try:
        steps(trip)
    except Exception as error:
        at = trip.revisions[-1] if trip.revisions else None
        message = "%s: %s" % (type(error).__name__, "%s" % error)
        trip.problems.append({"revision": at, "step": "failed", "message": message})
    return trip.result()


def of_new(config, script):
    return attempt(config, lambda trip: trip.one(script, snapshot(config)))


def check(config, scripts, start):
    """The revisions after `start`, or the head alone. What a downgrade loses is seen only in a database that has never
    been above: give one at `start` or below, or an empty one. One above is downgraded first."""

    def steps(trip):
        whole = list(scripts.walk_revisions("base", "heads"))  # newest first
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
            trip.compare(wanted[-1].revision, "downgrade, upgrade", was, before)

    return attempt(config, steps)
