"""Tasks that run side by side and put their outputs into one folder."""

import pytest

TASKS = """
[tasks.early]
inputs = ["in.txt"]
outputs = ["out/early.txt"]
run = '''
RAN
trap 'touch early.ended' EXIT
touch early.started
until test -e late.started; do sleep 0.01; done
cat in.txt >out/early.txt
'''

[tasks.gate]
inputs = ["in.txt"]
run = "until test -e early.started; do sleep 0.01; done"

[tasks.late]
deps = ["gate"]
inputs = ["in.txt"]
outputs = ["out/*.late"]
run = '''
RAN
touch late.started
until test -e early.ended; do sleep 0.01; done
mkdir -p out
cat in.txt >out/it.late
'''
"""
SIGNS = ("early.started", "late.started", "early.ended")


def test_clearing_the_outputs_of_one_task_leaves_the_folder_of_another(project):
    project.tasks(TASKS)
    for number in range(2):
        for name in SIGNS:
            project.path(name).unlink(missing_ok=True)
        project.write("in.txt", f"{number}\n")
        run = project.run("-j2", "early", "late")
        assert run.code == 0, run.stderr
        assert project.read("out/early.txt") == project.read("out/it.late") == f"{number}\n"
    assert sorted(project.ran()) == ["early", "early", "late", "late"]
