"""A cached result or a journal that somebody has forged: what it names outside of the task's outputs is neither
written nor removed, and the task runs instead. And nobody else reaches devtask's folders and socket."""

import os
import re
import socket
import stat
import subprocess
import sys

import pytest

from support.cache import blob_files
from support.forging import append_record, records, replace_result, results
from support.project import snapshot
from support.waiting import wait_for_line

TASKS = """
[tasks.make]
inputs = ["in"]
outputs = ["build/"]
run = "RAN; mkdir -p build; cat in >build/a.txt"
"""
EVIL = "evil\n"


@pytest.fixture
def victim(project):
    """A fresh checkout; the cache has the result of its one task and a blob with EVIL. Beside it is a folder that is
    no business of devtask's. `victim.forge(LINES)` replaces what the result says of its outputs."""
    first = project.checkout("first")
    for text in (EVIL, "good\n"):
        first.tasks(TASKS)
        first.write("in", text)
        first.run("make").succeeded()
        if text == EVIL:
            (evil_result,) = results(first).values()
    blob = re.search(r"^file 0644 (\w+) 5 build/a.txt$", evil_result, re.M)[1]
    (key,) = [key for key, text in results(first).items() if text != evil_result]
    first.ran()
    project.tasks(TASKS)
    project.write("in", "good\n")
    project.outside = project.folder / "outside"
    project.outside.mkdir()
    (project.outside / "kept.txt").write_text("kept\n")
    header = "devtask-result 1\nexit 0\nduration-ms 1\n"

    def forge(lines):
        replace_result(project, key, header + lines.replace("BLOB", blob).replace("OUTSIDE", str(project.outside)))

    project.forge = forge
    return project


def project_files(project):
    """All but devtask's own."""
    return {path: entry for path, entry in snapshot(project.root).items() if not path.startswith(".devtask")}


def the_task_runs_and_nothing_else_happens(victim, before):
    outside = snapshot(victim.outside)
    run = victim.run("make").succeeded()
    assert victim.ran() == ["make"], run.stderr
    assert snapshot(victim.outside) == outside
    assert not list(victim.folder.glob("*.txt")), "something was written beside the project"
    after = project_files(victim)
    made = {path: after.pop(path) for path in ("build", "build/a.txt")}
    assert made["build/a.txt"][0] == "0o100644" and victim.read("build/a.txt") == "good\n"
    for path in (".", "build"):
        before.pop(path, None), after.pop(path, None)
    assert after == before
    assert "make: done in TIME\n" in run.stderr
    victim.run("make", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    return run


def test_a_forged_result_that_is_harmless_is_believed(victim):
    """So that the other tests do not pass for another reason."""
    victim.forge("file 0644 BLOB 5 build/a.txt\n")
    victim.run("make").succeeded()
    assert victim.ran() == []
    assert victim.read("build/a.txt") == EVIL


PATHS = {
    "climbs": "../outside.txt",
    "climbs far": "../../../../../../../../../../../../tmp/devtask-forged",
    "climbs out of a folder": "build/../../outside.txt",
    "climbs at the end": "build/..",
    "is the parent": "..",
    "is the project": ".",
    "is absolute": "OUTSIDE/new.txt",
    "is absolute and there": "OUTSIDE/kept.txt",
    "has an empty part": "build//a.txt",
    "has a dot": "build/./a.txt",
    "ends in a slash": "build/a.txt/",
    "is empty": "",
    "has a NUL": r"build/a\x00.txt",
    "hides dots behind escapes": r"\x2e\x2e/outside.txt",
}
KINDS = {"file": "file 0644 BLOB 5 {}\n", "link": "link a.txt\t{}\n", "folder": "dir 0755 {}\n"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [(path, "file") for path in PATHS] + [("climbs", "link"), ("climbs", "folder"), ("is absolute", "link")],
)
def test_a_path_that_leaves_the_project_or_is_malformed(victim, path, kind):
    victim.forge(KINDS[kind].format(PATHS[path]))
    the_task_runs_and_nothing_else_happens(victim, project_files(victim))


@pytest.mark.parametrize(
    "lines",
    [
        "link OUTSIDE\tbuild/b\n",
        "link ../../outside\tbuild/b\n",
        "link ../../outside/kept.txt\tbuild/a.txt\n",
        "link x/../../../outside\tbuild/b\n",
        "link ../../outside\tbuild/b\nfile 0644 BLOB 5 build/b/new.txt\n",
        "link ../outside\tbuild\nfile 0644 BLOB 5 build/new.txt\n",
        "link a.txt\tbuild/b\nfile 0644 BLOB 5 build/b/new.txt\n",
        "device 0600 8 0 build/sda\n",
        "fifo 0644 build/pipe\n",
        "char 0666 build/zero\n",
        "file 0644 BLOB 5 build/b.txt\nfile 0644 BLOB 5 build/a.txt\n",
        "file 0644 BLOB 5 build/a.txt\nfile 0644 BLOB 5 build/a.txt\n",
        "file 0644 BLOB 5 build/a.txt",
        "file 0644 BLOB -5 build/a.txt\n",
        "file 77777 BLOB 5 build/a.txt\n",
        "file 0644 ../../../../etc/passwd 5 build/a.txt\n",
    ],
)
def test_a_link_out_of_the_project_and_what_no_result_has(victim, lines):
    victim.forge(lines)
    the_task_runs_and_nothing_else_happens(victim, project_files(victim))


def test_a_path_below_a_link_that_is_in_the_checkout(victim):
    """Neither the cache nor the task itself writes through the link."""
    victim.path("build").symlink_to(victim.outside)
    victim.forge("file 0644 BLOB 5 build/new.txt\n")
    run = victim.run("make")
    assert run.code == 1
    assert "error: output `build/` of task `make` is reached through a link\n" in run.stderr
    assert victim.ran() == []
    assert sorted(path.name for path in victim.outside.iterdir()) == ["kept.txt"]


def test_a_link_out_of_the_project_by_way_of_another_link(victim):
    """To the text `x/y/z/up/..` is `x/y/z`; to the kernel it is the folder that the project is in."""
    victim.forge("link x/y/z/up/../outside\tbuild/b\nlink ../../../..\tbuild/x/y/z/up\n")
    the_task_runs_and_nothing_else_happens(victim, project_files(victim))


UNDECLARED = {
    "a source": "in",
    "the configuration": "tasks.toml",
    "git's configuration": ".git/config",
    "a new hook": ".git/hooks/post-checkout",
    "the journal": ".devtask/journal",
    "a new file": "new.txt",
    "the neighbour of its outputs": "build.txt",
}


@pytest.mark.parametrize("name", UNDECLARED)
def test_a_file_that_is_not_among_the_tasks_outputs(victim, name):
    victim.git("init", "-q")
    victim.forge(f"file 0755 BLOB 5 {UNDECLARED[name]}\n")
    the_task_runs_and_nothing_else_happens(victim, project_files(victim))


@pytest.mark.parametrize("mode", ["4755", "2755", "1777", "0666", "0000"])
def test_permissions_that_no_result_has(victim, mode):
    victim.forge(f"file {mode} BLOB 5 build/a.txt\n")
    the_task_runs_and_nothing_else_happens(victim, project_files(victim))


# ---- the journal


@pytest.fixture
def owner(victim):
    """The same, after a run of its own; nothing forged yet."""
    victim.run("--no-cache", "make").succeeded()
    assert victim.ran() == ["make"]
    (victim.done,) = [text for text in records(victim) if text.startswith("done ")]
    return victim


def forged_success(owner, line):
    """The last success, which also made what `line` says. In a project of nothing else it would hold."""
    head, separator, outputs = owner.done.partition("file ")
    lines = [separator + outputs.rstrip("\n"), line.replace("OUTSIDE", str(owner.outside))]
    append_record(owner, head + "\n".join(sorted(lines, key=lambda text: text.split(" ")[-1])) + "\n")


@pytest.mark.parametrize("path", ["../outside/kept.txt", "OUTSIDE/kept.txt", "build/../../outside/kept.txt"])
@pytest.mark.parametrize("command", [("clean",), ("make",), ("--no-cache", "make")], ids=" ".join)
def test_a_forged_journal_does_not_reach_outside(owner, path, command):
    digest = re.search(r"file 0644 (\w+)", owner.done)[1]
    forged_success(owner, f"file 0644 {digest} 5 {path}")
    owner.write("in", "new\n")
    owner.run(*command).succeeded()
    assert (owner.outside / "kept.txt").read_text() == "kept\n"
    owner.run("make").succeeded()
    assert owner.read("build/a.txt") == "new\n"
    assert (owner.outside / "kept.txt").read_text() == "kept\n"


@pytest.mark.parametrize("path", ["../outside/kept.txt", "OUTSIDE/kept.txt", "src/kept.txt"])
def test_a_forged_attempt_does_not_reach_beyond_the_outputs(owner, path):
    owner.write("src/kept.txt", "kept\n")
    owner.write("in", EVIL)  # in the cache, so that it is restored
    path = path.replace("OUTSIDE", str(owner.outside))
    append_record(owner, f"started make\nkey {'0' * 64}\nended\nmade {path}\n")
    owner.run("make").succeeded()
    assert owner.read("build/a.txt") == EVIL
    assert (owner.outside / "kept.txt").read_text() == "kept\n"
    assert owner.read("src/kept.txt") == "kept\n"


@pytest.mark.parametrize("command", [("clean",), ("make",)], ids=" ".join)
def test_a_forged_success_does_not_reach_beyond_the_outputs(owner, command):
    owner.write("src/kept.txt", "kept\n")
    digest = re.search(r"file 0644 (\w+)", owner.done)[1]
    forged_success(owner, f"file 0644 {digest} 5 src/kept.txt")
    owner.write("in", EVIL)
    owner.run(*command).succeeded()
    assert owner.read("src/kept.txt") == "kept\n"


# ---- who may reach what

WAITING = """
[tasks.wait]
inputs = []
outputs = ["large"]
run = "head -c 100000 /dev/urandom >large; echo $$ >began; while ! test -e go; do sleep 0.02; done"
"""
NOBODY = 65534


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.fixture
def running(project):
    """A task that runs with a umask that hides nothing; it ends when the test does."""
    project.tasks(WAITING)
    before = os.umask(0)
    try:
        started = project.start("wait")
    finally:
        os.umask(before)
    wait_for_line(project.path("began"))
    yield started
    project.write("go", "")
    assert started.wait().code == 0


def the_socket(project):
    (path,) = project.path(".devtask").glob("runs/*/socket")
    return path


def test_folders_and_socket_are_their_owners_only(project, running):
    state = project.path(".devtask")
    assert mode_of(state) == 0o700
    for folder in (state / "out", state / "locks", state / "runs", the_socket(project).parent):
        assert mode_of(folder) == 0o700, folder
    assert stat.S_ISSOCK(os.lstat(the_socket(project)).st_mode)
    assert mode_of(the_socket(project)) == 0o600


def test_the_cache_is_its_owners_only(project, running):
    project.write("go", "")
    assert running.wait().code == 0
    folders = [project.cache / "devtask", *(path for path in project.cache.rglob("*") if path.is_dir())]
    assert {mode_of(folder) for folder in folders} == {0o700}, folders
    files = [path for path in project.cache.rglob("*") if path.is_file()]
    assert blob_files(project) and {mode_of(path) & 0o022 for path in files} == {0}


ASK = """
import os, socket, sys
os.chdir(sys.argv[1])
os.setgid(65534), os.setuid(65534)
asking = socket.socket(socket.AF_UNIX)
asking.settimeout(20)
try:
    asking.connect("socket")
    asking.send(b"wait\\n")
    print("answer", asking.recv(1))
except OSError as error:
    print(type(error).__name__)
"""


REFUSALS = ("answer b''\n", "ConnectionResetError\n", "BrokenPipeError\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_other_users_get_no_answer_even_where_they_reach_the_socket(project, running):
    path = the_socket(project)
    ask = [sys.executable, "-c", ASK, str(path.parent)]
    assert subprocess.run(ask, capture_output=True, text=True).stdout == "PermissionError\n"
    path.chmod(0o777)
    path.parent.chmod(0o777)
    assert subprocess.run(ask, capture_output=True, text=True).stdout in REFUSALS


@pytest.mark.parametrize("request_bytes", [b"\n", b"nothing\n", b"../../x\n", b"\0\n", b"wait", b"x" * 2_000_000])
def test_a_bad_request_is_refused_and_the_run_goes_on(project, running, request_bytes):
    asking = socket.socket(socket.AF_UNIX)
    asking.settimeout(20)
    folder = os.open(the_socket(project).parent, os.O_PATH)
    asking.connect(f"/proc/self/fd/{folder}/socket")
    os.close(folder)
    try:
        asking.sendall(request_bytes)
        asking.shutdown(socket.SHUT_WR)
        answer = asking.recv(1)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    assert answer in (b"\x46", b"", b"\0"[: request_bytes == b"\n"]), answer
    project.write("go", "")
    running.wait().expect(stderr="wait: never ran here\nwait: done in TIME\ndevtask: 1 ran in TIME\n")


# ---- a state folder that is not as devtask made it


def test_a_state_folder_that_everybody_can_write_to_is_closed(victim):
    victim.path(".devtask").mkdir()
    victim.path(".devtask").chmod(0o777)
    victim.run("make").succeeded()
    assert mode_of(victim.path(".devtask")) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_state_folder_of_somebody_else_is_not_believed(victim):
    victim.run("make").succeeded()
    os.chown(victim.path(".devtask"), NOBODY, NOBODY)
    run = victim.run("make")
    assert "warning: " in run.stderr or run.code == 2, run.stderr


def test_a_state_folder_that_leads_elsewhere_costs_nothing_there(victim):
    (victim.outside / "runs").mkdir()
    (victim.outside / "runs/kept.txt").write_text("kept\n")
    victim.path(".devtask").symlink_to(victim.outside)
    victim.write("in", "new\n")
    assert victim.run("make").code in (0, 2)
    assert (victim.outside / "kept.txt").read_text() == "kept\n"
    assert (victim.outside / "runs/kept.txt").read_text() == "kept\n"


def test_a_state_folder_that_is_a_file_is_an_error(victim):
    victim.write(".devtask", "mine\n")
    run = victim.run("make")
    assert run.code == 2
    assert "error: cannot create folder `ROOT/.devtask`" in run.stderr
    assert victim.ran() == []
    assert victim.read(".devtask") == "mine\n"


# ---- what is neither file nor folder nor link


def make_socket(path):
    folder = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


SPECIAL = {
    "a pipe": os.mkfifo,
    "a socket": make_socket,
    "a device": lambda path: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5)),  # endless zeros
    "a link to a pipe": lambda path: (os.mkfifo(path.parent.parent / "pipe"), path.symlink_to("../pipe")),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


def make_special(path, name):
    path.parent.mkdir(exist_ok=True)
    try:
        SPECIAL[name](path)
    except PermissionError:
        pytest.skip("only root can make a device")


@pytest.mark.parametrize("pattern", ["src/**", "src/*", "src/x"])
@pytest.mark.parametrize("name", SPECIAL)
def test_it_is_among_the_inputs(project, name, pattern):
    """Nothing is read from it, so that nobody waits for a writer or for the end of a device."""
    project.tasks(f"[tasks.a]\ninputs = ['{pattern}', 'in']\nrun = 'RAN; cat in'\n")
    project.write("in", "1\n")
    make_special(project.path("src/x"), name)
    for text, ran in (("1\n", ["a"]), ("1\n", []), ("2\n", ["a"])):
        project.write("in", text)
        project.run("a", timeout=20).succeeded()
        assert project.ran() == ran


@pytest.mark.parametrize("outputs", ["out/", "out/x"])
@pytest.mark.parametrize("name", SPECIAL)
def test_it_is_where_an_output_goes(project, name, outputs):
    """It is not devtask's: it is not removed. The task may replace it."""
    project.tasks(f"[tasks.a]\ninputs = ['in']\noutputs = ['{outputs}']\nrun = 'RAN; mkdir -p out; rm -f out/x; cat in >out/x'\n")
    project.write("in", "1\n")
    make_special(project.path("out/x"), name)
    project.run("a", timeout=20).succeeded()
    assert project.ran() == ["a"]
    project.path("out/x").unlink()
    make_special(project.path("out/x"), name) if "link to a pipe" not in name else project.path("out/x").symlink_to(
        "../pipe"
    )
    run = project.run("a", timeout=20)
    assert run.code == 0, run.stderr
    assert project.read("out/x") == "1\n"
    assert project.path("out/x").is_file() and not project.path("out/x").is_symlink()


@pytest.mark.parametrize("name", SPECIAL)
def test_a_task_makes_one(project, name):
    project.tasks(
        "[tasks.a]\ninputs = ['in']\noutputs = ['out/']\n"
        "run = 'RAN; mkdir -p out; cp in out/y; rm -f out/x; cp -a spare/x out/x'\n"
    )
    project.write("in", "1\n")
    make_special(project.path("spare/x"), name)
    run = project.run("a", timeout=20)
    assert run.code == 0, run.stderr
    assert project.read("out/y") == "1\n"
    project.remove("out/y")
    assert project.run("a", timeout=20).code == 0
    assert project.read("out/y") == "1\n"
