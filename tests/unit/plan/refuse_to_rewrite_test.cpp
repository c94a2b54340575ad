#include "plan/refuse_to_rewrite.h"

#include <gtest/gtest.h>

#include "fakes/test_project.h"

namespace devtask {
namespace {

constexpr std::string_view kTasks = R"(
[tasks.format]
run = ["a {{units}}"]
check = ["b {{units}}"]
units = ["src/**"]
edits = true
[tasks.sort]
run = ["a {{units}}"]
units = ["src/**"]
edits = true
[tasks.old]
run = "x"
inputs = ["src/**"]
edits = ["src/**"]
[tasks.needs-old]
run = ["a {{units}}"]
units = ["docs/**"]
edits = true
deps = ["old"]
[tasks.test]
run = "x"
inputs = ["src/**"]
[tasks.inner]
deps = ["format"]
[tasks.all]
deps = ["test", "inner"]
[tasks.none]
deps = ["test"]
)";

class RefuseToRewriteTest : public testing::Test {
 protected:
  Result<Plan> plan(const std::vector<std::string>& words, bool check, bool staged,
                    const std::vector<std::string>& extra = {}) {
    auto request = read_request(project_.project, words, extra);
    request->check = check;
    if (staged) request->given = std::make_shared<GivenFiles>();
    return make_plan(project_.project, *request);
  }
  std::string checked(const std::vector<std::string>& words) {
    const auto planned = plan(words, true, false);
    return planned ? "fine" : planned.error().message;
  }

  TestProject project_{kTasks};
};

TEST_F(RefuseToRewriteTest, OnlyWhatEditsItsUnitsCanBeAskedFor) {
  EXPECT_EQ(checked({"format"}), "fine");
  EXPECT_EQ(checked({"all"}), "fine");
  EXPECT_EQ(checked({"test"}), "`test` cannot do `--check`: it has no `edits = true`");
  EXPECT_EQ(checked({"format", "test"}), "`test` cannot do `--check`: it has no `edits = true`");
  EXPECT_EQ(checked({"none"}), "`none` cannot do `--check`: nothing in this group has `edits = true`");
  EXPECT_EQ(checked({"old"}), "`old` cannot do `--check`: it has `edits`, but no `units`");
  EXPECT_EQ(checked({"needs-old"}), "`old` cannot do `--check`: it has `edits`, but no `units`");
  EXPECT_EQ(plan({"test"}, false, true).error().message,
            "`test` cannot do `--staged`: it has no `edits = true`");
  EXPECT_TRUE(plan({"old", "test"}, false, false));
}

TEST_F(RefuseToRewriteTest, ChecksNeedNotWaitForEachOther) {
  const auto after = [](const Result<Plan>& plan) { return plan->tasks[1].after.size(); };
  EXPECT_EQ(after(plan({"format", "sort"}, true, false)), 0U);
  EXPECT_EQ(after(plan({"format", "sort"}, false, true)), 1U);
  EXPECT_EQ(after(plan({"format", "sort"}, false, false)), 1U);
}

TEST_F(RefuseToRewriteTest, TheModeIsInTheLabelAndNotInWhatIsShared) {
  const auto plain = plan({"format", "src/a"}, false, false, {"-x"});
  const auto check = plan({"format", "src/a"}, true, true, {"-x"});
  EXPECT_EQ(check->tasks[0].label, "format src/a --staged --check -- -x");
  EXPECT_NE(check->tasks[0].id, plain->tasks[0].id);
  EXPECT_EQ(check->tasks[0].lock_id, plain->tasks[0].lock_id);
  EXPECT_EQ(check->tasks[0].units->log, plain->tasks[0].units->log);
  EXPECT_EQ(check->tasks[0].steps[0].key, plain->tasks[0].steps[0].key);
}

TEST_F(RefuseToRewriteTest, WhatRunsAndWhere) {
  const auto task = [&](const char* name, bool check, bool staged) {
    return plan({name}, check, staged)->tasks[0];
  };
  EXPECT_TRUE(task("format", true, false).runs_check_steps());
  EXPECT_FALSE(task("format", true, false).works_on_copies());
  EXPECT_TRUE(task("format", true, true).works_on_copies());
  EXPECT_FALSE(task("sort", true, false).runs_check_steps());
  EXPECT_TRUE(task("sort", true, false).works_on_copies());
  EXPECT_TRUE(task("format", false, true).works_on_copies());
  EXPECT_FALSE(task("format", false, true).runs_check_steps());
  EXPECT_TRUE(task("format", false, false).rewrites());
  EXPECT_FALSE(task("format", false, false).works_on_copies());
}

TEST_F(RefuseToRewriteTest, GivenFilesAreTheUnitsWhateverIsOnDisk) {
  project_.write("src/a", "on disk");
  auto request = read_request(project_.project, {"format"}, {});
  request->given = std::make_shared<GivenFiles>();
  request->given->put("src/gone", "given", 0755);
  request->given->put("src/a", "given");
  request->given->put("other", "given");
  const auto planned = make_plan(project_.project, *request);
  const Evaluation evaluation = project_.evaluate(*planned);
  const auto& units = evaluation.states[0].units->units;
  ASSERT_EQ(units.size(), 2U);
  EXPECT_EQ(units[0].path, "src/a");
  EXPECT_EQ(units[0].own, sha256("given"));
  EXPECT_EQ(units[1].path, "src/gone");
  request->given->put("src/gone", "formatted");
  EXPECT_EQ(request->given->find("src/gone")->mode, 0755U);
}

}  // namespace
}  // namespace devtask
