#include "plan/units.h"

#include <gtest/gtest.h>

#include <set>

#include "fakes/test_project.h"

namespace devtask {
namespace {

using What = UnitState::What;
using Strings = std::vector<std::string>;

constexpr std::string_view kTasks = R"(
[tasks.test]
units = ["tests/**/*.t"]
inputs = ["src/**", "tests/**"]
unit-inputs = ["conftest"]
env = { REPORT = "{{report}}" }
run = [["check", "{{units}}"]]
[tasks.test-a]
extends = "test"
units = ["tests/a/*.t"]
[tasks.format]
units = ["src/**", "tests/**/*.t"]
edits = true
inputs = []
run = [["format", "{{units}}"]]
)";

class UnitsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"tests/a/one.t", "tests/a/two.t", "tests/b.t"}) project_.write(path, path);
    project_.write("src/code", "1");
  }

  // The state of the only task of the plan.
  TaskState look(const Strings& words, const Strings& extra = {}, bool force = false) {
    plan_ = project_.plan(words, extra, force);
    EvaluatorSources sources = project_.sources();
    sources.units = &logs_;
    Evaluation now = Evaluator(sources).evaluate(plan_, {EvaluationOptions::Keep::kAll, nullptr});
    return now.states.back();
  }

  // "tests/a/one.t fresh", one line each, then why.
  std::string said(const TaskState& state) const {
    std::string text;
    for (const UnitState& unit : state.units->units) {
      text += unit.name + (unit.what == What::kFresh    ? " fresh"
                           : unit.what == What::kCached ? " cached"
                                                        : " stale");
      text += unit.why.empty() ? "\n" : " (" + unit.why + ")\n";
    }
    return text + (state.why.empty() ? "" : "-> " + state.why + "\n");
  }
  std::string names(const Strings& words) {
    std::string text;
    const TaskState state = look(words);
    for (const UnitState& unit : state.units->units) text += unit.name + "\n";
    return text;
  }

  // As if all units had run just now and each had one test.
  void pass(const TaskState& state, bool passed = true) {
    std::vector<UnitRecord> records;
    for (const UnitState& unit : state.units->units) {
      records.push_back({unit.name,
                         passed,
                         state.units->common,
                         unit.own,
                         unit.beside,
                         {},
                         std::chrono::milliseconds(100),
                         {passed ? 1U : 0U, passed ? 0U : 1U, 0, 0}});
    }
    ASSERT_TRUE(logs_.append(plan_.tasks.back().units->log, records));
    (void)project_.store.put_bytes(state.fingerprint);
  }

  TestProject project_{kTasks};
  UnitLogs logs_{project_ / ".devtask/units"};
  Plan plan_;
};

constexpr std::string_view kAll = "tests/a/one.t\ntests/a/two.t\ntests/b.t\n";

TEST_F(UnitsTest, WordsChooseFilesFoldersAndParts) {
  EXPECT_EQ(names({"test"}), kAll);
  EXPECT_EQ(names({"test", "tests/b.t"}), "tests/b.t\n");
  EXPECT_EQ(names({"test", "./tests//a/"}), "tests/a/one.t\ntests/a/two.t\n");
  EXPECT_EQ(names({"test", "."}), kAll);
  EXPECT_EQ(names({"test", project_ / "tests/b.t"}), "tests/b.t\n");
  EXPECT_EQ(names({"test", "tests/b.t::X::y[a/b c]"}), "tests/b.t::X::y[a/b c]\n");
  EXPECT_EQ(names({"test", "tests/b.t::X", "tests/b.t::Y"}), "tests/b.t::X\ntests/b.t::Y\n");
  // A part of what is chosen as a whole is chosen already, and nothing twice.
  EXPECT_EQ(names({"test", "tests/b.t::X", "tests/b.t", "tests/b.t", "tests"}), kAll);
}

TEST_F(UnitsTest, WordsAreRelativeToWhereTheyAreTyped) {
  const auto request = read_request(project_.project, {"test", "one.t", "../b.t::X"}, {}, {"", "tests/a"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->targets.at(0).words, (Strings{"tests/a/one.t", "tests/b.t::X"}));
  EXPECT_FALSE(read_request(project_.project, {"test", "../../../x"}, {}, {"", "tests/a"}));
}

TEST_F(UnitsTest, AWordThatNamesATaskIsOne) {
  const auto request = read_request(project_.project, {"test", "tests/b.t", "format", "./format"}, {});
  ASSERT_TRUE(request);
  ASSERT_EQ(request->targets.size(), 2U);
  EXPECT_EQ(request->targets[1].words, Strings{"format"});
}

TEST_F(UnitsTest, WhatIsNoUnitIsExplained) {
  const auto unmatched = [&](const std::string& word) {
    const TaskState state = look({"test", word});
    return state.units->unmatched + " | " + state.units->help;
  };
  EXPECT_EQ(unmatched("tests/a/on.t"), "there is no `tests/a/on.t` | did you mean `tests/a/one.t`?");
  EXPECT_EQ(unmatched("one.t::X"), "there is no `one.t` | did you mean `tests/a/one.t::X`?");
  EXPECT_EQ(
      unmatched("tests/*.t"),
      "there is no `tests/*.t` | it is no pattern here: without quotes the shell says which files match it");
  EXPECT_EQ(unmatched("src/code"),
            "`src/code` is no unit of task `test`, nor has it any | its units are `tests/**/*.t`");
  EXPECT_EQ(unmatched("tests/a::X"),
            "`tests/a::X` is no unit of task `test`, nor has it any | its units are `tests/**/*.t`");
}

TEST_F(UnitsTest, EachUnitIsJudgedByItsOwnContent) {
  pass(look({"test"}));
  EXPECT_EQ(look({"test"}).verdict, Verdict::kUpToDate);
  project_.write("tests/b.t", "other");
  EXPECT_EQ(said(look({"test"})),
            "tests/a/one.t fresh\ntests/a/two.t fresh\ntests/b.t stale (changed)\n"
            "-> `tests/b.t` changed (1 of 3 files)\n");
  project_.write("tests/b.t", "tests/b.t");
  EXPECT_EQ(look({"test"}).verdict, Verdict::kUpToDate);
  project_.write("tests/c.t", "new");
  EXPECT_EQ(said(look({"test", "tests/c.t"})),
            "tests/c.t stale (never ran here)\n-> `tests/c.t` never ran here (1 of 1 file)\n");
}

TEST_F(UnitsTest, WhatAllShareMakesAllStale) {
  pass(look({"test"}));
  project_.write("src/code", "2");
  const TaskState state = look({"test"});
  EXPECT_EQ(state.why, "src/code changed (3 of 3 files)");
  EXPECT_EQ(state.units->count(What::kStale), 3U);
}

TEST_F(UnitsTest, UnitsAreNoInputsOfOthers) {
  const TaskState state = look({"test"});
  EXPECT_EQ(state.fingerprint.find("tests/"), std::string::npos) << state.fingerprint;
  EXPECT_NE(state.fingerprint.find("src/code"), std::string::npos);
  project_.write("tests/data", "x");
  EXPECT_NE(look({"test"}).fingerprint.find("tests/data"), std::string::npos);
}

TEST_F(UnitsTest, FilesBesideCountBelowTheirFolderOnly) {
  pass(look({"test"}));
  project_.write("tests/a/conftest", "1");
  EXPECT_EQ(said(look({"test"})),
            "tests/a/one.t stale (depends on a file beside it that changed)\n"
            "tests/a/two.t stale (depends on a file beside it that changed)\ntests/b.t fresh\n"
            "-> `tests/a/one.t` depends on a file beside it that changed (2 of 3 files)\n");
  project_.write("conftest", "1");
  EXPECT_EQ(look({"test"}).units->count(What::kStale), 3U);
  pass(look({"test"}));
  project_.write("tests/conftest", "2");
  EXPECT_EQ(look({"test"}).units->count(What::kStale), 3U);
}

TEST_F(UnitsTest, AFailureIsStaleAndNotTakenFromTheCache) {
  pass(look({"test"}), false);
  EXPECT_EQ(look({"test"}).why, "`tests/a/one.t` did not pass last time (3 of 3 files)");
}

TEST_F(UnitsTest, NoTestAtAllIsNoSuccess) {
  const TaskState state = look({"test"});
  std::vector<UnitRecord> records;
  for (const UnitState& unit : state.units->units)
    records.push_back({unit.name, true, state.units->common, unit.own, unit.beside, {}, {}, {}});
  ASSERT_TRUE(logs_.append("test", records));
  EXPECT_EQ(look({"test"}).why, "`tests/a/one.t` has no tests (3 of 3 files)");
  records[0].tests.passed = 1;
  ASSERT_TRUE(logs_.append("test", {records[0]}));
  EXPECT_EQ(look({"test"}).verdict, Verdict::kUpToDate);
  EXPECT_EQ(look({"test", "tests/b.t"}).verdict, Verdict::kStale);
}

TEST_F(UnitsTest, ForceMakesThoseStaleThatAreAskedFor) {
  pass(look({"test"}));
  EXPECT_EQ(said(look({"test", "tests/b.t"}, {}, true)),
            "tests/b.t stale (forced)\n-> forced (1 of 1 file)\n");
}

TEST_F(UnitsTest, FamiliesShareKeysAndRecords) {
  const TaskState whole = look({"test"});
  const TaskState part = look({"test-a"});
  EXPECT_EQ(whole.key, part.key);
  EXPECT_EQ(plan_.tasks.back().units->log, "test");
  ASSERT_EQ(part.units->units.size(), 2U);
  EXPECT_EQ(unit_key(*plan_.tasks.back().task, whole.units->common, whole.units->units[0].own,
                     whole.units->units[0].beside, "tests/a/one.t"),
            unit_key(*plan_.tasks.back().task, part.units->common, part.units->units[0].own,
                     part.units->units[0].beside, "tests/a/one.t"));
}

TEST_F(UnitsTest, OtherArgumentsHaveOtherKeysAndRecords) {
  const auto log = [&](const Strings& words, const Strings& extra) {
    const TaskState state = look(words, extra);
    return plan_.tasks.back().units->log + " " + state.key->hex();
  };
  project_.configure(R"(
[tasks.test]
units = ["tests/**/*.t"]
inputs = []
run = [["check", "{{extra}}", "{{units}}"]]
)");
  const std::set<std::string> all{log({"test"}, {}), log({"test"}, {"-k", "a"}), log({"test"}, {"-k a"}),
                                  log({"test"}, {"-k", "b"})};
  EXPECT_EQ(all.size(), 4U);
  // Which files are asked for is no such argument.
  EXPECT_EQ(log({"test"}, {}), log({"test", "tests/b.t"}, {}));
}

TEST_F(UnitsTest, TheKeyOfAUnitIsMadeOfAllItsParts) {
  look({"test"});
  const Task& task = *plan_.tasks.back().task;
  const Digest one = sha256("1"), two = sha256("2");
  const std::set<std::string> keys{
      unit_key(task, one, one, one, "a").hex(), unit_key(task, two, one, one, "a").hex(),
      unit_key(task, one, two, one, "a").hex(), unit_key(task, one, one, two, "a").hex(),
      unit_key(task, one, one, one, "b").hex(), unit_key(task, one, one, one, "a::b").hex()};
  EXPECT_EQ(keys.size(), 6U);
}

TEST_F(UnitsTest, EditsComeBeforeTestsOfTheSameFiles) {
  for (const Strings& words : {Strings{"test", "format"}, Strings{"format", "test"}}) {
    const Plan plan = project_.plan(words);
    ASSERT_EQ(plan.tasks.size(), 2U);
    EXPECT_EQ(plan.tasks[0].label, "format");
    EXPECT_EQ(plan.tasks[1].after, std::vector<TaskIndex>{0});
  }
}

// One lock is theirs, and no two may wait for it within one request.
TEST_F(UnitsTest, EachOfAFamilyComesAfterAllBeforeIt) {
  project_.configure(std::string(kTasks) + R"(
[tasks.smoke]
extends = "test"
[tasks.full]
extends = "test"
deps = ["smoke"]
)");
  const Plan plan = project_.plan({"test", "full"});
  ASSERT_EQ(plan.tasks.size(), 3U);
  std::vector<std::size_t> before;
  for (const PlannedTask& task : plan.tasks) {
    std::set<TaskIndex> all(task.after.begin(), task.after.end());
    all.insert(task.deps.begin(), task.deps.end());
    before.push_back(all.size());
  }
  EXPECT_EQ(before[0] + before[1], 1U);
  EXPECT_GE(before[2], 1U);
}

// Names that sort between a folder and what is in it.
TEST_F(UnitsTest, AFolderIsItsFilesAndNoOthers) {
  for (const char* path : {"tests/a-b/x.t", "tests/a.t", "tests/a0/x.t", "tests/a/0/x.t"})
    project_.write(path, path);
  EXPECT_EQ(names({"test", "tests/a"}), "tests/a/0/x.t\ntests/a/one.t\ntests/a/two.t\n");
  EXPECT_EQ(names({"test", "tests/a.t"}), "tests/a.t\n");
}

// ---- sharing

UnitStates timed(const std::vector<int>& milliseconds) {
  UnitStates states;
  for (const int each : milliseconds) {
    UnitState unit;
    if (each >= 0) {
      unit.record.emplace();
      unit.record->duration = std::chrono::milliseconds(each);
    }
    states.units.push_back(std::move(unit));
  }
  return states;
}

using Shares = std::vector<std::vector<std::size_t>>;

TEST(ShareUnits, BalancesByRecordedDuration) {
  EXPECT_EQ(share_units(timed({10, 90, 40, 50}), {0, 1, 2, 3}, 2), (Shares{{1, 0}, {3, 2}}));
  EXPECT_EQ(share_units(timed({10, 90, 40, 50}), {0, 1, 2, 3}, 1), (Shares{{1, 3, 2, 0}}));
}

TEST(ShareUnits, TakesNoMoreProcessesThanThereAreUnits) {
  EXPECT_EQ(share_units(timed({1, 1}), {0, 1}, 8), (Shares{{0}, {1}}));
  EXPECT_EQ(share_units(timed({1, 1}), {1}, 8), (Shares{{1}}));
  EXPECT_EQ(share_units(timed({1}), {}, 8), Shares{});
  EXPECT_EQ(share_units(timed({1, 2}), {0, 1}, 0), (Shares{{1, 0}}));
}

TEST(ShareUnits, TakesThoseThatNeverRanForOrdinary) {
  // The average is 50.
  EXPECT_EQ(share_units(timed({90, -1, 10, -1}), {0, 1, 2, 3}, 2), (Shares{{0, 2}, {1, 3}}));
  EXPECT_EQ(share_units(timed({-1, -1, -1, -1}), {0, 1, 2, 3}, 2), (Shares{{0, 2}, {1, 3}}));
}

TEST(ShareUnits, GivesTheSameEachTime) {
  const UnitStates states = timed({5, 5, 5, 5, 5, 5, 0, 0});
  EXPECT_EQ(share_units(states, {0, 1, 2, 3, 4, 5, 6, 7}, 3),
            share_units(states, {0, 1, 2, 3, 4, 5, 6, 7}, 3));
}

}  // namespace
}  // namespace devtask
