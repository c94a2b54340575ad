"""Whatever changes while a task runs: its result is not taken for the result of what is there now."""

import pytest

from support.project import DEVTASK
from support.result import Has
from support.waiting import wait_for_line

# The task says that it has begun, and waits for the test.
WAIT = "echo $$ >{0}.began; i=0; while ! test -e {0}.go && test $i -lt 1500; do sleep 0.02; i=$((i+1)); done"
GOOD = "devtask: everything is up to date ({})\n"


def began(project, name):
    wait_for_line(project.path(f"{name}.began"))


def go(project, name):
    project.write(f"{name}.go", "")


# ---- programs and variables

TOOL = "[tasks.b]\ninputs = ['in']\noutputs = ['out']\nrun = [['tool']]\n"


def tool(project, name, wait=""):
    project.tool("tool", f"{wait}\necho b >>{project.log}\necho {name} >out")


def test_a_program_replaced_while_its_task_runs(project):
    project.tasks(TOOL)
    project.write("in", "in\n")
    tool(project, "old", WAIT.format("b"))
    running = project.start("b")
    began(project, "b")
    tool(project, "new")
    go(project, "b")
    running.wait().expect(
        stderr="""\
        b: never ran here
        warning: program tool changed while `b` ran: its result is not stored
        b: done in TIME
        devtask: 1 ran in TIME
        """
    )
    assert project.ran() == ["b"]
    assert project.read("out") == "old\n"
    project.run("b").succeeded()
    assert project.ran() == ["b"]
    assert project.read("out") == "new\n"
    project.run("b", no_processes=True).expect(stderr=GOOD.format("1 task"))


def test_its_result_is_in_no_other_checkout_either(project):
    project.tasks(TOOL)
    project.write("in", "in\n")
    tool(project, "old", WAIT.format("b"))
    running = project.start("b")
    began(project, "b")
    tool(project, "new")
    go(project, "b")
    assert running.wait().code == 0
    other = project.checkout("other")
    other.tasks(TOOL)
    other.write("in", "in\n")
    other.run("b").succeeded()
    assert other.ran() == ["b", "b"]
    assert other.read("out") == "new\n"


def test_a_program_that_appears_earlier_in_the_path_while_its_task_runs(project):
    """The key has the program that was found; a new one before it is another."""
    late = project.folder / "late"
    late.mkdir()
    tool(project, "old", WAIT.format("b"))
    (project.bin / "tool").rename(late / "tool")
    project.env["PATH"] += f":{late}"
    project.tasks(TOOL)
    project.write("in", "in\n")
    running = project.start("b")
    began(project, "b")
    tool(project, "new")
    go(project, "b")
    running.wait().expect(stderr=Has("while `b` ran: its result is not stored\n"))
    project.run("b").succeeded()
    assert project.read("out") == "new\n"


# ---- outputs of dependencies

CHAIN = f"""
[tasks.a]
inputs = ["in"]
outputs = ["a.txt"]
run = "RAN; cat in >a.txt"
[tasks.b]
deps = ["a"]
inputs = []
outputs = ["b.txt"]
run = "RAN; {WAIT.format("b")}; cat a.txt >b.txt"
"""


def write_bad(project):
    project.write("a.txt", "bad\n")


DAMAGES = {
    "changed": (write_bad, "its output a.txt was changed"),
    "executable": (lambda project: project.path("a.txt").chmod(0o755), "its output a.txt was changed"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_an_output_of_a_dependency_changed_while_the_dependent_runs(project, name):
    damage, why = DAMAGES[name]
    project.tasks(CHAIN)
    project.write("in", "good\n")
    project.run("a").succeeded()
    running = project.start("b")
    began(project, "b")
    damage(project)
    go(project, "b")
    running.wait().expect(
        stderr=f"""\
        b: never ran here
        warning: dependency a: {why} while `b` ran: its result is not stored
        b: done in TIME
        devtask: 1 ran, 1 up to date in TIME
        """
    )
    project.run("b").succeeded()
    assert project.ran() == ["a", "b", "b"]
    assert project.read("a.txt") == project.read("b.txt") == "good\n"
    project.run("b", no_processes=True).expect(stderr=GOOD.format("2 tasks"))


def test_a_result_of_a_damaged_dependency_is_in_no_other_checkout(project):
    project.tasks(CHAIN)
    project.write("in", "good\n")
    running = project.start("b")
    began(project, "b")
    write_bad(project)
    go(project, "b")
    assert running.wait().code == 0
    other = project.checkout("other")
    other.tasks(CHAIN)
    other.write("in", "good\n")
    go(other, "b")
    other.run("b").succeeded()
    assert other.read("b.txt") == "good\n"
    assert other.ran() == ["a", "b", "b"]


def test_a_task_that_changes_what_its_dependency_made_is_named(project):
    project.tasks(
        """
        [tasks.a]
        inputs = []
        outputs = ["a.txt"]
        run = "RAN; echo a >a.txt"
        [tasks.b]
        deps = ["a"]
        inputs = []
        outputs = ["b.txt"]
        run = "RAN; test -e quiet || echo b >>a.txt; cat a.txt >b.txt"
        """
    )
    named = "warning: dependency a: its output a.txt was changed while `b` ran: its result is not stored\n"
    project.run("b").expect(stderr=Has(named, "b: done in TIME\n"))
    assert project.ran() == ["a", "b"]
    project.run("b").expect(stderr=Has(named, "a: restored from the cache"))
    assert project.ran() == ["b"]
    project.write("quiet", "")
    project.run("b").succeeded()
    assert project.ran() == ["b"]
    assert project.read("b.txt") == "a\n"
    project.run("b", no_processes=True).expect(stderr=GOOD.format("2 tasks"))


# ---- a task that was spared, and is stale at the end of the run

WAVE = """
[tasks.d]
inputs = ["in"]
outputs = ["d.txt"]
run = "RAN; {}; tr a-z A-Z <in >d.txt"
[tasks.t]
deps = ["d"]
inputs = ["tin"]
outputs = ["t.txt"]
run = "RAN; cat d.txt tin >t.txt; ! grep -q bad tin"
[tasks.u]
deps = ["d"]
inputs = []
outputs = ["u.txt"]
run = "RAN; cat d.txt >u.txt"
"""


@pytest.fixture
def wave(project):
    project.tasks(WAVE.format(WAIT.format("d")))
    project.write("in", "a\n")
    project.write("tin", "1\n")
    go(project, "d")
    project.run("t", "u").succeeded()
    assert sorted(project.ran()) == ["d", "t", "u"]
    project.remove("d.go", "d.began")
    return project


def change_in_the_middle(project, text):
    """`d` runs and its result is the same; meanwhile an input of `t` changes."""
    project.write("in", "A\n")
    running = project.start("t", "u")
    began(project, "d")
    project.write("tin", text)
    go(project, "d")
    return running.wait()


def test_an_input_that_changes_before_its_task_has_its_turn(wave):
    run = change_in_the_middle(wave, "2\n")
    assert run.code == 0, run.stderr
    assert wave.ran() == ["d", "t"]
    assert wave.read("t.txt") == "A\n2\n"
    assert run.stderr.endswith("devtask: 2 ran, 1 up to date in TIME\n"), run.stderr
    wave.run("t", "u", no_processes=True).expect(stderr=GOOD.format("3 tasks"))


def test_a_task_that_then_fails_makes_the_run_fail(wave):
    run = change_in_the_middle(wave, "bad\n")
    assert run.code == 1, run.stderr
    assert wave.ran() == ["d", "t"]
    assert "--- t failed (exit status 1) ---\n" in run.stderr
    wave.run("--status", "t", "u").expect(stdout=Has("run t: "), code=1)


def test_a_file_of_ninjas_that_is_behind_the_times_spares_nobody(project):
    """As after a kill between the result and the file that tells Ninja of it."""
    project.tasks(WAVE.format("true"))
    project.write("in", "1\n")
    project.write("tin", "t\n")
    project.run("t", "u").succeeded()
    behind = project.path(".devtask/out/d").read_bytes()
    project.write("in", "2\n")
    project.run("t", "u").succeeded()
    assert sorted(project.ran()) == ["d", "d", "t", "t", "u", "u"]
    project.path(".devtask/out/d").write_bytes(behind)
    project.write("in", "1\n")
    run = project.run("--no-cache", "t", "u")
    assert run.code == 0, run.stderr
    assert project.read("t.txt") == "1\nt\n"
    assert project.read("u.txt") == "1\n"
    assert sorted(project.ran()) == ["d", "t", "u"]
    project.run("t", "u", no_processes=True).expect(stderr=GOOD.format("3 tasks"))


# ---- a task that starts devtask


@pytest.mark.parametrize(
    ("asked", "inner"),
    [("outer", "outer"), ("outer", "dependent"), ("dependent", "dependent"), ("outer", "middle")],
    ids=["itself", "a dependent of itself", "asked for by the dependent", "itself through another"],
)
def test_a_task_that_asks_for_itself_is_told_so(project, asked, inner):
    project.env["DEVTASK"] = str(DEVTASK)
    project.tasks(
        f"""
        [tasks.outer]
        inputs = []
        env-pass = ["DEVTASK"]
        run = "RAN; $DEVTASK {inner}"
        [tasks.dependent]
        deps = ["outer"]
        inputs = []
        run = "RAN"
        [tasks.middle]
        inputs = []
        env-pass = ["DEVTASK"]
        run = "RAN; $DEVTASK outer"
        """
    )
    run = project.run(asked, timeout=20)
    assert run.code == 1
    assert "error: task `outer` is asked for by a devtask that it has started itself\n" in run.stderr
    assert project.ran() == (["outer", "middle"] if inner == "middle" else ["outer"])
    project.wait_until_no_process_is_left()


@pytest.mark.parametrize("inputs", ["['linked']", "['linked', 'real']"])
def test_what_a_link_leads_to_changes_while_its_task_runs(project, inputs):
    wait = WAIT.format("b")
    project.tasks(f"[tasks.b]\ninputs = {inputs}\nrun = 'RAN; grep 1 linked; r=$?; {wait}; exit $r'\n")
    project.write("real", "1\n")
    project.path("linked").symlink_to("real")
    running = project.start("b")
    began(project, "b")
    project.write("real", "0\n")
    go(project, "b")
    assert "while `b` ran: its result is not stored\n" in running.wait().stderr
    assert project.ran() == ["b"]
    assert project.run("b").code == 1
    assert project.ran() == ["b"]
    project.write("real", "1\n")
    project.run("b").succeeded()
    assert project.ran() == ["b"]  # what it came to then is not known
    project.run("b", no_processes=True).succeeded()
