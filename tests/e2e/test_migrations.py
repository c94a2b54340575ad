"""`devtask migrate` on examples/flows: the revision that it writes, once, for each dialect."""

from support.migrations import (
    DIALECTS,
    HEADS,
    MODELS,
    NAME,
    NOTES,
    OFF,
    ON,
    RUN_COUNT,
    columns,
    function,
    needs_postgresql,
    revision_of,
)
from support.result import ANY, Has

pytestmark = needs_postgresql
BATCH = "with op.batch_alter_table('flow_run', schema=None) as batch_op:\n    batch_op."
ADDED = "add_column({}sa.Column('new_column', sa.String(), nullable=True))"


def plain(statement):
    return statement.replace('"', "'")


def test_the_new_column_alone_is_in_the_files(flows):
    flows.add_column()
    files = flows.revise()
    assert sorted(files) == sorted(DIALECTS)
    up, down = (function(files["sqlite"], name) for name in ("upgrade", "downgrade"))
    assert up == [plain(OFF), BATCH + ADDED.format(""), plain(ON)]
    assert down == [plain(OFF), BATCH + "drop_column('new_column')", plain(ON)]
    assert function(files["postgresql"], "upgrade") == ["op." + ADDED.format("'flow_run', ")]
    assert function(files["postgresql"], "downgrade") == ["op.drop_column('flow_run', 'new_column')"]
    for dialect, text in files.items():
        assert f'down_revision = "{HEADS[dialect]}"\n' in text
        assert revision_of(text) in flows.newest(dialect).name
    ids = {dialect: revision_of(text) for dialect, text in files.items()}
    entry = (
        f"## Add flow run new column\n\nSQLite: `{ids['sqlite']}`\n\nPostgres: `{ids['postgresql']}`\n\n"
        "## Add concurrency limit to deployments\n"
    )
    assert entry in flows.read(NOTES)
    flows.migrate("check", "--all-dialects").succeeded()


def made(flows):
    """Every revision and the notes."""
    return {path: flows.read(path) for path in [*flows.revisions(), NOTES]}


def test_a_second_time_nothing_runs(flows):
    flows.add_column()
    flows.revise()
    before = made(flows)
    flows.migrate("--all-dialects", no_processes=True).expect(stderr=Has("everything is up to date (3 tasks"))
    flows.migrate("--all-dialects", "-m", "another_name", no_processes=True).expect(stderr=Has("is up to date"))
    flows.migrate("--all-dialects", "--status", no_processes=True).expect(stdout=ANY, stderr=ANY)
    for dialect in DIALECTS:
        task = f"main.revision.{dialect}"
        flows.run("why", task, no_processes=True).expect(stdout=f"{task}: up to date\n")
    assert made(flows) == before


def test_status_says_that_there_is_something_to_do_and_does_nothing(flows):
    flows.add_column()
    before = flows.revisions()
    flows.migrate("--all-dialects", "--status", "-m", NAME).expect(stdout=ANY, stderr=ANY, code=1)
    assert flows.revisions() == before


def test_where_nobody_changed_anything_nothing_is_asked(flows):
    done = flows.migrate("--all-dialects").succeeded()
    assert done.stderr.count("models and revisions are as in") == 2
    assert done.stderr.count("(the example): nothing to migrate\n") == 2
    assert "never ran" not in done.stderr and not flows.left_behind()


def test_a_comment_is_no_difference(flows):
    flows.edit(MODELS, RUN_COUNT, RUN_COUNT + "    # how often it was tried\n")
    before, notes = flows.revisions(), flows.read(NOTES)
    done = flows.migrate("--all-dialects", "-m", NAME).succeeded()
    for dialect in DIALECTS:
        assert f"main.revision.{dialect} │ nothing to write: the revisions lead to the models\n" in done.stdout
    assert flows.revisions() == before and flows.read(NOTES) == notes
    flows.migrate("--all-dialects", no_processes=True).expect(stderr=Has("everything is up to date"))


def test_a_change_that_the_tool_does_not_see_is_told(flows):
    flows.edit(MODELS, 'sa.CheckConstraint("concurrency_limit > 0"', 'sa.CheckConstraint("concurrency_limit > 1"')
    before, notes = flows.revisions(), flows.read(NOTES)
    done = flows.migrate("--all-dialects", "-m", NAME).succeeded()
    assert done.stdout.count("the models have changed, and the tool sees no difference: ") == 2
    assert done.stdout.count("server defaults") == 2
    assert flows.revisions() == before and flows.read(NOTES) == notes


def test_an_edit_by_hand_is_left_as_it_is(flows):
    flows.add_column()
    flows.revise()
    for dialect in DIALECTS:
        flows.edit(flows.newest(dialect), "def downgrade():\n", "def downgrade():\n    # by hand\n")
    edited = made(flows)
    flows.migrate("--all-dialects", "-m", "another").succeeded()
    assert made(flows) == edited
    flows.migrate("--all-dialects", no_processes=True).expect(stderr=Has("everything is up to date"))
    flows.run("clean").succeeded()
    assert made(flows) == edited


def test_a_deleted_file_is_made_again_byte_by_byte(flows):
    flows.add_column()
    flows.revise()
    before = made(flows)
    for dialect in DIALECTS:
        flows.remove(flows.newest(dialect))
    flows.migrate("--all-dialects", "-m", NAME).succeeded()
    assert made(flows) == before


def test_another_checkout_makes_the_same_files(flows, prepared, tmp_path):
    flows.add_column()
    flows.revise()
    clone = flows.beside("clone", prepared)
    clone.add_column()
    clone.env["XDG_CACHE_HOME"] = str(tmp_path / "none")
    clone.revise()
    assert made(clone) == made(flows)


def test_without_a_name_nothing_is_begun(flows):
    flows.add_column()
    before = flows.revisions()
    done = flows.migrate("--all-dialects")
    done.expect(stderr=Has("would have no name", "help: say what it does: `devtask migrate -m "), code=2)
    assert flows.revisions() == before
    flows.run("why", "main.revision.sqlite").expect(stdout=Has("never ran here"))


def test_dry_run_shows_and_writes_nothing(flows):
    flows.add_column()
    before, notes = flows.git("status", "--porcelain"), flows.read(NOTES)
    done = flows.migrate("--all-dialects", "-n", "-m", NAME).succeeded()
    for dialect in DIALECTS:
        assert f"would write src/flows/migrations/versions/{dialect}/" in done.stdout
    assert "+    with op.batch_alter_table(" in done.stdout
    assert f"{NOTES}: would have an entry `Add flow run new column`" in done.stdout
    assert flows.git("status", "--porcelain") == before and flows.read(NOTES) == notes
    assert not flows.left_behind()
    for dialect, text in flows.revise().items():  # as it was shown
        assert f"_{revision_of(text)}_{NAME}.py\n" in done.stdout


def test_what_was_made_is_shown_in_colour_and_opened(flows):
    flows.tool("editor", 'printf "%s\\n" "$@" >>"$COUNT_LOG"')
    flows.env["EDITOR"] = "editor --wait"
    flows.add_column()
    done = flows.migrate("--all-dialects", "-m", NAME, "--edit", "--color", "always").succeeded()
    for dialect in DIALECTS:
        assert f"\n{flows.newest(dialect)}\n" in done.stdout
    assert '\x1b[32m+"""add_flow_run_new_column\x1b[0m' in done.stdout
    assert flows.ran() == ["--wait", *(str(flows.path(flows.newest(dialect))) for dialect in DIALECTS)]


def test_the_files_are_formatted_by_the_projects_formatter(flows):
    flows.add_column()
    flows.revise()
    flows.run("format", "--check", timeout=600).succeeded()


def test_a_revision_goes_up_and_down_on_a_real_database(flows, databases):
    flows.add_column()
    flows.revise()
    for dialect, url in databases.items():
        flows.in_tool("database", "upgrade", "-y", url=url)
        assert "new_column" in columns(flows, url, "flow_run")
        flows.in_tool("database", "check", url=url)
        flows.in_tool("database", "downgrade", "-y", url=url)
        assert "new_column" not in columns(flows, url, "flow_run")
