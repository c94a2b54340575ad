"""Temporary files of a killed devtask, wherever it can have been killed: the next run that works removes them.

test_kill.py kills at random and will hardly ever hit the moment between making a file and giving it its name; so
here the files are put where such a moment leaves them, with the number of a process that was killed.
"""

import os
import signal

import pytest

from faults.workloads import WORKLOADS, References, leftovers
from support.waiting import wait_for

FOLDER = WORKLOADS["folder"]

PLACES = [
    pytest.param("project/out/folder", "file", id="output"),
    pytest.param("project/out/folder/deep/er", "file", id="output below"),
    pytest.param("project/out", "file", id="output that is one file"),
    pytest.param("project/out/folder", "link", id="link"),
    pytest.param("project/.devtask", "file", id="state"),
    pytest.param("project/.devtask/out", "file", id="out"),
    pytest.param("project/.devtask/seals", "file", id="seals"),
    pytest.param("project/.devtask/commits", "file", id="commits"),
    pytest.param("cache/devtask/v1/tmp", "file", id="blob"),
    pytest.param("cache/devtask", "file", id="tag of the cache"),
]


def killed(project, task="folder"):
    """The number of a devtask that was killed while that task ran."""
    running = project.start(*FOLDER.request)
    wait_for(lambda: task in project.log.read_text(), "the task to start")
    running.send(signal.SIGKILL)
    running.wait()
    return running.process.pid


@pytest.mark.parametrize("folder, kind", PLACES)
def test_what_a_killed_devtask_leaves_goes_with_the_next_run(project, tmp_path, folder, kind):
    FOLDER.write(project, 0)
    task = "all" if folder == "project/out" else "folder"
    path = project.folder / folder / f".devtask-{killed(project, task)}-4294967296~"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "link":
        path.symlink_to("deep")
    else:
        path.write_text("half")
        os.utime(path, (0, 0))
    project.run(*FOLDER.request).succeeded()
    project.run("cache", "gc").succeeded()
    assert leftovers(project) == []
    assert References(tmp_path / "references", FOLDER).wrong(project, 0) == ""


def test_files_that_only_look_like_it_stay(project):
    """Names of somebody else, of a living process, and what a person has called so."""
    FOLDER.write(project, 0)
    killed(project)
    kept = [f".devtask-{os.getpid()}-1~", ".devtask-1~", ".devtask-x-1~", ".devtask-99999999-1", "devtask-99999999-1~"]
    for name in kept:
        project.write(f"out/{name}", "kept\n")
    project.run(*FOLDER.request).succeeded()
    assert sorted(name for name in os.listdir(project.path("out")) if "devtask-" in name) == sorted(kept)


def test_the_folder_of_a_killed_run_goes_with_the_next(project):
    FOLDER.write(project, 0)
    pid = killed(project)
    assert [name.split("-")[0] for name in os.listdir(project.path(".devtask/runs"))] == [str(pid)]
    project.run(*FOLDER.request).succeeded()
    assert os.listdir(project.path(".devtask/runs")) == []
