"""The example product in examples/flows, through devtask, with its real tools: Python packages by pip, the UI by npm.

All tests share one checkout, so that packages are installed once; each runs first what it needs.
"""

import json
import os
import shutil

import pytest

from support.project import REPOSITORY, Project

UP_TO_DATE = "devtask: everything is up to date ("
MAIN = ("schema", "openapi", "build-ui")
MADE = (".devtask", ".venv", "node_modules", "ui_build", "build", "__pycache__", "*.egg-info", "*.db")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flows")]  # for `-n 2 --dist loadgroup`


def make_project(folder, name="flows"):
    project = Project(folder, name)
    # Where packages come from, and which certificates to trust, is the machine's business.
    passed = ("PIP_", "UV_", "npm_config_", "NPM_CONFIG_", "SSL_", "PYENV")
    exact = ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
    for variable, value in os.environ.items():
        is_proxy = variable.lower().endswith("_proxy")
        if is_proxy or variable in exact or variable.startswith(passed):
            project.env[variable] = value
    # The configuration files of pip and npm, likewise; their caches make a second run of the tests quick.
    home = os.path.expanduser("~")
    for variable, path in (
        ("PIP_CACHE_DIR", ".cache/pip"),
        ("npm_config_cache", ".npm"),
        ("PIP_CONFIG_FILE", ".config/pip/pip.conf"),
        ("npm_config_userconfig", ".npmrc"),
    ):
        if variable not in project.env and os.path.exists(os.path.join(home, path)):
            project.env[variable] = os.path.join(home, path)
    return project


@pytest.fixture(scope="module")
def flows(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("flows"))
    shutil.copytree(
        REPOSITORY / "examples/flows", project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*MADE)
    )
    project.commit("the example")
    return project


def run(project, *words):
    return project.run(*words, timeout=600)


def done(project, *words):
    """Runs a task, then again: the second time there is nothing to do."""
    first = run(project, *words).succeeded()
    again = project.run(*words, no_processes=True).succeeded()
    assert again.stderr.startswith(UP_TO_DATE), again.stderr
    return first


def test_list(flows):
    lines = flows.run("list").succeeded().stdout.splitlines()
    names = [line.split()[0] for line in lines]
    for name in ("venv", "ui-deps", "test", "build-ui", "openapi", "schema"):
        assert name in names
    assert all(len(line.split()) > 1 for line in lines), "each has a description"
    assert not flows.path(".devtask").exists()


def test_schema(flows):
    done(flows, "schema")
    for dialect in ("sqlite", "postgresql"):
        assert "CREATE TABLE" in flows.read(f"build/schema-{dialect}.sql")


def test_openapi(flows):
    done(flows, "openapi")
    assert "paths" in json.loads(flows.read("build/openapi.json"))


def test_one_file_of_tests(flows):
    assert "passed" in done(flows, "test", "tests/test_flows.py").stdout


def test_build_ui(flows):
    done(flows, "build-ui")
    assert flows.path("src/flows/ui_build/index.html").exists()


def test_the_whole_again_after_touching_everything(flows):
    run(flows, *MAIN).succeeded()
    for path in flows.git("ls-files", "-z").split("\0"):
        if path:
            os.utime(flows.path(path))
    again = flows.run(*MAIN, no_processes=True).succeeded()
    assert again.stderr.startswith(UP_TO_DATE), again.stderr


def test_a_comment_in_a_source_stops_at_the_openapi_file(flows):
    run(flows, "openapi").succeeded()
    path = "src/flows/server/app.py"
    before = flows.read(path)
    flows.write(path, before + "\n# a comment\n")
    try:
        changed = run(flows, "openapi").succeeded()
        assert f"openapi: {path} changed\n" in changed.stderr
        assert "devtask: 1 ran, 1 up to date in TIME\n" in changed.stderr
    finally:
        flows.write(path, before)
    back = flows.run("openapi", no_processes=True).succeeded()
    assert "openapi: restored from the cache" in back.stderr


def test_a_deleted_ui_is_restored(flows):
    run(flows, "build-ui").succeeded()
    shutil.rmtree(flows.path("src/flows/ui_build"))
    back = flows.run("build-ui", no_processes=True).succeeded()
    assert "build-ui: restored from the cache" in back.stderr
    assert flows.path("src/flows/ui_build/index.html").exists()


def test_a_fresh_clone_needs_neither_npm_nor_pip(flows):
    run(flows, *MAIN).succeeded()
    clone = make_project(flows.folder, "clone")
    flows.git("clone", "-q", str(flows.root), str(clone.root), cwd=flows.folder)
    restored = clone.run(*MAIN, no_processes=True).succeeded()
    assert "restored from the cache" in restored.stderr
    assert " ran" not in restored.stderr
    assert clone.path("src/flows/ui_build/index.html").exists()
    assert not clone.path(".venv").exists()
    assert not clone.path("ui/node_modules").exists()
