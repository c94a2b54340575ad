"""`--profile FILE`: a Chrome trace of a run, for whoever wants to see where the time goes."""

import json

TASKS = """
[tasks.one]
inputs = ["in"]
outputs = ["one.txt"]
run = "RAN; sleep 0.2; cat in >one.txt"

[tasks.two]
deps = ["one"]
inputs = []
outputs = ["two.txt"]
run = "RAN; cat one.txt >two.txt"
"""


def spans(project, *words, env=None):
    """All spans of a run as (category, name, begin, end), times in microseconds."""
    project.run(*words, env=env).succeeded()
    events = json.loads(project.read("trace.json"))["traceEvents"]
    assert all(event["ph"] == "X" and event["dur"] >= 0 for event in events)
    return [(event["cat"], event["name"], event["ts"], event["ts"] + event["dur"]) for event in events]


def named(found, category, name):
    return [span[2:] for span in found if span[:2] == (category, name)]


def is_within(inner, outer):
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def test_a_run_shows_its_tasks_and_what_the_engine_did(project):
    project.tasks(TASKS)
    project.write("in", "1\n")
    found = spans(project, "--profile", "trace.json", "two")
    assert project.ran() == ["one", "two"]
    [one], [two], [ninja] = (named(found, *span) for span in (("task", "one"), ("task", "two"), ("engine", "ninja")))
    assert one[1] - one[0] >= 200_000
    assert is_within(one, ninja) and is_within(two, ninja) and one[1] <= two[0]
    first, second = sorted(named(found, "engine", "command"))
    assert is_within(first, one) and is_within(second, two)
    for name in ("load tasks.toml", "plan", "evaluate", "look", "take in"):
        assert named(found, "engine", name), name


def test_a_restore_and_nothing_to_do_are_shown_too(project):
    project.tasks(TASKS)
    project.write("in", "1\n")
    project.run("two").succeeded()
    project.remove("one.txt", "two.txt")
    found = spans(project, "two", env={"DEVTASK_PROFILE": "trace.json"})
    assert len(named(found, "task", "one")) == len(named(found, "task", "two")) == 1
    assert len(named(found, "engine", "restore")) == 2
    assert not named(found, "engine", "ninja")
    found = spans(project, "--profile", "trace.json", "two")
    assert not [span for span in found if span[0] == "task"]
    assert project.ran() == ["one", "two"]


def test_a_file_that_cannot_be_written_is_told_and_the_task_has_run(project):
    project.tasks(TASKS)
    project.write("in", "1\n")
    run = project.run("--profile", "missing/trace.json", "one")
    assert "missing/trace.json" in run.stderr
    assert run.code == 2
    assert project.ran() == ["one"]
    assert project.read("one.txt") == "1\n"
