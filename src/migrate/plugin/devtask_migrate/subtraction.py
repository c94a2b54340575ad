"""What of a report is the user's own change: the operations that the base's report does not have.

Works on the data of operations.py only, and knows nothing of alembic.
"""

import collections
import fnmatch
import json
import re

REPLACEABLE = ("index", "constraint", "foreign_key", "primary_key", "unique")


class Choice:
    """`upgrade` and `downgrade` say for each operation of the report what stays: True, False, or (`alter_column`) the
    attributes that go. The rest says in labels what was done and why."""

    def __init__(self, upgrade, downgrade):
        self.upgrade = upgrade
        self.downgrade = downgrade
        self.left_out = []
        self.kept = []
        self.needed = []
        self.asked_for = []
        self.gone = []
        self.coincides = []

    def labels(self):
        """As fields of a result."""
        return {
            "operations": self.kept,
            "left_out": self.left_out,
            "needed": self.needed,
            "kept_on_request": self.asked_for,
            "gone": self.gone,
            "coincides": self.coincides,
        }


def label(operation):
    """As a person names it to `--keep`: `drop_index flow_run.ix_flow_run__state_id`."""
    table = "%s.%s" % (operation["schema"], operation["table"]) if operation["schema"] else operation["table"]
    return "%s %s" % (operation["kind"], ".".join(part for part in (table, operation["name"]) if part))


def is_asked_for(operation, patterns):
    whole = label(operation)
    kind, _, place = whole.partition(" ")
    names = (whole, kind, place, operation["name"], kind + " " + operation["name"])
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns for name in names if name)


def place_of(operation):
    return operation["kind"], operation["schema"], operation["table"], operation["name"]


def pieces_of(operation):
    """What is compared: the operation as a whole, but each attribute that an `alter_column` changes for itself."""
    if operation["kind"] == "alter_column":
        return [place_of(operation) + pair for pair in sorted(operation["attributes"].items())]
    return [place_of(operation) + (json.dumps(operation["attributes"], sort_keys=True),)]


def take(operations, base):
    """For each operation what of it the base has: True, False or attributes; and what is left of the base."""
    left = collections.Counter(piece for operation in base for piece in pieces_of(operation))
    found = []
    for operation in operations:
        pieces = pieces_of(operation)
        known = []
        for piece in pieces:
            if left[piece] > 0:
                left[piece] -= 1
                known.append(piece)
        whole = len(known) == len(pieces)
        found.append(whole or [piece[4] for piece in known])
    return found, left


def is_named_thing(operation):
    return operation["name"] and any(word in operation["kind"] for word in REPLACEABLE)


def table_of(operation):
    return "%s.%s" % (operation["schema"], operation["table"]) if operation["schema"] else operation["table"]


def needs(kept, other):
    """Whether `kept` cannot be done, or not be undone, without `other`."""
    table, own = table_of(kept), kept["uses"]
    others = other["uses"]
    if kept["kind"] == "drop_table":
        return table in others["tables"]
    if kept["kind"] == "drop_column":
        return other["kind"].startswith("drop_") and "%s.%s" % (table, kept["name"]) in others["columns"]
    if other["kind"] == "create_table":
        return table_of(other) in own["tables"]
    if other["kind"] == "add_column":
        return "%s.%s" % (table_of(other), other["name"]) in own["columns"]
    # An index or a constraint that changes is dropped and made: both or none.
    return (
        is_named_thing(kept)
        and is_named_thing(other)
        and (table, kept["name"]) == (table_of(other), other["name"])
        and kept["kind"].startswith("drop_") != other["kind"].startswith("drop_")
    )


def with_needed(operations, stays):
    """Adds to what stays (a list of numbers) until nothing of it lacks anything."""
    waiting, needed = list(stays), []
    while waiting:
        kept = operations[waiting.pop()]
        for number, other in enumerate(operations):
            if number not in stays and needs(kept, other):
                stays.add(number)
                waiting.append(number)
                needed.append(number)
    return sorted(needed)


def subtract(report, base, keep=(), keep_all=False):
    """`base` is a report too, or None: then everything stays."""
    base = base if base and not keep_all else {"upgrade": [], "downgrade": [], "models": report["models"]}
    ups = report["upgrade"]
    known, left = take(ups, base["upgrade"])
    asked = {number for number, up in enumerate(ups) if known[number] and is_asked_for(up, keep)}
    stays = {number for number in range(len(ups)) if known[number] is not True} | asked
    needed = with_needed(ups, stays)

    upgrade = []
    for number in range(len(ups)):
        whole = number in asked or not known[number]
        upgrade.append(number in stays and (known[number] if not whole and number not in needed else True))
    choice = Choice(upgrade, undoing(report, base, upgrade))
    choice.asked_for = [label(ups[number]) for number in sorted(asked)]
    choice.needed = [label(ups[number]) for number in needed]
    choice.gone = sorted(" ".join(gone_piece(piece)) for piece, count in left.items() for _ in range(count))
    changed = changed_models(report["models"], base["models"])
    for operation, kept in zip(ups, upgrade):
        if kept is False:
            choice.left_out.append(label(operation))
            if operation["name"] in re.findall(r"\w+", " ".join(changed.get(table_of(operation), []))):
                choice.coincides.append(label(operation))
        else:
            choice.kept.append(label(operation))
            if kept is not True:
                choice.left_out.extend("%s (%s)" % (label(operation), name) for name in kept)
    return choice


def undoing(report, base, upgrade):
    """The downgrade follows the upgrade; what undoes nothing in particular is compared with the base itself."""
    known, _ = take(report["downgrade"], base["downgrade"])
    stays = [found is False or (found is not True and found) or found == [] for found in known]
    for up, kept in zip(report["upgrade"], upgrade):
        if up["reverse"] is not None:
            stays[up["reverse"]] = kept
    return stays


def gone_piece(piece):
    kind, schema, table, name = piece[:4]
    place = label({"kind": kind, "schema": schema, "table": table, "name": name})
    return [place] + (["(%s)" % piece[4]] if len(piece) == 6 else [])


def changed_models(now, before):
    """Table -> texts of its parts that only one of both has."""
    changed = {}
    for table in sorted(set(now) | set(before)):
        parts = sorted(set(now.get(table, [])) ^ set(before.get(table, [])))
        if parts:
            changed[table] = parts
    return changed
