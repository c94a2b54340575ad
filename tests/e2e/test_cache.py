"""What is stored and how it comes back."""

import os
import shutil

import pytest

from support.cache import damage_all_blobs, damage_blob, make_unused, stored_bytes
from support.result import Has


def forget(project, *outputs):
    project.remove(".devtask", *outputs)


def test_modes_links_and_empty_folders_come_back(project):
    project.tasks(
        """
        [tasks.a]
        inputs = []
        outputs = ["out/"]
        run = '''
        RAN
        mkdir -p out/empty/deeper out/bin
        echo plain >out/plain; chmod 640 out/plain
        echo tool >out/bin/tool; chmod 755 out/bin/tool
        : >out/nothing
        ln -s plain out/link
        ln -s bin out/folder-link
        ln -s missing out/broken-link
        '''
        """
    )
    project.run("a").succeeded()
    forget(project, "out")
    project.run("a", no_processes=True).succeeded()
    assert project.ran() == ["a"]
    assert project.read("out/plain") == "plain\n"
    assert os.stat(project.path("out/plain")).st_mode & 0o777 == 0o644
    assert os.stat(project.path("out/bin/tool")).st_mode & 0o777 == 0o755
    assert project.read("out/nothing") == ""
    assert project.path("out/empty/deeper").is_dir()
    assert os.readlink(project.path("out/link")) == "plain"
    assert os.readlink(project.path("out/folder-link")) == "bin"
    assert os.readlink(project.path("out/broken-link")) == "missing"
    project.run("a", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")


def test_a_folder_of_outputs_that_is_empty_comes_back(project):
    project.tasks("[tasks.a]\ninputs = []\noutputs = ['out/']\nrun = 'RAN; mkdir -p out'\n")
    project.run("a").succeeded()
    forget(project, "out")
    project.run("a").succeeded()
    assert project.ran() == ["a"]
    assert project.path("out").is_dir()


def test_restoring_removes_only_what_the_last_result_put_there(project):
    project.tasks(
        """
        [tasks.a]
        inputs = ["names.txt"]
        outputs = ["out/"]
        run = "RAN; mkdir -p out; for n in $(cat names.txt); do echo $n >out/$n; done"
        """
    )
    project.write("names.txt", "one two\n")
    project.run("a").succeeded()
    project.write("names.txt", "two three\n")
    project.run("a").succeeded()
    assert sorted(os.listdir(project.path("out"))) == ["three", "two"]
    project.write("out/mine.txt", "mine\n")
    project.write("names.txt", "one two\n")
    project.run("a").succeeded()
    assert project.ran() == ["a", "a"]
    assert sorted(os.listdir(project.path("out"))) == ["mine.txt", "one", "two"]


def test_logs_are_replayed_with_full(project):
    project.tasks("[tasks.a]\ninputs = []\nrun = 'RAN; echo to out; echo to err >&2'\n")
    project.run("a").succeeded()
    forget(project)
    project.run("--output-logs=full", "a", no_processes=True).expect(
        stdout="to out\nto err\n",
        stderr="a: restored from the cache (saved TIME)\ndevtask: 1 restored in TIME\n",
    )
    project.run("--output-logs=full", "a", no_processes=True).expect(
        stdout="to out\nto err\n", stderr="a: up to date\ndevtask: everything is up to date (1 task)\n"
    )
    assert project.ran() == ["a"]


VENV = """
[tasks.venv]
inputs = ["requirements.txt"]
outputs = ["venv/"]
cache = "local"
witness = "venv/ok"
run = "RAN; mkdir -p venv; cat requirements.txt >venv/ok; echo library >venv/library"

[tasks.test]
deps = ["venv"]
inputs = ["test.txt"]
run = "RAN; cat venv/library"
"""


@pytest.fixture
def venv(project):
    project.tasks(VENV)
    project.write("requirements.txt", "one\n")
    project.write("test.txt", "test\n")
    project.run("test").succeeded()
    assert project.ran() == ["venv", "test"]
    return project


def test_a_local_task_is_checked_by_its_witness_only(venv):
    venv.write("venv/library", "edited\n")
    venv.write("venv/bytecode", "new\n")
    venv.run("test", no_processes=True).expect(stderr="devtask: everything is up to date (2 tasks)\n")
    venv.remove("venv/ok")
    venv.run("venv").expect(stderr="venv: its output venv/ok was deleted\nvenv: done in TIME\ndevtask: 1 ran in TIME\n")
    assert venv.ran() == ["venv"]
    venv.write("venv/ok", "other\n")
    venv.run("venv").succeeded()
    assert venv.ran() == ["venv"]


def test_a_local_task_is_never_stored(venv):
    forget(venv, "venv")
    venv.run("venv").succeeded()
    assert venv.ran() == ["venv"]


def test_dependents_see_the_key_of_a_local_task(venv):
    venv.write("requirements.txt", "two\n")
    venv.run("test").succeeded()
    assert venv.ran() == ["venv", "test"]
    # The same key as at first: the dependent's result is in the cache, and what it needs is not made for it.
    venv.write("requirements.txt", "one\n")
    venv.run("test", no_processes=True).succeeded()
    assert venv.ran() == []
    # Asked for by name, it is made.
    venv.run("venv").succeeded()
    assert venv.ran() == ["venv"]
    assert venv.read("venv/ok") == "one\n"


def test_a_program_that_the_task_makes_itself_is_no_part_of_its_key(project):
    tasks = """
        [tasks.venv]
        inputs = []
        outputs = ["venv/"]
        cache = "local"
        witness = "venv/tool"
        run = ["RAN; mkdir venv; echo '#!/bin/sh' >venv/tool; chmod +x venv/tool", "venv/tool", ["venv/tool"]]
        [tasks.use]
        deps = ["venv"]
        inputs = []
        run = "RAN"
        """
    project.tasks(tasks)
    project.run("use").succeeded()
    assert project.ran() == ["venv", "use"]
    other = project.checkout("other")
    other.tasks(tasks)
    other.run("use", no_processes=True).succeeded()
    assert project.ran() == []


def test_a_result_with_the_checkouts_path_is_for_this_checkout_only(project):
    tasks = "[tasks.a]\ninputs = []\noutputs = ['out.txt']\nrun = 'RAN; pwd >out.txt'\n"
    project.tasks(tasks)
    run = project.run("a").succeeded()
    assert "the result of `a` holds this checkout's path: it is kept for this checkout only\n" in run.stderr
    forget(project, "out.txt")
    project.run("a").succeeded()
    assert project.ran() == ["a"]  # restored: it is the same checkout
    other = project.checkout("other")
    other.tasks(tasks)
    other.run("a").succeeded()
    assert other.ran() == ["a"]
    assert other.read("out.txt") == f"{other.root}\n"


def test_the_same_content_is_stored_once(project):
    big = os.urandom(3000).hex() + "\n"
    project.tasks(
        "[tasks.a]\ninputs = ['a.txt']\noutputs = ['a/']\n"
        "run = 'mkdir -p a; for i in 1 2 3 4 5; do cp a.txt a/$i; done'\n"
    )
    project.write("a.txt", big)
    project.run("a").succeeded()
    assert 3000 <= stored_bytes(project) < 2 * len(big)


def fill(project, count=6, size=200_000):
    project.tasks(
        "[tasks.a]\ninputs = ['n.txt']\noutputs = ['out.bin']\n"
        f"run = 'RAN; head -c {size} /dev/urandom >out.bin; cat n.txt >>out.bin'\n"
    )
    for number in range(count):
        project.write("n.txt", f"{number}\n")
        project.run("a").succeeded()
    project.ran()


def test_gc_keeps_the_most_recently_used_within_a_size(project):
    fill(project)
    assert stored_bytes(project) > 1_200_000
    make_unused(project)
    project.write("n.txt", "0\n")
    project.run("a").succeeded()  # used just now
    project.run("cache", "gc", "--max-size", "500K").succeeded()
    assert stored_bytes(project) <= 500 * 1024
    project.remove("out.bin")
    project.run("a").succeeded()
    assert project.ran() == []  # the one used last is still there
    project.write("n.txt", "1\n")
    project.run("a").succeeded()
    assert project.ran() == ["a"]


def test_gc_by_age_and_to_nothing(project):
    fill(project, count=2)
    project.run("cache", "gc", "--max-size", "0").succeeded()
    assert stored_bytes(project) > 400_000, "what was used within the last hour may be in use"
    make_unused(project, hours=48)
    project.run("cache", "gc", "--max-age", "3d").succeeded()
    assert stored_bytes(project) > 400_000
    project.run("cache", "gc", "--max-age", "1d").succeeded()
    assert stored_bytes(project) == 0
    project.remove("out.bin")
    project.run("a").succeeded()
    assert project.ran() == ["a"]


def test_stats_count(project):
    project.run("cache", "stats", cwd=project.folder)
    fill(project, count=3, size=1000)
    project.run("cache", "stats").expect(stdout=Has("FOLDER/cache/devtask", "3"))


def test_verify_finds_and_removes_what_is_broken(built):
    built.run("cache", "verify").expect(stdout=Has("all good\n"))
    digest = damage_blob(built, built.path("build/gen.txt").read_bytes())
    built.run("cache", "verify").expect(stdout=Has(digest, "mended\n"))
    built.run("cache", "verify").expect(stdout=Has("all good\n"))
    built.remove("build/gen.txt")
    built.run("gen").succeeded()
    assert built.ran() == ["gen"]
    assert built.read("build/gen.txt") == "SRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"


def test_a_broken_blob_is_never_restored(built):
    damage_all_blobs(built)
    built.remove("build")
    run = built.run("gen", "pack", "check").succeeded()
    assert run.stderr.count("warning: ") == 1
    assert built.ran() == ["gen", "pack"]
    assert built.read("build/pack/all.txt") == "header\nSRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"


def test_cache_clean_removes_it_all(built):
    built.run("cache", "clean").succeeded()
    assert stored_bytes(built) == 0
    built.remove("build", ".devtask")
    built.run("check").succeeded()
    assert built.ran() == ["gen", "pack", "check"]


def test_a_cache_that_cannot_be_written_costs_a_warning(sample):
    shutil.rmtree(sample.cache, ignore_errors=True)
    sample.cache.write_text("not a folder\n")
    run = sample.run("check").succeeded()
    assert run.stderr.count("warning: the cache does not work: ") == 1
    assert sample.ran() == ["gen", "pack", "check"]
    sample.run("check").expect(stdout="", stderr=Has("devtask: everything is up to date (3 tasks)\n"))


# What cannot be the cache, and what is said of it.
IN_THE_WAY = {
    "the cache is a file": "`FOLDER/cache/devtask` is not a folder",
    "the folder of caches is a file": "`FOLDER/cache` is not a folder",
    "the cache leads nowhere": "`FOLDER/cache/devtask` is a link to `FOLDER/gone`, where nothing is",
    "the cache leads to itself": "`FOLDER/cache/devtask` is a link to `devtask`, where nothing is",
    "the cache leads to a file": "`FOLDER/cache/devtask` is a link to `/dev/null`, which is not a folder",
    "v1 is a file": "`FOLDER/cache/devtask/v1` is not a folder",
    "blobs lead nowhere": "`FOLDER/cache/devtask/v1/blobs` is a link to `/mnt/gone`, where nothing is",
    "blobs lead to themselves": "`FOLDER/cache/devtask/v1/blobs` is a link to `blobs`, where nothing is",
}


def put_in_the_way(project, what):
    top = project.cache / "devtask"
    path = top / "v1/blobs" if what.startswith("blobs") else top / "v1" if what.startswith("v1") else top
    if what == "the folder of caches is a file":
        path = project.cache
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if "lead" not in what:
        path.write_text("mine\n")
    elif what.endswith(("itself", "themselves")):
        path.symlink_to(path.name)
    elif what.endswith("a file"):
        path.symlink_to("/dev/null")
    else:
        path.symlink_to("/mnt/gone" if what.startswith("blobs") else project.folder / "gone")
    return path


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_a_cache_that_cannot_work_is_told_and_left_to_a_person(built, what):
    path = put_in_the_way(built, what)
    advice = (
        "remove the link, or bring back what it led to"
        if "where nothing is" in IN_THE_WAY[what]
        else "remove it, or move it to where it belongs: devtask makes a folder there"
    )
    said = f"error: {IN_THE_WAY[what]}\n  help: {advice}\n"
    for words in (["stats"], ["gc"], ["clean"]):
        built.run("cache", *words).expect(stderr=said, code=2)
    built.write("src/new.txt", os.urandom(200_000).hex())
    run = built.run("gen").succeeded()
    assert run.stderr.count("warning: ") == 1
    assert f"warning: the cache does not work: {IN_THE_WAY[what]}\n  help: {advice}\n" in run.stderr
    built.run("cache", "verify").expect(stdout="checked 0 blobs and 0 results: 1 not mended\n", stderr=said, code=1)
    assert path.is_symlink() or path.read_text() == "mine\n"
    path.unlink()
    built.run("cache", "verify").succeeded()
    built.run("cache", "verify").expect(stdout=Has("all good\n"))


@pytest.mark.parametrize("target", ["FOLDER/gone/index", "index-1.db"])
def test_verify_begins_a_new_index_after_a_link_that_leads_nowhere(built, target):
    index = next((built.cache / "devtask/v1").glob("index-*.db"))
    index.unlink()
    index.symlink_to(target.replace("FOLDER", str(built.folder)))
    built.run("cache", "verify").expect(stdout=Has("the index is broken, a new one is begun\n", " mended\n"))
    built.run("cache", "verify").expect(stdout=Has("all good\n"))
    assert not index.is_symlink()


@pytest.mark.parametrize("name", ["blobs", "tmp"])
def test_verify_removes_a_file_in_the_place_of_devtasks_own_folders(built, name):
    path = built.cache / "devtask/v1" / name
    shutil.rmtree(path, ignore_errors=True)
    path.write_text("in the way\n")
    told = "`FOLDER/cache/devtask/v1/" + name + "` is not a folder"
    for words in (["stats"], ["gc"], ["clean"]):
        built.run("cache", *words).expect(stderr=f"error: {told}\n  help: `devtask cache verify` removes it\n", code=2)
    built.run("cache", "verify").expect(stdout=Has(f"{told}\n", " mended\n"))
    assert not path.exists()
    built.run("cache", "verify").expect(stdout=Has("all good\n"))


def test_verify_removes_a_file_in_the_place_of_a_folder_of_blobs(built):
    path = built.cache / "devtask/v1/blobs/ab"
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(exist_ok=True)
    path.write_text("in the way\n")
    built.run("cache", "verify").expect(
        stdout=Has("`FOLDER/cache/devtask/v1/blobs/ab` is in the place of a blob\n", " mended\n")
    )
    assert not path.exists()
    built.run("cache", "verify").expect(stdout=Has("all good\n"))


def test_a_link_that_leads_out_of_the_project_is_not_stored(project):
    project.tasks("[tasks.a]\ninputs = []\noutputs = ['out']\nrun = 'RAN; ln -sfn ../elsewhere out'\n")
    project.run("a").succeeded()
    forget(project, "out")
    project.run("a").succeeded()
    assert project.ran() == ["a", "a"]


def test_large_and_binary_files_come_back_as_they_were(project):
    content = bytes(range(256)) * 4096 + b"\0" * 100_000
    project.write("big.bin", content)
    project.tasks("[tasks.a]\ninputs = ['big.bin']\noutputs = ['out.bin']\nrun = 'RAN; cp big.bin out.bin'\n")
    project.run("a").succeeded()
    forget(project, "out.bin")
    project.run("a", no_processes=True).succeeded()
    assert project.path("out.bin").read_bytes() == content
