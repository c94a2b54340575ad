"""Rules of revision files: each, broken by hand, is found with its line, and nothing else is."""

import json
import os
import subprocess
import sys

import pytest
from devtask_migrate import rules, source
from support.alembic_project import PLUGIN, PRAGMAS

GOOD = '''"""add a column"""
import sqlalchemy as sa
from alembic import op

revision = "bbb"
down_revision = "aaa"


def upgrade():
    """Words."""
    op.execute("PRAGMA foreign_keys=OFF")
    with op.batch_alter_table("t") as batch_op:
        batch_op.add_column(sa.Column("c", sa.String(), nullable=True))
    op.execute("PRAGMA foreign_keys=ON")


def downgrade():
    op.execute("PRAGMA foreign_keys=OFF")
    with op.batch_alter_table("t") as batch_op:
        batch_op.drop_column("c")
    op.execute(sa.text("pragma foreign_keys = on;"))
'''
FIRST = GOOD.replace('"bbb"', '"aaa"', 1).replace('down_revision = "aaa"', "down_revision: str = None")


@pytest.fixture
def versions(tmp_path):
    (tmp_path / "2026_aaa_first.py").write_text(FIRST)
    return tmp_path


def found(folder, text=GOOD, **options):
    (folder / "2026_bbb_add.py").write_text(text)
    options = {"around": PRAGMAS, **options}
    return [
        (one["rule"], os.path.basename(one["file"]), one["line"], one["message"])
        for one in rules.check(str(folder), **options)
    ]


def test_nothing_is_wrong(versions):
    assert found(versions, file_name=r"\d{4}_{rev}_\w+\.py") == []


FILE = "2026_bbb_add.py"
ON = '    op.execute("PRAGMA foreign_keys=ON")\n'
COLUMN = 'batch_op.add_column(sa.Column("c", sa.String(), nullable=True))'
BROKEN = [
    (ON, "", ("around", FILE, 12, 'last of upgrade must be op.execute("PRAGMA foreign_keys=ON")')),
    (
        '"""Words."""\n    op.execute("PRAGMA foreign_keys=OFF")',
        '"""Words."""',
        ("around", FILE, 11, 'first of upgrade must be op.execute("PRAGMA foreign_keys=OFF")'),
    ),
    (
        'op.execute(sa.text("pragma foreign_keys = on;"))',
        'op.execute("PRAGMA foreign_keys=OFF")',
        ("around", FILE, 21, 'last of downgrade must be op.execute("PRAGMA foreign_keys=ON")'),
    ),
    ("sa.String()", "String()", ("names", FILE, 13, "`String` is not defined")),
    ("def downgrade():", "def down():", ("functions", FILE, 1, "no function `downgrade`")),
    ('down_revision = "aaa"', 'down_revision = "ccc"', ("parent", FILE, 6, "down_revision ccc does not exist")),
    ('revision = "bbb"', 'revision = "aaa"', ("duplicate", FILE, 5, "revision aaa is also that of 2026_aaa_first.py")),
    ("def upgrade():", "def upgrade(:", ("syntax", FILE, 9, None)),
    (
        COLUMN,
        'batch_op.drop_column("c")',
        ("destructive", FILE, 13, "drop_column t.c loses its data"),
    ),
    (
        COLUMN,
        COLUMN.replace("True", "False"),
        (
            "destructive",
            FILE,
            13,
            "add_column t.c is not null and has no default: the upgrade fails where there are rows",
        ),
    ),
    (
        COLUMN,
        'batch_op.alter_column("c", nullable=False)',
        ("destructive", FILE, 13, "alter_column t.c becomes not null: rows without a value make the upgrade fail"),
    ),
    (COLUMN, 'op.drop_table("u")', ("destructive", FILE, 13, None)),
    (
        COLUMN,
        'op.execute("ALTER TABLE t\\n DROP COLUMN c")',
        ("destructive", FILE, 13, "loses data: ALTER TABLE t DROP COLUMN c"),
    ),
]


@pytest.mark.parametrize("old, new, expected", BROKEN)
def test_a_broken_rule_is_found_with_its_line(versions, old, new, expected):
    assert old in GOOD
    lines = found(versions, GOOD.replace(old, new, 1))
    assert any(line[:3] == expected[:3] and expected[3] in (None, line[3]) for line in lines), lines


HARMLESS = [
    COLUMN.replace("nullable=True", "nullable=False, server_default='x'"),
    COLUMN.replace("nullable=True", "nullable=False, server_default=sa.text('0')"),
    'batch_op.alter_column("c", nullable=False, server_default="x")',
    'batch_op.alter_column("c", nullable=False, existing_server_default=sa.text("1"))',
    'batch_op.alter_column("c", type_=sa.Text(), nullable=False, existing_nullable=False)',
    'op.create_table("u"); op.drop_table("u")',
]


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_loses_nothing_is_not_called_destructive(versions, statement):
    assert found(versions, GOOD.replace(COLUMN, statement)) == []


def test_an_empty_downgrade(versions):
    down = GOOD.index("def downgrade")
    for body in ("    pass\n", '    """Nothing."""\n', ON.replace("ON", "OFF") + ON):
        assert found(versions, GOOD[:down] + "def downgrade():\n" + body) == [
            ("downgrade", FILE, 17, "the downgrade is empty and the upgrade is not")
        ]
    up = GOOD.index("def upgrade")
    assert found(versions, GOOD[:up] + "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n") == []


def test_two_heads_are_both_named(versions):
    (versions / "2026_ccc_other.py").write_text(GOOD.replace('"bbb"', '"ccc"'))
    lines = [line for line in found(versions) if line[0] == "heads"]
    assert [line[1:] for line in lines] == [
        (FILE, 6, "more than one head: bbb and ccc; one of them must follow the other"),
        ("2026_ccc_other.py", 6, "more than one head: ccc and bbb; one of them must follow the other"),
    ]


def test_a_merge_has_one_head(versions):
    (versions / "2026_ccc_other.py").write_text(GOOD.replace('"bbb"', '"ccc"'))
    merge = 'revision = "ddd"\ndown_revision = ("bbb", "ccc")\ndef upgrade():\n    pass\ndef downgrade():\n    pass\n'
    (versions / "2026_ddd_merge.py").write_text(merge)
    assert found(versions) == []


def test_a_file_name(versions):
    pattern = r"\d{4}_{rev}_\w+\.py"
    (versions / "2026_xyz_wrong.py").write_text(
        GOOD.replace('down_revision = "aaa"', 'down_revision = "bbb"').replace('"bbb"', '"ccc"', 1)
    )
    assert found(versions, file_name=pattern) == [
        ("file-name", "2026_xyz_wrong.py", 1, f"the name does not match {pattern}")
    ]


def test_old_files_are_left_alone(versions):
    broken = GOOD.replace(ON, "")
    assert found(versions, broken, since="bbb") == []
    assert found(versions, broken, known=[FILE]) == []
    assert len(found(versions, broken, since="aaa")) == 1
    assert found(versions, since="zzz")[0][0] == "since"


def test_where_there_is_no_python_nothing_is_wrong(tmp_path):
    (tmp_path / "001_add.sql").write_text("drop table t;")
    for folder in (tmp_path, tmp_path / "none"):
        assert rules.check(str(folder), around=PRAGMAS, since="aaa", file_name="x") == []


def test_a_table_made_in_the_same_upgrade_is_not_a_column_of_its_name(versions):
    lines = found(versions, GOOD.replace(COLUMN, 'op.create_table("c"); op.drop_column("u", "c")'))
    assert [line[3] for line in lines] == ["drop_column u.c loses its data"]


def test_the_command_line(versions, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("scratch")
    (versions / FILE).write_text(GOOD.replace(ON, ""))
    request = {"do": "rules", "versions": str(versions), "around": PRAGMAS, "result": str(scratch / "result.json")}
    (scratch / "request.json").write_text(json.dumps(request))
    environment = {**os.environ, "PYTHONPATH": str(PLUGIN), "DEVTASK_MIGRATE": str(scratch / "request.json")}
    subprocess.run([sys.executable, "-m", "devtask_migrate"], env=environment, check=True)
    result = json.loads((scratch / "result.json").read_text())
    assert result["state"] == "done"
    assert result["findings"] == [
        {
            "rule": "around",
            "file": str(versions / FILE),
            "line": 12,
            "message": 'last of upgrade must be op.execute("PRAGMA foreign_keys=ON")',
            "severity": "error",
        }
    ]


DEFINED = [
    "import a.b\na.b.c()",
    "from a import b as c\ndef f(x, *y, z=1, **w):\n    global g\n    g = 1\n    return [c for q in y if q], x, z, w, g\n",
    "class A:\n    x = 1\n    def f(self):\n        return A, __name__, print\n",
    "from a import *\nanything()",
    "def f():\n    for i in range(3):\n        def g():\n            return i\n",
    "try:\n    import x\nexcept ImportError as error:\n    print(error)\n    x = None\nx",
]


@pytest.mark.parametrize("text", DEFINED)
def test_defined_names(text):
    assert source.undefined_names(text) == {}


def test_undefined_names_have_the_line_of_their_first_use():
    text = "import sa\ndef f():\n    x = 'Text()'\n    return sa.f(Text(), x)\n\nText\n[y for y in Z]\n"
    assert source.undefined_names(text) == {"Text": 4, "Z": 7}


class Module:
    Text = JSONB = None


def test_mending_qualifies_names_and_imports_their_module():
    text = '"""d"""\nimport sqlalchemy as db\n\n\ndef f():\n    é = "Text()"; g(Text(), Text, é, JSONB, unknown)\n\ng = 1\n'
    modules = {"sqlalchemy": type("M", (), {"Text": 1}), "sqlalchemy.dialects.postgresql": Module}
    mended, done = source.mend(text, modules)
    assert done == ["JSONB -> postgresql.JSONB", "Text -> db.Text"]
    assert mended == text.replace("g(Text(), Text, é, JSONB", "g(db.Text(), db.Text, é, postgresql.JSONB").replace(
        "as db\n", "as db\nfrom sqlalchemy.dialects import postgresql\n"
    )
    assert source.mend("Text", {"sqlalchemy": Module})[0] == "import sqlalchemy as sa\nsa.Text"
