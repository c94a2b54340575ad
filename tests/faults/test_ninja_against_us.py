"""What Ninja does on its own behalf, used against us: it deletes outputs of what is interrupted, outlives whoever
started it, believes in times and in its own log. No source is ever deleted, and nothing stale is called done. With
each Ninja version there is."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.other_clock import preloadable
from support.project import DEVTASK, REPOSITORY, ninjas
from support.result import Has
from support.waiting import is_alive, wait_for, wait_for_line

FILE = ".devtask/build.ninja"
# The task says that it has begun, and waits for the test.
WAIT = "echo $$ >{0}.began; i=0; while ! test -e {0}.go && test $i -lt 1500; do sleep 0.02; i=$((i+1)); done"
GOOD = "devtask: everything is up to date ({})\n"


@pytest.fixture(params=ninjas(), ids=lambda path: subprocess.check_output([path, "--version"], text=True).strip())
def ninja(request, project):
    project.use_ninja(request.param)
    return request.param


def start_ninja(project, ninja, *words):
    """Ninja in a process group of its own, as a shell starts it; its output goes to a file."""
    out = project.folder / f"ninja-{len(list(project.folder.glob('ninja-*')))}"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [ninja, "-f", FILE, *words],
            cwd=project.root,
            env=project.env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    process.out = out
    return process


def plain(project, ninja, *words):
    return project.command(ninja, "-f", FILE, *words)


# ---- interrupted: Ninja deletes declared outputs of a running edge

OWNERS = f"""
[tasks.edit]
inputs = ["src/**"]
edits = ["src/**"]
run = "RAN; for f in src/*; do echo edited >>$f; done; {WAIT.format("edit")}"

[tasks.create]
inputs = ["in"]
creates = ["notes/*.md"]
run = "RAN; mkdir -p notes; echo new >notes/new.md; {WAIT.format("create")}"

[tasks.make]
inputs = ["in"]
outputs = ["build/a.txt", "build/b/"]
run = "RAN; mkdir -p build/b; cat in >build/a.txt; cat in >build/b/c.txt; {WAIT.format("make")}"

[tasks.read]
inputs = ["in"]
run = "RAN; {WAIT.format("read")}"
"""
SOURCES = {"in": "in\n", "src/a.c": "a\n", "src/b.c": "b\n", "notes/old.md": "old\n", "build/kept.txt": "kept\n"}


def write_owners(project):
    project.tasks(OWNERS)
    for path, text in SOURCES.items():
        project.write(path, text)


@pytest.mark.parametrize("how", ["devtask", "ninja"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_interrupted_no_source_is_deleted(project, ninja, how, number):
    """All four kinds of tasks at once; then each of them runs again."""
    write_owners(project)
    names = ["create", "edit", "make", "read"]
    project.run("ninja", "--", "-t", "targets").succeeded()
    process = project.start("-j4", *names).process if how == "devtask" else start_ninja(project, ninja, "-j4", *names)
    for name in names:
        wait_for_line(project.path(f"{name}.began"))
    os.killpg(process.pid, number)
    assert process.wait(30) != 0
    project.wait_until_no_process_is_left()
    assert sorted(project.ran()) == names
    edited = {path: text + "edited\n" if path.startswith("src/") else text for path, text in SOURCES.items()}
    assert {path: project.read(path) for path in SOURCES} == edited
    assert project.read("notes/new.md") == "new\n"
    for name in names:
        project.write(f"{name}.go", "")
    (plain(project, ninja, *names) if how == "ninja" else project.run(*names)).succeeded()
    assert sorted(project.ran()) == names
    assert project.read("build/a.txt") == project.read("build/b/c.txt") == "in\n"
    assert project.read("notes/old.md") == "old\n" and project.read("build/kept.txt") == "kept\n"
    project.run(*names, no_processes=True).expect(stderr=GOOD.format("4 tasks"))


@pytest.mark.parametrize("how", ["devtask", "ninja"])
def test_interrupted_a_file_of_the_user_at_an_output_stays(project, ninja, how):
    """It was there before the task ever ran, so it is not devtask's, and the task has not replaced it yet."""
    project.tasks(
        f"[tasks.make]\ninputs = ['in']\noutputs = ['out.txt']\nrun = 'RAN; {WAIT.format('make')}; cat in >out.txt'\n"
    )
    project.write("in", "in\n")
    project.write("out.txt", "by hand\n")
    project.run("ninja", "--", "-t", "targets").succeeded()
    process = project.start("make").process if how == "devtask" else start_ninja(project, ninja, "make")
    wait_for_line(project.path("make.began"))
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) != 0
    project.wait_until_no_process_is_left()
    assert project.read("out.txt") == "by hand\n"


@pytest.mark.parametrize("how", ["devtask", "ninja"])
def test_interrupted_outputs_of_the_last_success_come_back(project, ninja, how):
    """Going back to what was there before: it is in the cache, however much Ninja has deleted."""
    write_owners(project)
    project.write("make.go", "")
    project.run("make").succeeded()
    project.run("ninja", "--", "-t", "targets").succeeded()
    project.remove("make.go", "make.began")
    project.write("in", "new\n")
    process = project.start("make").process if how == "devtask" else start_ninja(project, ninja, "make")
    wait_for_line(project.path("make.began"))
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) != 0
    project.wait_until_no_process_is_left()
    assert project.ran() == ["make", "make"]
    project.write("in", "in\n")
    (plain(project, ninja, "make") if how == "ninja" else project.run("make")).succeeded()
    assert project.ran() == []
    assert project.read("build/a.txt") == project.read("build/b/c.txt") == "in\n"
    assert project.read("build/kept.txt") == "kept\n"


# ---- killed

SLOW = f"""
[tasks.slow]
inputs = ["in"]
outputs = ["out.txt"]
run = "RAN; echo half >out.txt; {WAIT.format("slow")}; cat in >out.txt"
[tasks.after]
deps = ["slow"]
inputs = []
outputs = ["after.txt"]
run = "RAN; cat out.txt >after.txt"
"""


@pytest.fixture
def slow(project):
    project.tasks(SLOW)
    project.write("in", "in\n")
    return project


def children_of(pid):
    found = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as children:
            found |= {int(child) for child in children.read().split()}
    return found


def the_next_run_is_right(project, command):
    project.write("slow.go", "")
    command("after").succeeded()
    assert project.ran() == ["slow", "slow", "after"]
    assert project.read("after.txt") == "in\n"
    project.run("after", no_processes=True).expect(stderr=GOOD.format("2 tasks"))


def test_a_killed_ninja_takes_its_tasks_along(slow, ninja):
    slow.run("ninja", "--", "-t", "targets").succeeded()
    process = start_ninja(slow, ninja, "after")
    task = int(wait_for_line(slow.path("slow.began")))
    process.kill()
    process.wait(30)
    wait_for(lambda: not is_alive(task), "the task to end with the Ninja that it runs for")
    slow.wait_until_no_process_is_left()
    the_next_run_is_right(slow, lambda *words: plain(slow, ninja, *words))


def test_a_ninja_killed_below_devtask(slow, ninja):
    """The run cannot go on without it, and says so; what already runs is not lost."""
    more = "[tasks.beside]\ndeps = ['slow']\ninputs = []\nrun = 'echo beside >>$COUNT_LOG'\n"
    slow.write("tasks.toml", slow.read("tasks.toml") + more)
    running = slow.start("after", "beside")
    wait_for_line(slow.path("slow.began"))
    (below,) = [pid for pid in children_of(running.process.pid) if "ninja" in open(f"/proc/{pid}/comm").read()]
    os.kill(below, signal.SIGKILL)
    wait_for(lambda: not is_alive(below), "Ninja to end")
    slow.write("slow.go", "")
    run = running.wait()
    assert run.code == 1
    assert "error: ninja stopped with exit status 137\n" in run.stderr
    slow.wait_until_no_process_is_left()
    assert slow.ran() == ["slow"]
    slow.run("after", "beside").succeeded()
    assert sorted(slow.ran()) == ["after", "beside"]
    assert slow.read("after.txt") == "in\n"


def test_a_killed_devtask_takes_ninja_along(slow, ninja):
    running = slow.start("after")
    wait_for_line(slow.path("slow.began"))
    below = [pid for pid in children_of(running.process.pid) if "ninja" in open(f"/proc/{pid}/comm").read()]
    assert len(below) == 1
    running.send(signal.SIGKILL)
    running.wait()
    wait_for(lambda: not is_alive(below[0]), "Ninja to end with devtask")
    slow.wait_until_no_process_is_left()
    the_next_run_is_right(slow, slow.run)


def test_a_stopped_devtask_lets_nobody_go_his_own_way(slow, ninja):
    """A shim whose devtask is gone does not become a devtask of its own: it fails."""
    slow.run("ninja", "--", "-t", "targets").succeeded()
    shim = DEVTASK.with_name("devtask-shim")
    run = slow.command(shim, "slow", env={"DEVTASK_RUN": ".devtask/runs/1-1/socket"})
    assert run.code == 125
    assert "cannot reach devtask" in run.stderr
    assert slow.ran() == []


# ---- two runs that share a graph

SHARED = f"""
[tasks.gen]
inputs = ["in"]
outputs = ["gen.txt"]
run = "RAN; {WAIT.format("gen")}; cat in >gen.txt"
[tasks.left]
deps = ["gen"]
inputs = []
outputs = ["left.txt"]
run = "RAN; cat gen.txt >left.txt"
[tasks.right]
deps = ["gen"]
inputs = []
outputs = ["right.txt"]
run = "RAN; cat gen.txt >right.txt"
[tasks.all]
deps = ["left", "right"]
"""


def wait_until_begun(project, process):
    """Ninja has printed something, or devtask has a folder for its run."""

    def begun():
        return process.out.read_text() if hasattr(process, "out") else list(project.path(".devtask").glob("runs/*"))

    wait_for(begun, "the second run to begin")


@pytest.mark.parametrize("second", ["ninja", "devtask"])
def test_two_runs_at_once_do_everything_once(project, ninja, second):
    project.tasks(SHARED)
    project.run("ninja", "--", "-t", "targets").succeeded()
    for text in ("1\n", "2\n"):
        project.write("in", text)
        first = start_ninja(project, ninja, "all")
        wait_for_line(project.path("gen.began"))
        other = start_ninja(project, ninja, "all") if second == "ninja" else project.start("all").process
        wait_until_begun(project, other)
        project.write("gen.go", "")
        assert first.wait(30) == 0, first.out.read_text()
        assert other.wait(30) == 0
        assert sorted(project.ran()) == ["gen", "left", "right"]
        assert project.read("left.txt") == project.read("right.txt") == text
        project.run("all", no_processes=True).expect(stderr=GOOD.format("3 tasks"))
        plain(project, ninja, "all").succeeded()
        assert project.ran() == []
        project.remove("gen.go", "gen.began")


HELD_CALL = REPOSITORY / "tests/support/held_call.c"


def start_held(project, kind):
    """devtask that stops at a call until the file is removed that is given back with it."""
    held = project.folder / f"held at {kind}"
    library = str(preloadable(HELD_CALL, project.folder))
    return project.start("slow", env={"LD_PRELOAD": library, "HELD_KIND": kind, "HELD_CALL": str(held)}), held


def wait_until_held_or_asleep(running, held):
    """Asleep: whenever we looked."""
    looks = [0]

    def condition():
        state = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        looks[0] = looks[0] + 1 if state == "S" else 0
        return held.exists() or looks[0] >= 100

    wait_for(condition, "the second devtask to wait for the first")


@pytest.mark.parametrize("before", ["ended", "was killed"])
def test_tasks_of_who_has_just_got_the_lock_are_not_killed(slow, before):
    """The lock still names its last holder: between getting a lock and writing into it is a moment."""
    first = slow.start("slow")
    task = int(wait_for_line(slow.path("slow.began")))
    if before == "was killed":
        first.send(signal.SIGKILL)
        wait_for(lambda: not is_alive(task), "the task to end")
    slow.write("slow.go", "")
    first.wait()
    slow.wait_until_no_process_is_left()
    slow.remove("slow.go", "slow.began")
    slow.write("in", "new\n")
    slow.ran()
    holder, at_lock = start_held(slow, "lock")
    wait_for(at_lock.exists, "the lock")
    other, at_search = start_held(slow, "search")
    wait_until_held_or_asleep(other, at_search)
    at_lock.unlink()
    wait_for_line(slow.path("slow.began"))
    at_search.unlink(missing_ok=True)
    wait_until_held_or_asleep(other, at_search)
    slow.write("slow.go", "")
    results = [holder.wait(), other.wait()]
    assert [result.code for result in results] == [0, 0], results
    assert slow.ran() == ["slow"]
    assert slow.read("out.txt") == "new\n"


@pytest.mark.parametrize("how", ["devtask", "ninja"])
def test_a_dependency_is_made_anew_and_back_by_another_run(project, ninja, how):
    """While its dependent runs, and reads what is there in between: at the end it looks as it did at the start."""
    project.tasks(
        f"""
        [tasks.gen]
        inputs = ["in"]
        outputs = ["gen.txt"]
        run = "RAN; cat in >gen.txt"
        [tasks.left]
        deps = ["gen"]
        inputs = []
        outputs = ["left.txt"]
        run = "RAN; {WAIT.format("early")}; cat gen.txt >left.txt; {WAIT.format("late")}"
        """
    )
    project.write("in", "1\n")
    project.run("ninja", "--", "-t", "targets").succeeded()
    process = project.start("left").process if how == "devtask" else start_ninja(project, ninja, "left")
    wait_for_line(project.path("early.began"))
    project.write("in", "2\n")
    project.run("gen").succeeded()
    project.write("early.go", "")
    wait_for_line(project.path("late.began"))
    project.write("in", "1\n")
    project.run("gen").succeeded()
    project.write("late.go", "")
    assert process.wait(30) == 0
    # The first run shares what `gen` made a moment later: the third may come before that.
    assert project.ran() in (["gen", "left", "gen"], ["gen", "left", "gen", "gen"])
    project.run("left").succeeded()
    assert project.read("left.txt") == "1\n"
    assert project.ran() == ["left"]


# ---- an input changes while its task runs, and the result looks the same

RACE = f"""
[tasks.make]
inputs = ["in"]
outputs = ["out.txt"]
run = "RAN; tr a-z A-Z <in >out.txt; {WAIT.format("make")}; test -e quiet || printf '%s' ${{SELF:-}} >>in"
env-inputs = ["SELF"]
[tasks.use]
deps = ["make"]
inputs = []
outputs = ["use.txt"]
run = "RAN; cat out.txt >use.txt"
"""


def change(project):
    project.write("in", "b\n")


def change_to_the_same_result(project):
    project.write("in", "A\n")


def change_and_change_back(project):
    times = os.stat(project.path("in"))
    project.write("in", "b\n")
    project.write("in", "a\n")
    os.utime(project.path("in"), ns=(times.st_atime_ns, times.st_mtime_ns))


def remove_it(project):
    project.remove("in")


RACES = {
    "changed": (change, ["make"], "B\n"),
    "changed to the same result": (change_to_the_same_result, ["make"], "A\n"),
    "changed and changed back": (change_and_change_back, ["make"], "A\n"),
}


@pytest.mark.parametrize("how", ["devtask", "ninja"])
@pytest.mark.parametrize("name", RACES)
def test_an_input_changes_while_its_task_runs(project, ninja, name, how):
    how_to, again, expected = RACES[name]
    project.tasks(RACE)
    project.write("in", "a\n")
    project.run("ninja", "--", "-t", "targets").succeeded()
    process = project.start("use").process if how == "devtask" else start_ninja(project, ninja, "use")
    wait_for_line(project.path("make.began"))
    how_to(project)
    project.write("make.go", "")
    assert process.wait(30) == 0
    assert project.ran() == ["make", "use"]
    (plain(project, ninja, "use") if how == "ninja" else project.run("use")).succeeded()
    assert project.ran()[:1] == again
    assert project.read("use.txt") == expected
    project.ran()
    project.run("use", no_processes=True).expect(stderr=GOOD.format("2 tasks"))
    other = project.checkout("other")
    other.tasks(RACE)
    other.write("in", project.read("in").lower())
    other.write("make.go", "")
    other.run("use").succeeded()
    assert other.read("use.txt") == expected


@pytest.mark.parametrize("how", ["devtask", "ninja"])
def test_a_task_that_changes_its_own_input_is_never_done(project, ninja, how):
    project.tasks(RACE)
    project.write("in", "a\n")
    project.write("make.go", "")
    project.env["SELF"] = "x"
    project.run("ninja", "--", "-t", "targets").succeeded()
    for _ in range(2):
        run = plain(project, ninja, "use") if how == "ninja" else project.run("use")
        assert run.code == 0
        assert "warning: `in` changed while `make` ran: its result is not stored\n" in run.stdout + run.stderr
        assert project.ran()[0] == "make"
        project.run("--status", "use").expect(stdout=Has("run make: "), code=1)
    project.write("quiet", "")
    (plain(project, ninja, "use") if how == "ninja" else project.run("use")).succeeded()
    assert project.ran() == ["make", "use"]
    assert project.read("use.txt") == project.read("in").upper()
    project.run("use", no_processes=True).expect(stderr=GOOD.format("2 tasks"))


@pytest.mark.parametrize("name", ["changed", "changed to the same result", "removed"])
def test_an_input_changes_between_the_graph_and_the_start(project, ninja, name):
    """While an earlier task runs: the key is made when the task has its turn."""
    project.tasks(
        f"""
        [tasks.before]
        inputs = ["go-on"]
        outputs = ["before.txt"]
        run = "RAN; {WAIT.format("before")}; echo before >before.txt"
        [tasks.make]
        deps = ["before"]
        inputs = ["in*"]
        outputs = ["out.txt"]
        run = "RAN; cat before.txt in* | tr a-z A-Z >out.txt"
        """
    )
    project.write("in", "a\n")
    project.write("in2", "2\n")
    project.write("go-on", "")
    running = project.start("make")
    wait_for_line(project.path("before.began"))
    {"changed": change, "changed to the same result": change_to_the_same_result, "removed": remove_it}[name](project)
    project.write("before.go", "")
    assert running.wait().code == 0
    assert project.ran() == ["before", "make"]
    rest = {"changed": "B\n", "changed to the same result": "A\n", "removed": ""}[name]
    assert project.read("out.txt") == "BEFORE\n" + rest + "2\n"
    project.run("make", no_processes=True).expect(stderr=GOOD.format("2 tasks"))


# ---- the graph and Ninja's log are not as they were left


def delete_graph(project, ninja):
    project.remove(FILE)
    project.run("ninja", "--", "-t", "targets").succeeded()


def without_marks(project, ninja):
    """As a graph of a moment when nothing was stale."""
    text = project.read(FILE)
    lines = [
        line.replace(" .devtask/dirty", "") if line.startswith("build .devtask/out/") else line
        for line in text.splitlines()
    ]
    project.write(FILE, "\n".join(lines) + "\n")


def older_graph(project, ninja):
    without_marks(project, ninja)
    project.make_older(FILE)


def graph_of_the_future(project, ninja):
    without_marks(project, ninja)
    os.utime(project.path(FILE), (4_000_000_000, 4_000_000_000))


def delete_log(project, ninja):
    for path in project.path(".devtask/ninja").iterdir():
        path.unlink()


def log_of_another_version(project, ninja):
    project.write(".devtask/ninja/.ninja_log", "# ninja log v99\n1\t2\t3\t.devtask/out/gen\tabc\n")


def broken_log(project, ninja):
    path = project.path(".devtask/ninja/.ninja_log")
    path.write_bytes(path.read_bytes()[:-7] + b"\0\xff garbage")


def log_of_the_other_ninja(project, ninja):
    project.remove(".devtask/ninja")
    for other in ninjas():
        if other != ninja:
            plain(project, other, "docs").succeeded()
    project.ran()


def clean(project, ninja):
    plain(project, ninja, "-t", "clean").succeeded()


def clean_generated_too(project, ninja):
    """`-g` deletes what `generator` edges made: all of it, the graph included."""
    plain(project, ninja, "-t", "clean", "-g").succeeded()
    project.run("ninja", "--", "-t", "targets").succeeded()


def cleandead(project, ninja):
    plain(project, ninja, "-t", "cleandead").succeeded()


def cleandead_after_a_task_is_gone(project, ninja):
    whole = project.read("tasks.toml")
    project.edit("tasks.toml", "[tasks.docs]", "[tasks.papers]")
    project.edit("tasks.toml", '"docs"]', '"papers"]')
    plain(project, ninja, "papers").succeeded()
    project.ran()
    plain(project, ninja, "-t", "cleandead").succeeded()
    project.write("tasks.toml", whole)


def recompact(project, ninja):
    plain(project, ninja, "-t", "recompact").succeeded()


def restat(project, ninja):
    plain(project, ninja, "-t", "restat").succeeded()


def delete_outs(project, ninja):
    project.remove(".devtask/out")


def older_outs(project, ninja):
    for path in project.path(".devtask/out").iterdir():
        os.utime(path, (1, 1))


def outs_of_another_content(project, ninja):
    for path in project.path(".devtask/out").iterdir():
        path.write_text("0" * 64 + "\n")


DISTURBANCES = [
    delete_graph,
    without_marks,
    older_graph,
    graph_of_the_future,
    delete_log,
    log_of_another_version,
    broken_log,
    log_of_the_other_ninja,
    clean,
    clean_generated_too,
    cleandead,
    cleandead_after_a_task_is_gone,
    recompact,
    restat,
    delete_outs,
    older_outs,
    outs_of_another_content,
]
SAMPLE_SOURCES = ["src/a.txt", "src/b.txt", "header.txt", "tests/t.txt", "docs/d.txt", "tasks.toml"]


@pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda disturb: disturb.__name__)
def test_what_ninja_remembers_decides_nothing(sample, ninja, disturb):
    """Nothing is stale: nothing runs. Something is: exactly that runs. No source is touched."""
    sample.run("ninja", "--", "all").succeeded()
    assert sorted(sample.ran()) == ["check", "docs", "gen", "pack"]
    before = {path: sample.read(path) for path in SAMPLE_SOURCES}
    disturb(sample, ninja)
    sample.ran()
    plain(sample, ninja, "all").succeeded()
    assert sample.ran() == []
    disturb(sample, ninja)
    sample.ran()
    assert {path: sample.read(path) for path in SAMPLE_SOURCES} == before
    sample.write("header.txt", "new\n")
    sample.make_older("header.txt")
    plain(sample, ninja, "all").succeeded()
    assert sample.ran() == ["pack", "check"]
    assert sample.read("build/pack/all.txt") == "new\nSRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"
    plain(sample, ninja, "all").succeeded()
    assert sample.ran() == []
    sample.run("all", no_processes=True).expect(stderr=GOOD.format("4 tasks"))


def test_clean_of_ninjas_deletes_no_source(project, ninja):
    """It deletes outputs; what a task edits or creates is none of Ninja's."""
    write_owners(project)
    names = ["create", "edit", "make", "read"]
    for name in names:
        project.write(f"{name}.go", "")
    project.run(*names).succeeded()
    project.run("ninja", "--", "-t", "targets").succeeded()
    project.ran()
    kept = {path: project.read(path) for path in [*SOURCES, "notes/new.md"]}
    for words in (["-t", "clean"], ["-t", "clean", *names], ["-t", "clean", "-r", "devtask"], ["-t", "cleandead"]):
        plain(project, ninja, *words).succeeded()
        assert {path: project.read(path) for path in kept} == kept, words
    plain(project, ninja, *names).succeeded()
    assert project.ran() == []
    assert project.read("build/a.txt") == "in\n"


def test_an_edited_graph_is_written_anew(sample, ninja):
    """Its first rule makes it again, whatever somebody wrote into the others."""
    sample.run("ninja", "--", "all").succeeded()
    sample.ran()
    sample.write(
        FILE, sample.read(FILE).replace("exec ", "touch hacked; exec ", 1).replace("build gen:", "build gone:")
    )
    plain(sample, ninja, "all").succeeded()
    assert sample.ran() == []
    assert not sample.path("hacked").exists()
    assert "hacked" not in sample.read(FILE) and "gone" not in sample.read(FILE)
