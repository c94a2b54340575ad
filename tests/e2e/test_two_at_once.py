"""Two devtasks in one checkout, or in two with one cache."""

import signal

from support.project import DEVTASK, RAN
from support.waiting import wait_for, wait_for_line

WAITING = """
[tasks.make]
inputs = ["in.txt"]
outputs = ["out.txt"]
run = "RAN; echo $$ >>started; while ! test -e go; do sleep 0.02; done; cat in.txt >out.txt"

[tasks.use]
deps = ["make"]
inputs = []
run = "RAN; cat out.txt"
"""


def started(project):
    wait_for_line(project.path("started"))


def test_each_action_runs_once(project):
    project.tasks(WAITING)
    project.write("in.txt", "in\n")
    runs = [project.start("use")]
    started(project)
    runs += [project.start("use"), project.start("make")]
    wait_for(lambda: all("waiting for another devtask" in run.stderr() for run in runs[1:]), "the others to wait")
    project.write("go", "")
    for run in runs:
        assert run.wait().code == 0
    assert project.ran() == ["make", "use"]
    assert project.read("out.txt") == "in\n"
    project.run("use", no_processes=True).expect(stderr="devtask: everything is up to date (2 tasks)\n")


def test_each_process_has_a_slot_of_its_own(project):
    wait = "echo $DEVTASK_SLOT >{{task}}.slot; while ! test -e go; do sleep 0.02; done"
    project.tasks("".join(f'[tasks.{name}]\ninputs = []\nrun = "{wait}"\n' for name in ("a", "b", "c")))
    runs = []
    for name in ("a", "b", "c"):
        runs.append(project.start(name))
        wait_for_line(project.path(f"{name}.slot"))
    assert [project.read(f"{name}.slot") for name in ("a", "b", "c")] == ["0\n", "1\n", "2\n"]
    project.write("go", "")
    for run in runs:
        run.wait().succeeded()


def test_what_both_find_in_the_cache_is_put_in_place_once(project):
    """A second time would be a change under the hands of a task that reads it."""
    project.tasks(WAITING)
    project.write("go", "")
    project.write("in.txt", "in\n")
    project.run("make").succeeded()
    project.remove("go")
    project.write("in.txt", "other\n")
    first = project.start("make")
    wait_for(lambda: project.read("started").count("\n") == 2, "the first to start")
    project.write("in.txt", "in\n")
    others = [project.start("make") for _ in range(2)]
    wait_for(lambda: all("waiting for another devtask" in run.stderr() for run in others), "the others to wait")
    project.write("go", "")
    first.wait()
    results = [run.wait().succeeded() for run in others]
    assert sorted(result.stderr.count("1 restored") for result in results) == [0, 1], results
    assert project.read("out.txt") == "in\n"
    assert project.ran() == ["make", "make"]


def test_many_at_once_from_the_start(sample):
    runs = [sample.start("all") for _ in range(4)]
    for run in runs:
        assert run.wait().code == 0, run.stderr()
    assert sorted(sample.ran()) == ["check", "docs", "gen", "pack"]
    sample.run("all", no_processes=True).expect(stderr="devtask: everything is up to date (4 tasks)\n")


def test_the_second_goes_on_when_the_first_is_killed(project):
    project.tasks(WAITING)
    project.write("in.txt", "in\n")
    first = project.start("use")
    started(project)
    second = project.start("use")
    wait_for(lambda: "waiting for another devtask" in second.stderr(), "the second to wait")
    first.send(signal.SIGKILL)
    first.wait()
    project.write("go", "")
    assert second.wait().code == 0, second.stderr()
    assert project.read("out.txt") == "in\n"
    project.run("use", no_processes=True).expect(stderr="devtask: everything is up to date (2 tasks)\n")


def test_a_waiting_devtask_can_be_interrupted(project):
    project.tasks(WAITING)
    project.write("in.txt", "in\n")
    first = project.start("use")
    started(project)
    second = project.start("use")
    wait_for(lambda: "waiting for another devtask" in second.stderr(), "the second to wait")
    second.interrupt()
    assert second.wait().code == 130
    project.write("go", "")
    assert first.wait().code == 0
    assert project.ran() == ["make", "use"]


def test_a_task_that_fails_for_the_first_runs_again_for_the_second(project):
    project.tasks(
        """
        [tasks.make]
        inputs = []
        run = "RAN; echo $$ >started; while ! test -e go; do sleep 0.02; done; exit 1"
        """
    )
    first = project.start("make")
    started(project)
    second = project.start("make")
    wait_for(lambda: "waiting for another devtask" in second.stderr(), "the second to wait")
    project.write("go", "")
    assert first.wait().code == 1
    assert second.wait().code == 1
    assert project.ran() == ["make", "make"]


def test_two_checkouts_share_a_cache_at_the_same_time(sample):
    from support.samples import write_sample

    other = sample.checkout("other")
    write_sample(other)
    runs = [sample.start("all"), other.start("all")]
    for run in runs:
        assert run.wait().code == 0, run.stderr()
    sample.ran()
    for each in (sample, other):
        each.run("all", no_processes=True).expect(stderr="devtask: everything is up to date (4 tasks)\n")
        assert each.read("build/pack/all.txt") == "header\nSRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"
    sample.run("cache", "verify").succeeded()


def test_a_task_may_run_devtask(project):
    project.env["DEVTASK"] = str(DEVTASK)
    project.tasks(
        """
        [tasks.outer]
        env-pass = ["DEVTASK"]
        run = "RAN; $DEVTASK inner"
        [tasks.inner]
        inputs = []
        run = "RAN"
        """
    )
    project.run("outer").succeeded()
    assert project.ran() == ["outer", "inner"]


def test_a_killed_first_run_leaves_no_lock(project):
    project.tasks(WAITING)
    project.write("in.txt", "in\n")
    first = project.start("make")
    started(project)
    first.send(signal.SIGKILL)
    first.wait()
    project.write("go", "")
    project.run("make").succeeded()
    assert project.ran() == ["make", "make"]



def test_a_run_in_a_member_and_one_of_the_whole_project_are_runs_of_one_project(project):
    project.tasks('members = ["part"]', project="")
    more = '\n[tasks.last]\ndeps = ["use"]\ninputs = []\nrun = "RAN"\n'
    project.write("part/tasks.toml", '[project]\nname = "part"\nenv-pass = ["COUNT_LOG"]\n' + (WAITING + more).replace("RAN", RAN))
    project.write("part/in.txt", "in\n")
    whole = project.start("part:use")
    wait_for_line(project.path("part/started"))
    part = project.start("-C", "part", "last")
    wait_for(lambda: "waiting for another devtask" in part.stderr(), "the other to wait")
    project.write("part/go", "")
    assert whole.wait().code == 0 and part.wait().code == 0
    assert project.ran() == ["make", "use", "last"]
