"""More kinds of changes, each on both dialects: the files upgrade and downgrade real databases."""

import ast

import pytest

from support.migrations import DIALECTS, MODELS, RUN_COUNT, columns, function, needs_postgresql

pytestmark = needs_postgresql

TABLE = """

class Label(Base):
    __tablename__ = "label"

    name: Mapped[str] = mapped_column(sa.String(50), index=True)
    color: Mapped[str | None] = mapped_column(sa.String(20))
    flow_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("flow.id", ondelete="CASCADE"))
"""
INDEX = 'sa.Index(None, "queue", "state_type", "scheduled_time"),'
DROPPED = '    state_message: Mapped[str] = mapped_column(sa.Text, default="")\n'
JSON = "    context: Mapped[dict[str, Any] | None] = mapped_column(Json)\n"
PLAIN_JSON = (
    "    plain = mapped_column(sa.JSON(none_as_null=True).with_variant(JSONB(astext_type=sa.Text()), 'postgresql'))\n"
)


def new_table(flows):
    flows.write(MODELS, flows.read(MODELS) + TABLE)


def renamed_index(flows):
    flows.edit(MODELS, INDEX, INDEX.replace("None", '"ix_due"'))


def dropped_column(flows):
    flows.edit(MODELS, DROPPED, "")


def json_column(flows):
    flows.add_column(JSON)


def json_column_rendered_by_alembic(flows):
    """Without the project's own way to write types: alembic's has `Text()` without `sa.` in some versions."""
    flows.edit("src/flows/migrations/env.py", "            render_item=render_item,\n", "")
    flows.commit("types as alembic writes them")
    flows.add_column(PLAIN_JSON)


def several_at_once(flows):
    new_table(flows)
    renamed_index(flows)
    flows.edit(MODELS, RUN_COUNT, RUN_COUNT.replace("default=0", 'default=0, server_default="0"') + JSON)


CASES = [
    # What is done, what to look at, and its names below and at head.
    (new_table, "get_columns", "label", [], ["color", "created", "flow_id", "id", "name", "updated"]),
    (renamed_index, "get_indexes", "flow_run", "ix_flow_run__queue_state_type_scheduled_time", "ix_due"),
    (dropped_column, "get_columns", "flow_run", "state_message", None),
    (json_column, "get_columns", "flow_run", None, "context"),
    (json_column_rendered_by_alembic, "get_columns", "flow_run", None, "plain"),
    (several_at_once, "get_indexes", "flow_run", "ix_flow_run__queue_state_type_scheduled_time", "ix_due"),
]


@pytest.mark.parametrize("change, what, table, below, above", CASES, ids=[case[0].__name__ for case in CASES])
def test_a_change_goes_up_and_down(flows, databases, change, what, table, below, above):
    change(flows)
    files = flows.revise(change.__name__)
    assert sorted(files) == sorted(DIALECTS)
    for dialect, url in databases.items():
        ast.parse(files[dialect])
        for direction in ("upgrade", "downgrade"):
            statements = function(files[dialect], direction)
            assert len(statements) > (2 if dialect == "sqlite" else 0)
            if dialect == "sqlite":
                assert "PRAGMA foreign_keys=OFF" in statements[0] and "PRAGMA foreign_keys=ON" in statements[-1]
        flows.env["FLOWS_DATABASE_URL"] = url
        flows.run("upgrade", "-y").succeeded()
        flows.in_tool("database", "check", url=url)
        assert holds(flows, url, what, table, above, below)
        flows.run("downgrade", "-y").succeeded()
        if table != "label":
            assert holds(flows, url, what, table, below, above)
        flows.run("upgrade", "-y").succeeded()
        assert holds(flows, url, what, table, above, below)
    flows.migrate("check", "--all-dialects", "--allow-destructive").succeeded()


def holds(flows, url, what, table, wanted, gone):
    found = columns(flows, url, table, what)
    if isinstance(wanted, list):
        return found == wanted
    return (wanted is None or wanted in found) and (not gone or gone not in found)


def test_one_change_after_another(flows):
    """Each starts where the one before it ended, committed or not."""
    flows.add_column()
    first = flows.revise("first")
    flows.add_column("    second = mapped_column(sa.Integer())\n")
    second = flows.revise("second")
    flows.commit("both")
    renamed_index(flows)
    third = flows.revise("third")
    for dialect in DIALECTS:
        assert "new_column" in first[dialect]
        assert "second" in second[dialect] and "new_column" not in second[dialect]
        assert "ix_due" in third[dialect] and "second'" not in third[dialect]
    assert [line for line in flows.read("src/flows/migrations/MIGRATION-NOTES.md").splitlines() if line[:2] == "##"][
        :3
    ] == ["## Third", "## Second", "## First"]
    flows.migrate("check", "--all-dialects").succeeded()
