"""The real Prefect 2.8.6, through examples/prefect: what its contributing guide has a contributor do.

DEVTASK_PREFECT says where the repository is: a folder with an executable `checkout DIR`, or what `git clone` takes (a URL or
a bundle). Without it there is nothing to test. Packages come from where the environment says (PIP_*, npm_config_*, …).

The tests go on from each other's results in one checkout, because installing and testing take minutes. Each leaves the
sources as it found them.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from support.project import REPOSITORY, Project, snapshot
from support.result import ANY, Has, Lines

VERSION = "2.8.6"
FLOW_TESTS = ("test", "tests/test_flows.py")
EVERYTHING = ("run", "setup", "build-ui", *FLOW_TESTS)
FLOWS_PASSED = "122 passed, 0 failed, 2 skipped (2 expected failures)"
FLOWS_CACHED = f"{FLOWS_PASSED} · 0 of 1 file ran, 1 from the cache (TIME saved)"
UI = "src/prefect/server/ui"
MINUTES = 60

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.skipif(not os.environ.get("DEVTASK_PREFECT"), reason="DEVTASK_PREFECT does not say where Prefect is"),
]


class Prefect(Project):
    """A fresh checkout of Prefect with the tasks of examples/prefect in it."""

    def __init__(self, folder, name, timings):
        super().__init__(folder, name)
        self.timings = timings
        self.env |= packages_environment()
        self.root.rmdir()
        fetch(os.environ["DEVTASK_PREFECT"], self.root)
        for name in ("tasks.toml", "tasks"):
            copy = shutil.copytree if (REPOSITORY / "examples/prefect" / name).is_dir() else shutil.copyfile
            copy(REPOSITORY / "examples/prefect" / name, self.root / name)

    def run(self, *words, timeout=15 * MINUTES, **options):
        start = time.monotonic()
        result = super().run(*words, timeout=timeout, **options)
        said = result.stderr.splitlines()[-1:] or [f"exit status {result.code}"]
        self.timings.append((" ".join(words), time.monotonic() - start, said[0]))
        return result

    def is_up_to_date(self, *words, tasks, tests=None):
        """Nothing runs: no process is started, and the summary, with that of the tests, is all that is said."""
        what = "1 task" if tasks == 1 else f"{tasks} tasks"
        said = f"devtask: everything is up to date ({what})\n" + (f"tests: {tests}\n" if tests else "")
        self.run(*words, no_processes=True).expect(stderr=said)

    def only_looks(self, *words, env=None):
        """Every byte of state is as it was."""
        before = self.state()
        result = self.run(*words, no_processes=True, env=env)
        assert self.state() == before
        return result

    def state(self):
        """Without the packages, and the caches of pip and others, which are gigabytes."""
        return snapshot(self.path(".devtask")), snapshot(self.cache / "devtask")

    def changed_files(self):
        """What git sees besides the tasks."""
        lines = self.git("status", "--porcelain").splitlines()
        return [line for line in lines if line not in ("?? tasks.toml", "?? tasks/")]


class Edited:
    """A file with other content while the block lasts."""

    def __init__(self, project, path, change):
        self.project, self.path, self.change = project, path, change

    def __enter__(self):
        self.before = self.project.path(self.path).read_bytes()
        self.project.write(self.path, self.change(self.before.decode()))

    def __exit__(self, *_):
        self.project.write(self.path, self.before)


def packages_environment():
    """Where packages come from and which certificates to trust is the machine's business."""
    prefixes = ("PIP_", "npm_config_", "NPM_CONFIG_", "SSL_CERT_", "PYENV_")
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    env = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(prefixes) or name in names or name.lower().endswith("_proxy")
    }
    for name, file in (("PIP_CONFIG_FILE", "~/.config/pip/pip.conf"), ("npm_config_userconfig", "~/.npmrc")):
        if os.path.exists(os.path.expanduser(file)):
            env.setdefault(name, os.path.expanduser(file))
    return env


def fetch(source, folder):
    script = Path(source) / "checkout"
    if os.access(script, os.X_OK):
        command = [script.absolute(), folder]
    else:
        command = ["git", "-c", "advice.detachedHead=false", "clone", "--quiet", "--branch", VERSION, source, folder]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory, timings):
    """Makes checkouts with one home and one cache. They hold a gigabyte, so nothing is kept."""
    folder = tmp_path_factory.mktemp("prefect")
    made = []

    def checkout(name):
        made.append(Prefect(folder, name, timings))
        return made[-1]

    yield checkout
    for project in made:
        project.end_processes()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def prefect(checkouts):
    return checkouts("prefect")


# A stage that fails is reported by each test that needs it.


@pytest.fixture(scope="module")
def set_up(prefect):
    prefect.run("setup").expect(
        stdout=ANY,  # npm's
        stderr=Lines(
            """
            venv: never ran here
            ui-deps: never ran here
            venv: done in TIME
            ui-deps: done in TIME
            devtask: 2 ran in TIME
            """
        ),
    )
    return prefect


@pytest.fixture(scope="module")
def built(set_up):
    set_up.run("build-ui").expect(
        stdout=Has("vite", "building for production", "dist/index.html"),
        stderr="""
            build-ui: never ran here
            build-ui: done in TIME
            devtask: 1 ran, 1 up to date in TIME
            """,
    )
    return set_up


@pytest.fixture(scope="module")
def tested(built):
    built.run(*FLOW_TESTS).expect(
        stdout=Has("collected 124 items", "122 passed, 2 xfailed"),
        stderr=f"""
            test tests/test_flows.py: `tests/test_flows.py` never ran here (1 of 1 file)
            test tests/test_flows.py: done in TIME
            devtask: 1 ran, 1 up to date in TIME
            tests: {FLOWS_PASSED} · 1 of 1 file ran
            """,
    )
    return built


def test_the_guides_commands_are_listed_before_anything_is_installed(prefect):
    lines = prefect.run("list", no_processes=True).succeeded().stdout.splitlines()
    names = {line.split()[0] for line in lines}
    assert names >= {"setup", "hooks", "format", "check", "test", "build-ui", "kubernetes-manifest", "upgrade", "migrate"}
    assert not prefect.path(".devtask").exists()


def test_setup_happens_once(set_up):
    assert set_up.path(".venv/bin/prefect").exists()
    assert set_up.path("ui/node_modules/.bin/vite").exists()
    assert set_up.changed_files() == []
    set_up.is_up_to_date("setup", tasks=2)
    set_up.is_up_to_date("venv", tasks=1)
    set_up.is_up_to_date("ui-deps", tasks=1)


def test_a_lost_environment_is_noticed(set_up):
    witness = set_up.path(".venv/pyvenv.cfg")
    aside = witness.rename(witness.with_suffix(".aside"))
    try:
        looked = set_up.only_looks("why", "venv")
    finally:
        aside.rename(witness)
    looked.expect(stdout="venv: would run:\n  its output .venv/pyvenv.cfg was deleted\n")
    set_up.is_up_to_date("venv", tasks=1)


def test_the_ui_is_built_once(built):
    assert 'src="/assets/' in built.read(f"{UI}/index.html"), "served from /"
    assert built.changed_files() == []
    built.is_up_to_date("build-ui", tasks=2)


def test_the_tests_of_flows_run_once(tested):
    tested.is_up_to_date(*FLOW_TESTS, tasks=2, tests=FLOWS_CACHED)
    tested.is_up_to_date(*EVERYTHING, tasks=4, tests=FLOWS_CACHED)


def test_new_times_alone_rerun_nothing(tested):
    tested.touch_everything()
    tested.is_up_to_date(*EVERYTHING, tasks=4, tests=FLOWS_CACHED)


def test_the_documentation_reruns_nothing(tested):
    with Edited(tested, "docs/contributing/overview.md", lambda text: text + "\nOne more line.\n"):
        with Edited(tested, "RELEASE-NOTES.md", lambda text: "# Nothing new\n" + text):
            tested.is_up_to_date(*EVERYTHING, tasks=4, tests=FLOWS_CACHED)


def test_an_edit_of_the_ui_builds_the_ui_only_and_its_revert_restores_it(tested):
    first = snapshot_of_content(tested, UI)
    with Edited(tested, "ui/src/main.ts", lambda text: text + "\nconsole.log('an edit of the acceptance test')\n"):
        tested.only_looks("why", "build-ui").expect(stdout="build-ui: would run:\n  ui/src/main.ts changed\n")
        tested.only_looks("--status", *EVERYTHING).expect(
            stdout="run build-ui: ui/src/main.ts changed\n1 to run, 0 to restore, 3 up to date\n", code=1
        )
        tested.run(*EVERYTHING).expect(
            stdout=ANY,
            stderr=f"""
                build-ui: ui/src/main.ts changed
                build-ui: done in TIME
                devtask: 1 ran, 3 up to date in TIME
                tests: {FLOWS_CACHED}
                """,
        )
        scripts = tested.path(f"{UI}/assets").glob("*.js")
        assert any("an edit of the acceptance test" in script.read_text() for script in scripts)

    tested.only_looks("why", "build-ui").expect(
        stdout="build-ui: would be restored from the cache:\n  ui/src/main.ts changed\n"
    )
    tested.run(*EVERYTHING).expect(
        stdout=ANY,
        stderr=f"""
            build-ui: restored from the cache (saved TIME)
            devtask: 1 restored, 3 up to date in TIME
            tests: {FLOWS_CACHED}
            """,
    )
    assert snapshot_of_content(tested, UI) == first
    assert tested.changed_files() == []
    tested.is_up_to_date(*EVERYTHING, tasks=4, tests=FLOWS_CACHED)


def test_another_checkout_gets_the_results_without_installing_anything(tested, checkouts):
    second = checkouts("second")
    wanted = ("run", "build-ui", *FLOW_TESTS)
    second.run(*wanted, no_processes=True).expect(
        stdout=ANY,
        stderr=Lines(
            f"""
            build-ui: restored from the cache (saved TIME)
            test tests/test_flows.py: restored from the cache (saved TIME)
            devtask: 2 restored in TIME
            tests: {FLOWS_CACHED}
            """
        ),
    )
    assert snapshot_of_content(second, UI) == snapshot_of_content(tested, UI)
    assert not second.path("ui/node_modules").exists()
    assert not second.path(".venv").exists()
    second.is_up_to_date(*wanted, tasks=2, tests=FLOWS_CACHED)


def test_an_edit_of_the_sources_is_named_as_the_reason_to_test_again(tested):
    with Edited(tested, "src/prefect/flows.py", lambda text: text + "\n# a comment\n"):
        tested.only_looks("why", *FLOW_TESTS).expect(
            stdout=Has("test tests/test_flows.py: would run:\n  src/prefect/flows.py changed")
        )
        tested.only_looks("--status", *EVERYTHING).expect(
            stdout="""
                run test tests/test_flows.py: src/prefect/flows.py changed (1 of 1 file)
                1 to run, 0 to restore, 3 up to date
                """,
            code=1,
        )
    tested.is_up_to_date(*FLOW_TESTS, tasks=2, tests=FLOWS_CACHED)


def test_only_prefects_own_settings_are_a_reason_to_test_again(tested):
    setting = {"PREFECT_LOGGING_LEVEL": "DEBUG"}
    tested.only_looks("why", *FLOW_TESTS, env=setting).expect(
        stdout=Has("test tests/test_flows.py: would run:\n  environment variable PREFECT_LOGGING_LEVEL added")
    )
    others = {"EDITOR": "vi", "PREFECT_HOME": "/nowhere"}  # tasks.toml sets the second
    tested.only_looks("why", *FLOW_TESTS, env=others).expect(stdout="test tests/test_flows.py: up to date\n")


def test_each_file_of_tests_has_a_result_of_its_own(set_up):
    # tests/utilities, but for the file with a test that needs Docker.
    files = sorted(str(path.relative_to(set_up.root)) for path in set_up.path("tests/utilities").glob("test_*.py"))
    files.remove("tests/utilities/test_importtools.py")
    cold = set_up.run("test", *files).succeeded()
    assert cold.stderr.endswith("tests: 255 passed, 0 failed, 7 skipped · 13 of 13 files ran\n")
    assert set_up.run("test", *files, no_processes=True).succeeded().stderr.startswith("devtask: everything is up to date")
    edited = "tests/utilities/test_names.py"
    with Edited(set_up, edited, lambda text: text + "\n# a comment\n"):
        again = set_up.run("-v", "test", *files).succeeded()
        (command,) = [line for line in again.stderr.splitlines() if "devtask_pytest.py" in line]
        assert [word for word in command.split("devtask_pytest.py")[1].split() if word in files] == [edited]
        assert "collected 17 items" in again.stdout
        assert again.stderr.endswith(
            "tests: 255 passed, 0 failed, 7 skipped · 1 of 13 files ran, 12 from the cache (TIME saved)\n"
        )


# One of each kind: with nothing special about it, passed over by isort and by autoflake8 as they are configured.
UNTIDY = (
    "src/prefect/flows.py",
    "src/prefect/__init__.py",
    "src/prefect/utilities/compat.py",
    "src/prefect/_version.py",
    "tests/test_tasks.py",
    "docs/recipes/generate_catalog.py",
    "scripts/wait-for-server.py",
    "setup.py",
)


def make_untidy(project):
    for path in UNTIDY:
        project.write(path, f"import wave\nimport   zipfile, ast\n{project.read(path)}\nx = {{  'a':zipfile }}\n")


def sources(project):
    paths = project.git("ls-files", "*.py").splitlines()
    return {path: (project.path(path).stat().st_mode, project.read(path)) for path in paths}


def test_formatting_is_what_the_three_tools_do_by_hand(set_up, checkouts):
    make_untidy(set_up)
    try:
        first = set_up.run("format").succeeded()
        assert "of 576 files)" in first.stderr
        assert "written by others" not in first.stderr
        set_up.is_up_to_date("format", tasks=2)
        formatted = sources(set_up)
        with Edited(set_up, "setup.py", lambda text: text + "y = {  1 }\n"):
            one = set_up.run("-v", "format").succeeded()
            assert "format: `setup.py` changed (1 of 576 files)\n" in one.stderr
            commands = [line.split() for line in one.stderr.splitlines() if line.startswith("format: $ ")]
            assert [(words[2], words[-1]) for words in commands] == [
                ("autoflake8", "setup.py"),
                ("isort", "setup.py"),
                ("black", "setup.py"),
            ]
            assert all(sum(word.endswith(".py") for word in words[-2:]) == 1 for words in commands)
            assert set_up.read("setup.py") == formatted["setup.py"][1] + "y = {1}\n"
    finally:
        set_up.git("checkout", "--", *UNTIDY)

    by_hand = checkouts("by-hand")
    make_untidy(by_hand)
    (tools,) = set_up.path(".devtask/tools").glob("*/bin")
    excluded = "*/utilities/compat.py,*/utilities/slugify.py,**__init__.py"
    by_hand.command(tools / "autoflake8", "--in-place", "--exclude", excluded, "--recursive", ".", timeout=5 * MINUTES)
    by_hand.command(tools / "isort", ".", timeout=5 * MINUTES).succeeded()
    by_hand.command(tools / "black", "--preview", ".", timeout=5 * MINUTES).succeeded()
    assert sources(by_hand) == formatted


def test_what_is_not_formatted_is_named_and_left_alone(set_up):
    path = "src/prefect/flows.py"
    words = ("format", "--check", "src/prefect/cli", path)
    with Edited(set_up, path, lambda text: text.replace("import inspect\nimport os\n", "import   os, inspect\n")):
        edited = set_up.read(path)
        failed = set_up.run("-v", *words)
        assert failed.code == 1
        assert f"would change: {path}\n" in failed.stdout
        assert "-import   os, inspect\n+import inspect\n+import os\n" in failed.stdout
        assert set_up.read(path) == edited
    set_up.run(*words, timeout=5 * MINUTES).succeeded()


MODELS = "src/prefect/server/database/orm_models.py"
NOTES = "src/prefect/server/database/migrations/MIGRATION-NOTES.md"
VERSIONS = "src/prefect/server/database/migrations/versions"
ALL = ("migrate", "--all-dialects")


@pytest.fixture
def models(set_up):
    """Puts back what migrations leave: the models, the notes, the revisions."""
    yield set_up
    set_up.git("checkout", "--quiet", "--", MODELS, NOTES)
    set_up.git("clean", "--quiet", "-f", "--", VERSIONS)


def edit(project, path, change):
    before = project.path(path).read_text()
    assert change(before) != before
    project.write(path, change(before))


def new_revisions(project):
    """Dialect to the one new file's path and text."""
    found = {}
    for dialect in ("sqlite", "postgresql"):
        said = project.git("ls-files", "--others", "--exclude-standard", f"{VERSIONS}/{dialect}").split()
        assert len(said) == 1, said
        found[dialect] = said[0], project.read(said[0])
    return found


def operations(text):
    """What a revision does, without comments and blank lines: of upgrade and of downgrade."""
    bodies = text.split("def upgrade():\n")[1].split("def downgrade():\n")
    return [
        [line.strip() for line in body.splitlines() if line.strip() and not line.strip().startswith("#")]
        for body in bodies
    ]


def test_the_guides_migration_is_one_command(models):
    models.run(*ALL, timeout=5 * MINUTES).expect(
        stderr=Has("sqlite: models and revisions are as in", "postgresql: models and revisions are as in")
    )
    edit(
        models,
        MODELS,
        lambda text: text.replace(
            "    flow_version = sa.Column(sa.String, index=True)\n",
            "    flow_version = sa.Column(sa.String, index=True)\n"
            "    new_column = sa.Column(sa.String(), nullable=True)\n",
            1,
        ),
    )
    models.run(*ALL).expect(code=2, stderr=Has("have changed, and a new revision would have no name"))
    models.run(*ALL, "-m", "add_flow_run_new_column", timeout=5 * MINUTES).expect(
        stdout=Has("left out: 12 differences", "left out: 20 differences", "has an entry `Add flow run new column`"),
        stderr=ANY,
    )
    files = new_revisions(models)
    add, drop = '.add_column(sa.Column("new_column", sa.String(), nullable=True))', '.drop_column("new_column")'
    off, on = 'op.execute("PRAGMA foreign_keys=OFF")', 'op.execute("PRAGMA foreign_keys=ON")'
    batch = 'with op.batch_alter_table("flow_run", schema=None) as batch_op:'
    assert operations(files["sqlite"][1]) == [[off, batch, "batch_op" + add, on], [off, batch, "batch_op" + drop, on]]
    assert operations(files["postgresql"][1]) == [
        ['op.add_column("flow_run", sa.Column("new_column", sa.String(), nullable=True))'],
        ['op.drop_column("flow_run", "new_column")'],
    ]
    ids = {dialect: text.split("\nrevision = \"")[1][:12] for dialect, (_, text) in files.items()}
    assert (
        f"# Add flow run new column\nSQLite: `{ids['sqlite']}`\nPostgres: `{ids['postgresql']}`\n\n# Remove Flow Run"
        in models.read(NOTES)
    )
    models.run(*ALL, no_processes=True).expect(stderr=Has("everything is up to date"))
    models.run("migrate", "check", "--all-dialects", timeout=5 * MINUTES).expect(
        stdout=Has("sqlite: all is well", "postgresql: all is well"), stderr=ANY
    )
    models.run("migrate", "check", "--all-dialects", no_processes=True).succeeded()

    # The same change, made again.
    for path, _ in files.values():
        models.path(path).unlink()
    models.git("checkout", "--quiet", "--", NOTES)
    models.run(*ALL, "-m", "add_flow_run_new_column", timeout=5 * MINUTES).succeeded()
    assert new_revisions(models) == files

    models.run("upgrade").expect(code=2, stderr=Has("nobody can be asked"))
    models.run("upgrade", "-y", timeout=5 * MINUTES).expect(
        stdout=Has("Migrations succeeded!"), stderr=Has("database: sqlite+aiosqlite:")
    )
    models.run("upgrade").expect(stderr=Has("it is at the newest revision already"))
    models.run("downgrade", "-y").expect(stdout=Has("Migrations succeeded!"), stderr=ANY)
    models.run("upgrade").expect(code=2, stderr=Has("is at cf1159bd0d3c, the newest is " + ids["sqlite"]))
    assert models.path(".devtask/prefect/prefect.db").exists()
    assert not (models.home / ".prefect").exists()


def test_faults_of_old_migrations_are_found(models):
    """Foreign keys, ON DELETE and DESC that the downgrades of the last ten revisions lose."""
    said = models.run("migrate", "check", "--all-dialects", "--all", timeout=10 * MINUTES)
    assert said.code == 1
    faulty = {line.split("[round-trip]")[0] for line in said.stdout.splitlines() if "[round-trip]" in line}
    for revision in ("f92143d30c24", "f92143d30c27", "bfe42b7090d6", "f3df94dca3cc", "2882cd2df466", "2a88656f4a23"):
        assert any(f"_{revision}_" in line for line in faulty), revision
    assert any("f3df94dca3cc" in line and "lost ON DELETE SET NULL" in line for line in faulty)


def test_the_manifest_is_all_that_goes_to_standard_output(set_up):
    manifest = set_up.run("kubernetes-manifest").expect(
        stdout=ANY,
        stderr="""
            kubernetes-manifest: declares no inputs, always runs
            kubernetes-manifest: done in TIME
            devtask: 1 ran, 1 up to date in TIME
            """,
    )
    direct = set_up.command(
        set_up.path(".venv/bin/prefect"), "dev", "kubernetes-manifest", env={"PREFECT_HOME": str(set_up.home / "p")}
    ).succeeded()
    assert manifest.stdout == direct.stdout
    assert manifest.stdout.startswith("apiVersion: apps/v1\nkind: Deployment\n")


def snapshot_of_content(project, folder):
    return {path: (mode, content) for path, (mode, _, content) in snapshot(project.path(folder)).items()}
