"""devtaskw in a small checkout of its own, with every program it calls replaced by a script that records the call.

The programs in PATH are links to a few real ones and those scripts, so nothing is built or installed here.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REAL_PROGRAMS = "sh cat chmod cmp cp date env find flock getconf grep mkdir mv readlink rm sed tee touch".split()
SOURCES = "CMakeLists.txt CMakePresets.json cmake/Module.cmake src/cli/main.cpp tests/requirements.txt".split()
LIBRARIES = (
    "libfmt-dev libtomlplusplus-dev libcli11-dev libgtest-dev libgmock-dev libexpected-dev nlohmann-json3-dev libssl-dev"
    " libzstd-dev libsqlite3-dev libxxhash-dev libutf8proc-dev libpugixml-dev libdtl-dev libyaml-cpp-dev"
)

# Builds by writing a devtask that prints its working folder and arguments.
CMAKE = r"""
case $1 in
  --version) echo "cmake version ${CMAKE_VERSION:-3.25.1}" ;;
  -S)
    mkdir -p "$2/build/$4"
    echo "CMAKE_HOME_DIRECTORY:INTERNAL=$(cd "$2" && pwd -P)" >"$2/build/$4/CMakeCache.txt"
    : >"$2/build/$4/build.ninja"
    ;;
  --build)
    [ -z "${SLOW_BUILD-}" ] || /bin/sleep "$SLOW_BUILD"
    if [ -n "${BROKEN_BUILD-}" ]; then echo "x.cpp:1: error: broken"; exit 1; fi
    mkdir -p "$2/bin"
    printf '#!/bin/sh\npwd\nprintf "<%%s>\\n" "$@"\nexit "${DEVTASK_STATUS:-0}"\n' >"$2/bin/devtask"
    chmod +x "$2/bin/devtask"
    ;;
esac
"""
DPKG_QUERY = r"""
case " $NOT_INSTALLED " in
  *" $4 "*) [ -e "$CALLS.installed" ] || exit 1 ;;
esac
echo "install ok installed"
"""
APT_GET = r"""
[ "$1" != install ] || : >"$CALLS.installed"
echo "apt-get talks"
"""
CTEST = r"""
case "$*" in
  *dev*) printf '%s\n' "${CTEST_DEV-100% tests passed, 0 tests failed out of 7}" ; exit "${CTEST_DEV_STATUS:-0}" ;;
  *) printf '%s\n' "${CTEST_RELEASE-100% tests passed, 0 tests failed out of 3}" ; exit "${CTEST_RELEASE_STATUS:-0}" ;;
esac
"""
PYTHON3 = r"""
[ "$1 $2" != "-m venv" ] || { mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; }
"""


def write_program(path, text):
    path.write_text(f'#!/bin/sh\necho "{path.name} $*" >>"$CALLS"\n{text}')
    path.chmod(0o755)


class Checkout:
    """A checkout called `check out` with devtaskw and one source file."""

    def __init__(self, folder):
        self.root = folder / "check out"
        self.elsewhere = folder / "elsewhere"
        self.calls = folder / "calls"
        self.bin = folder / "bin"
        for path in (self.root / "src/cli", self.root / "cmake", self.root / "tests", self.elsewhere, self.bin):
            path.mkdir(parents=True)
        shutil.copy(REPOSITORY / "devtaskw", self.root)
        for name in SOURCES:
            (self.root / name).write_text("")
        self.calls.write_text("")
        for name in REAL_PROGRAMS:
            (self.bin / name).symlink_to(shutil.which(name))
        stubs = {
            "cmake": CMAKE,
            "ctest": CTEST,
            "dpkg-query": DPKG_QUERY,
            "apt-get": APT_GET,
            "python3": PYTHON3,
            "id": 'echo "${USER_ID:-1000}"',
            "sudo": "exit 1",
            "c++": "",
            "ninja": "",
            "node": "",
            "npm": "",
        }
        for name, text in stubs.items():
            write_program(self.bin / name, text)

    def start(self, *arguments, program=None, **environment):
        return subprocess.Popen(
            [program or self.root / "devtaskw", *arguments],
            cwd=self.elsewhere,
            env={"PATH": str(self.bin), "CALLS": str(self.calls), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **options):
        process = self.start(*arguments, **options)
        stdout, stderr = process.communicate(timeout=30)
        return process.returncode, stdout, stderr

    def called(self, *programs):
        """The recorded calls of these programs (of all, if none is named), and forgets them."""
        lines = self.calls.read_text().splitlines()
        self.calls.write_text("")
        return [line for line in lines if not programs or line.split()[0] in programs]

    def make_older(self, seconds=10):
        """Everything was written some time ago: clocks of file systems are too coarse for a test that does not sleep."""
        then = time.time() - seconds
        for path in [self.root, *self.root.rglob("*")]:
            if not path.is_symlink():
                os.utime(path, (then, then))


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@pytest.fixture
def built(checkout):
    checkout.make_older()
    assert checkout.run("--version")[0] == 0
    checkout.called()
    return checkout


def test_the_first_call_configures_builds_and_runs(checkout):
    status, stdout, stderr = checkout.run("test", "a b", "", "--", "-k")
    assert (status, stdout) == (0, f"{checkout.elsewhere}\n<test>\n<a b>\n<>\n<-->\n<-k>\n")
    assert stderr == "devtaskw: configuring (release)\ndevtaskw: building (release)\n"
    assert checkout.called("cmake", "apt-get") == [
        "cmake --version",
        f"cmake -S {checkout.root} --preset release",
        f"cmake --build {checkout.root}/build/release --target devtask devtask-shim",
    ]


def test_the_second_call_starts_only_devtask(built):
    for program in built.bin.iterdir():
        program.unlink()
    assert built.run("list") == (0, f"{built.elsewhere}\n<list>\n", "")


def test_the_exit_status_is_devtasks(built):
    assert built.run(DEVTASK_STATUS="124")[0] == 124


def test_a_relative_path_and_a_link_find_the_checkout(built):
    link = built.elsewhere / "dt"
    link.symlink_to(built.root / "devtaskw")
    for program in ("../check out/devtaskw", "./dt"):
        assert built.run("list", program=program) == (0, f"{built.elsewhere}\n<list>\n", "")
    assert built.called() == []


@pytest.mark.parametrize("name", ["CMakeLists.txt", "cmake/Module.cmake", "src/cli/main.cpp"])
def test_an_edited_file_is_built(built, name):
    built.make_older()
    os.utime(built.root / "build/release/build.ninja")
    (built.root / name).write_text("new")
    assert built.run("list")[2] == "devtaskw: building (release)\n"
    assert built.called("cmake") == [f"cmake --build {built.root}/build/release --target devtask devtask-shim"]
    assert built.run("list")[2] == ""


def test_a_removed_file_is_noticed(built):
    built.make_older()
    (built.root / "src/cli/main.cpp").unlink()
    assert built.run("list")[2] == "devtaskw: building (release)\n"


def test_other_files_build_nothing(built):
    built.make_older()
    (built.root / "README.md").write_text("new")
    (built.root / "tests/test_flows.py").write_text("new")
    assert built.run("list")[2] == ""


def test_edited_presets_configure_again(built):
    built.make_older()
    (built.root / "CMakePresets.json").write_text("{}")
    assert built.run("list")[2] == "devtaskw: configuring (release)\ndevtaskw: building (release)\n"


def test_a_moved_checkout_is_configured_afresh(built):
    moved = built.root.with_name("moved")
    built.root.rename(moved)
    built.root = moved
    assert built.run("list")[2] == ""
    (moved / "src/cli/main.cpp").write_text("new")
    os.utime(moved / "src/cli/main.cpp", (time.time() + 5,) * 2)
    assert built.run("list")[0] == 0
    assert f"cmake -S {moved} --preset release --fresh" in built.called("cmake")


def test_a_failed_build_shows_its_output_and_is_tried_again(checkout):
    status, stdout, stderr = checkout.run("list", BROKEN_BUILD="1")
    assert (status, stdout) == (1, "")
    assert stderr == (
        "devtaskw: configuring (release)\ndevtaskw: building (release)\nx.cpp:1: error: broken\n"
        "devtaskw: failed: building (release) (the output is above)\n"
    )
    assert checkout.run("list")[0] == 0


def test_a_failed_build_does_not_run_the_old_devtask(built):
    (built.root / "src/cli/main.cpp").write_text("new")
    os.utime(built.root / "src/cli/main.cpp", (time.time() + 5,) * 2)
    assert built.run("list", BROKEN_BUILD="1")[:2] == (1, "")


def test_two_calls_build_once(checkout):
    checkout.make_older()
    calls = [checkout.start("list", SLOW_BUILD="0.3") for _ in range(2)]
    outputs = [call.communicate(timeout=30) for call in calls]
    assert [call.returncode for call in calls] == [0, 0]
    assert [stdout for stdout, _ in outputs] == [f"{checkout.elsewhere}\n<list>\n"] * 2
    assert sum(line.startswith("cmake --build") for line in checkout.called("cmake")) == 1
    assert "devtaskw: waiting for another devtaskw to finish building\n" in [stderr for _, stderr in outputs]


def test_missing_packages_are_named_when_they_cannot_be_installed(checkout):
    (checkout.bin / "ninja").unlink()
    status, stdout, stderr = checkout.run("list", NOT_INSTALLED="libzstd-dev libfmt-dev")
    assert (status, stdout) == (2, "")
    assert stderr == (
        "devtaskw: these packages are needed to build devtask and are not installed: ninja-build libfmt-dev libzstd-dev\n"
        "devtaskw: install them, then try again; on Debian and Ubuntu:\n"
        "devtaskw:   sudo apt-get install -y --no-install-recommends ninja-build libfmt-dev libzstd-dev\n"
    )
    assert checkout.called("apt-get", "cmake") == []


def test_root_installs_what_is_missing(checkout):
    status, _, stderr = checkout.run("list", NOT_INSTALLED=LIBRARIES, USER_ID="0")
    assert (status, stderr.splitlines()[:2]) == (
        0,
        ["devtaskw: updating the list of packages", f"devtaskw: installing {LIBRARIES}"],
    )
    assert checkout.called("apt-get", "sudo") == [
        "apt-get update",
        f"apt-get install -y --no-install-recommends {LIBRARIES}",
    ]


def test_sudo_without_a_password_installs_what_is_missing(checkout):
    write_program(checkout.bin / "sudo", '[ "$1" != -n ] || shift\n[ "$1" != true ] || exit 0\n"$@"')
    assert checkout.run("list", NOT_INSTALLED="libzstd-dev")[0] == 0
    assert checkout.called("apt-get", "sudo") == [
        "sudo -n true",
        "sudo -n apt-get update",
        "apt-get update",
        "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libzstd-dev",
        "apt-get install -y --no-install-recommends libzstd-dev",
    ]


def test_a_package_that_does_not_appear_is_reported(checkout):
    write_program(checkout.bin / "apt-get", "")
    status, _, stderr = checkout.run("list", NOT_INSTALLED="libzstd-dev", USER_ID="0")
    assert status == 2
    assert stderr.splitlines()[-1] == "devtaskw: apt-get succeeded but these are still not there: libzstd-dev"


def test_an_old_cmake_is_refused(checkout):
    status, stdout, stderr = checkout.run("list", CMAKE_VERSION="3.22.1")
    assert (status, stdout) == (2, "")
    assert stderr == (
        "devtaskw: cmake 3.25 or newer is needed, and `cmake` is 3.22.1 (Debian 12 and Ubuntu 24.04 have a newer one)\n"
    )
    assert checkout.run("list", CMAKE_VERSION="4.0.2")[0] == 0


def test_self_test_installs_a_database_server_where_it_can(checkout):
    status, _, stderr = checkout.run("--self-test", NOT_INSTALLED="postgresql")
    assert status == 0
    assert "devtaskw: there is no PostgreSQL server (the package postgresql): tests that need one are skipped\n" in stderr
    assert checkout.called("apt-get") == []
    assert checkout.run("--self-test", NOT_INSTALLED="postgresql", USER_ID="0")[0] == 0
    assert checkout.called("apt-get") == ["apt-get update", "apt-get install -y --no-install-recommends postgresql"]
    assert "postgresql" not in checkout.run("list", NOT_INSTALLED="postgresql")[2]


def test_self_test_sums_up_both_runs(checkout):
    status, stdout, _ = checkout.run("--self-test")
    assert (status, stdout.splitlines()[-1]) == (0, "10 passed, 0 failed")
    calls = checkout.called("ctest")
    assert [call.split(" -j ")[0] for call in calls] == ["ctest --preset dev", "ctest --preset release"]
    assert [call.split()[-2:] for call in calls] == [["-LE", "e2e|faults|property"], ["-L", "e2e|faults|property"]]


def test_self_test_fails_with_its_tests_and_runs_all_of_them(checkout):
    status, stdout, _ = checkout.run(
        "--self-test", CTEST_DEV="71% tests passed, 2 tests failed out of 7", CTEST_DEV_STATUS="8"
    )
    assert (status, stdout.splitlines()[-1]) == (1, "8 passed, 2 failed")


@pytest.mark.parametrize("said", ["No tests were found!!!", "100% tests passed, 0 tests failed out of 3"])
def test_self_test_fails_when_ctest_fails_without_a_failed_test(checkout, said):
    status, stdout, _ = checkout.run("--self-test", CTEST_RELEASE=said, CTEST_RELEASE_STATUS="8")
    assert (status, stdout.splitlines()[-1]) == (1, "7 passed, 1 failed")


def test_self_test_does_not_count_skipped_tests_as_passed(checkout):
    said = "1/3 Test #1: A.B ......***Skipped   0.00 sec\n100% tests passed, 0 tests failed out of 3"
    status, stdout, _ = checkout.run("--self-test", CTEST_RELEASE=said)
    assert (status, stdout.splitlines()[-2:]) == (0, ["1 skipped", "9 passed, 0 failed"])


def test_self_test_installs_the_requirements_once(checkout):
    for _ in range(2):
        assert checkout.run("--self-test")[0] == 0
    assert sum("-m pip install" in call for call in checkout.called("python3")) == 1
    (checkout.root / "tests/requirements.txt").write_text("pytest\n")
    assert checkout.run("--self-test")[0] == 0
    assert sum("-m pip install" in call for call in checkout.called("python3")) == 1


def test_self_test_makes_warnings_errors_in_ci_only(checkout):
    checkout.run("--self-test")
    assert {call.rsplit("=", 1)[1] for call in checkout.called("cmake") if " -S " in call} == {"OFF"}
    checkout.run("--self-test", CI="true")
    assert {call.rsplit("=", 1)[1] for call in checkout.called("cmake") if " -S " in call} == {"ON"}


def test_the_demo_runs_the_check_three_times(checkout):
    (checkout.root / "examples/flows/ui").mkdir(parents=True)
    source = checkout.root / "examples/flows/ui/main.ts"
    source.write_text("")
    os.utime(source, (1, 1))
    status, stdout, _ = checkout.run("demo")
    assert status == 0
    assert stdout.count("<-C>\n<examples/flows>\n<check>\n") == 3
    assert source.stat().st_mtime > 1


def test_the_demo_stops_at_a_failure(checkout):
    status, stdout, stderr = checkout.run("demo", DEVTASK_STATUS="1")
    assert (status, stdout.count("<check>")) == (1, 1)
    assert stderr.splitlines()[-1] == "devtaskw: the demo stops here: the command above failed"


def test_the_demo_needs_node(checkout):
    (checkout.bin / "npm").unlink()
    status, _, stderr = checkout.run("demo")
    assert (status, stderr) == (
        2,
        "devtaskw: the demo builds a web page and needs `npm`, which is not in PATH\n",
    )
