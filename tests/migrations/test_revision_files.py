"""Revision files: the same for the same change, never broken, never in place of another."""

import re

import pytest
from devtask_migrate import source, work
from devtask_migrate.request import Refusal
from support.alembic_project import FIRST, REVISION, UPGRADE, bodies

MARK = '    sa.Column("state", sa.String(20)),\n'


@pytest.fixture
def changed(on_sqlite):
    on_sqlite.models(FIRST, new=(MARK, MARK + '    sa.Column("new", sa.String()),\n'))
    return on_sqlite


def begin_again(project, outcome):
    """As if the file had never been made."""
    (project.versions / outcome["path"].rsplit("/", 1)[1]).unlink()
    (project.scratch / "db.sqlite").unlink()
    project.run("guard", UPGRADE)


def test_the_same_change_gives_the_same_file(changed):
    first = changed.revise("add new").done()
    begin_again(changed, first)
    second = changed.revise("add new").done()
    assert (first["path"], first["text"]) == (second["path"], second["text"])
    assert first["path"].endswith(f"/2026_11_23_060313_{first['revision']}_add_new.py")
    assert "Create Date: 2026-11-23 06:03:13\n" in first["text"]
    assert len(first["revision"]) == 12


@pytest.mark.parametrize("field", [{"name": "other"}, {"dialect": "other"}])
def test_the_id_depends_on(changed, field):
    first = changed.run("revise", dry_run=True, **{"name": "add new"}).done()
    second = changed.run("revise", dry_run=True, **{"name": "add new", **field}).done()
    assert first["revision"] != second["revision"]


def test_the_order_in_which_alembic_finds_foreign_keys_does_not_matter(changed):
    keys = "".join(f'sa.Column("f{one}", sa.ForeignKey("flow.id", name="fk{one}")), ' for one in "abcde")
    changed.models(FIRST, keys=(MARK, MARK + keys))
    made = {
        changed.revise(dry_run=True, environment={"PYTHONHASHSEED": seed}).done()["text"] for seed in ("1", "2", "3")
    }
    assert len(made) == 1


def test_a_database_below_the_head_is_refused(changed):
    (changed.scratch / "db.sqlite").unlink()
    outcome = changed.revise()
    assert (outcome.status, outcome["state"]) == (3, "refused")
    assert re.match("the database is at revision none, the newest is [0-9a-f]{12}: upgrade it", outcome["message"])


def test_two_heads_are_refused(changed):
    (first,) = changed.versions.glob("*.py")
    for name in ("aaa", "bbb"):
        text = first.read_text().replace("down_revision = None", f"down_revision = {first.name.split('_')[4]!r}")
        text = re.sub("^revision = .*", f"revision = {name!r}", text, flags=re.MULTILINE)
        (changed.versions / f"{name}.py").write_text(text)
    outcome = changed.revise()
    assert (outcome.status, outcome["state"]) == (3, "refused")
    assert "more than one head, aaa and bbb:" in outcome["message"]


def test_a_merge_makes_the_round_trip(changed):
    path = changed.revise("add new").done()["path"]
    first = path.rsplit("_", 3)[1]
    (start,) = (one.name.split("_")[4] for one in changed.versions.glob("*first.py"))
    head = "revision = {!r}\ndown_revision = {!r}\n"
    body = "def upgrade():\n    pass\ndef downgrade():\n    pass\n"
    (changed.versions / "other.py").write_text(head.format("aaa", start) + body)
    (changed.versions / "merge.py").write_text(head.format("mmm", ("aaa", first)) + body)
    trip = changed.run("round_trip", **{"from": start}).done()["round_trip"]
    assert trip["problems"] == []
    assert trip["revisions"][-1] == "mmm" and len(trip["revisions"]) == 3
    assert trip["branches"] == [trip["revisions"][1]]


def test_a_dry_run_writes_nothing(changed):
    before = changed.files()
    outcome = changed.revise("add new", dry_run=True).done()
    assert changed.files() == before
    assert "batch_op.add_column(sa.Column('new'" in outcome["text"]
    assert outcome["path"].endswith("_add_new.py")


def test_a_file_that_is_there_is_left_alone(tmp_path):
    path = tmp_path / "revision.py"
    work.create(str(path), b"one")
    with pytest.raises(Refusal, match="is there already"):
        work.create(str(path), b"two")
    assert path.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["revision.py"]


NAMES = [
    'with "quotes"',
    "it's",
    'three """ of them',
    'ends with "',
    "back\\slash \\n \\u and \\",
    '""" + print() + """x',
    "per cent %s %(rev)s {x} ${y}",
    "ümläute ✓",
    "$(touch evil) `touch evil`; touch evil",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_breaks_no_file(name):
    made = [f'"""{source.as_docstring(one)}\n\nRevises: aaa\n"""\nrevision = "bbb"\n' for one in (name, "plain")]
    assert source.reason_against(name) is None
    assert source.reason_against_text(made[0], name, made[1]) is None
    values = {}
    exec(compile(made[0], "revision", "exec"), values)
    assert values["__doc__"].split("\n")[0] == name


def test_a_file_with_a_strange_name_is_one_for_alembic(changed):
    assert changed.revise('a\\"""\'b"').done()["round_trip"]["problems"] == []


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "tab\t", "nul\0", "---", "\x1b[31m", "\u2028x"])
def test_a_name_that_is_no_line_of_text_has_a_reason_against_it(name):
    assert "name" in source.reason_against(name)


def test_a_name_that_is_no_line_of_text_is_refused(changed):
    before = changed.files()
    outcome = changed.revise("two\nlines")
    assert (outcome.status, outcome["state"]) == (3, "refused")
    assert outcome["message"] == "the name of a revision is one line of text, without '\\n'"
    assert changed.files() == before


def test_a_template_in_which_the_name_would_run_is_refused(changed):
    template = changed.folder / "migrations/script.py.mako"
    template.write_text(template.read_text() + "\n${message}\n")
    outcome = changed.revise("print(1)")
    assert (outcome.status, outcome["state"]) == (3, "refused")
    assert "becomes a statement" in outcome["message"]


def test_names_that_alembic_forgets_to_qualify_are_mended(changed):
    types = (
        "\ndef render(kind, item, context):\n    return 'LargeBinary()' if isinstance(item, sa.Text) else False\n"
        "options = {'render_item': render}\n"
    )
    changed.models(FIRST + types, new=(MARK, MARK + '    sa.Column("new", sa.Text()),\n'))
    outcome = changed.revise().done()
    assert outcome["mended"] == ["LargeBinary -> sa.LargeBinary"]
    assert "sa.Column('new', sa.LargeBinary()" in outcome["text"]
    assert outcome["round_trip"]["problems"] == []


def test_a_downgrade_that_loses_something_is_told(on_sqlite):
    drop = (
        "\ndef forget(context, revision, directives):\n"
        "    for op in directives[0].downgrade_ops.ops:\n        op.ops = [one for one in op.ops if 'Index' not in type(one).__name__]\n"
        "options = {'process_revision_directives': forget}\n"
    )
    on_sqlite.models(FIRST + drop, index=('    sa.Index("ix_flow_note", "note"),\n', ""))
    outcome = on_sqlite.revise("drop index").done()
    lost, failed = outcome["round_trip"]["problems"]
    lines = outcome["text"].split("\n")
    assert lost == {
        "revision": outcome["revision"],
        "path": outcome["path"],
        "line": lines.index("def downgrade():") + 1,
        "step": "upgrade, downgrade",
        "message": "flow: index ix_flow_note is lost",
    }
    assert (failed["revision"], failed["path"], failed["step"]) == (lost["revision"], lost["path"], "failed")
    assert lines.index("def upgrade():") < failed["line"] < lost["line"]
    assert "no such index: ix_flow_note" in failed["message"]


def test_a_command_that_compares_nothing_is_refused(changed):
    command = [word for word in REVISION if word != "--autogenerate"]
    outcome = changed.run("revise", command=command, name="x")
    assert (outcome.status, outcome["state"]) == (3, "refused")
    assert "--autogenerate" in outcome["message"]


def test_a_new_table_goes_up_and_down(project):
    table = 'extra = sa.Table("extra", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("data", sa.JSON), sa.Column("run_id", sa.ForeignKey("run.id", ondelete="CASCADE"), index=True))'
    project.models(FIRST + table)
    outcome = project.revise("extra").done()
    assert outcome["operations"] == ["create_table extra", "create_index extra.ix_extra_run_id"]
    assert outcome["round_trip"] == {"problems": [], "revisions": [outcome["revision"]], "branches": []}
    up, down = bodies(outcome["text"])
    assert "op.drop_table('extra')" in down


REVISION_FILE = """
from alembic import op
revision = {revision!r}
down_revision = {parent!r}


def upgrade():
    op.execute({up!r})


def downgrade():
    op.execute("select 1")
    op.execute({down!r})
"""


def test_each_faulty_revision_is_named_with_its_line(changed):
    parent = changed.revise("add new").done()["revision"]
    for revision, up, down in (
        ("aaa", "drop index if exists ix_flow_note", "select 2"),
        ("bbb", "select 1", "select 2"),
        ("ccc", "select 1", "drop table none"),
    ):
        text = REVISION_FILE.format(revision=revision, parent=parent, up=up, down=down)
        (changed.versions / f"{revision}.py").write_text(text)
        parent = revision
    (changed.scratch / "db.sqlite").unlink()
    lost, failed = changed.run("round_trip", **{"from": "base"}).done()["round_trip"]["problems"]
    assert (lost["revision"], lost["path"], lost["line"]) == ("aaa", str(changed.versions / "aaa.py"), 11)
    assert lost["message"] == "flow: index ix_flow_note is lost"
    assert (failed["revision"], failed["path"], failed["line"]) == ("ccc", str(changed.versions / "ccc.py"), 13)
    assert (failed["step"], "no such table: none" in failed["message"]) == ("failed", True)


def test_a_revision_that_cannot_be_read_is_a_problem(changed):
    (changed.versions / "bad.py").write_text("revision = 'bad'\ndown_revision = None\nboom\n")
    (problem,) = changed.run("round_trip").done()["round_trip"]["problems"]
    assert (problem["step"], problem["path"], problem["line"]) == ("failed", None, None)
