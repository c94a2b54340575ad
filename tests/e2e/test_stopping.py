"""Time limits and Ctrl-C: every process of every task is gone, and the next run is right."""

import signal

import pytest

from support.result import ANY, Has
from support.waiting import is_alive, wait_for, wait_for_line

# What a task starts and does not wait for. Each writes its process number when its traps are set.
STUBBORN = """(trap '' TERM INT HUP; sh -c 'echo $PPID' >stubborn.pid; while :; do sleep 0.1; done) & """
ESCAPED = """setsid sh -c 'trap "" TERM INT HUP; echo $$ >escaped.pid; while :; do sleep 0.1; done' & """
ORPHAN = """(setsid sh -c 'echo $$ >orphan.pid; exec sleep 1000' &) & """


def slow_task(project, more="", script="", start="sh slow.sh; true"):
    """`start`: the shell of the task has a child that does the work, unless it becomes it with `exec`."""
    project.write("slow.sh", f"{script}\necho $$ >task.pid\nexec sleep 1000\n")
    project.tasks(
        f"""
        [tasks.slow]
        inputs = ["slow.sh"]
        outputs = ["out.txt"]
        {more}
        run = "RAN; echo half >out.txt; echo started; {start}"
        [tasks.after]
        deps = ["slow"]
        run = "RAN"
        """
    )


def test_a_time_limit_ends_the_run_with_124(project):
    slow_task(project, "timeout = '300ms'")
    project.run("after").expect(
        stdout=Has("started\n"),
        stderr="""\
        slow: never ran here
        slow: time limit of TIME exceeded
        after: not run, because slow failed
        --- slow failed (time limit of TIME exceeded) ---
        started
        rerun: devtask slow
        devtask: 1 failed, 1 not run in TIME
        """,
        code=124,
    )
    assert project.ran() == ["slow"]
    project.wait_until_no_process_is_left()


def test_a_time_limit_takes_grandchildren_along(project):
    slow_task(project, "timeout = '1s'", STUBBORN + ESCAPED + ORPHAN)
    assert project.run("slow").code == 124
    for name in ("stubborn.pid", "escaped.pid", "orphan.pid"):
        assert not is_alive(int(project.read(name))), name
    assert project.processes() == set()


def test_a_run_that_exceeded_its_limit_is_no_success(project):
    slow_task(project, "timeout = '300ms'")
    assert project.run("slow").code == 124
    project.write("slow.sh", "")
    project.run("slow").succeeded()
    assert project.ran() == ["slow", "slow"]


def test_the_limit_holds_for_all_steps_together(project):
    project.tasks(
        """
        [tasks.slow]
        inputs = []
        timeout = "500ms"
        run = ["sleep 0.3", "sleep 0.3", "sleep 0.3", "RAN"]
        """
    )
    assert project.run("slow").code == 124
    assert project.ran() == []


def test_ctrl_c_ends_everything_with_130(project):
    slow_task(project)
    running = project.start("after")
    pid = int(wait_for_line(project.path("task.pid")))
    running.interrupt()
    running.wait().expect(
        stdout=Has("started\n"),
        stderr="""\
        slow: never ran here
        slow: interrupted
        devtask: 2 interrupted in TIME
        """,
        code=130,
    )
    assert not is_alive(pid)
    assert project.processes() == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_ways_to_end_it_do_the_same(project, number):
    slow_task(project)
    running = project.start("slow")
    wait_for_line(project.path("task.pid"))
    running.send(number)
    assert running.wait().code == 130
    assert project.processes() == set()


def test_ctrl_c_reaches_grandchildren_that_ignore_it(project):
    slow_task(project, script=STUBBORN + ESCAPED + ORPHAN)
    running = project.start("slow")
    pids = [int(wait_for_line(project.path(f"{name}.pid"))) for name in ("task", "stubborn", "escaped", "orphan")]
    running.interrupt()
    assert running.wait().code == 130
    assert [pid for pid in pids if is_alive(pid)] == []
    assert project.processes() == set()


def test_a_second_ctrl_c_does_not_wait(project):
    slow_task(project, script=STUBBORN + ESCAPED)
    running = project.start("slow")
    pids = [int(wait_for_line(project.path(f"{name}.pid"))) for name in ("task", "stubborn", "escaped")]
    running.interrupt()
    wait_for(lambda: not is_alive(pids[0]), "the task to get the first one")
    running.interrupt()
    assert running.wait(timeout=2).code == 130  # the grace period is 3 s
    assert [pid for pid in pids if is_alive(pid)] == []
    assert project.processes() == set()


def test_the_run_after_ctrl_c_is_right(project):
    slow_task(project)
    running = project.start("slow")
    wait_for_line(project.path("task.pid"))
    running.interrupt()
    assert running.wait().code == 130
    project.run("--status", "slow").expect(stdout=Has("run slow: "), code=1)
    project.write("slow.sh", "echo whole >>out.txt\n")
    project.run("slow").succeeded()
    assert project.read("out.txt") == "half\nwhole\n"
    assert project.ran() == ["slow", "slow"]
    project.run("slow", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")


def test_a_task_that_cleans_up_on_term_is_given_the_time(project):
    project.tasks(
        """
        [tasks.server]
        inputs = []
        cache = "no"
        run = '''
        trap 'echo cleaned >cleaned.txt; exit 0' TERM
        echo $$ >task.pid
        while :; do sleep 0.05; done
        '''
        """
    )
    running = project.start("server")
    wait_for_line(project.path("task.pid"))
    running.interrupt()
    running.wait().expect(stdout=ANY, stderr=Has("server: interrupted\n"), code=130)
    assert project.read("cleaned.txt") == "cleaned\n"


def test_side_by_side_tasks_all_end(project):
    names = ["a", "b", "c"]
    project.tasks(
        "".join(f"[tasks.{name}]\ninputs = []\nrun = 'echo $$ >{name}.pid; exec sleep 1000'\n" for name in names)
    )
    running = project.start("-j3", *names)
    for name in names:
        wait_for_line(project.path(f"{name}.pid"))
    running.interrupt()
    result = running.wait()
    assert result.code == 130
    assert result.stderr.endswith("devtask: 3 interrupted in TIME\n")
    assert project.processes() == set()


@pytest.mark.parametrize("script", ["", STUBBORN + ESCAPED + ORPHAN], ids=["alone", "with grandchildren"])
def test_killed_in_the_middle_the_next_run_is_right(project, script):
    slow_task(project, script=script)
    running = project.start("slow")
    wait_for_line(project.path("task.pid"))
    running.send(signal.SIGKILL)
    assert running.wait().code == -signal.SIGKILL
    project.write("slow.sh", "echo whole >>out.txt\n")
    project.run("slow").succeeded()
    assert project.read("out.txt") == "half\nwhole\n"
    assert project.ran() == ["slow", "slow"]
    project.run("slow", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")


def test_killed_in_the_middle_its_task_ends_too(project):
    slow_task(project, start="exec sh slow.sh")  # the kernel tells only our children that we are gone
    running = project.start("slow")
    pid = int(wait_for_line(project.path("task.pid")))
    running.send(signal.SIGKILL)
    running.wait()
    wait_for(lambda: not is_alive(pid), "the task to end with its parent")
    project.wait_until_no_process_is_left()
