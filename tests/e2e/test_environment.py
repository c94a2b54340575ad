"""What a task sees of the environment, and what nobody must see."""

import pytest

SHOW = """
[tasks.show]
inputs = []
run = "RAN; env"
"""


def seen(project, env=None, task="show"):
    text = project.run("--output-logs=full", task, env=env).succeeded().stdout
    return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)


def test_nothing_but_the_declared_and_the_usual_is_passed(project):
    project.tasks(SHOW)
    unwanted = {"SECRET": "s", "PYTHONPATH": "/x", "LD_LIBRARY_PATH": "/x", "MAKEFLAGS": "-j", "FOO": "f"}
    variables = seen(project, unwanted)
    assert not {*unwanted, "DEVTASK_RUN"} & set(variables)
    assert variables["HOME"] == "FOLDER/home"
    assert variables["PATH"].startswith("FOLDER/bin:")
    assert variables["TMPDIR"] == "FOLDER/tmp"


@pytest.mark.parametrize(
    "name",
    [
        *("https_proxy", "HTTP_PROXY", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
        *("PIP_INDEX_URL", "npm_config_registry", "NPM_CONFIG_CACHE", "UV_CACHE_DIR", "CARGO_HOME"),
        *("CI", "XDG_CONFIG_HOME"),
    ],
)
def test_variables_for_reaching_packages_are_passed_but_no_reason(project, name):
    project.tasks(SHOW)
    assert seen(project, {name: "one"})[name] == "one"
    project.run("show", env={name: "two"}, no_processes=True).expect(
        stderr="devtask: everything is up to date (1 task)\n"
    )
    assert project.ran() == ["show"]


def test_language_and_time_zone_are_fixed(project):
    project.tasks(SHOW)
    variables = seen(project, {"LANG": "de_DE.UTF-8", "LC_ALL": "fr_FR.UTF-8", "TZ": "Asia/Tokyo"})
    assert (variables["LANG"], variables["LC_ALL"], variables["TZ"]) == ("C.UTF-8", "C.UTF-8", "UTC")


def test_language_and_time_zone_may_be_declared(project):
    project.tasks("[tasks.show]\ninputs = []\nenv = { LC_ALL = 'C' }\nenv-inputs = ['TZ']\nrun = 'RAN; env'\n")
    variables = seen(project, {"TZ": "Asia/Tokyo"})
    assert (variables["LC_ALL"], variables["TZ"]) == ("C", "Asia/Tokyo")
    project.run("show", env={"TZ": "UTC"}).succeeded()
    assert project.ran() == ["show", "show"]


CLASSES = """
[tasks.show]
inputs = []
env = { SET = "set-{{task}}", SHARED = "task" }
env-inputs = ["KEYED_*"]
env-pass = ["SEEN"]
run = "RAN; env"
"""


def test_the_three_classes(project):
    project.tasks(CLASSES, 'env = { EVERYWHERE = "yes", SHARED = "project" }\n')
    outside = {"KEYED_A": "a", "SEEN": "seen", "SET": "from outside", "OTHER": "other"}
    variables = seen(project, outside)
    assert variables["SET"] == "set-show"
    assert variables["EVERYWHERE"] == "yes"
    assert variables["SHARED"] == "task"
    assert variables["KEYED_A"] == "a"
    assert variables["SEEN"] == "seen"
    assert "OTHER" not in variables
    project.ran()

    for change, why in (
        ({"SEEN": "changed"}, None),
        ({"OTHER": "changed"}, None),
        ({"SET": "changed"}, None),
        ({"KEYED_A": "changed"}, "environment variable KEYED_A changed"),
        ({"KEYED_B": "new"}, "environment variable KEYED_B added"),
        ({"KEYED_A": None}, "environment variable KEYED_A removed"),
    ):
        project.run("why", "show", env=outside | change).expect(
            stdout=f"show: would run:\n  {why}\n" if why else "show: up to date\n"
        )


def test_a_task_is_told_who_and_where_it_is(project):
    project.tasks("[tasks.show]\ninputs = []\ndir = 'sub'\nrun = 'RAN; echo PWD_IS=$(pwd); env'\n")
    project.path("sub").mkdir()
    variables = seen(project)
    assert variables["DEVTASK_TASK"] == "show"
    assert variables["DEVTASK_ROOT"] == "ROOT"
    assert variables["PWD_IS"] == "ROOT/sub"


def test_project_path_comes_before_path(project):
    project.tool("greet", "echo from PATH")
    project.write("tools/greet", "#!/bin/sh\necho from the project\n", mode=0o755)
    project.tasks("[tasks.a]\ninputs = []\nrun = ['greet', ['greet']]\n", 'path = ["tools"]\n')
    assert project.run("a").succeeded().stdout == "from the project\n" * 2
    project.write("tools/greet", "#!/bin/sh\necho changed\n", mode=0o755)
    project.run("why", "a").expect(stdout="a: would run:\n  program greet changed\n")


def test_root_in_a_value_is_no_reason_in_another_checkout(project):
    tasks = "[tasks.a]\ninputs = []\nenv = { DATA = '{{root}}/data' }\nrun = 'RAN; test -n $DATA; echo ${DATA##*/}'\n"
    project.tasks(tasks)
    project.run("a").succeeded()
    other = project.checkout("other")
    other.tasks(tasks)
    other.run("a", no_processes=True).succeeded()
    assert project.ran() == ["a"]


SECRET = """
[tasks.leak]
inputs = ["in.txt"]
env-inputs = ["API_TOKEN"]
run = "RAN; echo before $API_TOKEN after; printf '%s' $API_TOKEN | cut -c1-4; echo $API_TOKEN >&2; test -e good"
"""
TOKEN = "tok-4711-very-secret"


def everything_written(project):
    for top in (project.path(".devtask"), project.cache):
        for path in top.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()


@pytest.mark.parametrize("good", [True, False])
def test_secrets_are_masked_in_output_and_in_what_is_stored(project, good):
    project.tasks(SECRET, 'secrets = ["*_TOKEN"]\n')
    project.write("in.txt", "in\n")
    if good:
        project.write("good", "")
    for words in (["leak"], ["--output-logs=full", "leak"], ["-vv", "--force", "leak"], ["why", "leak"]):
        run = project.run(*words, env={"API_TOKEN": TOKEN})
        assert TOKEN not in run.stdout + run.stderr, words
        if words == ["leak"]:
            assert run.stdout == "before *** after\ntok-\n***\n"
    for path, content in everything_written(project):
        assert TOKEN.encode() not in content, path


def test_a_changed_secret_is_a_reason_without_being_shown(project):
    project.tasks(SECRET, 'secrets = ["*_TOKEN"]\n')
    project.write("in.txt", "in\n")
    project.write("good", "")
    project.run("leak", env={"API_TOKEN": TOKEN}).succeeded()
    project.run("why", "leak", env={"API_TOKEN": "another"}).expect(
        stdout="leak: would run:\n  environment variable API_TOKEN changed\n"
    )


def test_a_secret_in_pieces_is_masked(project):
    project.tasks(
        "[tasks.leak]\ninputs = []\nenv-inputs = ['API_TOKEN']\n"
        "run = '''printf '%s' tok-4711; sleep 0.1; printf '%s\\n' -very-secret'''\n",
        'secrets = ["*_TOKEN"]\n',
    )
    assert project.run("leak", env={"API_TOKEN": TOKEN}).succeeded().stdout == "***\n"


def test_values_of_variables_are_not_stored_in_the_clear(project):
    project.tasks("[tasks.a]\ninputs = []\nenv-inputs = ['SETTING']\nrun = 'RAN'\n")
    project.run("a", env={"SETTING": "value-in-the-clear"}).succeeded()
    for path, content in everything_written(project):
        assert b"value-in-the-clear" not in content, path


def test_the_shell_is_strict(project):
    project.tasks(
        """
        [tasks.unset]
        inputs = []
        run = "echo $NOT_SET; RAN"
        [tasks.pipe-sh]
        inputs = []
        run = "false | true; RAN"
        [tasks.pipe-bash]
        inputs = []
        shell = "bash"
        run = "false | true; RAN"
        """
    )
    assert project.run("unset").code == 1
    assert project.run("pipe-sh").code == 0
    assert project.run("pipe-bash").code == 1
    assert project.ran() == ["pipe-sh"]


def test_standard_input_is_empty(project):
    project.tasks("[tasks.a]\ninputs = []\nrun = 'RAN; cat'\n")
    project.run("a", stdin=b"typed\n").expect(stderr="a: never ran here\na: done in TIME\ndevtask: 1 ran in TIME\n")
