#include "cli/look.h"

#include <gtest/gtest.h>

#include "fakes/test_project.h"

namespace devtask {
namespace {

class LookTest : public testing::Test {
 protected:
  LookTest() {
    now_.states.resize(plan_.tasks.size());
    for (std::size_t i = 0; i < plan_.tasks.size(); ++i) set(i, Verdict::kUpToDate, "");
  }
  void set(std::size_t index, Verdict verdict, const std::string& why) {
    now_.states[index].verdict = verdict;
    now_.states[index].why = why;
  }
  std::string plan_now() { return plan_text(plan_, now_, make_schedule(plan_, now_.states)); }
  std::string why(std::size_t index) { return why_text(plan_, now_, index); }

  TestProject project_{R"(
[tasks.deps]
run = "x"
inputs = []
[tasks.build]
run = "x"
inputs = []
deps = ["deps"]
[tasks.test]
run = "x {{paths}}"
inputs = []
deps = ["build"]
args = [{ name = "paths", many = true, default = [] }]
[tasks.all]
deps = ["test"]
)"};
  Plan plan_ = project_.plan({"build", "test", "a b"});
  Evaluation now_;
};

TEST_F(LookTest, SaysWhatWouldHappenInOrder) {
  EXPECT_EQ(plan_now(), "0 to run, 0 to restore, 3 up to date\n");
  set(0, Verdict::kStale, "package.json changed");
  set(1, Verdict::kWaiting, "");
  set(2, Verdict::kStale, "never ran here");
  EXPECT_EQ(plan_now(),
            "run deps: package.json changed\nmaybe build: after deps\nrun test 'a b': never ran here\n"
            "3 to run, 0 to restore, 0 up to date\n");
  set(1, Verdict::kCached, "x changed");
  set(2, Verdict::kUpToDate, "");
  EXPECT_EQ(plan_now(), "restore build\n0 to run, 1 to restore, 1 up to date\n");
}

TEST_F(LookTest, SaysWhyATaskWouldRun) {
  EXPECT_EQ(why(1), "build: up to date\n");
  set(1, Verdict::kStale, "never ran here");
  EXPECT_EQ(why(1), "build: would run:\n  never ran here\n");
  now_.states[1].changes = {{Change::What::kChanged, "input", "a.ts", "1", "2", ""},
                            {Change::What::kAdded, "input", "b.ts", "", "2", ""},
                            {Change::What::kChanged, "env", "MODE", "1", "2", ""}};
  const std::string lines = "  a.ts changed\n  b.ts added\n  environment variable MODE changed\n";
  EXPECT_EQ(why(1), "build: would run:\n" + lines);
  set(1, Verdict::kCached, "a.ts changed and 2 more");
  EXPECT_EQ(why(1), "build: would be restored from the cache:\n" + lines);
}

TEST_F(LookTest, SaysForWhomATaskWaits) {
  set(0, Verdict::kStale, "package.json changed");
  set(1, Verdict::kWaiting, "");
  now_.states[1].waits_for = 0;
  EXPECT_EQ(why(1), "build: depends on what `deps` produces, which has to run first: package.json changed\n");
}

TEST_F(LookTest, KnowsGroups) {
  const Plan plan = project_.plan({"all"});
  Evaluation all;
  all.states.resize(plan.tasks.size());
  all.states.back().verdict = Verdict::kUpToDate;
  EXPECT_EQ(why_text(plan, all, plan.tasks.size() - 1),
            "all: up to date (a group: it stands for its dependencies)\n");
}

}  // namespace
}  // namespace devtask
