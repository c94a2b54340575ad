"""Nothing runs that need not: second runs, new and old times, branches, worktrees, lost state, fresh clones."""

import os
import shutil

from support.result import Lines
from support.samples import FIRST_CHECK, UP_TO_DATE

RESTORED_ALL = Lines(
    """\
    gen: restored from the cache (saved TIME)
    pack: restored from the cache (saved TIME)
    check: restored from the cache (saved TIME)
    devtask: 3 restored in TIME
    """
)
RESTORED_CHECK = """\
check: restored from the cache (saved TIME)
devtask: 1 restored in TIME
"""


def test_a_second_run_starts_no_process_and_writes_nothing(sample):
    sample.run("check").expect(stderr=FIRST_CHECK)
    assert sample.ran() == ["gen", "pack", "check"]
    before = sample.state()
    sample.run("check", no_processes=True).expect(stderr=UP_TO_DATE.format(3))
    assert sample.ran() == []
    assert sample.state() == before


def test_each_task_and_the_group_have_nothing_to_do(built):
    built.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(4))
    built.run("gen", "docs", no_processes=True).expect(stderr=UP_TO_DATE.format(2))
    built.run("docs", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    assert built.ran() == []


def test_the_claim_that_no_process_starts_can_fail(sample):
    assert sample.run("check", no_processes=True).code != 0
    assert sample.ran() == []


def test_new_times_of_everything_change_nothing(built):
    built.touch_everything()
    built.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(4))
    assert built.ran() == []


def test_new_content_with_an_older_time_runs(built):
    built.write("src/a.txt", "a changed\n")
    built.make_older("src/a.txt")
    built.run("check").expect(
        stderr="""\
        gen: src/a.txt changed
        gen: done in TIME
        pack: its dependency gen changed
        pack: done in TIME
        check: its dependency pack changed
        check: done in TIME
        devtask: 3 ran in TIME
        """
    )
    assert built.ran() == ["gen", "pack", "check"]


def test_new_content_of_the_same_size_with_the_same_time_runs(built):
    before = os.stat(built.path("src/a.txt"))
    built.write("src/a.txt", "a two\n")
    os.utime(built.path("src/a.txt"), ns=(before.st_atime_ns, before.st_mtime_ns))
    built.run("check").succeeded()
    assert built.ran() == ["gen", "pack", "check"]


def test_back_on_a_branch_everything_is_restored(sample):
    sample.write(".gitignore", "build/\n")
    sample.commit("A")
    sample.git("checkout", "-q", "-b", "b")
    sample.write("src/a.txt", "a of branch b\n")
    sample.write("src/new.txt", "new\n")
    sample.commit("B")
    sample.git("checkout", "-q", "main")
    sample.run("check").expect(stderr=FIRST_CHECK)
    built_on_a = sample.read("build/pack/all.txt")
    sample.git("checkout", "-q", "b")
    sample.run("check").succeeded()
    assert sample.ran() == ["gen", "pack", "check"] * 2

    sample.git("checkout", "-q", "main")
    sample.run("check", no_processes=True).expect(stderr=RESTORED_ALL)
    assert sample.ran() == []
    assert sample.read("build/pack/all.txt") == built_on_a
    sample.run("check", no_processes=True).expect(stderr=UP_TO_DATE.format(3))


def test_worktrees_share_results(sample):
    sample.write(".gitignore", "build/\n")
    sample.commit()
    sample.run("check").expect(stderr=FIRST_CHECK)
    sample.ran()
    other = sample.checkout("other")
    sample.git("worktree", "add", "-q", str(other.root), "-b", "other")
    other.run("gen", "pack", "check", no_processes=True).expect(stderr=RESTORED_ALL)
    assert other.ran() == []
    assert other.read("build/pack/all.txt") == sample.read("build/pack/all.txt")


def test_lost_state_is_brought_back_from_the_cache(built):
    built.remove(".devtask")
    built.run("gen", "pack", "check", no_processes=True).expect(stderr=RESTORED_ALL)
    built.remove(".devtask", "build")
    built.run("gen", "pack", "check", no_processes=True).expect(stderr=RESTORED_ALL)
    assert built.ran() == []
    assert built.read("build/pack/all.txt") == "header\nSRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"


def test_what_only_a_restored_task_would_need_stays_away(built):
    built.remove(".devtask", "build")
    built.run("check", no_processes=True).expect(stderr=RESTORED_CHECK)
    assert not built.path("build").exists()
    built.run("check", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    # Once something runs that reads it, it is there.
    built.write("tests/t.txt", "changed\n")
    built.run("check").succeeded()
    assert built.ran() == ["check"]
    assert built.path("build/pack/all.txt").exists()


def test_a_lost_cache_costs_nothing_while_the_outputs_are_there(built):
    shutil.rmtree(built.cache)
    built.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(4))
    assert built.ran() == []


def test_a_lost_cache_and_a_lost_output_run_again(built):
    shutil.rmtree(built.cache)
    built.remove("build/pack/all.txt")
    built.run("check").expect(
        stderr="""\
        pack: its output build/pack/all.txt was deleted
        pack: done in TIME
        devtask: 1 ran, 2 up to date in TIME
        """
    )
    assert built.ran() == ["pack"]


def test_with_cache_and_state_lost_everything_runs(built):
    shutil.rmtree(built.cache)
    built.remove(".devtask", "build")
    built.run("check").expect(stderr=FIRST_CHECK)
    assert built.ran() == ["gen", "pack", "check"]


def test_a_cache_full_of_rubbish_is_a_miss(built):
    for folder, _, files in os.walk(built.cache):
        for name in files:
            path = os.path.join(folder, name)
            os.chmod(path, 0o644)
            with open(path, "wb") as file:
                file.write(b"rubbish")
    built.remove(".devtask", "build")
    built.run("check").succeeded()
    assert built.ran() == ["gen", "pack", "check"]
    assert built.read("build/pack/all.txt") == "header\nSRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"


def test_state_full_of_rubbish_is_taken_as_lost(built):
    for name in ("journal", "memo"):
        path = built.path(".devtask") / name
        assert path.exists()
        path.write_bytes(b"rubbish\n" * 100)
    built.run("check").succeeded()
    assert built.ran() == []
    assert built.read("build/pack/all.txt") == "header\nSRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"


UI = """
[tasks.ui-deps]
inputs = ["ui/package.json"]
outputs = ["ui/node_modules/"]
cache = "local"
witness = "ui/node_modules/.installed"
run = "RAN; mkdir -p ui/node_modules; echo x >ui/node_modules/x.js; echo ok >ui/node_modules/.installed"

[tasks.build-ui]
deps = ["ui-deps"]
inputs = ["ui/**", "!ui/node_modules/**"]
outputs = ["dist/"]
run = "RAN; mkdir -p dist; cat ui/node_modules/x.js ui/main.js >dist/main.js"
"""


def test_a_fresh_clone_needs_no_installed_dependencies(project):
    project.tasks(UI)
    project.write(".gitignore", "dist/\nnode_modules/\n")
    project.write("ui/package.json", "{}\n")
    project.write("ui/main.js", "main\n")
    project.commit()
    project.run("build-ui").succeeded()
    assert project.ran() == ["ui-deps", "build-ui"]

    clone = project.checkout("clone")
    project.git("clone", "-q", str(project.root), str(clone.root), cwd=project.folder)
    # As a CI system restores a cache folder: copied, with new times.
    shutil.move(project.cache, project.folder / "saved")
    shutil.copytree(project.folder / "saved", project.cache, copy_function=shutil.copyfile)
    clone.run("build-ui", no_processes=True).expect(
        stderr="""\
        build-ui: restored from the cache (saved TIME)
        devtask: 1 restored in TIME
        """
    )
    assert clone.ran() == []
    assert clone.read("dist/main.js") == "x\nmain\n"
    assert not clone.path("ui/node_modules").exists()
    clone.run("build-ui", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")

    # Once it is needed, it is installed first.
    clone.write("ui/main.js", "changed\n")
    clone.run("build-ui").expect(
        stderr="""\
        ui-deps: never ran here
        ui-deps: done in TIME
        build-ui: ui/main.js changed
        build-ui: done in TIME
        devtask: 2 ran in TIME
        """
    )
    assert clone.ran() == ["ui-deps", "build-ui"]
