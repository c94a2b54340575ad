"""What devtask may remove: what it put there itself. What a person put in a folder of outputs stays."""

import os
import signal

import pytest

from support.cache import damage_blob
from support.project import DEVTASK
from support.result import Has
from support.waiting import is_alive, wait_for, wait_for_line

# Copies src/ into dist/. While there is a file `wait`, it stops half-way; with a file `fail` it fails there.
COPY = """
[tasks.copy]
inputs = ["src/*"]
outputs = ["dist/"]
run = '''
RAN
mkdir -p dist
cp src/* dist/
i=0
if test -e wait; then echo $$ >half.pid; fi
while test -e wait && test $i -lt 1500; do sleep 0.02; i=$((i+1)); done
! test -e fail
'''
"""
UP_TO_DATE = "devtask: everything is up to date (1 task)\n"
LEFT_ALONE = """\
note: `dist/README` was there before `copy` ran, and is left alone: the result is kept in this checkout only
  help: leave it out of `outputs` (`!dist/README`), or delete it if the task makes it
"""


@pytest.fixture
def copy(project):
    project.tasks(COPY)
    project.write("src/a", "one\n")
    return project


def names(project, folder="dist"):
    return sorted(os.listdir(project.path(folder)))


# ---- there before the task ever ran


def test_a_file_that_was_there_before_stays_in_every_run(copy):
    copy.write("dist/README", "precious\n")
    copy.run("copy").expect(stderr=f"copy: never ran here\n{LEFT_ALONE}copy: done in TIME\ndevtask: 1 ran in TIME\n")
    copy.run("copy", no_processes=True).expect(stderr=UP_TO_DATE)
    for content in ("two\n", "three\n"):
        copy.write("src/a", content)
        copy.run("copy").expect(stderr=f"copy: src/a changed\n{LEFT_ALONE}copy: done in TIME\ndevtask: 1 ran in TIME\n")
        assert copy.read("dist/README") == "precious\n"
        assert copy.read("dist/a") == content
    assert copy.ran() == ["copy"] * 3
    copy.write("src/a", "one\n")
    copy.run("copy").succeeded()
    assert copy.read("dist/README") == "precious\n"
    assert copy.read("dist/a") == "one\n"


def test_a_file_that_was_there_before_survives_clean(copy):
    copy.write("dist/README", "precious\n")
    copy.run("copy").succeeded()
    copy.run("clean").expect(stdout="removed 1 file of 1 task\n")
    assert names(copy) == ["README"]
    assert copy.read("dist/README") == "precious\n"
    copy.run("copy").succeeded()
    assert names(copy) == ["README", "a"]


def test_a_file_that_was_there_before_is_no_output_anywhere(copy):
    copy.write("dist/README", "precious\n")
    copy.run("copy").succeeded()
    other = copy.checkout("other")
    other.tasks(COPY)
    other.write("src/a", "one\n")
    other.run("copy").succeeded()
    assert names(other) == ["a"]
    assert copy.ran() == ["copy", "copy"]  # the first one's result was for its own checkout


def test_such_a_file_may_be_an_output_so_an_edit_is_seen_and_stays(copy):
    copy.write("dist/README", "precious\n")
    copy.run("copy").succeeded()
    copy.write("dist/README", "edited\n")
    copy.run("copy").expect(
        stderr=f"copy: its output dist/README was changed\n{LEFT_ALONE}copy: done in TIME\ndevtask: 1 ran in TIME\n"
    )
    assert copy.read("dist/README") == "edited\n"
    copy.remove("dist/README")
    copy.run("copy").succeeded()
    copy.write("dist/README", "added again\n")
    copy.run("copy").expect(stderr=UP_TO_DATE)
    assert copy.ran() == ["copy"] * 3


def test_an_empty_file_stays_too_and_does_not_keep_the_result_here(copy):
    copy.write("dist/.gitkeep", "")
    copy.run("copy").expect(stderr="copy: never ran here\ncopy: done in TIME\ndevtask: 1 ran in TIME\n")
    copy.write("src/a", "two\n")
    copy.run("copy").succeeded()
    copy.run("clean").succeeded()
    assert names(copy) == [".gitkeep"]
    other = copy.checkout("other")
    other.tasks(COPY)
    other.write("src/a", "two\n")
    other.run("copy", no_processes=True).succeeded()
    assert names(other) == ["a"]
    assert copy.ran() == ["copy", "copy"]


# ---- added after an attempt that did not end well


def attempt(project, end):
    """A run that ends after dist/a was written; nothing of it is left to wait for."""
    if end == "fails":
        project.write("fail", "")
        assert project.run("copy").code == 1
        project.remove("fail")
        return
    project.write("wait", "")
    running = project.start("copy")
    wait_for_line(project.path("half.pid"))
    running.send(signal.SIGINT if end == "interrupted" else signal.SIGKILL)
    assert running.wait().code == (130 if end == "interrupted" else -signal.SIGKILL)
    project.wait_until_no_process_is_left()
    project.remove("wait", "half.pid")


@pytest.mark.parametrize("change", ["the same inputs", "other inputs"])
@pytest.mark.parametrize("end", ["fails", "interrupted", "killed"])
def test_a_file_added_after_an_attempt_stays(copy, end, change):
    attempt(copy, end)
    assert names(copy) == ["a"]
    copy.write("dist/mine.md", "precious\n")
    if change == "other inputs":
        copy.write("src/a", "two\n")
    run = copy.run("copy")
    run.succeeded()
    # Nobody can say whose it is after a kill: it is moved out of the way, and that is said.
    kept = ".devtask/aside/copy/1/dist/mine.md" if end == "killed" else "dist/mine.md"
    assert ("moved to .devtask/aside/copy/1\n" in run.stderr) == (end == "killed")
    assert copy.read(kept) == "precious\n"
    assert copy.read("dist/a") == copy.read("src/a")
    assert copy.ran() == ["copy", "copy"]
    copy.write("src/a", "three\n")
    copy.run("copy").succeeded()
    copy.run("clean").succeeded()
    assert copy.read(kept) == "precious\n"


@pytest.mark.parametrize("end", ["fails", "interrupted"])
def test_what_an_attempt_left_is_cleared_away_by_the_next(copy, end):
    copy.write("src/b", "b\n")
    attempt(copy, end)
    assert names(copy) == ["a", "b"]
    copy.remove("src/b")
    copy.run("copy").expect(stderr=Has("copy: done in TIME\n"))
    assert names(copy) == ["a"]


@pytest.mark.parametrize("end", ["fails", "interrupted"])
def test_going_back_takes_away_what_an_attempt_left(copy, end):
    copy.run("copy").succeeded()
    copy.write("src/bad", "bad\n")
    attempt(copy, end)
    assert names(copy) == ["a", "bad"]
    copy.remove("src/bad")
    copy.write("dist/mine.md", "precious\n")
    copy.run("why", "copy").expect(stdout="copy: would be restored from the cache:\n  a failed run left dist/bad\n")
    copy.run("copy", no_processes=True).expect(
        stderr="copy: restored from the cache (saved TIME)\ndevtask: 1 restored in TIME\n"
    )
    assert names(copy) == ["a", "mine.md"]
    assert copy.ran() == ["copy", "copy"]
    copy.run("copy", no_processes=True).expect(stderr=UP_TO_DATE)


# ---- links in the place of folders


@pytest.fixture(params=["outside", "inside"])
def linked(request, copy):
    """dist/ was moved away, and a link to it is in its place."""
    copy.write("src/b", "b\n")
    copy.run("copy").succeeded()
    saved = copy.folder / "saved" if request.param == "outside" else copy.path("saved")
    copy.path("dist").rename(saved)
    copy.path("dist").symlink_to(saved if request.param == "outside" else "saved")
    copy.saved = saved
    assert copy.ran() == ["copy"]
    return copy


def test_clean_removes_nothing_behind_a_link(linked):
    run = linked.run("clean").succeeded()
    assert sorted(os.listdir(linked.saved)) == ["a", "b"]
    assert run.stdout == "removed 0 files of 1 task\n"


def test_a_link_in_place_of_a_folder_is_told_as_damage(linked):
    shown = linked.run("why", "copy").succeeded()
    assert "  its output dist/a is behind a link\n" in shown.stdout
    assert linked.run("--status", "copy").code == 1


def test_nothing_behind_a_link_is_removed_before_a_run(linked):
    linked.remove("src/b")
    linked.write("src/a", "two\n")
    assert linked.run("copy").code == 1
    assert linked.ran() == []
    assert sorted(os.listdir(linked.saved)) == ["a", "b"]


def test_a_result_seen_through_a_link_is_no_result_for_others(linked):
    linked.write("src/a", "two\n")
    linked.run("copy")
    other = linked.checkout("other")
    other.tasks(COPY)
    other.write("src/a", "two\n")
    other.write("src/b", "b\n")
    other.run("copy").succeeded()
    assert not other.path("dist").is_symlink()
    assert names(other) == ["a", "b"]


def test_nothing_behind_a_link_is_removed_or_written_by_a_restore(copy):
    copy.run("copy").succeeded()
    copy.path("src/a").rename(copy.path("src/b"))
    copy.write("src/b", "two\n")
    copy.run("copy").succeeded()  # dist/b only
    copy.path("dist").rename(copy.path("saved"))
    copy.path("dist").symlink_to("saved")
    copy.tool("cp", "echo no copy >&2; exit 1")  # whatever is written now was written by devtask
    copy.remove("src/b")
    copy.write("src/a", "one\n")
    copy.run("copy")
    assert names(copy, "saved") == ["b"]
    assert copy.read("saved/b") == "two\n"


# ---- a restore that does not come to its end

MAKE = """
[tasks.make]
inputs = ["in"]
outputs = ["d/"]
run = "RAN; mkdir d d/e; cp in d/a; head -c 70000 /dev/zero >d/z; echo extra >d/extra-$(cat in); ln -s a d/l"
"""


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_a_restore_that_fails_half_way_costs_a_run(project, how):
    project.tasks(MAKE)
    project.write("in", "one\n")
    project.run("make").succeeded()
    before = names(project, "d")
    project.remove(".devtask", "d")
    damage_blob(project, bytes(70000), to=b"broken" if how == "damaged" else None)
    project.run("make").succeeded()
    assert project.ran() == ["make", "make"]
    assert names(project, "d") == before
    assert project.path("d/z").read_bytes() == bytes(70000)
    project.run("make", no_processes=True).expect(stderr=UP_TO_DATE)
    project.write("in", "two\n")
    project.run("make").succeeded()
    assert names(project, "d") == ["a", "e", "extra-two", "l", "z"]


@pytest.mark.parametrize("then", ["the same inputs", "other inputs"])
def test_a_restore_that_was_killed_half_way_leaves_nothing_behind(project, then):
    project.tasks(MAKE.replace("70000", "4000000"))
    project.write("in", "one\n")
    project.run("make").succeeded()
    project.remove(".devtask", "d")
    # The kernel ends whoever writes more than a mebibyte into a file: in the middle of d/z, the last one.
    run = project.command("sh", "-c", 'ulimit -c 0; ulimit -f 2048; exec "$0" make', DEVTASK)
    assert run.code == -signal.SIGXFSZ, run.stderr
    assert project.ran() == ["make"]
    assert "extra-one" in names(project, "d")
    assert "z" not in names(project, "d")
    if then == "other inputs":
        project.write("in", "two\n")
    project.run("make").succeeded()
    assert project.ran() == (["make"] if then == "other inputs" else [])
    assert names(project, "d") == ["a", "e", "extra-" + project.read("in").strip(), "l", "z"]
    assert project.read("d/a") == project.read("in")
    assert project.path("d/z").read_bytes() == bytes(4000000)
    project.run("make", no_processes=True).expect(stderr=UP_TO_DATE)


# ---- what no output pattern may take in


@pytest.mark.parametrize("pattern", ["**", ".git/", "tasks.toml", ".devtask/**"])
def test_the_project_itself_is_nobodys_output(project, pattern):
    project.tasks(f'[tasks.all]\ninputs = []\noutputs = ["{pattern}"]\nrun = "RAN"\n')
    project.run("all").expect(stderr=Has("error: `outputs` of ", "which is not the task's to remove"), code=2)
    assert project.ran() == []


def test_a_link_in_the_place_of_outputs_is_told_before_anything_is_written(copy):
    copy.write("theirs/a", "precious\n")
    copy.path("dist").symlink_to("theirs")
    copy.run("copy").expect(stderr=Has("error: output `dist/` of task `copy` is reached through a link"), code=1)
    assert copy.read("theirs/a") == "precious\n"
    assert copy.ran() == []


# ---- moved aside


def test_what_was_moved_aside_is_never_lost(copy):
    for number in (1, 2):
        copy.write("src/a", f"{number}\n")
        attempt(copy, "killed")
        copy.write("dist/mine.md", f"precious {number}\n")
        copy.run("copy").succeeded()
    assert copy.read(".devtask/aside/copy/1/dist/mine.md") == "precious 1\n"
    assert copy.read(".devtask/aside/copy/2/dist/mine.md") == "precious 2\n"


@pytest.mark.parametrize("lost", ["state", "outputs"])
def test_a_restore_moves_what_somebody_else_put_there_out_of_the_way(copy, lost):
    copy.write("src/b", "b\n")
    copy.run("copy").succeeded()
    if lost == "state":
        copy.remove(".devtask", "dist")
    else:
        copy.run("clean").succeeded()
    copy.write("dist/a", "precious\n")
    copy.write("dist/b", "b\n")  # as it would be anyway
    run = copy.run("copy", no_processes=True).succeeded()
    assert "note: `dist/a` is not what `copy` made: moved to .devtask/aside/copy/1\n" in run.stderr
    assert copy.read("dist/a") == copy.read("src/a")
    assert copy.read(".devtask/aside/copy/1/dist/a") == "precious\n"
    assert not copy.path(".devtask/aside/copy/1/dist/b").exists()


# ---- made by another task


WORDS = """
[tasks.words]
args = [{ name = "word" }]
inputs = []
outputs = ["out/"]
run = [["sh", "-c", "mkdir -p out; echo $1 >>$COUNT_LOG; echo $1 >out/$1; ls out >out/list", "sh", "{{word}}"]]
"""


def test_other_arguments_make_other_outputs(project):
    """What the same task left with others is its own: it is cleared away, and each result is shared."""
    project.tasks(WORDS)
    for word in ("x", "y", "x", "y"):
        run = project.run("words", word).succeeded()
        assert project.read("out/list") == f"list\n{word}\n"
        assert "note: " not in run.stderr
    assert project.ran() == ["x", "y"]


def test_what_a_task_of_another_name_made_is_cleared_away(project):
    text = '[tasks.NAME]\ninputs = []\noutputs = ["out/"]\nrun = "mkdir -p out; echo NAME >out/NAME; ls out >out/list"\n'
    for name in ("old", "new"):
        project.tasks(text.replace("NAME", name))
        project.run(name).succeeded()
    assert project.read("out/list") == "list\nnew\n"


# ---- beside the outputs of a dependency


def test_a_result_that_may_hold_what_lay_beside_the_outputs_of_a_dependency_is_not_shared(project):
    tasks = """
        [tasks.make]
        inputs = []
        outputs = ["out/"]
        run = "mkdir -p out; echo made >out/made"

        [tasks.join]
        deps = ["make"]
        inputs = ["in"]
        outputs = ["joined"]
        run = "RAN; cat out/* in >joined"
        """
    project.tasks(tasks)
    project.write("in", "1\n")
    project.run("join").succeeded()
    project.write("out/ignored.pyc", "")
    project.write("out/extra", "extra\n")
    project.write("in", "2\n")
    run = project.run("join").succeeded()
    assert (
        "note: `out/extra` lies among the outputs of a dependency and is none, and may have gone into the result of `join`: "
        "it is kept in this checkout only\n" in run.stderr
    )
    other = project.checkout("other")
    other.tasks(tasks)
    other.write("in", "2\n")
    other.run("join").succeeded()
    assert other.read("joined") == "made\n2\n"
    assert project.ran() == ["join", "join", "join"]


# ---- what `clean` removes, and forgets


def test_clean_moves_aside_what_a_killed_attempt_may_have_left(copy):
    copy.write("src/b", "b\n")
    attempt(copy, "killed")
    copy.write("dist/mine.md", "precious\n")
    copy.run("clean").expect(
        stdout="removed 0 files of 1 task\n",
        stderr="note: `dist/a` and 2 more may be what a killed run left: moved to .devtask/aside/copy/1\n",
    )
    assert not copy.path("dist").exists()
    assert copy.read(".devtask/aside/copy/1/dist/mine.md") == "precious\n"
    copy.remove("src/b")
    copy.run("copy").expect(stderr="copy: never ran here\ncopy: done in TIME\ndevtask: 1 ran in TIME\n")
    assert names(copy) == ["a"]


@pytest.mark.parametrize("end", ["fails", "interrupted"])
def test_clean_removes_what_an_attempt_left(copy, end):
    copy.write("src/b", "b\n")
    copy.write("dist/README", "precious\n")
    attempt(copy, end)
    copy.write("dist/mine.md", "precious\n")
    copy.run("clean").expect(stdout="removed 2 files of 1 task\n")
    assert names(copy) == ["README", "mine.md"]


def test_clean_leaves_folders_that_the_patterns_do_not_cover(project):
    project.tasks(
        """
        [tasks.make]
        inputs = []
        outputs = ["mine/sub/a", "all/"]
        run = "mkdir -p all/x; touch mine/sub/a all/x/b"
        """
    )
    project.path("mine/sub").mkdir(parents=True)
    project.run("make").succeeded()
    project.run("clean").expect(stdout="removed 2 files of 1 task\n")
    assert project.path("mine/sub").is_dir()
    assert not project.path("all").exists()


def test_clean_forgets_nothing_of_what_it_does_not_remove(project):
    project.tasks(
        """
        [tasks.migrate]
        inputs = ["schema"]
        creates = ["migrations/*.sql"]
        run = "RAN; mkdir -p migrations; cp schema migrations/$(ls migrations | wc -l).sql"
        [tasks.format]
        inputs = ["code"]
        edits = ["code"]
        run = "RAN; true"
        [tasks.check]
        inputs = ["schema"]
        run = "RAN"
        [tasks.make]
        inputs = ["schema"]
        outputs = ["made"]
        run = "RAN; cp schema made"
        """
    )
    project.write("schema", "1\n")
    project.write("code", "x\n")
    tasks = ["migrate", "format", "check", "make"]
    project.run(*tasks).succeeded()
    project.ran()
    project.run("clean").expect(stdout="removed 1 file of 1 task\n")
    project.run("clean", "migrate").expect(stdout="removed 0 files of 0 tasks\n")
    project.run("--no-cache", *tasks).succeeded()
    assert project.ran() == ["make"]
    assert names(project, "migrations") == ["0.sql"]


# ---- `clean` beside a run, and after one that was killed


def test_clean_waits_for_a_run_and_removes_what_that_has_made(copy):
    copy.write("wait", "")
    running = copy.start("copy")
    wait_for_line(copy.path("half.pid"))
    cleaning = copy.start("clean")
    waiting = f"note: waiting for another devtask (process {running.process.pid}) that has `copy` in hand\n"
    wait_for(lambda: cleaning.process.poll() is not None or cleaning.stderr() == waiting, "clean to wait")
    copy.remove("wait")
    running.wait().succeeded()
    cleaning.wait().expect(stdout="removed 1 file of 1 task\n", stderr=waiting)
    assert not copy.path("dist").exists()


def test_clean_does_not_wait_for_a_task_that_makes_nothing(project):
    project.tasks("[tasks.serve]\nrun = 'echo $$ >pid; exec sleep 1000'\n")
    running = project.start("serve")
    wait_for_line(project.path("pid"))
    project.run("clean").expect(stdout="removed 0 files of 0 tasks\n")
    running.interrupt()
    running.wait()


def test_clean_ends_what_a_killed_run_left_running(project):
    """Also what holds no lock any more: it would write into what was cleaned. What holds it is how that is noticed."""
    project.tasks(
        """
        [tasks.slow]
        inputs = []
        outputs = ["dist/"]
        run = '''
        mkdir -p dist
        setsid sh -c 'echo $$ >holder.pid; exec sleep 1000' &
        setsid python3 -c 'import os; os.closerange(3, 1000); os.execv("/bin/sh", ["sh", "loose.sh"])' &
        wait
        '''
        """
    )
    project.write("loose.sh", "echo $$ >loose.pid\nexec sleep 1000\n")
    running = project.start("slow")
    pids = [int(wait_for_line(project.path(name))) for name in ("holder.pid", "loose.pid")]
    running.send(signal.SIGKILL)
    running.wait()
    assert [is_alive(pid) for pid in pids] == [True, True]
    project.run("clean").succeeded()
    assert [is_alive(pid) for pid in pids] == [False, False]


def test_a_task_that_cleans_itself_is_refused(project):
    project.tasks(f"[tasks.odd]\ninputs = []\noutputs = ['out']\nrun = '{DEVTASK} clean odd'\n")
    run = project.run("odd")
    assert run.code == 1
    assert "task `odd` is asked for by a devtask that it has started itself" in run.stdout + run.stderr


def test_nothing_is_taken_from_behind_a_link_that_replaced_a_folder(project):
    """Also where the outputs are found by a pattern."""
    project.tasks(
        """
        [tasks.objects]
        inputs = ["in"]
        outputs = ["x/y/*.o"]
        run = "RAN; mkdir -p x/y; echo half >x/y/half.o; while test -e wait; do sleep 0.02; done; cat in >x/y/1.o"
        """
    )
    project.write("in", "1\n")
    project.write("wait", "")
    running = project.start("objects")
    wait_for_line(project.path("x/y/half.o"))
    running.send(signal.SIGKILL)
    running.wait()
    project.remove("wait")
    project.wait_until_no_process_is_left()
    project.write("../mine/y/precious.o", "precious\n")
    project.remove("x")
    project.path("x").symlink_to("../mine")
    run = project.run("objects")
    assert run.code == 1 and "error: output `x/y/*.o` of task `objects` is reached through a link\n" in run.stderr
    project.run("clean").succeeded()
    assert sorted(os.listdir(project.folder / "mine" / "y")) == ["precious.o"]
    assert project.ran() == ["objects"]
