"""What goes wrong in the middle of `devtask migrate`, and names and URLs that are not what one would like."""

import ast
import contextlib
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from support.migrations import DIALECTS, MODELS, NAME, NOTES, function, needs_postgresql
from support.waiting import wait_for

pytestmark = needs_postgresql

# At the end of the models: whoever imports them in a migration waits there as long as the file is there.
HOLD = """
import os, pathlib, time
_hold = pathlib.Path({hold!r})
if _hold.exists() and "DEVTASK_MIGRATE" in os.environ:
    pathlib.Path(f"{{_hold}}-{{os.environ['FLOWS_DATABASE_URL'].partition(':')[0].partition('+')[0]}}").touch()
    while _hold.exists():
        time.sleep(0.01)
"""


@pytest.fixture
def held(flows):
    """A tool that gets as far as the models, with the scratch database open, and no further until it may."""
    hold = flows.folder / "hold"
    flows.write(MODELS, flows.read(MODELS) + HOLD.format(hold=str(hold)))
    flows.commit("can be held")
    for dialect in DIALECTS:  # the report of the base is there
        flows.migrate("drift", "--dialect", dialect).succeeded()
    flows.add_column()
    hold.touch()
    flows.hold = hold
    yield flows
    hold.unlink(missing_ok=True)


def wait_until_held(flows, dialects=DIALECTS):
    for dialect in dialects:
        wait_for(Path(f"{flows.hold}-{dialect}").exists, f"{dialect} to be held", 120)


def test_models_that_do_not_import(flows):
    flows.write(MODELS, flows.read(MODELS) + "\nimport nothing_of_this_name\n")
    before = flows.git("status", "--porcelain")
    done = flows.migrate("--all-dialects", "-m", NAME)
    assert done.code == 1
    for dialect in DIALECTS:
        own = "\n".join(line for line in done.stdout.splitlines() if line.startswith(f"main.revision.{dialect} │"))
        assert f"{dialect}: cannot compare the models with the revisions" in own
        assert "Traceback (most recent call last)" in own
        assert "ModuleNotFoundError: No module named 'nothing_of_this_name'" in own
        assert f"main.revision.{dialect}: failed" in done.stderr
    assert flows.git("status", "--porcelain") == before and not flows.left_behind()
    flows.git("checkout", "-q", MODELS)
    flows.add_column()
    assert sorted(flows.revise()) == sorted(DIALECTS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle(held, number):
    before = held.git("status", "--porcelain", "-uall")
    running = held.start("migrate", "--all-dialects", "-m", NAME)
    wait_until_held(held)
    assert held.left_behind(), "there are scratch databases"
    if number == signal.SIGINT:
        running.interrupt()
    else:
        running.send(number)
    ended = running.wait()
    assert ended.code == (-9 if number == signal.SIGKILL else 130), ended
    assert held.git("status", "--porcelain", "-uall") == before, "no file, whole or half"
    if number != signal.SIGKILL:
        assert not held.processes() and not held.left_behind()
    held.hold.unlink()
    if number == signal.SIGKILL:
        held.wait_until_no_process_is_left()
    made = held.revise()
    assert sorted(made) == sorted(DIALECTS)
    assert not held.left_behind()
    held.migrate("check", "--all-dialects").succeeded()


def test_a_server_that_dies_in_the_middle(held):
    before = held.revisions()
    running = held.start("migrate", "--dialect", "postgresql", "-m", NAME)
    wait_until_held(held, ["postgresql"])
    servers = servers_in(held.scratch)
    assert servers
    for pid in servers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    held.hold.unlink()
    done = running.wait(120)
    assert done.code == 1 and held.revisions() == before
    assert "server" in done.stdout, done.stdout
    assert not held.left_behind()
    assert list(held.revise(dialects=("--dialect", "postgresql"))) == ["postgresql"]


def servers_in(folder):
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd").startswith(f"{folder}/"):
                if Path(os.readlink(f"/proc/{entry}/exe")).name == "postgres":
                    found.append(int(entry))
    return found


def test_two_at_once(flows):
    flows.add_column()
    before = {dialect: len(flows.revisions(dialect)) for dialect in DIALECTS}
    both = [flows.start("migrate", "--all-dialects", "-m", NAME) for _ in range(2)]
    for running in both:
        running.wait(300).succeeded()
    for dialect in DIALECTS:
        assert len(flows.revisions(dialect)) == before[dialect] + 1
    assert flows.read(NOTES).count("## Add flow run new column\n") == 1
    flows.migrate("check", "--all-dialects").succeeded()
    assert not flows.left_behind()


# ---- names


@pytest.mark.parametrize(
    "name",
    [
        "a name with  spaces ",
        'it\'s "quoted"',
        'three """ in it',
        'ends with """"',
        '"""; import os; """',
        "back\\slash \\N{x} \\",
        "$(touch pwned) `touch pwned`; touch pwned",
        "größer — 大",
        "%s %(rev)s {rev} {{name}} ${up_revision} <% x %>",
        "../../up/and/away",
        "# ## `code` <!-- comment",
        "a --option",
    ],
)
def test_a_name_is_harmless(flows, name):
    flows.add_column()
    outside = files_but_revisions(flows)
    done = flows.migrate("--all-dialects", "-m", name).succeeded()
    assert len(flows.revisions("sqlite")) == 3 and len(flows.revisions("postgresql")) == 3, done.stdout
    for dialect in DIALECTS:
        text = flows.read(flows.newest(dialect))
        assert ast.get_docstring(ast.parse(text)), text
        assert len([node for node in ast.parse(text).body if isinstance(node, (ast.Import, ast.ImportFrom))]) == 2
        assert any("new_column" in statement for statement in function(text, "upgrade"))
    assert files_but_revisions(flows) == outside
    flows.migrate("check", "--all-dialects").succeeded()


def files_but_revisions(flows):
    lines = flows.git("status", "--porcelain", "-uall").splitlines()
    return [line for line in lines if "/versions/" not in line and NOTES not in line]


@pytest.mark.parametrize(
    "name", ["two\nlines", "a\rb", "\x1b[31mred", " ", "", "x" * 201, "--sql", "-x", "a\tb", '"""', "-"]
)
def test_a_name_is_refused(flows, name):
    flows.add_column()
    before = flows.git("status", "--porcelain", "-uall")
    done = flows.migrate("--all-dialects", f"--message={name}")
    assert done.code == 2 and "error: " in done.stderr and "\x1b" not in done.stderr
    assert flows.git("status", "--porcelain", "-uall") == before
    assert not flows.left_behind()


# ---- passwords


def test_a_password_is_nowhere(flows, server):
    flows.env["DEVTASK_POSTGRESQL_URL"] = f"postgresql://postgres:open%20sesame@/postgres?host={server.folder}"
    flows.env["FLOWS_DATABASE_URL"] = "postgresql+psycopg://me:other%20sesame@nowhere.invalid/db"
    flows.add_column()
    said = [flows.migrate("--all-dialects", "-m", NAME, "-v").succeeded()]
    said.append(flows.migrate("check", "--all-dialects").succeeded())
    # One that prints its variables when it fails.
    flows.write(MODELS, flows.read(MODELS) + "\nimport os\nprint(os.environ)\nraise RuntimeError(str(os.environ))\n")
    said.append(flows.migrate("--all-dialects", "-m", "another", "-v"))
    assert said[-1].code == 1 and "RuntimeError: environ(" in said[-1].stdout
    for each in said:
        assert "open%20sesame" not in each.stdout + each.stderr and "open sesame" not in each.stdout + each.stderr
    for place in (flows.path(".devtask"), flows.cache, flows.scratch, flows.path("src")):
        found = subprocess.run(["grep", "-rlaE", "(open|other)(%20| )sesame", place], capture_output=True, text=True)
        assert found.stdout == "", shlex.quote(found.stdout)
