"""The bench command measures each case and says each row. What it measures here means nothing: it is in a hurry, on a
tiny workload."""

import json
import shutil
import subprocess
import sys

import pytest

from support.project import DEVTASK, REPOSITORY

BENCH = REPOSITORY / "bench" / "run.py"
ROWS = [
    ("nothing to do", "Ninja's own no-op", "≤ 0.5"),
    ("nothing to do", "statx walk, two threads", "≤ 1.4"),
    ("one file changed", "Ninja", "≤ 0.75"),
    ("all touched, same content", "reading and hashing all", "≤ 1.4"),
    ("outputs deleted, restored", "copying them", "≤ 2"),
    ("cold, in chains of 10", "Ninja", "≤ 1.2"),
    ("cold, all independent", "Ninja", "≤ 1.5"),
    ("N=40 against N=20: nothing to do", "N=20", "≤ 10"),
    ("N=40 against N=20: one change", "N=20", "≤ 10"),
    ("N=40 against N=20: cold", "the same growth of Ninja", "≤ 1.3"),
    ("N=40 against N=20: restored", "the same growth of copying", "≤ 1.3"),
    ("peak memory, nothing to do", "Ninja", "≤ 0.8"),
    ("`devtask --version`", "`ninja --version`", "≤ 1.2"),
    ("`devtask list`, 10 tasks", "`ninja --version`", "≤ 3"),
    ("Prefect: `build-ui`, nothing to do", "the guide's own way", "≤ 0.005"),
]


def bench(folder, *options, devtask=DEVTASK):
    """Returns exit status, what it printed and what it said."""
    places = ["--devtask", devtask, "--raw", folder / "raw.json", "--out", folder / "RESULTS.md", "--scratch", folder]
    done = subprocess.run(
        [sys.executable, BENCH, *options, *places], cwd=folder, capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout, done.stderr


def rows_of(text, title):
    """The cells of the table under a title."""
    lines = text.split(f"# {title}\n")[1].split("\n#")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    code, _, said = bench(folder, "--all", "--hasty", "--no-peers", "--tasks=20", "--large=40", "--rounds=1")
    assert code == 0, said
    return folder


def test_every_row_that_must_be_has_its_ratio_and_whether_it_is_met(measured):
    rows = rows_of((measured / "RESULTS.md").read_text(), "What must be")
    assert [(what, against, limit) for what, _, against, _, _, _, limit, _ in rows] == ROWS
    for what, own, _, other, ratio, _, limit, met in rows:
        if what.startswith("Prefect"):
            assert (own, other, ratio, met) == ("–", "–", "–", "–"), "was not asked for"
            continue
        assert "–" not in (own, other)
        assert float(ratio) > 0
        # What is shown is rounded; close to the limit it says nothing.
        if abs(float(ratio) - float(limit.split()[1])) > 0.01:
            assert met == ("yes" if float(ratio) <= float(limit.split()[1]) else "**no**")


def test_the_rest_is_reported_with_a_sentence_on_what_bounds_it(measured):
    parts = (measured / "RESULTS.md").read_text().split("## Also measured\n")[1].split("\n### ")[1:]
    without = {"Prefect"} | (set() if shutil.which("strace") else {"System calls and processes"})
    assert {part.splitlines()[0] for part in parts if "Not measured in this run." in part} == without
    bounded = [part for part in parts if "ound by" in " ".join(part.split())]
    assert {part.splitlines()[0] for part in parts} - {part.splitlines()[0] for part in bounded} == {
        "The floors"
    } | without


def test_the_report_says_nothing_of_where_it_was_made(measured):
    for text in ((measured / "RESULTS.md").read_text(), (measured / "raw.json").read_text()):
        assert str(measured) not in text
        assert str(REPOSITORY) not in text
        assert str(DEVTASK) not in text


def test_the_same_report_comes_from_the_raw_numbers(measured, tmp_path):
    done = bench(tmp_path, "--report", measured / "raw.json")
    assert done == (0, "", "")
    assert (tmp_path / "RESULTS.md").read_text() == (measured / "RESULTS.md").read_text()


def test_all_are_measured_in_the_same_rounds(measured):
    samples = json.loads((measured / "raw.json").read_text())["samples"]
    assert set(samples["nothing/20"]) == {"statx", "ninja", "devtask"}
    assert set(samples["cold/20"]) == {"spawn", "ninja", "devtask"}
    assert {len(rounds) for case in ("nothing/20", "cold/20") for rounds in samples[case].values()} == {1}


def test_a_peer_that_is_missing_or_does_not_do_its_work_is_said_so(tmp_path):
    fake = tmp_path / "peers/py/bin/task"
    fake.parent.mkdir(parents=True)
    fake.write_text("#!/bin/sh\necho up to date\n")
    fake.chmod(0o755)
    options = ("--only=nothing", "--hasty", "--tasks=10", "--rounds=1", "--peers", tmp_path / "peers")
    code, _, said = bench(tmp_path, *options)
    assert code == 0, said
    report = (tmp_path / "RESULTS.md").read_text()
    line = next(" ".join(part.split()) for part in report.split("\n\n") if part.startswith("Not measured: "))
    assert "ninja of PyPI (not installed)" in line
    assert "go-task (failed, setting up: t0/out.txt is not what its inputs make)" in line


def test_a_devtask_that_does_nothing_is_no_fast_devtask(tmp_path):
    code, printed, said = bench(
        tmp_path, "--only=one", "--hasty", "--no-peers", "--tasks=10", "--rounds=1", devtask="/bin/true"
    )
    assert (code, printed) == (1, "")
    assert "bench: devtask failed: " in said
    assert not (tmp_path / "RESULTS.md").exists()


def test_an_unknown_section_is_named(tmp_path):
    code, printed, said = bench(tmp_path, "--only=nothing,everything")
    assert (code, printed) == (1, "")
    assert said.startswith("bench: no section everything; there are nothing, one, ")


def bench_of_units(folder, *options, devtask=DEVTASK):
    command = [sys.executable, BENCH.with_name("units.py"), "--devtask", devtask, "--scratch", folder, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


MANY_UNITS = ("--only=many", "--hasty", "--tasks=20", "--rounds=1")


def test_units_have_a_bench_of_their_own(tmp_path):
    code, printed, said = bench_of_units(tmp_path, *MANY_UNITS)
    assert code == 0, said
    rows = rows_of(printed, "What must be")
    what = "400 units in one task, nothing to do"
    assert [(row[0], row[2], row[5]) for row in rows] == [(what, "`ninja`", "≤ 0.50"), (what, "`statx`", "≤ 1.40")]
    assert str(tmp_path) not in printed


def test_a_command_that_fails_ends_the_bench_of_units(tmp_path):
    code, printed, said = bench_of_units(tmp_path, *MANY_UNITS, devtask="/bin/true")
    assert code == 1
    assert rows_of(printed, "What must be") == []
    assert "bench: many: devtask failed: nothing was to do, but it says: " in said
