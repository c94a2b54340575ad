"""Words, options and their environment variables."""

import json

import pytest

from support.result import ANY, Has, Lines

SAMPLE_LIST = """\
all    Everything
check  Look at the result
docs   Copy the documentation
gen    Join the sources
pack   Put the header before it
"""


def test_version(project):
    project.run("--version").expect(stdout="devtask 0.1.0\n")


def test_help_names_the_verbs(project):
    project.run("--help").expect(
        stdout=Has("list", "graph", "why", "cache", "clean", "ninja", "init", "--jobs", "--keep-going", "--dry-run")
    )


@pytest.mark.parametrize("words", [["list"], []])
def test_list(sample, words):
    sample.run(*words).expect(stdout=SAMPLE_LIST)


def test_list_leaves_hidden_tasks_out(sample):
    sample.edit("tasks.toml", "[tasks.pack]\n", "[tasks.pack]\nhidden = true\n")
    sample.run("list").expect(stdout=SAMPLE_LIST.replace("pack   Put the header before it\n", ""))
    sample.run("pack").succeeded()


def test_list_as_json(project):
    project.tasks(
        """
        [tasks.test]
        description = "Run the tests"
        aliases = ["t"]
        deps = ["prepare"]
        inputs = []
        args = [{ name = "paths", help = "Files", many = true, default = ["tests"] }]
        run = [["true", "{{paths}}"]]
        [tasks.prepare]
        cache = "no"
        hidden = true
        run = "true"
        """
    )
    tasks = json.loads(project.run("list", "--json").succeeded().stdout)
    assert [task["name"] for task in tasks] == ["prepare", "test"]
    prepare, test = tasks
    assert set(test) == {
        "name", "description", "aliases", "deps", "args", "hidden", "cache", "file", "line", "up_to_date"
    }  # fmt: skip
    assert (test["description"], test["aliases"], test["deps"]) == ("Run the tests", ["t"], ["prepare"])
    assert test["args"] == [{"name": "paths", "help": "Files", "many": True, "required": False}]
    assert (test["hidden"], test["cache"], test["file"], test["line"]) == (False, "yes", "tasks.toml", 5)
    assert (prepare["hidden"], prepare["cache"], prepare["line"]) == (True, "no", 12)


def test_graph_formats(sample):
    edges = [("all", "check"), ("all", "docs"), ("check", "pack"), ("pack", "gen")]
    dot = sample.run("graph", "--format", "dot").succeeded().stdout
    assert dot.startswith("digraph")
    for a, b in edges:
        assert f'"{b}" -> "{a}"' in dot
    assert sample.run("graph").succeeded().stdout == dot
    mermaid = sample.run("graph", "--format", "mermaid").succeeded().stdout
    assert mermaid.startswith(("graph", "flowchart"))
    assert mermaid.count("-->") == len(edges)
    graph = json.loads(sample.run("graph", "--format=json").succeeded().stdout)
    assert graph
    for name in ("gen", "pack", "check", "docs", "all"):
        assert f'"{name}"' in json.dumps(graph)


def test_graph_of_one_task(sample):
    dot = sample.run("graph", "pack").succeeded().stdout
    assert '"gen" -> "pack"' in dot
    assert "docs" not in dot
    sample.run("graph", "--format", "png").expect(stderr=Has("png"), code=2)


ARGS = """
[tasks.show]
args = [{ name = "first" }, { name = "rest", many = true, default = ["x", "y z"] }]
run = [["printf", "<%s>", "{{first}}", "{{rest}}", "{{extra}}"]]

[tasks.shell]
args = [{ name = "first", default = "f" }]
run = "printf '<%s>' {{first}} \\"{{first}}\\" pre-{{first}}"

[tasks.plain]
run = [["printf", "<%s>", "a"]]
"""

HOSTILE = "$(echo no); `id`\n'\"*"


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["show", "1"], "<1><x><y z>"),
        (["show", "1", "2", "3 4"], "<1><2><3 4>"),
        (["show", "1", "--", "-x", "a b"], "<1><x><y z><-x><a b>"),
        (["show", "1", "2", "--", "--", "-q"], "<1><2><--><-q>"),
        (["shell"], "<f><f><pre-f>"),
        (["shell", "a  b"], "<a  b><a  b><pre-a  b>"),
        (["shell", HOSTILE], f"<{HOSTILE}><{HOSTILE}><pre-{HOSTILE}>"),
        (["shell", "--", "$HOME"], "<f><f><pre-f><$HOME>"),
        (["plain", "--", "-n", "*"], "<a><-n><*>"),
        (["show", ""], "<><x><y z>"),
    ],
)
def test_arguments(project, words, output):
    project.tasks(ARGS)
    project.write("file", "")
    result = project.run(*words).succeeded()
    assert result.stdout.rstrip("\n") == output


def test_arguments_have_results_of_their_own(project):
    project.tasks("[tasks.t]\ninputs = []\nargs = [{ name = 'x', default = 'd' }]\nrun = 'RAN; echo {{x}}'\n")
    for words, count in ((["t"], 1), (["t", "a"], 2), (["t", "d"], 2), (["t", "a"], 2), (["t"], 2)):
        project.run(*words).succeeded()
        assert len(project.log.read_text().splitlines()) == count, words
    project.run("t", "a", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")


def test_the_label_shows_arguments_as_typed(project):
    project.tasks("[tasks.test]\ninputs = []\nargs = [{ name = 'x', many = true }]\nrun = [['true', '{{x}}']]\n")
    project.run("test", "tests/test_flows.py").expect(
        stderr="""\
        test tests/test_flows.py: never ran here
        test tests/test_flows.py: done in TIME
        devtask: 1 ran in TIME
        """
    )


def test_extra_words_go_to_the_named_task_only(project):
    project.tasks(
        """
        [tasks.dep]
        run = "RAN"
        [tasks.a]
        deps = ["dep"]
        run = [["printf", "<%s>"]]
        """
    )
    assert "dep: " in project.run("a", "--", "-v").succeeded().stderr
    assert project.ran() == ["dep"]


def test_several_tasks_in_one_call(sample):
    sample.run("gen", "docs").expect(
        stderr=Lines(
            """\
            gen: never ran here
            gen: done in TIME
            docs: never ran here
            docs: done in TIME
            devtask: 2 ran in TIME
            """
        )
    )
    assert sorted(sample.ran()) == ["docs", "gen"]


def test_run_starts_a_task_that_has_the_name_of_a_verb(project):
    project.tasks("[tasks.list]\nrun = 'RAN; echo from the task'\n[tasks.a]\nrun = 'RAN'\n")
    assert project.run("run", "list").succeeded().stdout == "from the task\n"
    assert project.ran() == ["list"]
    project.run("list").expect(stdout=ANY)
    assert project.ran() == []
    project.run("run", "a", "list").succeeded()
    assert sorted(project.ran()) == ["a", "list"]


def test_from_a_folder_below_and_with_big_c(sample):
    sample.run("gen", cwd=sample.path("src")).succeeded()
    assert sample.ran() == ["gen"]
    for folder in (sample.root, "project/src"):
        sample.run("-C", folder, "gen", cwd=sample.folder).expect(stderr="devtask: everything is up to date (1 task)\n")
    run = sample.run("-C", "no-such-folder", "gen")
    assert run.code == 2
    assert "no-such-folder" in run.stderr


@pytest.mark.parametrize("words", [["-f", "pack"], ["pack", "--force"]])
def test_force_runs_the_named_task_only(built, words):
    built.run(*words).expect(stderr="pack: forced\npack: done in TIME\ndevtask: 1 ran, 1 up to date in TIME\n")
    assert built.ran() == ["pack"]


def test_only_leaves_dependencies_alone(built):
    built.write("src/a.txt", "changed\n")
    built.write("header.txt", "changed\n")
    built.run("--only", "pack").expect(stderr="pack: header.txt changed\npack: done in TIME\ndevtask: 1 ran in TIME\n")
    assert built.ran() == ["pack"]
    built.run("pack").succeeded()
    assert built.ran() == ["gen", "pack"]


def test_no_cache_neither_reads_nor_writes_it(built):
    built.remove(".devtask", "build")
    before = built.state()[str(built.cache)]
    built.run("--no-cache", "check").succeeded()
    assert built.ran() == ["gen", "pack", "check"]
    assert built.state()[str(built.cache)] == before
    built.run("check").expect(stderr="devtask: everything is up to date (3 tasks)\n")


TALKING = """
[tasks.talk]
inputs = ["in.txt"]
run = "echo said"
[tasks.shout]
inputs = ["in.txt"]
run = "echo shouted; exit 1"
"""


@pytest.mark.parametrize(
    ("mode", "first", "restored"),
    [
        ("full", "said\n", "said\n"),
        ("new-only", "said\n", ""),
        ("errors-only", "", ""),
        ("none", "", ""),
    ],
)
def test_output_logs(project, mode, first, restored):
    project.tasks(TALKING)
    project.write("in.txt", "in\n")
    assert project.run(f"--output-logs={mode}", "talk").succeeded().stdout == first
    project.remove(".devtask")
    assert project.run("talk", env={"DEVTASK_OUTPUT_LOGS": mode}).succeeded().stdout == restored
    run = project.run("--output-logs", mode, "shout")
    assert run.code == 1
    assert ("shouted\n" in run.stderr) == (mode != "none")


QUIET_FAILURE = """\
shout: failed with exit status 1 after TIME
--- shout failed (exit status 1) ---
shouted
rerun: devtask shout
"""


def test_quiet_says_nothing_but_failures(project):
    project.tasks(TALKING)
    project.write("in.txt", "in\n")
    project.run("-q", "talk").expect(stdout="said\n")
    project.run("-q", "shout").expect(stdout="shouted\n", stderr=QUIET_FAILURE, code=1)


def test_verbose_shows_commands(project):
    project.tasks(TALKING)
    project.write("in.txt", "in\n")
    project.run("-v", "talk").expect(
        stdout="said\n",
        stderr="talk: never ran here\ntalk: $ echo said\ntalk: done in TIME\ndevtask: 1 ran in TIME\n",
    )
    project.run("-vv", "talk").expect(stderr="talk: up to date\ndevtask: everything is up to date (1 task)\n")


JOBS = """
[tasks.a]
inputs = []
run = "RAN; touch a.here; i=0; while ! test -e b.here; do i=$((i+1)); test $i -lt 400; sleep 0.01; done"
[tasks.b]
inputs = []
run = "RAN; touch b.here; i=0; while ! test -e a.here; do i=$((i+1)); test $i -lt 400; sleep 0.01; done"
"""


def test_two_jobs_run_side_by_side(project):
    project.tasks(JOBS)
    project.run("-j2", "a", "b").succeeded()
    assert sorted(project.ran()) == ["a", "b"]


NOT_ALONE = "[tasks.{0}]\ninputs = []\nrun = 'mkdir alone; sleep 0.1; rmdir alone'\n"


@pytest.mark.parametrize(("words", "env"), [(["-j1"], {}), (["--jobs", "1"], {}), ([], {"DEVTASK_JOBS": "1"})])
def test_one_job_runs_one_at_a_time(project, words, env):
    project.tasks("".join(NOT_ALONE.format(name) for name in "abc"))
    project.run(*words, "a", "b", "c", env=env).succeeded()


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("DEVTASK_DRY_RUN", "1", 0),
        ("DEVTASK_STATUS", "1", 1),
        ("DEVTASK_QUIET", "1", 0),
        ("DEVTASK_VERBOSE", "1", 0),
        ("DEVTASK_KEEP_GOING", "1", 0),
    ],
)
def test_options_as_environment_variables(sample, variable, value, code):
    run = sample.run("gen", env={variable: value})
    assert run.code == code
    expected = {"DEVTASK_DRY_RUN": [], "DEVTASK_STATUS": []}.get(variable, ["gen"])
    assert sample.ran() == expected
    if variable == "DEVTASK_QUIET":
        assert run.stderr == ""


def test_colour_is_chosen(sample):
    assert "\x1b[" in sample.run("--color", "always", "gen").succeeded().stderr
    assert "\x1b[" in sample.run("gen", env={"DEVTASK_COLOR": "always"}).succeeded().stderr
    assert "\x1b[" in sample.run("gen", env={"FORCE_COLOR": "1"}).succeeded().stderr
    assert "\x1b[" not in sample.run("--color=always", "gen", "--color=never").stderr
    assert "\x1b[" not in sample.run("gen", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).succeeded().stderr


def test_init_writes_a_file_that_works(project):
    project.run("init").succeeded()
    first = project.read("tasks.toml")
    assert first.count("#") >= 5
    project.run("list").succeeded()
    project.run("init").expect(stdout=ANY, stderr=Has("tasks.toml"), code=2)
    assert project.read("tasks.toml") == first


def test_clean_removes_outputs_and_what_is_remembered(built):
    built.write("build/mine.txt", "not an output\n")
    built.run("clean", "pack").succeeded()
    assert not built.path("build/pack").exists()
    assert built.path("build/gen.txt").exists()
    built.run("clean").succeeded()
    assert [path.name for path in built.path("build").iterdir()] == ["mine.txt"]
    assert built.read("src/a.txt") == "a one\n"
    built.run("check", no_processes=True).succeeded()  # from the cache
    assert built.ran() == []


def test_clean_of_a_local_task(project):
    project.tasks(
        "[tasks.venv]\ninputs = []\noutputs = ['.venv/']\ncache = 'local'\nwitness = '.venv/ok'\n"
        "run = 'RAN; mkdir -p .venv/lib; echo ok >.venv/ok; echo x >.venv/lib/x'\n"
    )
    project.run("venv").succeeded()
    project.run("clean", "venv").succeeded()
    assert not project.path(".venv").exists()
    project.run("venv").succeeded()
    assert project.ran() == ["venv", "venv"]


def test_options_after_the_task_name(sample):
    sample.run("gen", "--dry-run").expect(stdout="run gen: never ran here\n1 to run, 0 to restore, 0 up to date\n")
    assert sample.ran() == []


def test_a_placeholder_in_a_here_document_with_a_quoted_end_is_a_mistake(project):
    project.tasks("""
        [tasks.t]
        run = '''
        cat <<'EOF'
        {{task}}
        EOF
        '''
    """)
    result = project.run("t")
    assert result.code == 2
    assert (
        "error: task `t` has a placeholder in a here-document whose end is quoted, where the shell fills in nothing"
        in result.stderr
    )
    assert "help: write the end without quotes: `<<EOF`" in result.stderr


def test_the_folder_to_start_in_may_read_like_the_task(project):
    project.write("test/tasks.toml", "[tasks.test]\nrun = 'true'\nargs = [{ name = 'p', many = true }]\n")
    project.run("-C", "test", "-k", "test", "x").succeeded()


@pytest.mark.parametrize("run", ["RAN  # all of them", "RAN; true # all\n", "RAN # {{task}}", "RAN; cat <<END\nx\nEND\n"])
def test_extra_arguments_are_not_swallowed(project, run):
    project.tasks(f"[tasks.t]\nrun = {json.dumps(run)}\n")
    project.run("t").succeeded()
    result = project.run("t", "--", "--verbose")
    assert result.code == 2
    assert "would be part of the comment or here-document that ends the last step of task `t`" in result.stderr
    assert "write `{{extra}}` into the step where it belongs" in result.stderr
    assert project.ran() == ["t"]
