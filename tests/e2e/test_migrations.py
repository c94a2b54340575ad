"""`devtask migrate` on examples/flows: the revision that it writes, once, for each dialect."""

import pytest

from support.migrations import (
    DIALECTS,
    HEADS,
    MODELS,
    NAME,
    NEW_COLUMN,
    NOTES,
    OFF,
    ON,
    function,
    needs_postgresql,
    revision_of,
)
from support.result import ANY, Has

pytestmark = needs_postgresql
BATCH = "with op.batch_alter_table('flow_run', schema=None) as batch_op:\n    batch_op."
ADDED = "add_column({}sa.Column('new_column', sa.String(), nullable=True))"


def plain(statement):
    return statement.replace('"', "'")


def test_the_new_column_alone_is_in_the_files(flows):
    flows.add_column()
    files = flows.revise()
    assert sorted(files) == sorted(DIALECTS)
    up, down = (function(files["sqlite"], name) for name in ("upgrade", "downgrade"))
    assert up == [plain(OFF), BATCH + ADDED.format(""), plain(ON)]
    assert down == [plain(OFF), BATCH + "drop_column('new_column')", plain(ON)]
    assert function(files["postgresql"], "upgrade") == ["op." + ADDED.format("'flow_run', ")]
    assert function(files["postgresql"], "downgrade") == ["op.drop_column('flow_run', 'new_column')"]
    for dialect, text in files.items():
        assert f'down_revision = "{HEADS[dialect]}"\n' in text
        assert revision_of(text) in flows.newest(dialect).name
    ids = {dialect: revision_of(text) for dialect, text in files.items()}
    entry = (
        f"## Add flow run new column\n\nSQLite: `{ids['sqlite']}`\n\nPostgres: `{ids['postgresql']}`\n\n"
        "## Add concurrency limit to deployments\n"
    )
    assert entry in flows.read(NOTES)
    flows.migrate("check", "--all-dialects").succeeded()
