"""Only the user's own change is in a revision: what the base reports, too, is left out, and can be asked for."""

import pytest

from support.migrations import DIALECTS, MODELS, RUN_COUNT, columns, function, needs_postgresql
from support.result import Has

pytestmark = needs_postgresql

TAGS = "    tags: Mapped[list[str]] = mapped_column(Json, default=list)\n"
NOISE = "    noise = mapped_column(sa.String(), nullable=True)\n"
NOISY_INDEX = 'sa.Index(None, "queue", "state_type", "scheduled_time"),\n        sa.Index(None, "name"),'
LEFT_OUT = ["add_column flow.noise", "create_index flow_run.ix_flow_run__name"]


@pytest.fixture
def drifted(flows):
    """The models have moved on, and a commit that changed the revisions, too, has them: they differ in the base."""
    flows.edit(MODELS, TAGS, TAGS + NOISE)
    flows.edit(MODELS, 'sa.Index(None, "queue", "state_type", "scheduled_time"),', NOISY_INDEX)
    for dialect in DIALECTS:
        path = flows.newest(dialect)
        flows.write(path, flows.read(path) + "\n# looked at\n")
    flows.commit("the models moved on")
    return flows


def operations(text, direction):
    return "\n".join(function(text, direction))


def test_only_the_own_change_is_in_the_files(drifted, databases):
    drifted.add_column()
    before = {dialect: len(drifted.revisions(dialect)) for dialect in DIALECTS}
    done = drifted.migrate("--all-dialects", "-m", "own").succeeded()
    assert done.stdout.count("  left out: 2 differences that the base reports, too (`devtask migrate drift`") == 2
    for dialect, url in databases.items():
        assert len(drifted.revisions(dialect)) == before[dialect] + 1
        text = drifted.read(drifted.newest(dialect))
        for direction in ("upgrade", "downgrade"):
            found = operations(text, direction)
            assert "new_column" in found
            assert "noise" not in found and "ix_flow_run__name" not in found
        drifted.in_tool("database", "upgrade", "-y", url=url)
        assert "new_column" in columns(drifted, url, "flow_run")
        assert "noise" not in columns(drifted, url, "flow")
        drifted.in_tool("database", "downgrade", "-y", url=url)
    drifted.migrate("check", "--all-dialects").succeeded()
    drifted.migrate("--all-dialects", no_processes=True).expect(stderr=Has("everything is up to date"))


def test_drift_lists_what_is_left_out(drifted):
    done = drifted.migrate("drift", "--all-dialects").succeeded()
    for dialect in DIALECTS:
        lines = [line for line in done.stdout.splitlines() if line.startswith(f"main.drift.{dialect} │ ")]
        shown = [line.split("│ ")[1] for line in lines]
        assert "models and revisions differ, in the base, too:" in shown
        assert sorted(line[2:] for line in shown if line.startswith("  ")) == LEFT_OUT


def test_without_drift_it_says_so(flows):
    done = flows.migrate("drift", "--all-dialects").succeeded()
    assert done.stdout.count("models and revisions are equal") == 2


def test_drift_alone_is_nothing_to_migrate(drifted):
    drifted.migrate("--all-dialects").expect(stderr=Has("(the models moved on): nothing to migrate"))
    drifted.write(MODELS, drifted.read(MODELS) + "# a comment\n")
    before = drifted.revisions()
    done = drifted.migrate("--all-dialects", "-m", "nothing").succeeded()
    assert done.stdout.count("nothing to write: models and revisions differ in nothing of yours\n") == 2
    assert drifted.revisions() == before


@pytest.mark.parametrize(
    "pattern, has, has_not",
    [
        ("add_column flow.noise", "noise", "ix_flow_run__name"),
        ("ix_flow_run__name", "ix_flow_run__name", "noise"),
        ("create_index*", "ix_flow_run__name", "noise"),
    ],
)
def test_keep_puts_an_operation_in(drifted, pattern, has, has_not):
    drifted.add_column()
    for text in drifted.revise("own", "--keep", pattern).values():
        for direction in ("upgrade", "downgrade"):
            found = operations(text, direction)
            assert "new_column" in found and has in found and has_not not in found


def test_keep_all_leaves_nothing_out(drifted):
    for text in drifted.revise("all", "--keep-all").values():
        for direction in ("upgrade", "downgrade"):
            found = operations(text, direction)
            assert "noise" in found and "ix_flow_run__name" in found
    drifted.migrate("drift", "--all-dialects").succeeded()
    drifted.migrate("check", "--all-dialects").succeeded()


def test_the_base_can_be_named(drifted):
    """Against the commit before, what is noise else is the user's own."""
    for text in drifted.revise("both", "--base", "HEAD~1").values():
        for direction in ("upgrade", "downgrade"):
            found = operations(text, direction)
            assert "noise" in found and "ix_flow_run__name" in found


def test_a_base_that_is_no_commit(flows):
    flows.migrate("--base", "nowhere", "-m", "x").expect(
        stderr=Has("error: there is no commit `nowhere`", "--base main"), code=2
    )
    flows.migrate("--base", "--output=x", "-m", "x").expect(stderr=Has("error: "), code=2)
    assert not flows.path("x").exists()


def test_a_change_equal_to_noise_is_told(drifted):
    """What the base reports, too, but whose lines were edited since."""
    drifted.edit(MODELS, NOISE, NOISE.replace("sa.String()", "sa.String(50)"))
    done = drifted.migrate("--all-dialects", "-m", "noise_is_longer").succeeded()
    for dialect in DIALECTS:
        said = [line for line in done.stdout.splitlines() if line.startswith(f"main.revision.{dialect} │")]
        assert any("flow.noise" in line for line in said), done.stdout


def test_noise_that_has_gone_is_told(drifted):
    drifted.edit(MODELS, NOISE, "")
    drifted.add_column()
    done = drifted.migrate("--all-dialects", "-m", "own").succeeded()
    assert done.stdout.count("  no longer reported, though the base has it: add_column flow.noise\n") == 2
    for dialect in DIALECTS:
        assert "noise" not in drifted.read(drifted.newest(dialect))


def test_models_of_the_base_that_cannot_be_read_are_told(flows):
    flows.edit(MODELS, RUN_COUNT, RUN_COUNT + "    broken = nothing_of_this_name()\n")
    for dialect in DIALECTS:
        path = flows.newest(dialect)
        flows.write(path, flows.read(path) + "\n# looked at\n")
    flows.commit("broken models")
    flows.edit(MODELS, "    broken = nothing_of_this_name()\n", "")
    flows.add_column()
    done = flows.migrate("-m", "own")
    assert done.code == 1
    said = done.stdout + done.stderr
    assert "cannot compare the models of the base with its revisions" in said or "cannot upgrade" in said
    assert "NameError: name 'nothing_of_this_name' is not defined" in said
    assert "(broken models)" in said
    # As the message says, without the base it works.
    assert list(flows.revise("own", "--keep-all", dialects=())) == ["sqlite"]
