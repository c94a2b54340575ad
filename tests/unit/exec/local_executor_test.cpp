#include "exec/local_executor.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "os/process.h"

namespace devtask {
namespace {

class LocalExecutorTest : public testing::Test {
 protected:
  LocalExecutorTest() {
    action_.label = "t";
    action_.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    action_.folder = folder_.path();
    hooks_.output = [this](std::string_view bytes) { output_ += bytes; };
  }
  void step(const std::string& script) { action_.steps.push_back({{"sh", "-c", script}}); }
  // "succeeded 0", "failed 3"…
  std::string run() {
    LocalExecutor executor(stop_);
    const auto result = executor.run(action_, hooks_);
    if (!result) return render(result.error(), false);
    static constexpr const char* kNames[] = {"succeeded", "failed", "timed out", "stopped"};
    return std::string(kNames[static_cast<int>(result->end)]) + " " + std::to_string(result->exit_status);
  }

  TemporaryFolder folder_;
  StopRequest stop_;
  Action action_;
  ExecutionHooks hooks_;
  std::string output_;
};

TEST_F(LocalExecutorTest, RunsStepsUntilOneFails) {
  step("echo one");
  step("echo two >&2");
  EXPECT_EQ(run(), "succeeded 0");
  EXPECT_EQ(output_, "one\ntwo\n");
  step("exit 3");
  step("echo never");
  EXPECT_EQ(run(), "failed 3");
  EXPECT_EQ(output_, "one\ntwo\none\ntwo\n");
}

TEST_F(LocalExecutorTest, TheTimeLimitIsForAllStepsTogether) {
  action_.timeout = std::chrono::milliseconds(200);
  step("sleep 0.15");
  step("sleep 0.15");
  step("echo never");
  EXPECT_EQ(run(), "timed out 143");
  EXPECT_EQ(output_, "");
}

TEST_F(LocalExecutorTest, StopsBetweenAndWithinSteps) {
  hooks_.output = [this](std::string_view) { stop_.request(); };
  step("echo; exec sleep 3600");
  step("echo never");
  EXPECT_EQ(run(), "stopped 143");
  EXPECT_EQ(run(), "stopped 0");  // nothing was started
}

TEST_F(LocalExecutorTest, MasksSecretsAlsoWhereStepsMeet) {
  action_.secrets = {"hunter2"};
  step("printf 'a hunter2 b hunt'");
  step("printf 'er2 hunt'; printf 'er2'");
  EXPECT_EQ(run(), "succeeded 0");
  EXPECT_EQ(output_, "a *** b hunter2 ***");  // two processes: not one secret
}

TEST_F(LocalExecutorTest, LooksForProgramsInThePathOfTheTask) {
  ASSERT_TRUE(write_file(folder_ / "tool", "#!/bin/sh\necho found\n", 0755));
  action_.steps = {{{"tool"}}};
  EXPECT_EQ(run(),
            "error: task `t`: command not found: `tool`\n  help: install it, or name its folder in `path` of "
            "[project]\n");
  action_.env = {"PATH=" + folder_.path() + ":/usr/bin:/bin"};
  EXPECT_EQ(run(), "succeeded 0");
  action_.env = {"PATH=/usr/bin:/bin"};
  action_.steps = {{{"./tool"}}};
  EXPECT_EQ(run(), "succeeded 0");
  EXPECT_EQ(output_, "found\nfound\n");
}

}  // namespace
}  // namespace devtask
