// The real Ninja and the real shim, with functions in place of commands.
#include "ninja/build.h"

#include <gtest/gtest.h>

#include "fakes/fake_executor.h"
#include "fakes/recorded_events.h"
#include "fakes/test_project.h"
#include "os/process.h"
#include "plan/programs.h"

namespace devtask {
namespace {

std::string find_ninja() {
  std::vector<std::string> folders;
  for (const std::string& variable : own_environment()) {
    if (!variable.starts_with("PATH=")) continue;
    for (std::size_t at = 5; at < variable.size();) {
      const std::size_t end = std::min(variable.find(':', at), variable.size());
      folders.push_back(variable.substr(at, end - at));
      at = end + 1;
    }
  }
  return find_program("ninja", folders, "/");
}

class BuildTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.ninja = find_ninja();
    if (options_.ninja->empty()) GTEST_SKIP() << "no ninja in PATH";
    options_.shim = join_path(parent_folder(own_executable()), "devtask-shim");
    options_.environment = own_environment();
    options_.jobs = 1;
  }
  // What happened, and the exit code.
  std::string build(const std::vector<std::string>& words) {
    const Plan plan = project_.plan(words);
    const Evaluator evaluator(project_.sources());
    const RunnerParts parts{plan,
                            evaluator,
                            project_.environment,
                            executor_,
                            project_.journal,
                            &project_.store,
                            &project_.store,
                            project_.memo,
                            events_,
                            stop_,
                            StateFolder(project_.root())};
    run_build(parts, evaluator.evaluate(plan).states, options_);
    return events_.take();
  }
  void make(const std::string& task, const std::string& path, const std::string& content) {
    executor_.when(task, [=, this] { project_.write(path, content); });
  }

  TestProject project_{R"(
[tasks.lib]
run = "true"
inputs = ["lib/**"]
outputs = ["lib.txt"]
[tasks.app]
run = "true"
inputs = []
outputs = ["app.txt"]
deps = ["lib"]
[tasks.test]
run = "true"
inputs = []
deps = ["app"]
[tasks.other]
run = "true"
inputs = []
[tasks.all]
deps = ["test", "other"]
)"};
  FakeExecutor executor_;
  RecordedEvents events_;
  StopRequest stop_;
  BuildOptions options_;
};

TEST_F(BuildTest, RunsWhatIsStaleAndThenNothing) {
  make("lib", "lib.txt", "1");
  make("app", "app.txt", "1");
  EXPECT_EQ(build({"test"}),
            "run: 3 tasks, 0 up to date, 0 to restore, 3 to run\n"
            "start lib: never ran here\nend lib: ran\nstart app: never ran here\nend app: ran\n"
            "start test: never ran here\nend test: ran\n"
            "done: 3 ran, 0 restored, 0 up to date, 0 failed, 0 skipped, 0 cancelled, exit 0\n");
  EXPECT_EQ(build({"test"}),
            "run: 3 tasks, 3 up to date, 0 to restore, 0 to run\n"
            "done: 0 ran, 0 restored, 3 up to date, 0 failed, 0 skipped, 0 cancelled, exit 0\n");
  EXPECT_EQ(list_folder(project_ / ".devtask/runs")->size(), 0U);
}

TEST_F(BuildTest, AnUnchangedResultSparesWhatFollows) {
  make("lib", "lib.txt", "1");
  make("app", "app.txt", "1");
  build({"all"});
  project_.write("lib/a", "x");
  EXPECT_EQ(build({"all"}),
            "run: 4 tasks, 1 up to date, 0 to restore, 3 to run\n"
            "start lib: lib/a added\nend lib: ran\n"
            "done: 1 ran, 0 restored, 3 up to date, 0 failed, 0 skipped, 0 cancelled, exit 0\n");
}

TEST_F(BuildTest, RestoresWhatWasMadeBefore) {
  make("lib", "lib.txt", "1");
  make("app", "app.txt", "1");
  build({"test"});
  make("lib", "lib.txt", "2");
  make("app", "app.txt", "2");
  project_.write("lib/a", "x");
  build({"test"});
  ASSERT_TRUE(remove_file(project_ / "lib/a"));
  executor_.ran();
  const std::string said = build({"app"});  // restored in parallel, in either order
  EXPECT_NE(said.find("end lib: restored (lib/a removed)\n"), std::string::npos) << said;
  EXPECT_NE(said.find("end app: restored (its dependency lib changed)\n"), std::string::npos) << said;
  EXPECT_NE(said.find("done: 0 ran, 2 restored, 0 up to date, 0 failed, 0 skipped, 0 cancelled, exit 0\n"),
            std::string::npos)
      << said;
  EXPECT_EQ(executor_.ran(), "");
  EXPECT_EQ(project_.read("app.txt"), "1");
}

TEST_F(BuildTest, WhatDependsOnAFailureIsNotRun) {
  executor_.fails("lib", 3);
  EXPECT_EQ(build({"test"}),
            "run: 3 tasks, 0 up to date, 0 to restore, 3 to run\n"
            "start lib: never ran here\noutput lib: what it said\nend lib: failed 3 log: what it said rerun: "
            "devtask lib\n"
            "end app: skipped because of lib\nend test: skipped because of lib\n"
            "done: 0 ran, 0 restored, 0 up to date, 1 failed, 2 skipped, 0 cancelled, exit 1\n");
  EXPECT_EQ(executor_.ran(), "lib");
}

TEST_F(BuildTest, GoesOnWithTheRestIfAsked) {
  options_.keep_going = true;
  executor_.fails("lib", 3);
  const std::string said = build({"all"});
  EXPECT_NE(said.find("end other: ran\n"), std::string::npos) << said;
  EXPECT_NE(said.find("done: 1 ran, 0 restored, 0 up to date, 1 failed, 2 skipped, 0 cancelled, exit 1\n"),
            std::string::npos)
      << said;
}

TEST_F(BuildTest, ATimeLimitHasItsOwnExitCode) {
  executor_.fails("other", 143, ExecutionResult::End::kTimedOut);
  const std::string said = build({"other"});
  EXPECT_NE(said.find("exit 124\n"), std::string::npos) << said;
}

TEST_F(BuildTest, AStopEndsTheRun) {
  executor_.commands["lib"] = [this](const Action&, const ExecutionHooks&) -> Result<ExecutionResult> {
    stop_.request();
    return ExecutionResult{ExecutionResult::End::kStopped, 143, {}};
  };
  const std::string said = build({"test"});
  EXPECT_NE(said.find("end lib: cancelled 130"), std::string::npos) << said;
  EXPECT_NE(said.find("exit 130\n"), std::string::npos) << said;
  EXPECT_EQ(executor_.ran(), "lib");
}

TEST_F(BuildTest, ManyAtOnce) {
  std::string text;
  constexpr int kTasks = 40;
  std::vector<std::string> names;
  for (int i = 0; i < kTasks; ++i) {
    names.push_back(fmt::format("t{}", i));
    text += fmt::format("[tasks.t{0}]\nrun = 'true'\ninputs = []\noutputs = ['out/{0}.txt']\ndeps = [{1}]\n",
                        i, i < 4 ? "" : fmt::format("'t{}', 't{}'", i - 4, i - 3));
    make(names.back(), fmt::format("out/{}.txt", i), std::to_string(i));
  }
  project_.configure(text);
  options_.jobs = 4;
  const std::string said = build(names);
  EXPECT_NE(said.find("done: 40 ran, 0 restored, 0 up to date, 0 failed, 0 skipped, 0 cancelled, exit 0\n"),
            std::string::npos)
      << said;
  ASSERT_TRUE(remove_tree(project_ / "out"));
  const std::string restored = build(names);
  EXPECT_NE(restored.find("done: 0 ran, 40 restored,"), std::string::npos) << restored;
}

}  // namespace
}  // namespace devtask
