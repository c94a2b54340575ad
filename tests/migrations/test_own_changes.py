"""A revision holds the user's change only, whatever else models and migrations differ in."""

import re

import pytest
from support.alembic_project import FIRST, NOISE, PRAGMAS, bodies

NEW_COLUMN = ('sa.Column("state", sa.String(20)),', 'sa.Column("state", sa.String(20)), sa.Column("new", sa.String()),')


def labels(report, direction="upgrade"):
    return [" ".join((op["kind"], op["table"], op["name"])) for op in report[direction]]


def test_a_report_has_the_operations_of_both_directions_and_what_undoes_what(noisy):
    report = noisy.run("report").done()["report"]
    ups = ["alter_column flow name", "drop_index flow ix_flow_note"]
    assert sorted(labels(report)) == ups
    assert labels(report, "downgrade")[::-1] == [label.replace("drop", "create") for label in labels(report)]
    assert [up["reverse"] for up in report["upgrade"]] == [1, 0]
    drop = next(up for up in report["upgrade"] if up["kind"] == "drop_index")
    assert drop["uses"] == {"tables": ["flow"], "columns": ["flow.note"]}


def test_nothing_changed_writes_no_file_and_says_what_was_left_out(noisy):
    before = noisy.files()
    outcome = noisy.revise(base_report=noisy.base).done()
    assert (outcome["path"], outcome["compared"], outcome["models_changed"]) == (None, True, {})
    assert sorted(outcome["left_out"]) == ["alter_column flow.name", "drop_index flow.ix_flow_note"]
    assert noisy.files() == before


def test_a_new_column_alone_is_in_the_file_in_both_directions(noisy):
    noisy.models(noisy.noisy, new=NEW_COLUMN)
    outcome = noisy.revise("add new", base_report=noisy.base).done()
    up, down = bodies(outcome["text"])
    column = "sa.Column('new', sa.String(), nullable=True)"
    if noisy.dialect == "sqlite":
        first, last = (f"op.execute('{sql}')" for sql in PRAGMAS)
        block = "with op.batch_alter_table('run', schema=None) as batch_op:"
        assert up == [first, block, f"batch_op.add_column({column})", last]
        assert down == [first, block, "batch_op.drop_column('new')", last]
    else:
        assert up == [f"op.add_column('run', {column})"]
        assert down == ["op.drop_column('run', 'new')"]
    assert outcome["operations"] == ["add_column run.new"]
    assert outcome["round_trip"]["problems"] == []


def test_a_change_in_a_block_that_noise_shares(noisy):
    noisy.models(noisy.noisy, more=('    sa.Column("note"', '    sa.Column("more", sa.Integer),\n    sa.Column("note"'))
    outcome = noisy.revise(base_report=noisy.base).done()
    assert outcome["operations"] == ["add_column flow.more"]
    assert "ix_flow_note" not in outcome["text"] and "alter_column" not in outcome["text"]


def test_what_changes_in_a_column_is_reduced_by_attribute(project):
    options = '\noptions = {"compare_type": True}\n'
    base = project.models(FIRST + options, null=NOISE["null"])
    project.take_base()
    project.models(base, type=('"name", sa.String(50)', '"name", sa.String(60)'))
    outcome = project.revise(base_report=project.base).done()
    assert outcome["operations"] == ["alter_column flow.name"]
    assert outcome["left_out"] == ["alter_column flow.name (nullable)"]
    for body in bodies(outcome["text"]):
        call = " ".join(body)
        assert re.search(r" type_=sa\.(String|VARCHAR)\(length=", call) and "existing_nullable=False" in call
        assert " nullable=" not in call
    assert outcome["round_trip"]["problems"] == []


def test_noise_that_the_change_needs_is_kept(noisy):
    noisy.models(noisy.noisy, gone=('    sa.Column("note", sa.String(50)),\n', ""))
    outcome = noisy.revise(base_report=noisy.base).done()
    assert outcome["needed"] == ["drop_index flow.ix_flow_note"]
    assert outcome["operations"] == ["drop_index flow.ix_flow_note", "drop_column flow.note"]
    assert outcome["left_out"] == ["alter_column flow.name"]
    up, down = bodies(outcome["text"])
    assert "drop_index" in " ".join(up) and "create_index" in " ".join(down)
    assert outcome["round_trip"]["problems"] == []


def test_noise_that_has_gone_since_is_told(noisy):
    noisy.models(FIRST, null=NOISE["null"])
    outcome = noisy.revise(base_report=noisy.base).done()
    assert (outcome["path"], outcome["gone"]) == (None, ["drop_index flow.ix_flow_note"])
    assert outcome["models_changed"] == {"flow": ["op.create_index('ix_flow_note', 'flow', ['note'], unique=False)"]}


@pytest.mark.parametrize("pattern", ["drop_index flow.ix_flow_note", "ix_flow_*", "drop_index"])
def test_an_operation_can_be_kept_by_name(noisy, pattern):
    outcome = noisy.revise(base_report=noisy.base, keep=[pattern]).done()
    assert outcome["operations"] == ["drop_index flow.ix_flow_note"] == outcome["kept_on_request"]
    assert outcome["left_out"] == ["alter_column flow.name"]


def test_all_operations_can_be_kept(noisy):
    outcome = noisy.revise(base_report=noisy.base, keep_all=True).done()
    assert sorted(outcome["operations"]) == ["alter_column flow.name", "drop_index flow.ix_flow_note"]
    assert outcome["left_out"] == []


def test_a_change_that_alembic_does_not_see_is_seen_in_the_models(noisy):
    noisy.models(
        noisy.noisy,
        default=('sa.Column("state", sa.String(20))', 'sa.Column("state", sa.String(20), server_default="x")'),
    )
    outcome = noisy.revise(base_report=noisy.base).done()
    assert (outcome["path"], list(outcome["models_changed"])) == (None, ["run"])


def test_drift_is_the_comparison_without_a_file(noisy):
    noisy.models(noisy.noisy, new=NEW_COLUMN)
    before = noisy.files()
    outcome = noisy.run("drift", base_report=noisy.base).done()
    assert outcome["operations"] == ["add_column run.new"]
    assert noisy.files() == before


def test_hooks_of_the_project_come_first(on_sqlite):
    project = on_sqlite
    options = (
        "\ndef include_object(object, name, kind, reflected, compare_to):\n    return name != 'ix_flow_note'\n"
        "def rename(context, revision, directives):\n    directives[0].rev_id = 'r%04d' % 2\n"
        "options = {'include_object': include_object, 'process_revision_directives': rename}\n"
    )
    project.models(FIRST + options, new=NEW_COLUMN, index=NOISE["index"])
    outcome = project.revise().done()
    assert (outcome["operations"], outcome["revision"]) == (["add_column run.new"], "r0002")
