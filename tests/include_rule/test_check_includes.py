"""check_includes.py must complain about each kind of violation, and only about that."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("check_includes.py")

MODULES = "base:\nos: base\nplan: os\n"
CLEAN = {
    "base/digest.h": "#include <string>\n",
    "os/file.cpp": '#include <unistd.h>\n#include "base/digest.h"\n#include "os/file.h"\n',
    "plan/plan.cpp": '#include "os/file.h"\n#include "plan/plan.h"\n#include <fmt/format.h>\n',
    "shim/shim.c": "#include <sys/socket.h>\n",
    "CMakeLists.txt": "",
}


def check(folder, files, modules=MODULES):
    for name, text in files.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "modules.txt").write_text(modules)
    result = subprocess.run(
        [sys.executable, SCRIPT, folder / "modules.txt", folder / "src"], capture_output=True, text=True
    )
    return result.returncode, result.stdout, result.stderr


def test_a_clean_tree_passes(tmp_path):
    assert check(tmp_path, CLEAN) == (0, "0 violations of the rules in 3 modules\n", "")


@pytest.mark.parametrize(
    "name, text, complaint",
    [
        pytest.param(
            "base/up.cpp",
            '\n#include "plan/plan.h"\n',
            "src/base/up.cpp:2: `base` includes `plan/plan.h`, but its DEPS do not name `plan`",
            id="upward",
        ),
        pytest.param(
            "plan/far.cpp",
            '  #  include "base/digest.h"\n',
            "src/plan/far.cpp:1: `plan` includes `base/digest.h`, but its DEPS do not name `base`",
            id="dependency-of-a-dependency",
        ),
        pytest.param(
            "plan/angled.cpp",
            "#include <base/digest.h>\n",
            "src/plan/angled.cpp:1: `plan` includes `base/digest.h`, but its DEPS do not name `base`",
            id="angle-brackets",
        ),
        pytest.param(
            "plan/system.h",
            "#include <fcntl.h>\n",
            "src/plan/system.h:1: `fcntl.h` is a system header; only os and shim may include it",
            id="system-header",
        ),
        pytest.param(
            "plan/system.cpp",
            "#include <sys/stat.h>\n",
            "src/plan/system.cpp:1: `sys/stat.h` is a system header; only os and shim may include it",
            id="system-folder",
        ),
        pytest.param(
            "plan/short.cpp",
            '#include "plan.h"\n',
            'src/plan/short.cpp:1: `plan.h` lacks its module: write "plan/plan.h"',
            id="without-module",
        ),
        pytest.param(
            "plan/long.cpp",
            "\n" * 601,
            "src/plan/long.cpp:601: 601 lines; 600 is the limit, split the file",
            id="long-file",
        ),
        pytest.param(
            "stray/stray.cpp",
            '#include "base/digest.h"\n',
            "src/stray/stray.cpp:1: `stray` includes `base/digest.h`, but its DEPS do not name `base`",
            id="folder-that-is-no-module",
        ),
    ],
)
def test_a_violation_fails(tmp_path, name, text, complaint):
    status, stdout, stderr = check(tmp_path, {**CLEAN, name: text})
    assert (status, stdout, stderr) == (1, f"{complaint}\n1 violations of the rules in 3 modules\n", "")


def test_a_file_of_600_lines_passes(tmp_path):
    assert check(tmp_path, {**CLEAN, "plan/long.cpp": "\n" * 600})[0] == 0


def test_an_empty_list_of_modules_fails(tmp_path):
    status, stdout, stderr = check(tmp_path, CLEAN, modules="\n")
    assert (status, stdout) == (2, "")
    assert stderr == f"{tmp_path / 'modules.txt'}: names no module\n"
