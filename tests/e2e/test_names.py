"""Files with any name that Linux allows, many of them, and links that lead in circles."""

import os

import pytest

from support.result import ANY, Has

NAMES = {
    "space": b"two words.txt",
    "quotes": b'it\'s "quoted".txt',
    "newline": b"first\nsecond.txt",
    "not-utf-8": b"caf\xe9-\xff.txt",
    "dash": b"-rf.txt",
    "unicode": "naïve-файл-日本-🎉.txt".encode(),
    "shell": b"$(touch gone);`id`&|<>*?.txt",
    "ninja": b"$in:$out|x.txt",
    "backslash": b"back\\slash.txt",
    "tab": b"tab\there.txt",
    "escape": b"\x1b[31mred.txt",
    "braces": b"{{root}}-{a,b}.txt",
    "exclamation": b"!not.txt",
    "hash": b"#hash.txt",
}

TASKS = """
[tasks.join]
inputs = ["in/**"]
outputs = ["out/"]
run = "RAN; mkdir -p out; cp -R in/. out/"

[tasks.count]
deps = ["join"]
inputs = []
run = "RAN; find out -type f -printf x | wc -c"
"""


def in_bytes(project, *parts):
    return os.path.join(os.fsencode(project.root), *parts)


def shown(name):
    """As devtask shows a name: on one line, without control characters."""
    special = {0x5C: "\\\\", 0x0A: "\\n", 0x09: "\\t"}
    text = ""
    for character in name.decode("utf-8", "surrogateescape"):
        code = ord(character)
        if code in special:
            text += special[code]
        elif code < 0x20 or code == 0x7F:
            text += f"\\x{code:02x}"
        elif 0xDC80 <= code <= 0xDCFF:
            text += f"\\x{code - 0xDC00:02x}"
        else:
            text += character
    return text


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_as_input_and_output(project, name):
    project.tasks(TASKS)
    os.makedirs(in_bytes(project, b"in", name + b".d"))
    paths = [in_bytes(project, b"in", name), in_bytes(project, b"in", name + b".d", name)]
    for path in paths:
        with open(path, "wb") as file:
            file.write(b"content\n")
    project.run("count").expect(stdout="count │ 2\n", stderr=ANY)
    assert project.ran() == ["join", "count"]
    project.run("count", no_processes=True).expect(stderr="devtask: everything is up to date (2 tasks)\n")

    with open(paths[0], "wb") as file:
        file.write(b"changed\n")
    project.run("why", "join").expect(stdout=f"join: would run:\n  in/{shown(name)} changed\n")
    run = project.run("count").succeeded()
    assert f"join: in/{shown(name)} changed\n" in run.stderr
    with open(in_bytes(project, b"out", name), "rb") as file:
        assert file.read() == b"changed\n"

    # And back from the cache.
    project.remove(".devtask", "out")
    project.ran()
    project.run("join", "count", no_processes=True).succeeded()
    assert project.ran() == []
    with open(in_bytes(project, b"out", name), "rb") as file:
        assert file.read() == b"changed\n"
    with open(in_bytes(project, b"out", name + b".d", name), "rb") as file:
        assert file.read() == b"content\n"
    assert not project.path("gone").exists()


LITERALS = ["two words.txt", "it's.txt", "-rf.txt", "naïve-日本.txt", "$x:y.txt", "a$ b.txt", "#x.txt"]


@pytest.mark.parametrize("name", LITERALS)
def test_a_name_written_out_as_input_and_output(project, name):
    project.tasks(
        f"""
        [tasks.make]
        inputs = ["in/{name}"]
        outputs = ["out/{name}"]
        run = [["sh", "-c", 'echo make >>$COUNT_LOG; mkdir -p out; cp "in/$1" "out/$1"', "sh", "{name}"]]
        [tasks.use]
        deps = ["make"]
        inputs = ["out/{name}"]
        run = "RAN"
        """
    )
    project.write(f"in/{name}", "one\n")
    project.run("use").succeeded()
    project.write(f"in/{name}", "two\n")
    project.run("use").succeeded()
    assert project.ran() == ["make", "use"] * 2
    assert project.read(f"out/{name}") == "two\n"
    project.run("ninja", "--", "use").succeeded()
    assert project.ran() == []


@pytest.mark.parametrize("name", ["with space", "it's", "naïve-日本", "a:b", "$HOME", "-dash", "x|y"])
def test_the_projects_folder_may_have_any_name(project, name):
    odd = project.checkout(name)
    odd.tasks("[tasks.a]\ninputs = ['in.txt']\noutputs = ['out.txt']\nrun = 'RAN; cp in.txt out.txt'\n")
    odd.write("in.txt", "in\n")
    odd.run("a").succeeded()
    odd.write("in.txt", "in 2\n")
    odd.run("ninja", "--", "a").succeeded()
    assert odd.ran() == ["a", "a"]
    assert odd.read("out.txt") == "in 2\n"


@pytest.mark.parametrize("value", ["two words", "it's", "$HOME", "naïve", "-x", "a=b", "x" * 200, "a/b", "..", "a|b:c"])
def test_a_matrix_value_may_be_anything(project, value):
    project.tasks(
        f"""
        [tasks.m]
        inputs = []
        matrix = {{ axis = ["{value}", "other"] }}
        run = [["sh", "-c", 'echo "$1" >>$COUNT_LOG', "sh", "{{{{axis}}}}"]]
        """
    )
    project.run("m").succeeded()
    assert sorted(project.ran()) == sorted([value, "other"])
    project.run("m", no_processes=True).expect(stderr="devtask: everything is up to date (2 tasks)\n")
    project.run(f"m@{value}", "--force").succeeded()
    assert project.ran() == [value]


def test_an_argument_that_is_not_utf_8(project):
    project.tasks("[tasks.a]\ninputs = []\nargs = [{ name = 'x' }]\nrun = [['printf', '%s', '{{x}}']]\n")
    assert project.run("a", b"\xff\n\xe9").succeeded().stdout.startswith("\udcff\n\udce9")


def test_output_that_is_not_utf_8_passes_unchanged(project):
    project.tasks("[tasks.a]\ninputs = []\nrun = '''printf '\\377\\000x\\n' '''\n")
    assert project.run("a").succeeded().stdout == "\udcff\0x\n"


def test_ten_thousand_files_in_a_glob(project):
    project.tasks("[tasks.a]\ninputs = ['src/**/*.txt']\nrun = 'RAN'\n")
    for folder in range(100):
        for number in range(100):
            project.write(f"src/{folder}/{number}.txt", f"{folder} {number}\n")
    project.run("a").succeeded()
    project.run("a", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    project.write("src/57/23.txt", "changed\n")
    project.run("a").expect(stderr="a: src/57/23.txt changed\na: done in TIME\ndevtask: 1 ran in TIME\n")
    project.remove("src/3")
    project.run("a").succeeded()
    assert project.ran() == ["a"] * 3


def test_thousands_of_outputs_come_back(project):
    project.tasks(
        "[tasks.a]\ninputs = []\noutputs = ['out/']\n"
        "run = 'RAN; mkdir out; cd out; i=0; while [ $i -lt 3000 ]; do : >$i; i=$((i+1)); done'\n"
    )
    project.run("a").succeeded()
    project.remove("out")
    project.run("a", no_processes=True).succeeded()
    assert project.ran() == ["a"]
    assert len(os.listdir(project.path("out"))) == 3000


def test_links_in_a_circle(project):
    project.tasks("[tasks.a]\ninputs = ['src/**']\nrun = 'RAN'\n")
    project.write("src/a.txt", "a\n")
    project.path("src/loop").symlink_to(".")
    project.path("src/up").symlink_to("..")
    project.path("src/x").symlink_to("y")
    project.path("src/y").symlink_to("x")
    project.path("src/self").symlink_to("self")
    project.run("a").succeeded()
    project.run("a", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    project.path("src/self").unlink()
    project.run("a").expect(stderr=Has("a: src/self removed\n"))
    assert project.ran() == ["a", "a"]


def test_other_kinds_of_files_do_not_hang_it(project):
    project.tasks("[tasks.a]\ninputs = ['src/**']\nrun = 'RAN'\n")
    project.write("src/a.txt", "a\n")
    os.mkfifo(project.path("src/pipe"))
    project.run("a", timeout=30).succeeded()
    project.run("a", timeout=30, no_processes=True).expect(stderr=Has("devtask: everything is up to date (1 task)\n"))
    assert project.ran() == ["a"]


def test_a_deep_tree(project):
    project.tasks("[tasks.a]\ninputs = ['src/**']\nrun = 'RAN'\n")
    deep = "src/" + "/".join(["d" * 30] * 60)
    project.write(f"{deep}/leaf.txt", "leaf\n")
    project.run("a").succeeded()
    project.write(f"{deep}/leaf.txt", "changed\n")
    project.run("a").expect(stderr=Has("leaf.txt changed\n"))
    assert project.ran() == ["a", "a"]


def test_a_long_chain_of_tasks(project):
    text = "[tasks.t0]\ninputs = []\nrun = 'RAN'\n"
    text += "".join(f"[tasks.t{n}]\ninputs = []\ndeps = ['t{n - 1}']\nrun = 'RAN'\n" for n in range(1, 150))
    project.tasks(text)
    project.run("t149").succeeded()
    assert project.ran() == [f"t{n}" for n in range(150)]
    project.run("t149", no_processes=True).expect(stderr="devtask: everything is up to date (150 tasks)\n")
