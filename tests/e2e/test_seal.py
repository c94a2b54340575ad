"""The seal of an outcome of nothing to do (`.devtask/seals`): it must break at whatever could change the answer.

A seal is only written over what is older than two seconds, so these tests wait for it: condition, not time."""

import os
import time

import pytest

from e2e.test_staleness import CHANGES
from support.samples import UP_TO_DATE
from support.waiting import wait_for


def seal(project, tasks=4):
    """Runs until the outcome is sealed, and shows that the seal is used: what it answers costs no look at tasks.toml."""
    seals = project.path(".devtask/seals")

    def sealed():
        project.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(tasks))
        return seals.is_dir() and os.listdir(seals)

    names = wait_for(sealed, "a seal")
    before = (seals / names[0]).stat().st_mtime_ns
    project.run("all", no_processes=True).expect(stderr=UP_TO_DATE.format(tasks))
    assert (seals / names[0]).stat().st_mtime_ns == before
    return seals / names[0]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_breaks_the_seal(built, name):
    change, task, why, affected = CHANGES[name]
    seal(built)
    change(built)
    run = built.run("all")
    assert run.code == 0
    assert f"{task}: {why}\n" in run.stderr
    assert built.ran() == affected


def edit_output(project):
    project.write("build/docs.txt", "edited by hand\n")


def shadow_a_program(project):
    project.tool("tr", '#!/bin/sh\nexec /usr/bin/tr "$@"\n')


def forget(project):
    project.run("clean", "docs")


QUIET_CHANGES = {
    "an output edited": (edit_output, []),
    "a program in front of the old one": (shadow_a_program, ["gen"]),
    "an output forgotten": (forget, []),
    "the seal damaged": (lambda p: damage(p), []),
    "another variable": (lambda p: p.env.update(UNDECLARED="1"), []),
}


def damage(project):
    path = project.path(".devtask/seals") / os.listdir(project.path(".devtask/seals"))[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", QUIET_CHANGES)
def test_what_is_not_an_input_is_seen_too(built, name):
    change, ran = QUIET_CHANGES[name]
    seal(built)
    before = {path: path.read_bytes() for path in built.root.rglob("*.txt") if ".devtask" not in path.parts}
    change(built)
    assert built.run("all").code == 0
    assert built.ran()[:1] == ran
    after = {path: path.read_bytes() for path in built.root.rglob("*.txt") if ".devtask" not in path.parts}
    assert after == before


def test_status_and_other_requests_have_answers_of_their_own(built):
    seal(built)
    built.write("docs/d.txt", "e\n")
    built.run("--status", "all").expect(stdout="run docs: docs/d.txt changed\n1 to run, 0 to restore, 3 up to date\n", code=1)
    built.run("--force", "docs").expect(stderr="docs: forced\ndocs: done in TIME\ndevtask: 1 ran in TIME\n")
    assert built.ran() == ["docs"]


def test_a_later_result_of_the_same_key_is_looked_at_itself(project):
    """What was sealed were the outputs of another one."""
    project.tasks(
        """
        [tasks.make]
        inputs = []
        outputs = ["out/"]
        run = "RAN; mkdir -p out; echo a >out/a; if test -e $COUNT_LOG.more; then echo b >out/b; fi"

        [tasks.all]
        deps = ["make"]
        inputs = []
        run = "RAN"
        """
    )
    project.run("all").succeeded()
    seal(project, 2)
    project.log.with_name(project.log.name + ".more").touch()
    project.run("--force", "make").succeeded()
    project.run("all").succeeded()
    project.remove("out/b")
    wait_for(lambda: time.time() - project.path("out").stat().st_mtime > 2.1, "what is there to be old enough")
    run = project.run("all").succeeded()
    assert project.read("out/b") == "b\n", run.stderr
