"""Makes pytest write its results file by file, each at the moment in which the last test of that file has ended.

What was finished when the process dies is on disk then. Loaded by `-p devtask_pytest`; the environment variable
DEVTASK_REPORT names the folder. Works with pytest 6.2 and newer, with and without pytest-xdist, by public hooks only.
Unaware of: tasks, what is cached.
"""

import collections
import contextlib
import glob
import hashlib
import importlib.machinery
import os
import re
import sys
import time
import xml.etree.ElementTree as ElementTree

import pytest

YOUNG_SECONDS = 2
# What is not in XML. Said the other way round, by what is, it takes ten times as long to compile, in each process.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_young(path):
    """Changed so shortly ago that a change to come could leave second and size of the time as they are, which is all
    that Python compares with what it has compiled: what is compiled of it must not stay."""
    try:
        found = os.stat(path)
    except OSError:
        return False
    return max(found.st_mtime, found.st_ctime) > time.time() - YOUNG_SECONDS


write_compiled = importlib.machinery.SourceFileLoader.set_data


def write_of_old_source(loader, path, data, **options):
    if not is_young(loader.path):
        write_compiled(loader, path, data, **options)


def forget_young_tests(files):
    """pytest compiles tests and conftest.py itself, and writes that in a way of its own."""
    for file in filter(is_young, files):
        folder, name = os.path.split(file)
        stem = glob.escape(os.path.splitext(name)[0])
        for compiled in glob.glob(os.path.join(glob.escape(folder), "__pycache__", f"{stem}.*.pyc")):
            with contextlib.suppress(OSError):
                os.unlink(compiled)


def pytest_collection_finish(session):
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    root = os.fspath(session.config.rootpath) + os.sep
    forget_young_tests(file for file in modules if file and file.startswith(root) and file.endswith(".py"))


def refuse_memory(config):
    """What a file's result is must not depend on what failed some other time."""
    for name, option in (("lf", "--lf"), ("stepwise", "--sw")):
        if config.getoption(name, False):
            raise pytest.UsageError(f"`{option}` chooses tests by what failed before: use `devtask --failed` instead")


def pytest_configure(config):
    folder = os.environ.get("DEVTASK_REPORT")
    is_worker = hasattr(config, "workerinput")  # of pytest-xdist: the controller hears everything
    if folder and not is_worker:
        refuse_memory(config)
        config.pluginmanager.register(Reporter(config, os.path.abspath(folder)), "devtask-report")


def tidy(text):
    return NOT_XML.sub(lambda match: f"#x{ord(match.group()):02X}", str(text))


def file_of(nodeid):
    return nodeid.partition("::")[0]


def names_of(file, nodeid):
    """Class and name of a test, as pytest's own report has them."""
    inside = nodeid.partition("::")[2]
    module = re.sub(r"\.py$", "", file.replace("/", "."))
    if not inside:
        return "", module
    address, bracket, parameters = inside.partition("[")
    *classes, name = address.split("::")
    return ".".join([module, *classes]), name + bracket + parameters


def text_of(report):
    return getattr(report, "longreprtext", None) or str(report.longrepr or "")


def message_of(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return crash.message
    text = report.longrepr if isinstance(report.longrepr, str) else text_of(report)
    lines = text.strip().splitlines() or [""]
    # Of a file that could not be imported the last line has the exception.
    errors = [line[2:].strip() for line in lines if line.startswith("E ")]
    return errors[-1] if errors else lines[0]


class Case:
    """What became of one test, or of a file that could not be collected."""

    def __init__(self, file, nodeid):
        self.file = file
        self.classname, self.name = names_of(file, nodeid)
        self.line = None
        self.seconds = 0.0
        self.problems = []  # (element, message, text)
        self.skip = None  # (type, message)

    def add(self, report, is_test=True):
        self.seconds += getattr(report, "duration", 0.0)
        path, line = (getattr(report, "location", None) or (None, None))[:2]
        if self.line is None and line is not None and path.replace(os.sep, "/") == self.file:
            self.line = line + 1
        # Where it failed says more, if that is in the same file.
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and report.failed and os.path.basename(crash.path) == os.path.basename(self.file):
            self.line = crash.lineno
        if report.outcome == "rerun":  # a plugin starts the test once more
            self.problems.clear()
            self.skip = None
        elif report.failed:
            element = "failure" if is_test and report.when == "call" else "error"
            self.problems.append((element, message_of(report), text_of(report)))
        elif report.skipped:
            self.add_skip(report)

    def add_skip(self, report):
        if hasattr(report, "wasxfail"):
            reason = report.wasxfail
            self.skip = ("pytest.xfail", reason[8:] if reason.startswith("reason: ") else reason)
            return
        is_place = isinstance(report.longrepr, tuple) and len(report.longrepr) == 3
        reason = report.longrepr[2] if is_place else message_of(report)
        self.skip = ("pytest.skip", reason[9:] if reason.startswith("Skipped: ") else reason)

    def element(self, shown):
        names = {"classname": tidy(self.classname), "name": tidy(self.name), "file": tidy(shown)}
        case = ElementTree.Element("testcase", names)
        if self.line is not None:
            case.set("line", str(self.line))
        case.set("time", f"{self.seconds:.6f}")
        for element, message, text in self.problems:
            first_line = (message.splitlines() or [""])[0]
            ElementTree.SubElement(case, element, message=tidy(first_line)).text = tidy(text)
        if self.skip and not self.problems:
            ElementTree.SubElement(case, "skipped", type=self.skip[0], message=tidy(self.skip[1]))
        return case


class Reporter:
    """Files are relative to pytest's root here, as in the node ids of what lies below it."""

    def __init__(self, config, folder):
        self.folder = folder
        self.process = os.getpid()
        self.root = str(getattr(config, "rootpath", None) or config.rootdir)
        self.start = str(config.invocation_params.dir)
        self.config = config
        self.relative_paths = {}
        self.expected = collections.Counter()  # tests of each file
        self.ended = collections.Counter()
        self.cases = collections.defaultdict(dict)  # file -> node id -> Case
        self.collected = False
        self.running = None  # the file of the test; a controller of pytest-xdist has node ids only

    def relative(self, path):
        if path not in self.relative_paths:
            self.relative_paths[path] = os.path.relpath(path, self.root).replace(os.sep, "/")
        return self.relative_paths[path]

    def file_of_node(self, node):
        return self.relative(str(getattr(node, "path", None) or node.fspath))

    # ---- what will run

    def pytest_collection_finish(self, session):
        self.begin(map(self.file_of_node, session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        if not self.collected:  # all workers collect the same
            self.begin(map(file_of, ids))

    def begin(self, files):
        self.collected = True
        self.expected.update(files)
        for file in set(self.cases) | self.given_files():
            if not self.expected[file]:
                self.write(file)

    def given_files(self):
        files = set()
        for argument in self.config.args:
            path = os.path.join(self.start, str(argument))
            if os.path.isfile(path):
                files.add(self.relative(path))
        return files

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection(self, session):
        outcome = yield
        error = outcome.excinfo and outcome.excinfo[1]
        # A part of a file that is not there ends it with the same exit status as a mistake in its configuration.
        if isinstance(error, pytest.UsageError) and all(str(each).startswith("not found: ") for each in error.args):
            self.save("not-found", self.suite("", {"devtask.not-found": "true"}))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        outcome = yield
        outcome.get_result().devtask_file = self.file_of_node(collector)

    def pytest_collectreport(self, report):
        if not report.passed and report.nodeid:
            file = getattr(report, "devtask_file", None) or file_of(report.nodeid)
            case = self.cases[file][report.nodeid] = Case(file, report.nodeid)  # each worker of pytest-xdist tells it
            case.add(report, is_test=False)
            if self.collected and not self.expected[file]:
                self.write(file)

    # ---- what has run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.running = self.file_of_node(item)

    def pytest_runtest_logreport(self, report):
        file = self.running or file_of(report.nodeid)
        self.cases[file].setdefault(report.nodeid, Case(file, report.nodeid)).add(report)
        if report.when not in ("setup", "call", "teardown"):  # pytest-xdist: its worker died
            self.pytest_runtest_logfinish(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid):
        file = self.running or file_of(nodeid)
        self.ended[file] += 1
        if self.ended[file] >= self.expected[file]:
            self.write(file)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        for file in set(self.cases) | set(self.expected):
            if self.ended[file] < self.expected[file] or not self.collected:
                self.write(file, complete=False)

    # ---- reports

    def write(self, file, complete=True):
        if os.getpid() != self.process:  # a child that a test has forked and that went on
            return
        # As a person would type it here; pytest's own root may be another folder.
        shown = os.path.relpath(os.path.join(self.root, file), self.start).replace(os.sep, "/")
        suite = self.suite(shown, {} if complete else {"devtask.complete": "false"})
        suite.set("tests", str(len(self.cases[file])))
        suite.extend(case.element(shown) for case in self.cases[file].values())
        self.save(hashlib.sha256(os.fsencode(file)).hexdigest()[:32], suite)

    def suite(self, name, properties):
        suite = ElementTree.Element("testsuite", name=tidy(name))
        if properties:
            element = ElementTree.SubElement(suite, "properties")
            for each, value in properties.items():
                ElementTree.SubElement(element, "property", name=each, value=value)
        return suite

    def save(self, name, suite):
        path = os.path.join(self.folder, name)
        try:
            os.makedirs(self.folder, exist_ok=True)
            with open(path + ".tmp", "wb") as stream:
                stream.write(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
            os.replace(path + ".tmp", path + ".xml")
        except OSError as error:
            print(f"devtask: the results of {suite.get('name')} are lost: {error}", file=sys.stderr)


def without_odd_files(arguments):
    """pytest would take `[` or `::` in a path for a part of a file, find none, and run nothing of all that it got."""
    odd = [each for each in arguments if ("[" in each or "::" in each) and os.path.isfile(each)]
    for file in odd:
        print(f"devtask: pytest takes no file with `[` or `::` in its path, rename it: {file}", file=sys.stderr)
    rest = [each for each in arguments if each not in odd]
    if odd and not any(os.path.exists(file_of(each)) for each in rest):
        sys.exit(1)  # without any file it would run all that it finds
    return rest


def main():
    """Instead of the command `pytest`: the plugin needs no PYTHONPATH, which may be the project's own."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != folder]
    sys.argv = ["pytest", *without_odd_files(sys.argv[1:])]
    importlib.machinery.SourceFileLoader.set_data = write_of_old_source
    return pytest.main(plugins=[sys.modules[__name__]])


if __name__ == "__main__":
    sys.exit(main())
