"""`devtask migrate check`: each rule broken by hand is found, with file and line; and the round trip."""

import pytest

from support.migrations import (
    DIALECTS,
    HEADS,
    MODELS,
    NAME,
    NOTES,
    OFF,
    ON,
    function,
    needs_postgresql,
    revision_of,
)
from support.result import Has

pytestmark = needs_postgresql


@pytest.fixture
def revised(flows):
    """With a new revision of SQLite's, which no commit has yet."""
    flows.add_column()
    flows.revise(dialects=())
    return flows


def line_of(text, fragment, number=1):
    lines = [i for i, line in enumerate(text.splitlines(), 1) if fragment in line]
    return lines[number - 1]


def errors(done):
    """Of the one dialect: where, `error`, and what."""
    return [tuple(line.split(": ", 2)) for line in done.stdout.splitlines() if ": error: " in line]


def check(flows, *words):
    done = flows.migrate("check", *words)
    return done.code, errors(done)


def one_error(flows, *words):
    code, found = check(flows, *words)
    assert code == 1 and len(found) == 1, found
    place, _, message = found[0]
    return place, message


def test_all_is_well_and_then_no_process_runs(flows):
    flows.add_column()
    flows.revise()
    done = flows.migrate("check", "--all-dialects").succeeded()
    for dialect in DIALECTS:
        assert f"main.check.{dialect} │ {dialect}: all is well\n" in done.stdout
    flows.migrate("check", "--all-dialects", no_processes=True).expect(stderr=Has("everything is up to date"))
    assert not flows.left_behind()


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
@pytest.mark.parametrize("line, place", [(OFF, "first"), (ON, "last")])
def test_a_missing_pragma(revised, direction, line, place):
    path = revised.newest("sqlite")
    head, name, body = revised.read(path).partition(f"def {direction}():")
    text = head + name + body.replace("    " + line + "\n", "", 1)
    revised.write(path, text)
    where, message = one_error(revised)
    assert message.startswith(f"{place} of {direction} must be {line}")
    number = int(where.removeprefix(f"{path}:"))
    above = text[: text.index(f"def {direction}():")].count("\n") + 1
    assert above < number < above + 8


def test_two_heads(revised):
    path = revised.newest("sqlite")
    text = revised.read(path)
    mine = revision_of(text)
    other = "2099_01_01_000000_0123456789ab_other.py"
    revised.write(path.with_name(other), text.replace(mine, "0123456789ab"))
    code, found = check(revised)
    wanted = {
        f"{path}:{line_of(text, 'down_revision =')}": f"more than one head: {mine} and 0123456789ab",
        f"{path.with_name(other)}:{line_of(text, 'down_revision =')}": f"more than one head: 0123456789ab and {mine}",
    }
    heads = {place: message for place, _, message in found if message.endswith("[heads]")}
    assert code == 1 and sorted(heads) == sorted(wanted)
    assert all(heads[place].startswith(message) for place, message in wanted.items())
    # And none is added to them.
    revised.edit(MODELS, "new_column = ", "newer_column = ")
    before = revised.revisions()
    done = revised.migrate("-m", "newer")
    assert done.code == 1 and "head" in done.stdout + done.stderr
    assert revised.revisions() == before


def test_a_parent_that_does_not_exist(revised):
    path = revised.newest("sqlite")
    revised.edit(path, f'down_revision = "{HEADS["sqlite"]}"', 'down_revision = "0123456789ab"')
    code, found = check(revised)
    number = line_of(revised.read(path), "down_revision =")
    assert code == 1
    assert (f"{path}:{number}", "error", "down_revision 0123456789ab does not exist [parent]") in found


def test_a_wrong_name(revised):
    path = revised.newest("sqlite")
    wrong = path.with_name(f"{revision_of(revised.read(path))}.py")
    revised.path(path).rename(revised.path(wrong))
    where, message = one_error(revised)
    assert where == f"{wrong}:1" and message.startswith("the name does not match ")


def test_an_empty_downgrade(revised):
    path = revised.newest("sqlite")
    text = revised.read(path)
    revised.write(path, text[: text.index("def downgrade")] + "def downgrade():\n    pass\n")
    code, found = check(revised)
    number = line_of(revised.read(path), "def downgrade")
    assert code == 1
    assert (f"{path}:{number}", "error", "the downgrade is empty and the upgrade is not [downgrade]") in found


def test_an_undefined_name(revised):
    path = revised.newest("sqlite")
    revised.edit(path, "sa.String()", "Text()")
    code, found = check(revised)
    number = line_of(revised.read(path), "Text()")
    assert code == 1 and (f"{path}:{number}", "error", "`Text` is not defined [names]") in found


def test_what_is_no_python(revised):
    path = revised.newest("sqlite")
    revised.edit(path, "def upgrade():", "def upgrade(:")
    code, found = check(revised)
    number = line_of(revised.read(path), "def upgrade(:")
    assert code == 1 and [each[0] for each in found if each[2].endswith("[syntax]")] == [f"{path}:{number}"]


def test_no_entry_in_the_notes(revised):
    mine = revision_of(revised.read(revised.newest("sqlite")))
    revised.git("checkout", "-q", NOTES)
    where, message = one_error(revised)
    assert where.startswith(NOTES) and mine in message and message.endswith("[notes]")


def test_an_entry_without_the_other_dialect(flows):
    """One of them may be None, if a person says so."""
    flows.add_column()
    flows.revise()
    other = revision_of(flows.read(flows.newest("postgresql")))
    flows.edit(NOTES, f"\nPostgres: `{other}`\n", "")
    done = flows.migrate("check", "--dialect", "postgresql")
    assert done.code == 1 and other in done.stdout and f"{NOTES}" in done.stdout


def test_dropping_a_column_has_to_be_meant(flows):
    flows.edit(MODELS, '    state_message: Mapped[str] = mapped_column(sa.Text, default="")\n', "")
    done = flows.migrate("-m", "no_state_messages").succeeded()
    assert "warning: " in done.stdout and "state_message" in done.stdout
    path = flows.newest("sqlite")
    where, message = one_error(flows)
    assert where == f"{path}:{line_of(flows.read(path), 'drop_column')}"
    assert "--allow-destructive" in message and message.endswith("[destructive]")
    done = flows.migrate("check", "--allow-destructive").succeeded()
    assert f"{where}: warning: " in done.stdout


def test_only_new_revisions_are_checked_but_for_all(flows):
    path = flows.revisions("sqlite")[0]
    text = flows.read(path)
    flows.write(path, text.replace(f"    {OFF}\n", "", 1))
    flows.commit("an old fault")
    flows.migrate("check").succeeded()
    where, message = one_error(flows, "--all")
    assert where.startswith(f"{path}:") and message.startswith("first of upgrade must be")


def test_models_without_a_revision(flows):
    flows.add_column()
    code, found = check(flows)
    assert code == 1
    assert any("add_column flow_run.new_column" in message and "[models]" in message for _, _, message in found)


def test_a_downgrade_that_loses_an_index(flows):
    """Of a table that is rebuilt: the upgrade drops an index that the downgrade does not make again."""
    old = 'sa.Index(None, "queue", "state_type", "scheduled_time"),'
    flows.edit(MODELS, old, "")
    flows.add_column()
    flows.revise("no_index")
    flows.migrate("check", "--all-dialects").succeeded()
    for dialect in DIALECTS:
        path = flows.newest(dialect)
        text = flows.read(path)
        start = text.index("create_index(", text.index("def downgrade"))
        start = text.rindex("\n", 0, start) + 1
        depth, end = 0, text.index("(", start)
        while True:  # to the end of the call
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
            if depth == 0:
                break
        flows.write(path, text[:start] + text[end + 1 :])
    done = flows.migrate("check", "--all-dialects")
    assert done.code == 1
    for dialect in DIALECTS:
        path = flows.newest(dialect)
        number = line_of(flows.read(path), "def downgrade")
        found = [line for line in done.stdout.splitlines() if f"{dialect} │ {path}:" in line and "[round-trip]" in line]
        lost = [line for line in found if f"{path}:{number}: error: " in line]
        assert any("ix_flow_run__queue_state_type_scheduled_time" in line for line in lost), done.stdout


def test_an_old_downgrade_that_loses_something_is_found_with_all(flows):
    path = flows.newest("sqlite")
    flows.edit(path, '        batch_op.drop_column("concurrency_limit")\n', "")
    flows.commit("an old fault")
    flows.migrate("check").succeeded()
    code, found = check(flows, "--all")
    assert code == 1 and any(place.startswith(f"{path}:") and "[round-trip]" in text for place, _, text in found)


def test_a_revision_edited_after_the_image_was_made(flows):
    """The image of the database at head is of these files as they were, and no longer used."""
    flows.add_column()
    flows.revise(dialects=())
    path = flows.newest("sqlite")
    for text in function(flows.read(path), "upgrade"):
        assert "newer" not in text
    flows.write(path, flows.read(path).replace('"new_column"', '"newer_column"'))
    code, found = check(flows)
    assert code == 1
    assert any("newer_column" in message and "[models]" in message for _, _, message in found)
    flows.edit(MODELS, "new_column =", "newer_column =")
    flows.migrate("check").succeeded()


def test_a_check_without_a_change_is_as_good_as_done(flows):
    flows.migrate("check").succeeded()
    flows.add_column()
    flows.revise(NAME, dialects=())
    flows.migrate("check").succeeded()
    flows.migrate("check", no_processes=True).succeeded()
