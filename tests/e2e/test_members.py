"""Several tasks.toml files: members and includes; and matrix, aliases, hidden tasks, groups."""

import json

import pytest

from support.result import Has, Lines

ROOT = """
members = ["examples/*"]
include = ["more/*.toml"]
"""
MEMBER = """
[project]
name = "flows"
env-pass = ["COUNT_LOG"]

[tasks.gen]
description = "Generate"
inputs = ["in.txt"]
outputs = ["out.txt"]
run = "echo flows:gen >>$COUNT_LOG; cp in.txt out.txt; echo $DEVTASK_ROOT >&2"

[tasks.use]
deps = ["gen", ":shared"]
inputs = ["out.txt"]
run = "echo flows:use >>$COUNT_LOG; cat {{root}}/out.txt"
"""


@pytest.fixture
def members(project):
    project.tasks(
        """
        [tasks.shared]
        inputs = ["shared.txt"]
        run = "RAN"
        [tasks.all]
        aliases = ["a"]
        deps = ["flows:use", "included"]
        """,
        ROOT,
    )
    project.write("shared.txt", "shared\n")
    project.write("examples/flows/tasks.toml", MEMBER)
    project.write("examples/flows/in.txt", "in\n")
    project.write("examples/not-a-member/file", "")
    project.write("more/included.toml", "[tasks.included]\ninputs = []\nrun = 'echo included >>$COUNT_LOG'\n")
    return project


def test_a_members_tasks_have_its_name(members):
    run = members.run("flows:use").succeeded()
    assert sorted(members.ran()) == ["flows:gen", "flows:use", "shared"]
    assert "in\n" in run.stdout
    assert "flows:gen: never ran here\n" in run.stderr
    assert members.read("examples/flows/out.txt") == "in\n"
    members.run("flows:use", no_processes=True).expect(stderr="devtask: everything is up to date (3 tasks)\n")


def test_a_change_in_a_member_runs_its_tasks_only(members):
    members.run("a").succeeded()
    assert sorted(members.ran()) == ["flows:gen", "flows:use", "included", "shared"]
    members.write("examples/flows/in.txt", "new\n")
    run = members.run("all").succeeded()
    assert members.ran() == ["flows:gen", "flows:use"]
    assert "in.txt changed\n" in run.stderr
    members.write("shared.txt", "new\n")
    members.run("all").succeeded()
    assert members.ran()[0] == "shared"


def test_list_shows_them(members):
    members.run("list").expect(stdout="all        [alias a]\nflows:gen  Generate\nflows:use\nincluded\nshared\n")
    files = {task["name"]: task["file"] for task in json.loads(members.run("list", "--json").succeeded().stdout)}
    assert files["flows:gen"] == "examples/flows/tasks.toml"
    assert files["included"] == "more/included.toml"


def test_inside_a_member_names_are_its_own(members):
    """But for the names it is the same project: one state, one lock for each task."""
    inside = members.path("examples/flows")
    run = members.run("use", cwd=inside).succeeded()
    assert sorted(members.ran()) == ["flows:gen", "flows:use", "shared"]
    assert "flows:use: done in TIME\n" in run.stderr
    assert not (inside / ".devtask").exists()
    for words, folder in ((["flows:use"], members.root), (["use"], inside / "deeper"), (["flows:use", ":shared"], inside)):
        folder.mkdir(exist_ok=True)
        run = members.run(*words, cwd=folder, no_processes=True).succeeded()
        assert run.stderr == "devtask: everything is up to date (3 tasks)\n"
    members.run("list", cwd=inside).expect(stdout="gen  Generate\nuse\n")
    members.run("why", "gen", cwd=inside).expect(stdout="flows:gen: up to date\n")
    members.run("shared", cwd=inside).expect(stderr=Has("no task `flows:shared`", "`:shared` is a task of the root"), code=2)
    members.run("all").succeeded()
    members.run("clean", cwd=inside).succeeded()
    assert not (inside / "out.txt").exists()
    members.ran()
    members.run("all").succeeded()
    assert members.ran() == []


def test_a_member_elsewhere_is_a_project_of_its_own_and_shares_its_results(members):
    members.edit("examples/flows/tasks.toml", ', ":shared"', "")
    members.run("flows:gen").succeeded()
    other = members.checkout("alone")
    other.write("tasks.toml", members.read("examples/flows/tasks.toml"))
    other.write("in.txt", "in\n")
    alone = other.run("gen").succeeded()
    assert members.ran() == ["flows:gen"], "the same result, from the cache"
    assert "restored from the cache" in alone.stderr


def test_a_folder_below_a_project_that_does_not_name_it_is_a_project_of_its_own(members):
    members.write("examples/flows/nested/tasks.toml", "[tasks.own]\nrun = 'echo own'\n")
    members.run("own", cwd=members.path("examples/flows/nested")).expect(stdout=Has("own"), stderr=Has("own: done"))


def test_a_new_member_or_include_is_seen(members):
    members.run("all").succeeded()
    members.ran()
    members.write("examples/second/tasks.toml", "[tasks.x]\ninputs = []\nrun = 'true'\n")
    members.write("more/second.toml", "[tasks.y]\ninputs = []\nrun = 'true'\n")
    members.run("second:x", "y").succeeded()
    members.remove("examples/second", "more/second.toml")
    assert members.run("second:x").code == 2
    assert members.run("y").code == 2


def test_a_literal_member_must_be_there(project):
    project.tasks("", 'members = ["missing"]\n')
    project.run("list").expect(stderr=Has("error: ", "missing/tasks.toml", "tasks.toml:4:12"), code=2)


MATRIX = """
[tasks.dump]
inputs = ["models.txt", "{{dialect}}.txt"]
outputs = ["out/{{dialect}}-{{size}}.sql"]
matrix = { dialect = ["sqlite", "postgresql"], size = ["s", "l"] }
env = { DIALECT = "{{dialect}}" }
run = "echo $DIALECT,{{size}} >>$COUNT_LOG; mkdir -p out; cat models.txt {{dialect}}.txt >out/{{dialect}}-{{size}}.sql"

[tasks.load]
deps = ["dump@sqlite,s", "dump@postgresql,l"]
inputs = []
run = "RAN; ls out"

[tasks.each]
matrix = { dialect = ["sqlite", "postgresql"] }
deps = ["dump@{{dialect}},s"]
inputs = []
run = "echo each-{{dialect}} >>$COUNT_LOG"
"""


@pytest.fixture
def matrix(project):
    project.tasks(MATRIX)
    project.write("models.txt", "models\n")
    project.write("sqlite.txt", "lite\n")
    project.write("postgresql.txt", "post\n")
    return project


ALL_ROWS = ["postgresql,l", "postgresql,s", "sqlite,l", "sqlite,s"]


def test_a_matrix_stands_for_all_its_rows(matrix):
    matrix.run("dump").succeeded()
    assert sorted(matrix.ran()) == ALL_ROWS
    assert matrix.read("out/sqlite-l.sql") == "models\nlite\n"
    matrix.write("sqlite.txt", "new\n")
    matrix.run("dump").expect(
        stderr=Lines(
            """\
            dump@sqlite,s: sqlite.txt changed
            dump@sqlite,s: done in TIME
            dump@sqlite,l: sqlite.txt changed
            dump@sqlite,l: done in TIME
            devtask: 2 ran, 2 up to date in TIME
            """
        )
    )
    assert sorted(matrix.ran()) == ["sqlite,l", "sqlite,s"]


@pytest.mark.parametrize("row", ALL_ROWS)
def test_a_row_is_picked_by_its_values(matrix, row):
    matrix.run(f"dump@{row}").succeeded()
    assert matrix.ran() == [row]


def test_a_dependency_picks_rows(matrix):
    matrix.run("load").succeeded()
    assert sorted(matrix.ran()) == ["load", "postgresql,l", "sqlite,s"]
    matrix.run("each@postgresql").succeeded()
    assert matrix.ran() == ["postgresql,s", "each-postgresql"]


def test_an_unknown_row(matrix):
    matrix.run("dump@mysql,s").expect(
        stderr="""\
        error: the matrix of task `dump` has no `mysql,s`
          help: it has `sqlite,s`, `sqlite,l`, `postgresql,s`, `postgresql,l`
        """,
        code=2,
    )
    assert matrix.run("load@x").code == 2
    assert matrix.ran() == []


def test_a_new_row_runs_alone(matrix):
    matrix.run("dump").succeeded()
    matrix.ran()
    matrix.write("mysql.txt", "my\n")
    matrix.edit("tasks.toml", '["sqlite", "postgresql"], size', '["sqlite", "postgresql", "mysql"], size')
    matrix.run("dump").succeeded()
    assert sorted(matrix.ran()) == ["mysql,l", "mysql,s"]


def test_aliases_name_the_task(project):
    project.tasks("[tasks.build]\naliases = ['b', 'make']\ninputs = []\nrun = 'RAN'\n")
    project.run("b").expect(stderr="build: never ran here\nbuild: done in TIME\ndevtask: 1 ran in TIME\n")
    project.run("make", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    project.run("why", "b").expect(stdout="build: up to date\n")


def test_an_alias_and_its_task_together_run_once(project):
    project.tasks("[tasks.build]\naliases = ['b']\nrun = 'RAN'\n")
    project.run("b", "build").succeeded()
    assert project.ran() == ["build"]


def test_a_group_of_groups(project):
    project.tasks(
        """
        [tasks.a]
        inputs = []
        run = "RAN"
        [tasks.b]
        deps = ["a"]
        [tasks.c]
        deps = ["b"]
        [tasks.d]
        deps = ["c"]
        inputs = []
        run = "RAN"
        """
    )
    project.run("d").succeeded()
    assert project.ran() == ["a", "d"]
    project.run("c", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")


def test_a_diamond_runs_its_top_once(project):
    project.tasks(
        "[tasks.top]\ninputs = ['t.txt']\noutputs = ['o.txt']\nrun = 'RAN; cp t.txt o.txt'\n"
        + "".join(f"[tasks.{n}]\ndeps = ['top']\ninputs = []\nrun = 'RAN'\n" for n in ("left", "right"))
        + "[tasks.bottom]\ndeps = ['left', 'right']\ninputs = []\nrun = 'RAN'\n"
    )
    project.write("t.txt", "1\n")
    project.run("bottom").succeeded()
    assert sorted(project.ran()) == ["bottom", "left", "right", "top"]
    project.write("t.txt", "2\n")
    run = project.run("bottom").succeeded()
    # `bottom` reads nothing of `top`: left and right ran, but what they hand on is as before.
    assert sorted(project.ran()) == ["left", "right", "top"]
    assert "3 ran, 1 up to date" in run.stderr
