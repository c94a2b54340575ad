"""The cases of tests and formatters file by file: each contestant in turn on the same files, with the same interpreter
and the same warm caches. A command that fails, or does not do its work, ends the bench."""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

from cases import Bench
from measure import Failed
from workload import Shape

TEST_FILES = 24
TESTS_OF_A_FILE = 4
WORK = (4, 8)  # times the start-up of pytest; the limits begin at three, and less than that ends the bench
TESTED_BY_HAND = "tests/test_flows.py"
IDLE = "everything is up to date"

# A test that works, and takes as long on any number of processes.
TEST = """\
import hashlib
import pytest

@pytest.mark.parametrize("part", range({tests}))
def test_work(part):
    assert hashlib.pbkdf2_hmac("sha256", b"work", b"salt", {rounds})
"""

# Says of each file that it passed, without running anything.
REPORTER = """\
import os, sys
from xml.sax.saxutils import quoteattr
with open(os.path.join(os.environ["DEVTASK_REPORT"], "all.xml"), "w") as out:
    out.write("<testsuites>")
    for path in sys.argv[1:]:
        out.write(f'<testsuite name={quoteattr(path)}><testcase name="all" file={quoteattr(path)}/></testsuite>')
    out.write("</testsuites>")
"""


@dataclasses.dataclass(frozen=True)
class Row:
    """`own` must take at most `limit` times what `other` takes."""

    what: str
    case: str
    own: str
    other: str
    limit: float


class UnitCases:
    def __init__(
        self, scratch: pathlib.Path, bench: Bench, tools: pathlib.Path, many: Shape, rounds: int, prefect, examples
    ):
        self.scratch, self.bench, self.many_shape, self.rounds = scratch, bench, many, rounds
        self.samples = bench.samples
        self.tools = tools / "bin"
        self.prefect_source, self.examples = prefect, examples
        self.home = scratch / "home"
        self.home.mkdir()
        self.rows: list[Row] = []
        self.notes: list[str] = []

    # ---- running

    def run(self, case, who, command, folder, said="", **env) -> str:
        """Measures, if there is a case. `said` must be part of what it says."""
        environment = self.environment() | env
        words = [str(word) for word in command]
        words[0] = shutil.which(words[0], path=environment["PATH"]) or words[0]
        try:
            sample, text = self.bench.runner.run(words, folder, environment, 3600)
        except Failed as error:
            raise Failed(f"{who} failed: {error}") from None
        if said not in text:
            raise Failed(f"{who} failed: it does not say `{said}` but: {text[-300:]}")
        if case:
            self.samples.add(case, who, sample)
        return text

    def devtask(self, case, words, folder, said="", who="devtask") -> str:
        return self.run(case, who, [self.bench.devtask.program, *words], folder, said)

    def environment(self) -> dict[str, str]:
        """Nothing of who runs this, but for where packages come from."""
        prefixes = ("PIP_", "SSL_CERT_", "PYENV_")

        def kept(name: str) -> bool:
            return name.startswith(prefixes) or name == "REQUESTS_CA_BUNDLE" or name.lower().endswith("_proxy")

        env = {name: value for name, value in os.environ.items() if kept(name)}
        settings = pathlib.Path("~/.config/pip/pip.conf").expanduser()
        if settings.exists():
            env.setdefault("PIP_CONFIG_FILE", str(settings))
        home = {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache"), "LC_ALL": "C.UTF-8"}
        return env | home | {"PATH": f"{self.tools}:{os.environ['PATH']}"}

    def median(self, case: str, who: str) -> float:
        return statistics.median(self.samples.walls(case, who))

    # ---- tests

    def cold(self) -> None:
        """Files of tests that take little more than three times as long as pytest to start; and longer ones."""
        folder = self.scratch / "cold"
        (folder / "tests").mkdir(parents=True)
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -q\n")
        (folder / "tasks.toml").write_text('[tasks.test]\nuses = "pytest"\nunits = ["tests/test_*.py"]\n')
        write_tests(folder, 1)
        for case in (None, *["cold, before"] * 5):
            self.start_up(case, folder)
        start_up = self.samples.wall("cold, before", "start-up")
        times = [self.cold_of(folder, factor, start_up) for factor in WORK]
        self.notes.append(
            f"Cold: {TEST_FILES} files of {TESTS_OF_A_FILE} tests, which take {times[0]:.1f} and {times[1]:.1f} times "
            f"as long as the start-up (`pytest --collect-only`, {start_up:.0f} ms). There is neither `.devtask` nor a "
            "cache, but Python's bytecode is there for all."
        )

    def cold_of(self, folder: pathlib.Path, factor: float, start_up: float) -> float:
        """How many times the start-up the tests really take."""
        case, count = f"cold, {factor}", TEST_FILES * TESTS_OF_A_FILE
        write_tests(folder, max(1, int(factor * start_up / count / ms_of_a_round())))
        time.sleep(self.bench.trust_seconds)  # of files younger than that, devtask leaves no bytecode to the others

        def pytest(case: str | None, who: str, *words: str) -> None:
            self.run(case, who, ["pytest", *words, "tests"], folder, f"{count} passed")

        def devtask(case: str | None, jobs: str) -> None:
            for path in (folder / ".devtask", self.home / "cache/devtask"):
                shutil.rmtree(path, ignore_errors=True)
            said = f"tests: {count} passed, 0 failed, 0 skipped · {TEST_FILES} of {TEST_FILES} files ran"
            self.devtask(case, [jobs, "test", "tests"], folder, said, f"devtask {jobs}")

        for label, rounds in ((None, 1), (case, self.rounds)):
            steps = [
                lambda label=label: pytest(label, "pytest"),
                lambda label=label: pytest(label, "pytest -n 2", "-n", "2"),
                lambda label=label: devtask(label, "-j1"),
                lambda label=label: devtask(label, "-j2"),
                lambda label=label: self.start_up(label, folder),
            ]
            for number in range(rounds):
                self.bench.in_turn(number, steps)

        times = self.samples.wall(case, "pytest") / self.samples.wall(case, "start-up") - 1
        if times < 3:
            raise Failed(f"the tests take only {times:.1f} times the start-up of pytest")
        what = f"`devtask test`, cold, {times:.1f} times the start-up"
        self.rows += [
            Row(f"{what}, -j2", case, "devtask -j2", "pytest", 0.65),
            Row(f"{what}, -j1", case, "devtask -j1", "pytest", 1.05),
            Row(f"{what}, -j2", case, "devtask -j2", "pytest -n 2", 1.0),
        ]
        return times

    def start_up(self, case: str | None, folder: pathlib.Path) -> None:
        self.run(case, "start-up", ["pytest", "--collect-only", "tests"], folder)

    def many(self) -> None:
        """The files of the workload of RESULTS.md as the units of one task."""
        shape = self.many_shape
        tree = self.bench.tree(shape)
        tree.write("tasks.toml", '[tasks.all]\nunits = ["t*/src/*"]\nrun = [["true", "{{units}}"]]\n')
        self.bench.settle(tree, ninja=True)
        for number in range(2 * self.rounds):
            self.bench.nothing("many", number, shape)
        self.bench.drop(shape)
        case, units = f"many/{shape}", f"{shape.tasks * shape.files:,} units in one task, nothing to do"
        self.notes.append(
            f"The units are the files of the workload of RESULTS.md; Ninja has them in {shape.tasks:,} tasks."
        )
        self.rows += [Row(units, case, "devtask", "ninja", 0.5), Row(units, case, "devtask", "statx", 1.4)]

    # ---- the real Prefect

    @functools.cached_property
    def prefect_folder(self) -> pathlib.Path:
        """A checkout with examples/prefect in it, and a task more."""
        folder = self.scratch / "prefect"
        subprocess.run([self.prefect_source.absolute() / "checkout", folder], check=True)
        shutil.copyfile(self.examples / "tasks.toml", folder / "tasks.toml")
        shutil.copytree(self.examples / "tasks", folder / "tasks")
        with (folder / "tasks/test.toml").open("a") as tasks:
            reporter = json.dumps(str(self.scratch / "reporter.py"))
            tasks.write(f'\n[tasks.test-told]\nextends = "test"\nrun = [["python3", {reporter}, "{{{{units}}}}"]]\n')
        (self.scratch / "reporter.py").write_text(REPORTER)
        return folder

    def at_rest(self, words, folder) -> None:
        """Up to date, and older than the time within which devtask does not trust a file's time."""
        self.devtask(None, words, folder)
        for _ in range(2):
            time.sleep(self.bench.trust_seconds)
            self.devtask(None, words, folder, IDLE)

    def prefect(self) -> None:
        """All files of tests with nothing to do, after a runner that says that all have passed."""
        folder = self.prefect_folder
        self.devtask(None, ["venv"], folder)
        environment = {"PREFECT_HOME": str(self.home / "prefect"), "COVERAGE_FILE": str(self.home / "coverage")}
        by_hand = f"pytest {TESTED_BY_HAND}"
        self.run("prefect", by_hand, [folder / ".venv/bin/pytest", TESTED_BY_HAND], folder, "122 passed", **environment)
        self.devtask(None, ["test-told"], folder, "178 of 178 files ran")
        self.at_rest(["test-told"], folder)
        listed = self.scratch / "inputs"
        patterns = ["src", "tests", "scripts/generate-lower-bounds.py", "versioneer.py", ":!src/prefect/server/ui"]
        inputs = subprocess.run(
            ["git", "ls-files", "--", *patterns], cwd=folder, capture_output=True, check=True
        ).stdout
        listed.write_bytes(inputs)
        steps = [
            lambda: self.devtask("prefect", ["test-told"], folder, IDLE),
            lambda: self.run("prefect", "statx", [self.bench.runner.floors, "list", listed], folder),
        ]
        for number in range(4 * self.rounds):
            self.bench.in_turn(number, steps)
        self.notes.append(
            "Prefect: the task extends `test` of examples/prefect with a `run` that says of each file that it has "
            "passed, because its tests take an hour. Units, inputs, variables and installed packages, which are what "
            f"is looked at with nothing to do, are those of `test`. `{by_hand}` is measured once. statx has the "
            f"{len(inputs.splitlines())} files that the units and inputs are, not the packages."
        )
        what = "`devtask test` on the 178 files of Prefect, nothing to do"
        self.rows += [Row(what, "prefect", "devtask", by_hand, 0.001), Row(what, "prefect", "devtask", "statx", 3)]

    def formatters(self) -> None:
        """autoflake8, isort and black on Prefect, those that devtask installed for all contestants."""
        folder = self.prefect_folder
        self.devtask(None, ["format"], folder)
        (programs,) = (folder / ".devtask/tools").glob("*/bin")
        excluded = ["--exclude", "*/utilities/compat.py,*/utilities/slugify.py,**__init__.py"]
        steps = {
            "autoflake8": [str(programs / "autoflake8"), "--in-place", *excluded],
            "isort": [str(programs / "isort"), "--filter-files"],
            "black": [str(programs / "black"), "--preview"],
        }
        config = self.scratch / "pre-commit.json"  # JSON is YAML
        hooks = [
            {"id": name, "name": name, "language": "system", "types": ["python"], "entry": words[0], "args": words[1:],
             "require_serial": name != "autoflake8"}
            for name, words in steps.items()
        ]  # fmt: skip
        config.write_text(json.dumps({"repos": [{"repo": "local", "hooks": hooks}]}))
        hook_run = ["pre-commit", "run", "--all-files", "--config", config]
        self.run(None, "pre-commit", hook_run, folder)
        self.at_rest(["format"], folder)
        for number in range(self.rounds):
            nothing = [
                lambda: self.devtask("format", ["format"], folder, IDLE),
                lambda: self.run("format", "pre-commit", hook_run, folder),
            ]
            self.bench.in_turn(number, nothing)

        sources = sorted((folder / "src/prefect").rglob("*.py"), key=lambda path: (path.stat().st_size, path))
        edited = sources[len(sources) // 2]
        whole, path = edited.read_text(), str(edited.relative_to(folder))
        script = 'f=$1; autoflake8 --in-place --exclude "$2" --exit-zero-even-if-changed "$f" && ' \
                 'isort --quiet --filter-files "$f" && black --preview --quiet "$f"'  # fmt: skip
        by_hand = ["/bin/sh", "-c", script, "sh", path, excluded[1]]
        on_path = {"PATH": f"{programs}:{os.environ['PATH']}"}
        changes = iter(range(1000000))

        def edit_and(run) -> None:
            number = next(changes)  # no content comes twice, so black cannot know it
            edited.write_text(f"{whole}\nNUMBER = {{ 'a':{number} }}\n")
            run()
            if not edited.read_text().endswith(f'\nNUMBER = {{"a": {number}}}\n'):
                raise Failed(f"{path} is not formatted")

        for case, rounds in ((None, 1), ("format one", 2 * self.rounds)):
            one = [
                lambda case=case: edit_and(lambda: self.devtask(case, ["format"], folder, "1 of 576 files")),
                lambda case=case: edit_and(lambda: self.run(case, "by hand", by_hand, folder, **on_path)),
            ]
            for number in range(rounds):
                self.bench.in_turn(number, one)
        edited.write_text(whole)
        self.notes.append(
            "Formatters: autoflake8, isort and black as Prefect pins them, on its 576 files. All contestants start the "
            "programs that devtask installed; pre-commit, which would clone the hooks' repositories, does so through "
            "`repo: local` with `language: system`. The one file is of median size "
            f"({edited.stat().st_size:,} bytes); by hand the three run one after the other in one shell."
        )
        self.rows += [
            Row("`devtask format`, nothing to do", "format", "devtask", "pre-commit", 0.01),
            Row("`devtask format`, one file changed", "format one", "devtask", "by hand", 1.15),
        ]


def write_tests(folder: pathlib.Path, rounds: int) -> None:
    for number in range(TEST_FILES):
        (folder / f"tests/test_{number}.py").write_text(TEST.format(tests=TESTS_OF_A_FILE, rounds=rounds))


def ms_of_a_round() -> float:
    """Of the work of a test."""
    rounds, best = 100_000, float("inf")
    for _ in range(5):
        start = time.perf_counter()
        hashlib.pbkdf2_hmac("sha256", b"work", b"salt", rounds)
        best = min(best, time.perf_counter() - start)
    return best * 1000 / rounds
