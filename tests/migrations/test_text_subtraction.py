"""Where alembic was not reached, the texts of two files give what the plug-in inside of alembic gives."""

import json
import os
import subprocess
import sys

import pytest
from devtask_migrate import schema, text_subtraction
from devtask_migrate.request import Refusal
from support.alembic_project import FIRST, NOISE, PRAGMAS, REVISION, bodies

COMPARED = '\noptions = {"compare_type": True}\n'
LAST = '    sa.Column("state", sa.String(20)),\n'
CHANGES = {
    "a new column": {"new": (LAST, LAST + '    sa.Column("new", sa.String()),\n')},
    "a column in a block that noise shares": {
        "more": ('    sa.Column("note"', '    sa.Column("more", sa.Integer),\n    sa.Column("note"')
    },
    "a dropped column whose index is noise": {"note": ('    sa.Column("note", sa.String(50)),\n', "")},
    "a type where the null is noise": {"type": ('"name", sa.String(50)', '"name", sa.String(70)')},
    "a dropped table": {"run": (FIRST[FIRST.index("run = ") :], "")},
    "a foreign key to a new table": {
        "table": (
            "flow = ",
            'other = sa.Table("other", metadata, sa.Column("id", sa.Integer, primary_key=True))\nflow = ',
        ),
        "key": (LAST, LAST + '    sa.Column("o", sa.Integer, sa.ForeignKey("other.id", name="fk_o"), index=True),\n'),
    },
    "an index that is another": {"index": ('sa.Index("ix_flow_name", "name")', 'sa.Index("ix_other", "name")')},
}


def made_by_the_command(project):
    """The text of a file that nobody has looked into."""
    before = set(project.files())
    environment = {**os.environ, "DATABASE_URL": project.url}
    subprocess.run(REVISION, cwd=project.folder, env=environment, check=True, capture_output=True)
    (name,) = set(project.files()) - before
    path = project.scratch / name
    (project.versions / name).rename(path)
    return path


def subtract(project, file, base, **fields):
    command = [sys.executable, "-m", "devtask_migrate"]
    fields.setdefault("around", PRAGMAS if project.dialect == "sqlite" else [])
    return project.run("subtract", command, file=str(file), base_file=str(base), **fields).done()


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_what_the_plug_in_leaves(project, change):
    models = project.models(FIRST + COMPARED, **NOISE)
    project.take_base()
    base = made_by_the_command(project)
    project.models(models, **CHANGES[change])
    expected = project.revise(base_report=project.base, dry_run=True).done()
    outcome = subtract(project, made_by_the_command(project), base)
    assert bodies(outcome["text"]) == bodies(expected["text"])
    for field in ("operations", "left_out", "needed", "gone", "kept_on_request"):
        assert sorted(outcome[field]) == sorted(expected[field]), field
    assert f"revision = '{outcome['revision']}'" in outcome["text"]


def test_the_file_goes_up_and_down(noisy):
    base = made_by_the_command(noisy)
    noisy.models(noisy.noisy, **CHANGES["a column in a block that noise shares"])
    outcome = subtract(noisy, made_by_the_command(noisy), base)
    before = noisy.schema()
    (noisy.versions / "own.py").write_text(outcome["text"])
    trip = noisy.run("round_trip").done()["round_trip"]
    assert (trip["problems"], trip["revisions"]) == ([], [outcome["revision"]])
    assert schema.differences(before, noisy.schema()) == ["flow: column more is left over"]


def test_nothing_of_ones_own_is_no_text(noisy):
    base = made_by_the_command(noisy)
    outcome = subtract(noisy, made_by_the_command(noisy), base)
    assert (outcome["text"], outcome["operations"]) == (None, [])
    assert sorted(outcome["left_out"]) == ["alter_column flow.name", "drop_index flow.ix_flow_note"]
    assert subtract(noisy, base, base, keep=["drop_index *"])["kept_on_request"] == ["drop_index flow.ix_flow_note"]
    everything = subtract(noisy, base, "", around=[])
    assert (everything["text"], everything["left_out"]) == (base.read_text(), [])


HEAD = 'revision = "bbb"\ndown_revision = "aaa"\n\n\n'


def file_of(up, down="    pass\n", around=()):
    text = HEAD + "def upgrade():\n" + up + "\n\n\ndef downgrade():\n" + down
    return text_subtraction.File("file.py", text, list(around))


def reduced(up, base_up, around=(), **options):
    text, choice = text_subtraction.subtract(file_of(up, around=around), file_of(base_up), list(around), **options)
    return text and text[text.index("def upgrade") :].partition("\n\n\ndef")[0].split("\n")[1:]


def test_names_and_keywords_are_compared_by_what_they_mean():
    own = "    op.create_index('ix_b', 't', ['b'])"
    noise = "    op.create_index(op.f('ix_a'), 't', ['a'], unique=False, postgresql_where=None)"
    same = "    op.create_index('ix_a', \"t\", [\n        'a'], postgresql_where=None, unique=False)"
    assert reduced(noise + "\n" + own, same) == [own]
    assert reduced(noise, same) is None


def test_comments_stay_and_an_empty_function_passes():
    up = '    """Words."""\n    # before\n    op.drop_index("a")  # why\n    # after'
    down = "    op.create_index('a', 't', ['x'])\n    op.execute('own')\n"
    text, _ = text_subtraction.subtract(file_of(up, down), file_of('    op.drop_index("a")', down[:37] + "\n"), [])
    assert '    """Words."""\n    # before\n    pass\n    # after\n' in text


def test_what_is_no_operation_of_alembic_is_compared_as_a_whole():
    loop = "    for one in op.get_bind().execute('x'):\n        print(one)"
    own = "    op.execute('own   thing')"
    setup = "    bind = op.get_bind()"
    up = "\n".join([setup, loop, own])
    assert reduced(up, setup + "\n" + loop.replace("'x'", '"x"')) == [setup, own]
    assert reduced(up, loop + "\n" + own) is None
    assert file_of(own).report["upgrade"][0]["name"] == "own thing"


def test_around_stays_and_is_put_where_it_is_missing():
    own, noise = "    op.drop_table('t')", "    op.drop_table('u')"
    first, last = (f"    op.execute({sql!r})" for sql in PRAGMAS)
    for up in ([noise, own], [first, noise, own, last], [own, noise]):
        assert reduced("\n".join(up), noise, PRAGMAS) == [first, own, last]


def test_what_cannot_be_taken_out_is_refused():
    with pytest.raises(Refusal, match="file.py: operations that are not yours cannot be taken out of its text"):
        reduced("    op.drop_table('t'); op.drop_table('u')", "    op.drop_table('t')")
    with pytest.raises(Refusal, match="file.py:.*: is no Python"):
        file_of("    x = (")
    with pytest.raises(Refusal, match="has no function `downgrade`"):
        text_subtraction.File("file.py", HEAD + "def upgrade():\n    pass\n", [])


def test_letters_of_several_bytes():
    own = "    op.execute('Zähler ✓')"
    noise = "    op.create_table('ü', sa.Column('é', sa.String(), comment='✓'))"
    assert reduced(noise + "\n" + own, noise) == [own]


def test_forgotten_names_are_mended(project):
    pytest.importorskip("sqlalchemy")
    text = "import sqlalchemy as sa\n" + file_of("    op.add_column('t', sa.Column('c', Text()))").revision.text
    (project.scratch / "file.py").write_text(text)
    outcome = subtract(project, project.scratch / "file.py", "", around=[])
    assert outcome["mended"] == ["Text -> sa.Text"]
    assert json.dumps("sa.Column('c', sa.Text())")[1:-1] in outcome["text"]
