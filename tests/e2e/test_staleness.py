"""Each kind of change alone: exactly the affected tasks run, and `why` names what changed."""

import os

import pytest

from support.samples import TASKS, UP_TO_DATE


def write_a(project):
    project.write("src/a.txt", "a changed\n")


def rename_b(project):
    project.path("src/b.txt").rename(project.path("src/z.txt"))


def edit_command(project):
    project.edit("tasks.toml", "tr a-z A-Z", "tr a-n A-N")


CHANGES = {
    "edited": (write_a, "gen", "src/a.txt changed", ["gen", "pack", "check"]),
    "added": (lambda p: p.write("src/c.txt", "c\n"), "gen", "src/c.txt added", ["gen", "pack", "check"]),
    "removed": (lambda p: p.remove("src/b.txt"), "gen", "src/b.txt removed", ["gen", "pack", "check"]),
    "renamed": (rename_b, "gen", "src/b.txt renamed to src/z.txt", ["gen", "pack", "check"]),
    "executable": (lambda p: p.path("docs/d.txt").chmod(0o755), "docs", "docs/d.txt changed", ["docs"]),
    "command": (edit_command, "gen", "its command changed", ["gen", "pack", "check"]),
    "last in line": (lambda p: p.write("tests/t.txt", "u\n"), "check", "tests/t.txt changed", ["check"]),
    "in the middle": (lambda p: p.write("header.txt", "h\n"), "pack", "header.txt changed", ["pack", "check"]),
    "beside": (lambda p: p.write("docs/d.txt", "e\n"), "docs", "docs/d.txt changed", ["docs"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_runs_what_it_affects(built, name):
    change, task, why, affected = CHANGES[name]
    change(built)
    built.run("why", task).expect(stdout=f"{task}: would run:\n  {why}\n")
    run = built.run("all")
    assert run.code == 0
    assert f"{task}: {why}\n" in run.stderr
    spared = f", {4 - len(affected)} up to date" if len(affected) < 4 else ""
    assert run.stderr.endswith(f"devtask: {len(affected)} ran{spared} in TIME\n")
    assert built.ran() == affected
    built.run("why", task).expect(stdout=f"{task}: up to date\n")
    built.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(4))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Join the sources"', '"Another description"'),
        ("[tasks.gen]\n", "[tasks.gen]\ntimeout = '9s'\n"),
        ("[tasks.gen]\n", "[tasks.gen]\naliases = ['g']\nhidden = true\n"),
        ("[tasks.gen]\n", "# a comment\n[tasks.gen]\n"),
        ("[tasks.all]\n", "[tasks.more]\nrun = 'true'\n[tasks.all]\n"),
    ],
    ids=["description", "timeout", "names", "comment", "another-task"],
)
def test_what_cannot_change_a_result_runs_nothing(built, old, new):
    built.edit("tasks.toml", old, new)
    built.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(4))
    assert built.ran() == []


def test_several_changes_are_counted_and_all_told_by_why(built):
    write_a(built)
    built.write("src/c.txt", "c\n")
    built.remove("src/b.txt")
    built.run("why", "gen").expect(
        stdout="""\
        gen: would run:
          src/a.txt changed
          src/b.txt removed
          src/c.txt added
        """
    )
    built.run("gen").expect(
        stderr="""\
        gen: src/a.txt changed and 2 more
        gen: done in TIME
        devtask: 1 ran in TIME
        """
    )


def test_an_undone_change_is_no_change(built):
    write_a(built)
    built.write("src/a.txt", "a one\n")
    built.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(4))


def test_a_declared_variable_is_a_reason(built):
    built.run("why", "gen", env={"MODE": "fast"}).expect(stdout="gen: would run:\n  environment variable MODE added\n")
    built.run("check", env={"MODE": "fast"}).succeeded()
    assert built.ran() == ["gen"]  # its output is the same
    built.run("gen", env={"MODE": "slow"}).expect(
        stderr="""\
        gen: environment variable MODE changed
        gen: done in TIME
        devtask: 1 ran in TIME
        """
    )
    assert built.ran() == ["gen"]
    built.run("gen", env={"MODE": "fast"}).succeeded()
    assert built.ran() == []  # restored


def test_an_undeclared_variable_is_no_reason_and_invisible(project):
    project.tasks(
        """
        [tasks.show]
        inputs = []
        run = 'RAN; echo "<${SECRET_SWITCH-unset}>"'
        """
    )
    project.run("show", env={"SECRET_SWITCH": "on"}).expect(
        stdout="<unset>\n", stderr="show: never ran here\nshow: done in TIME\ndevtask: 1 ran in TIME\n"
    )
    project.run("show", env={"SECRET_SWITCH": "off"}, no_processes=True).expect(
        stderr="devtask: everything is up to date (1 task)\n"
    )
    assert project.ran() == ["show"]


def test_a_variable_set_by_the_task_is_a_reason(project):
    task = "[tasks.show]\ninputs = []\nenv = {{ COLOUR = '{}' }}\nrun = 'RAN; echo $COLOUR'\n"
    project.tasks(task.format("red"))
    assert project.run("show").succeeded().stdout == "red\n"
    project.tasks(task.format("blue"))
    project.run("show").expect(
        stdout="blue\n",
        stderr="show: environment variable COLOUR changed\nshow: done in TIME\ndevtask: 1 ran in TIME\n",
    )


def test_a_replaced_program_is_a_reason(project):
    project.tool("generate", "echo one")
    project.tasks("[tasks.a]\ninputs = []\noutputs = ['out']\nrun = 'RAN; generate >out'\n")
    project.run("a").succeeded()
    project.tool("generate", "echo one")  # the same content
    project.run("a", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    project.tool("generate", "echo two")
    project.run("why", "a").expect(stdout="a: would run:\n  program generate changed\n")
    project.run("a").expect(stderr="a: program generate changed\na: done in TIME\ndevtask: 1 ran in TIME\n")
    assert project.ran() == ["a", "a"]
    assert project.read("out") == "two\n"


def test_the_interpreter_of_a_program_is_a_reason(project):
    project.tool("engine", 'exec sh "$@"')
    project.tool("script", "")
    (project.bin / "script").write_text(f"#!{project.bin}/engine\necho out\n")
    project.tasks("[tasks.a]\ninputs = []\nrun = [['script']]\n")
    assert project.run("a").succeeded().stdout == "out\n"
    project.tool("engine", 'echo new engine; exec sh "$@"')
    project.run("a").expect(
        stdout="new engine\nout\n", stderr="a: program script changed\na: done in TIME\ndevtask: 1 ran in TIME\n"
    )


def test_a_tool_that_no_step_names_is_a_reason_when_declared(project):
    project.tool("hidden-tool", "echo one")
    project.tasks(
        "[tasks.a]\ninputs = []\ntools.hidden-tool = {}\nrun = 'RAN; name=hidden; $name-tool'\n"
        "[tasks.b]\ninputs = []\nrun = 'RAN; name=hidden; $name-tool'\n"
    )
    project.run("a").succeeded()
    project.run("b").succeeded()
    project.ran()
    project.tool("hidden-tool", "echo two")
    project.run("a").expect(
        stdout="two\n", stderr="a: program hidden-tool changed\na: done in TIME\ndevtask: 1 ran in TIME\n"
    )
    project.run("b").expect(stderr="devtask: everything is up to date (1 task)\n")
    assert project.ran() == ["a"]


def test_the_same_result_stops_the_wave(built):
    built.write("src/a.txt", "A One\n")
    built.run("all").expect(
        stderr="""\
        gen: src/a.txt changed
        gen: done in TIME
        devtask: 1 ran, 3 up to date in TIME
        """
    )
    assert built.ran() == ["gen"]
    built.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(4))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda p: p.remove("build/gen.txt"), "deleted"),
        (lambda p: p.write("build/gen.txt", "edited by hand\n"), "changed"),
        (lambda p: p.path("build/gen.txt").chmod(0o755), "changed"),
    ],
    ids=["deleted", "edited", "mode"],
)
def test_a_damaged_output_is_restored_and_not_rebuilt(built, damage, why):
    damage(built)
    built.run("why", "gen").expect(
        stdout=f"gen: would be restored from the cache:\n  its output build/gen.txt was {why}\n"
    )
    built.run("all", no_processes=True).expect(
        stderr="""\
        gen: restored from the cache (saved TIME)
        devtask: 1 restored, 3 up to date in TIME
        """
    )
    assert built.ran() == []
    assert built.read("build/gen.txt") == "SRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"
    assert os.stat(built.path("build/gen.txt")).st_mode & 0o777 == 0o644


def test_a_deleted_folder_of_outputs_is_restored(built):
    built.remove("build/pack")
    built.run("all", no_processes=True).succeeded()
    assert built.ran() == []
    assert built.read("build/pack/all.txt").startswith("header\n")


CREATES = """
[tasks.revision]
inputs = ["models.txt"]
creates = ["versions/*.txt"]
run = "RAN; mkdir -p versions; test -e versions/one.txt || cp models.txt versions/one.txt"
"""


def test_created_files_are_never_touched_again(project):
    project.tasks(CREATES)
    project.write("models.txt", "models\n")
    project.run("revision").succeeded()
    project.write("versions/one.txt", "edited by hand\n")
    project.run("revision", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    assert project.read("versions/one.txt") == "edited by hand\n"
    project.remove("versions/one.txt")
    project.run("revision", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    assert not project.path("versions/one.txt").exists()
    assert project.ran() == ["revision"]


def test_created_files_survive_a_restore_and_clean(project):
    project.tasks(CREATES)
    project.write("models.txt", "models\n")
    project.run("revision").succeeded()
    project.write("versions/one.txt", "edited by hand\n")
    project.remove(".devtask")
    project.run("revision").succeeded()
    assert project.read("versions/one.txt") == "edited by hand\n"
    project.run("clean").succeeded()
    assert project.read("versions/one.txt") == "edited by hand\n"


FORMAT = """
[tasks.format]
inputs = ["src/*.txt"]
edits = ["src/*.txt"]
run = "RAN; for f in src/*.txt; do tr a-z A-Z <$f >$f.new; mv $f.new $f; done"

[tasks.count]
inputs = ["src/*.txt"]
run = "RAN; cat src/*.txt"
"""


def test_a_task_that_edits_its_inputs_settles(project):
    project.tasks(FORMAT)
    project.write("src/a.txt", "one\n")
    project.run("format").succeeded()
    assert project.read("src/a.txt") == "ONE\n"
    project.run("format").succeeded()
    project.ran()
    project.run("format", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    assert project.ran() == []


def test_edited_files_are_never_restored(project):
    project.tasks(FORMAT)
    project.write("src/a.txt", "one\n")
    project.run("format").succeeded()
    project.run("format").succeeded()
    project.ran()
    project.write("src/a.txt", "two\n")
    project.run("format").succeeded()
    assert project.read("src/a.txt") == "TWO\n"
    project.write("src/a.txt", "one\n")
    project.run("format").succeeded()
    # Whether it ran or was known to be formatted: the file must be as the formatter leaves it.
    assert project.read("src/a.txt") == "ONE\n"
    project.remove("src/a.txt")
    project.write("src/b.txt", "B\n")
    project.run("format").succeeded()
    assert not project.path("src/a.txt").exists()


def test_editing_comes_before_reading_in_one_request(project):
    project.tasks(FORMAT)
    project.write("src/a.txt", "one\n")
    run = project.run("count", "format").succeeded()
    assert project.ran() == ["format", "count"]
    assert "ONE\n" in run.stdout


def test_a_task_without_inputs_always_runs_but_its_dependencies_do_not(project):
    project.tasks(TASKS + "\n[tasks.show]\ndeps = ['gen']\nrun = 'RAN; cat build/gen.txt'\n")
    project.write("src/a.txt", "a\n")
    project.write("src/b.txt", "b\n")
    project.run("show").succeeded()
    project.ran()
    project.run("show").expect(
        stdout="SRC/A.TXT:A\nSRC/B.TXT:B\n",
        stderr="""\
        show: declares no inputs, always runs
        show: done in TIME
        devtask: 1 ran, 1 up to date in TIME
        """,
    )
    assert project.ran() == ["show"]


def test_cache_no_always_runs(project):
    project.tasks("[tasks.a]\ninputs = []\ncache = 'no'\nrun = 'RAN'\n")
    for _ in range(2):
        project.run("a").expect(stderr='a: cache = "no", always runs\na: done in TIME\ndevtask: 1 ran in TIME\n')
    assert project.ran() == ["a", "a"]


def test_what_an_input_link_leads_to_is_an_input(project):
    project.tasks("[tasks.a]\ninputs = ['links/*']\nrun = 'RAN; cat links/*'\n")
    project.write("target.txt", "one\n")
    project.path("links").mkdir()
    project.path("links/l").symlink_to("../target.txt")
    project.run("a").succeeded()
    project.write("target.txt", "two\n")
    project.run("a").expect(stdout="two\n", stderr="a: links/l changed\na: done in TIME\ndevtask: 1 ran in TIME\n")
    project.path("links/l").unlink()
    project.path("links/l").symlink_to("nowhere")
    project.run("why", "a").expect(stdout="a: would run:\n  links/l changed\n")
