"""The plugin that writes pytest's results file by file, in a real pytest."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

PLUGIN = Path(__file__).resolve().parents[2] / "src" / "report"

OUTCOMES = """\
import pytest

@pytest.fixture
def broken():
    raise ValueError("no fixture")

@pytest.fixture
def left_over():
    yield
    raise ValueError("not tidied up")

class TestX:
    class TestY:
        @pytest.mark.parametrize("value", [1, "a b", "x::y", "[z]"])
        def test_passes(self, value):
            pass

    def test_fails(self):
        assert "a\\x00\\x1b[31mb" == "b", "two\\nlines"

@pytest.mark.skip(reason="not now")
def test_skipped():
    pass

@pytest.mark.xfail(reason="known")
def test_fails_as_expected():
    assert False

@pytest.mark.xfail(reason="known")
def test_passes_unexpectedly():
    pass

@pytest.mark.xfail(strict=True, reason="mended")
def test_must_fail():
    pass

def test_set_up(broken):
    pass

def test_torn_down(left_over):
    pass

def test_both(left_over):
    assert 1 == 2
"""


@pytest.fixture
def run(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "pytest.ini").write_text("[pytest]\n")

    def run(files, *arguments, folder=".", status=None, report="report"):
        for name, text in files.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text)
        environment = {**os.environ, "DEVTASK_REPORT": report and str(tmp_path / report), "PYTHONPATH": str(PLUGIN)}
        environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
        command = [sys.executable, "-m", "pytest", "-p", "devtask_pytest", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, *(arguments or sorted(files))],
            cwd=project / folder,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=120,
        )
        assert "INTERNALERROR" not in done.stdout, done.stdout
        assert status is None or done.returncode == status, done.stdout
        return read(tmp_path / "report")

    return run


def read(folder):
    """What the reports say: file -> (complete, {name: (outcome, message)})."""
    suites = {}
    for path in sorted(folder.glob("*")) if folder.exists() else []:
        assert path.suffix == ".xml"
        suite = ElementTree.parse(path).getroot()
        values = [each.get("value") for each in suite.iter("property") if each.get("name") == "devtask.complete"]
        cases = {}
        for case in suite.iter("testcase"):
            problems = [(each.tag, each.get("message")) for each in case if each.tag != "skipped"]
            skips = [(each.get("type"), each.get("message")) for each in case if each.tag == "skipped"]
            cases[case.get("name")] = (problems + skips or [("passed", "")])[0]
            assert case.get("file") == suite.get("name")
            assert float(case.get("time")) >= 0
        suites[suite.get("name")] = (values != ["false"], cases)
    return suites


PASSED = ("passed", "")
PASSES = "def test_one(): pass\ndef test_two(): pass\n"
OF_PASSES = {"test_one": PASSED, "test_two": PASSED}
OF_OUTCOMES = {
    "test_passes[1]": PASSED,
    "test_passes[a b]": PASSED,
    "test_passes[x::y]": PASSED,
    "test_passes[[z]]": PASSED,
    "test_fails": ("failure", "AssertionError: two"),
    "test_skipped": ("pytest.skip", "not now"),
    "test_fails_as_expected": ("pytest.xfail", "known"),
    "test_passes_unexpectedly": PASSED,
    "test_must_fail": ("failure", "[XPASS(strict)] mended"),
    "test_set_up": ("error", "ValueError: no fixture"),
    "test_torn_down": ("error", "ValueError: not tidied up"),
    "test_both": ("failure", "assert 1 == 2"),
}


@pytest.mark.parametrize("spread", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_tells_how_each_test_ended(run, spread):
    files = {"tests/test_a.py": OUTCOMES, "tests/test_b.py": PASSES}
    assert run(files, *spread, *files, status=1) == {
        "tests/test_a.py": (True, OF_OUTCOMES),
        "tests/test_b.py": (True, OF_PASSES),
    }


def test_names_tests_as_pytest_itself_does(run, tmp_path):
    own = tmp_path / "own.xml"
    run({"tests/test_a.py": OUTCOMES}, "tests", f"--junitxml={own}", "-o", "junit_family=xunit1")

    def names(path, first_line):
        cases = ElementTree.parse(path).getroot().iter("testcase")
        return {
            (
                x.get("classname"),
                x.get("name"),
                x.get("file"),
                # Of what failed ours is the line where it did.
                None if x.find("failure") is not None or x.find("error") is not None else int(x.get("line")) - first_line,
            )
            for x in cases
        }

    [ours] = (tmp_path / "report").glob("*.xml")
    assert names(ours, 1) == names(own, 0)


def test_holds_the_whole_text_of_a_failure_in_characters_that_xml_allows(run, tmp_path):
    run({"test_a.py": OUTCOMES}, status=1)
    [path] = (tmp_path / "report").glob("*.xml")
    [text] = [x.find("failure").text for x in ElementTree.parse(path).iter("testcase") if x.get("name") == "test_fails"]
    assert "a#x00#x1B[31mb" in text.replace("\\x00", "#x00").replace("\\x1b", "#x1B")
    assert "AssertionError: two" in text and "test_a.py:" in text


@pytest.mark.parametrize("death", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_what_had_ended_before_the_process_died_is_there(run, death):
    dies = f"import os\ndef test_one(): pass\ndef test_dies(): {death}\n"
    assert run({"test_a.py": PASSES, "test_b.py": dies, "test_c.py": PASSES}) == {"test_a.py": (True, OF_PASSES)}


def test_a_file_that_was_not_finished_says_so(run):
    stops = "def test_one(): pass\ndef test_two(): assert 0\ndef test_three(): pass\n"
    assert run({"test_a.py": PASSES, "test_b.py": stops, "test_c.py": PASSES}, "-x", "test_a.py", "test_b.py") == {
        "test_a.py": (True, OF_PASSES),
        "test_b.py": (False, {"test_one": PASSED, "test_two": ("failure", "assert 0")}),
    }


def test_interrupted(run):
    stops = (
        "import os, signal\ndef test_one(): pass\n"
        # Whoever started the tests may have it ignored.
        "def test_two():\n    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    files = {"test_a.py": PASSES, "test_b.py": stops, "test_c.py": PASSES}
    reports = run(files, status=2)
    assert reports["test_a.py"] == (True, OF_PASSES)
    assert reports["test_b.py"][0] is False and reports["test_b.py"][1]["test_one"] == PASSED
    assert reports["test_c.py"] == (False, {})


NOT_RUN = {
    "test_broken.py": "import nothing_like_it\n",
    "test_syntax.py": "def test_one(:\n",
    "test_skipped.py": "import pytest\npytest.skip('not here', allow_module_level=True)\n",
    "test_empty.py": "x = 1\n",
    "test_runs.py": PASSES,
}


@pytest.mark.parametrize("spread", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_files_whose_tests_cannot_run(run, spread):
    reports = run(NOT_RUN, "--continue-on-collection-errors", *spread, *NOT_RUN, status=1)
    [(kind, message)] = reports["test_syntax.py"][1].values()
    assert kind == "error" and message.startswith("SyntaxError: ")
    del reports["test_syntax.py"]
    assert reports == {
        "test_broken.py": (True, {"test_broken": ("error", "ModuleNotFoundError: No module named 'nothing_like_it'")}),
        "test_skipped.py": (True, {"test_skipped": ("pytest.skip", "not here")}),
        "test_empty.py": (True, {}),
        "test_runs.py": (True, OF_PASSES),
    }


def test_a_file_that_cannot_be_collected_stops_the_others(run):
    reports = run(NOT_RUN, status=2)
    assert reports["test_broken.py"][0] is True
    assert reports["test_runs.py"] == (False, {})


def test_no_tests_at_all(run):
    assert run({"test_a.py": "", "test_b.py": ""}, status=5) == {"test_a.py": (True, {}), "test_b.py": (True, {})}


def test_a_worker_that_dies_fails_its_test(run):
    dies = "import os\ndef test_dies(): os._exit(3)\ndef test_two(): pass\n"
    reports = run({"test_a.py": PASSES, "test_b.py": dies}, "-n", "2", "test_a.py", "test_b.py", status=1)
    assert reports["test_a.py"] == (True, OF_PASSES)
    assert reports["test_b.py"][1]["test_two"] == PASSED
    kind, message = reports["test_b.py"][1]["test_dies"]
    assert kind == "error" and "crashed" in message


def test_a_test_that_is_started_once_more(run):
    flaky = "tries = []\ndef test_flaky():\n    tries.append(1)\n    assert len(tries) > 1\ndef test_bad(): assert 0\n"
    assert run({"test_a.py": flaky}, "--reruns", "2", "test_a.py", status=1) == {
        "test_a.py": (True, {"test_flaky": PASSED, "test_bad": ("failure", "assert 0")})
    }


def test_paths_are_those_that_a_person_would_type(run):
    files = {"tests/sub/test_a.py": PASSES, "tests/sp ace/test_é.py": PASSES, "elsewhere/test_b.py": PASSES}
    paths = ["sub/test_a.py", "sp ace/test_é.py", "../elsewhere/test_b.py"]
    expected = {path: (True, OF_PASSES) for path in paths}
    assert run(files, *paths, folder="tests", status=0) == expected
    assert run(files, "--rootdir=sub", "-c", os.devnull, *paths, folder="tests", status=0) == expected


def test_tests_that_change_what_is_around_them(run):
    odd = (
        "import os, sys\n"
        "def test_folder(tmp_path): os.chdir(tmp_path)\n"
        "def test_variable(): os.environ['DEVTASK_REPORT'] = 'elsewhere'\n"
        "def test_output(): os.write(1, b'\\xff\\x00\\x1b]'); print('\\x01')\n"
        "def test_bytes(): raise ValueError('\\udcff\\x08\\uffff')\n"
        "def test_fork():\n"
        "    child = os.fork()\n"
        "    if child == 0: return\n"
        "    os.waitpid(child, 0)\n"
        "    assert 0, 'parent'\n"
    )
    names = ["test_folder", "test_variable", "test_output"]
    bytes_ = {"test_bytes": ("failure", "ValueError: #xDCFF#x08#xFFFF")}
    reports = run({"test_a.py": odd}, status=1)
    assert reports["test_a.py"] == (
        True,
        {**dict.fromkeys(names, PASSED), **bytes_, "test_fork": ("failure", "AssertionError: parent")},
    )


def test_does_nothing_unless_asked(run):
    assert run({"test_a.py": PASSES}, status=0, report="") == {}
