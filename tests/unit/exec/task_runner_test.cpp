#include "exec/task_runner.h"

#include <gtest/gtest.h>

#include <thread>

#include "fakes/fake_executor.h"
#include "fakes/recorded_events.h"
#include "fakes/test_project.h"

namespace devtask {
namespace {

class TaskRunnerTest : public testing::Test {
 protected:
  void configure(std::string_view tasks_toml) { project_.configure(tasks_toml); }

  // Brings every task of the request up to date, in order; what happened, as text.
  std::string run(const std::vector<std::string>& words, bool cache = true) {
    plan_ = project_.plan(words);
    EXPECT_TRUE(StateFolder(project_.root()).create());
    EvaluatorSources sources = project_.sources();
    if (!cache) sources.cache = nullptr;
    if (!cache) sources.blobs = nullptr;
    const Evaluator evaluator(sources);
    runner_ = std::make_unique<TaskRunner>(
        RunnerParts{plan_, evaluator, project_.environment, executor_, project_.journal, sources.cache,
                    sources.blobs, project_.memo, events_, stop_, StateFolder(project_.root())},
        evaluator.evaluate(plan_).states);
    outcomes_.clear();
    for (TaskIndex i = 0; i < plan_.tasks.size(); ++i) {
      if (!plan_.tasks[i].is_group()) outcomes_.push_back(runner_->bring_up_to_date(i));
    }
    return events_.take();
  }
  void make(const std::string& task, const std::string& path, const std::string& content) {
    executor_.when(task, [=, this] { project_.write(path, content); });
  }

  TestProject project_{"[tasks.t]\nrun = 'true'\ninputs = ['in/**']\noutputs = ['out.txt']\n"};
  Plan plan_;
  FakeExecutor executor_;
  RecordedEvents events_;
  StopRequest stop_;
  std::unique_ptr<TaskRunner> runner_;
  std::vector<Outcome> outcomes_;
};

TEST_F(TaskRunnerTest, RunsOnce) {
  make("t", "out.txt", "made");
  EXPECT_EQ(run({"t"}), "start t: never ran here\nend t: ran\n");
  EXPECT_EQ(runner_->seen(0), project_.journal.last_success("t")->result.outputs_digest());
  EXPECT_EQ(run({"t"}), "");
  EXPECT_EQ(outcomes_, std::vector{Outcome::kUpToDate});
  EXPECT_EQ(executor_.ran(), "t");
}

TEST_F(TaskRunnerTest, RestoresWhatItMadeBefore) {
  executor_.commands["t"] = [this](const Action&, const ExecutionHooks& hooks) -> Result<ExecutionResult> {
    hooks.output("some ");
    hooks.output("lines\n");
    project_.write("out.txt", "made");
    return ExecutionResult{};
  };
  EXPECT_EQ(run({"t"}), "start t: never ran here\noutput t: some \noutput t: lines\n\nend t: ran\n");
  project_.write("in/a", "new");
  run({"t"});
  ASSERT_TRUE(remove_file(project_ / "in/a"));
  ASSERT_TRUE(remove_file(project_ / "out.txt"));
  EXPECT_EQ(run({"t"}), "end t: restored (in/a removed) log: some lines\n\n");
  EXPECT_EQ(project_.read("out.txt"), "made");
  EXPECT_EQ(run({"t"}), "");
  EXPECT_EQ(executor_.ran(), "t t");
}

TEST_F(TaskRunnerTest, AFailureIsNoSuccess) {
  make("t", "out.txt", "made");
  run({"t"});
  executor_.fails("t", 3);
  project_.write("in/a", "1");
  const std::string failed =
      "start t: in/a added\noutput t: what it said\nend t: failed 3 log: what it said rerun: devtask t\n";
  EXPECT_EQ(run({"t"}), failed);
  EXPECT_EQ(runner_->exit_status(0), 3);
  executor_.fails("t", 3);
  run({"t"});
  EXPECT_EQ(outcomes_, std::vector{Outcome::kFailed});  // again, although nothing changed
  EXPECT_EQ(executor_.ran(), "t t t");
  make("t", "out.txt", "made");
  run({"t"});
  EXPECT_EQ(outcomes_, std::vector{Outcome::kRan});
}

TEST_F(TaskRunnerTest, TellsTimeLimitsAndInterruptionsApart) {
  configure("[tasks.t]\nrun = 'true'\ninputs = []\ntimeout = '5s'\n");
  executor_.fails("t", 143, ExecutionResult::End::kTimedOut);
  EXPECT_EQ(run({"t"}),
            "start t: never ran here\noutput t: what it said\nend t: timed out 124 log: what it said rerun: "
            "devtask t\n");
  executor_.fails("t", 143, ExecutionResult::End::kStopped);
  run({"t"});
  EXPECT_EQ(outcomes_, std::vector{Outcome::kCancelled});
  EXPECT_EQ(runner_->exit_status(0), 130);
}

TEST_F(TaskRunnerTest, ACommandThatCannotStartIsAFailure) {
  executor_.commands["t"] = [](const Action&, const ExecutionHooks&) -> Result<ExecutionResult> {
    return failure("task `t`: command not found: `tool`");
  };
  EXPECT_EQ(run({"t"}),
            "start t: never ran here\nerror: task `t`: command not found: `tool`\nend t: failed 127 rerun: "
            "devtask t\n");
}

TEST_F(TaskRunnerTest, NamesTheCommandThatAShellDidNotFind) {
  configure("[tasks.t]\nrun = 'no-such-tool --x'\ninputs = []\n");
  executor_.fails("t", 127);
  EXPECT_EQ(run({"t"}),
            "start t: never ran here\noutput t: what it said\n"
            "error: task `t`: command not found: `no-such-tool`\n"
            "  help: install it, or name its folder in `path` of [project]\n"
            "end t: failed 127 log: what it said rerun: devtask t\n");
}

TEST_F(TaskRunnerTest, AMissingOutputIsAFailure) {
  EXPECT_EQ(run({"t"}),
            "start t: never ran here\n"
            "error: task `t` did not make its output `out.txt`\n"
            "  --> tasks.toml:4:12\n"
            "4 | outputs = ['out.txt']\n"
            "  |            ^^^^^^^^^\n"
            "end t: failed 1 rerun: devtask t\n");
  EXPECT_EQ(project_.journal.last_success("t"), nullptr);
}

TEST_F(TaskRunnerTest, AnInputThatChangedMeanwhileMakesTheResultWorthless) {
  project_.write("in/a", "1");
  executor_.when("t", [this] {
    project_.write("in/a", "2");
    project_.write("out.txt", "of 1 or of 2");
  });
  EXPECT_EQ(run({"t"}),
            "start t: never ran here\n"
            "warning: `in/a` changed while `t` ran: its result is not stored\n"
            "  help: if the task itself writes it, declare it in `outputs`, `creates` or `edits`\n"
            "end t: ran\n");
  EXPECT_EQ(project_.journal.last_success("t"), nullptr);
  const int puts = project_.store.puts();
  EXPECT_EQ(puts, 0);
  make("t", "out.txt", "of 2");
  run({"t"});
  EXPECT_EQ(outcomes_, std::vector{Outcome::kRan});
  EXPECT_EQ(executor_.ran(), "t t");
}

TEST_F(TaskRunnerTest, AnInputThatCameOrWentMeanwhileToo) {
  project_.write("in/a", "1");
  executor_.when("t", [this] {
    ASSERT_TRUE(remove_file(project_ / "in/a"));
    project_.write("in/b", "1");
    project_.write("out.txt", "x");
  });
  const std::string said = run({"t"});
  EXPECT_NE(said.find("warning: `in/a` and 1 more changed while `t` ran: its result is not stored\n"),
            std::string::npos)
      << said;
}

TEST_F(TaskRunnerTest, WhatAnEditorLeavesIsWhatItIsRememberedFor) {
  configure("[tasks.format]\nrun = 'true'\ninputs = ['src/**']\nedits = ['src/**']\n");
  project_.write("src/a", "ugly");
  make("format", "src/a", "pretty");
  EXPECT_EQ(run({"format"}), "start format: never ran here\nend format: ran\n");
  EXPECT_EQ(run({"format"}), "");  // what it left needs no formatting
  project_.write("src/a", "ugly");
  run({"format"});
  EXPECT_EQ(project_.read("src/a"), "pretty");
  EXPECT_EQ(executor_.ran(), "format format");
}

TEST_F(TaskRunnerTest, WhatATaskCreatesBelongsToPeopleFromThenOn) {
  configure("[tasks.new]\nrun = 'true'\ninputs = ['model']\ncreates = ['versions/*.py']\n");
  project_.write("model", "1");
  project_.write("versions/0.py", "old");
  make("new", "versions/1.py", "generated");
  run({"new"});
  const auto result = project_.journal.last_success("new")->result;
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.outputs[0].path, "versions/1.py");
  project_.write("versions/1.py", "edited");
  EXPECT_EQ(run({"new"}), "");  // editing it makes nothing stale
  EXPECT_EQ(project_.read("versions/1.py"), "edited");

  make("new", "versions/2.py", "generated");
  project_.write("model", "2");
  run({"new"});
  EXPECT_EQ(project_.read("versions/1.py"), "edited");  // nor is it removed before the next run
  // Such a result is not shared: in another checkout its files would come from nowhere.
  EXPECT_EQ(project_.store.find(project_.journal.last_success("new")->key).value(), std::nullopt);
}

TEST_F(TaskRunnerTest, OldOutputsAreGoneWhenItRunsAgainButNothingElse) {
  configure("[tasks.t]\nrun = 'true'\ninputs = ['in/**']\noutputs = ['dist/']\n");
  make("t", "dist/old", "1");
  run({"t"});
  project_.write("dist/own", "");
  project_.write("in/a", "1");
  executor_.when("t", [this] {
    EXPECT_FALSE(project_.has("dist/old"));
    EXPECT_TRUE(project_.has("dist/own"));
    project_.write("dist/new", "2");
  });
  run({"t"});
  EXPECT_FALSE(project_.has("dist/old"));
  EXPECT_EQ(project_.read("dist/new"), "2");
  EXPECT_TRUE(project_.has("dist/own"));
}

TEST_F(TaskRunnerTest, MakesTheFolderOfAnOutput) {
  configure("[tasks.t]\nrun = 'true'\ninputs = []\noutputs = ['build/deep/out.txt']\n");
  executor_.when("t", [this] { ASSERT_TRUE(write_file(project_ / "build/deep/out.txt", "x")); });
  run({"t"});
  EXPECT_EQ(outcomes_, std::vector{Outcome::kRan});
}

TEST_F(TaskRunnerTest, ALocalResultIsNeverStored) {
  configure(
      "[tasks.venv]\nrun = 'true'\ninputs = ['req']\noutputs = ['.venv/']\ncache = 'local'\nwitness = "
      "'.venv/cfg'\n");
  project_.write("req", "1");
  make("venv", ".venv/cfg", "witness");
  EXPECT_EQ(run({"venv"}), "start venv: never ran here\nend venv: ran\n");
  EXPECT_FALSE(project_.store.contains(sha256("witness")));
  EXPECT_EQ(run({"venv"}), "");
  ASSERT_TRUE(remove_file(project_ / ".venv/cfg"));
  executor_.when("venv", [] {});
  EXPECT_EQ(run({"venv"}),
            "start venv: its output .venv/cfg was deleted\n"
            "error: task `venv` did not make its witness `.venv/cfg`\n"
            "end venv: failed 1 rerun: devtask venv\n");
}

TEST_F(TaskRunnerTest, AResultThatNamesTheCheckoutIsForThisCheckoutOnly) {
  make("t", "out.txt", "in " + project_.root() + "/x");
  EXPECT_EQ(run({"t"}),
            "start t: never ran here\n"
            "note: the result of `t` holds this checkout's path: it is kept for this checkout only\n"
            "end t: ran\n");
  const Digest key = project_.journal.last_success("t")->key;
  EXPECT_EQ(project_.store.find(key).value(), std::nullopt);
  EXPECT_TRUE(project_.store.find(checkout_key(key, project_.root())).value().has_value());
  ASSERT_TRUE(remove_file(project_ / "out.txt"));
  run({"t"});
  EXPECT_EQ(outcomes_, std::vector{Outcome::kRestored});
}

TEST_F(TaskRunnerTest, ALinkThatLeadsOutIsNotShared) {
  executor_.when("t", [this] { ASSERT_TRUE(make_link("/etc/passwd", project_ / "out.txt")); });
  run({"t"});
  EXPECT_EQ(outcomes_, std::vector{Outcome::kRan});
  EXPECT_EQ(project_.store.find(project_.journal.last_success("t")->key).value(), std::nullopt);
  EXPECT_EQ(run({"t"}), "");
}

TEST_F(TaskRunnerTest, ABrokenCacheIsAWarningAndARun) {
  make("t", "out.txt", "made");
  run({"t"});
  ASSERT_TRUE(remove_file(project_ / "out.txt"));
  project_.store.damage(sha256("made"));
  EXPECT_EQ(run({"t"}),
            "warning: cannot restore `t` from the cache: blob " + sha256("made").hex() +
                " of the cache is broken\n"
                "  note: tasks run as without a cache; further messages of this kind are left out\n"
                "start t: its output out.txt was deleted\nend t: ran\n");
  EXPECT_EQ(project_.read("out.txt"), "made");
}

TEST_F(TaskRunnerTest, WorksWithoutACache) {
  make("t", "out.txt", "made");
  run({"t"}, false);
  EXPECT_EQ(run({"t"}, false), "");
  EXPECT_EQ(project_.store.puts(), 0);
  ASSERT_TRUE(remove_file(project_ / "out.txt"));
  EXPECT_EQ(run({"t"}, false), "start t: its output out.txt was deleted\nend t: ran\n");
}

constexpr std::string_view kChain = R"(
[tasks.lib]
run = "true"
inputs = ["lib/**"]
outputs = ["lib.txt"]
[tasks.both]
deps = ["lib"]
[tasks.app]
run = "true"
inputs = []
outputs = ["app.txt"]
deps = ["both"]
)";

TEST_F(TaskRunnerTest, AnUnchangedResultStopsThere) {
  configure(kChain);
  make("lib", "lib.txt", "1");
  make("app", "app.txt", "1");
  run({"app"});
  project_.write("lib/a", "x");
  EXPECT_EQ(run({"app"}), "start lib: lib/a added\nend lib: ran\n");
  make("lib", "lib.txt", "2");
  project_.write("lib/a", "y");
  EXPECT_EQ(run({"app"}),
            "start lib: lib/a changed\nend lib: ran\nstart app: its dependency both changed\nend app: ran\n");
}

TEST_F(TaskRunnerTest, SkipsATaskWhoseDependencyHasFailed) {
  configure(kChain);
  executor_.fails("lib", 1);
  run({"app"});
  EXPECT_EQ(outcomes_, (std::vector{Outcome::kFailed, Outcome::kSkipped}));
  EXPECT_EQ(runner_->exit_status(2), 0);
  EXPECT_EQ(executor_.ran(), "lib");
}

TEST_F(TaskRunnerTest, GivesTheCommandItsSurroundings) {
  project_.environment = Environment({{"PATH", "/bin"}, {"A_TOKEN", "hunter2"}});
  configure(
      "[project]\nsecrets = ['*_TOKEN']\n[tasks.t]\nrun = ['one', ['two', 'x y']]\nenv-inputs = "
      "['A_TOKEN']\ndir = 'sub'\n"
      "timeout = '2m'\nmatrix = { m = ['v'] }\n");
  run({"t"});
  const Action& action = executor_.last_action();
  EXPECT_EQ(action.label, "t@v");
  EXPECT_EQ(action.folder, project_ / "sub");
  EXPECT_EQ(action.timeout, std::chrono::minutes(2));
  EXPECT_FALSE(action.interactive);
  EXPECT_EQ(action.secrets, std::vector<std::string>{"hunter2"});
  ASSERT_EQ(action.steps.size(), 2U);
  EXPECT_EQ(action.steps[0].argv, (std::vector<std::string>{"sh", "-eu", "-c", "one", "sh"}));
  EXPECT_EQ(action.steps[1].argv, (std::vector<std::string>{"two", "x y"}));
  for (const std::string wanted : {"A_TOKEN=hunter2", "PATH=/bin", "DEVTASK_TASK=t@v"}) {
    EXPECT_NE(std::find(action.env.begin(), action.env.end(), wanted), action.env.end()) << wanted;
  }
  EXPECT_NE(std::find(action.env.begin(), action.env.end(), "DEVTASK_ROOT=" + project_.root()),
            action.env.end());
}

TEST_F(TaskRunnerTest, StopsWhileItWaitsForAnotherDevtask) {
  ASSERT_TRUE(StateFolder(project_.root()).create());
  const auto held = FileLock::acquire(StateFolder(project_.root()).lock("t"));
  stop_.request();
  EXPECT_EQ(run({"t"}), "end t: cancelled 130 rerun: devtask t\n");
}

TEST_F(TaskRunnerTest, OneOfTwoThatWantTheSameRunsIt) {
  make("t", "out.txt", "made");
  run({"t"});
  project_.write("in/a", "1");
  plan_ = project_.plan({"t"});
  const Evaluator evaluator(project_.sources());
  TaskRunner runner(
      RunnerParts{plan_, evaluator, project_.environment, executor_, project_.journal, &project_.store,
                  &project_.store, project_.memo, events_, stop_, StateFolder(project_.root())},
      evaluator.evaluate(plan_).states);
  executor_.ran();
  {
    const std::jthread one([&] { runner.bring_up_to_date(0); }), two([&] { runner.bring_up_to_date(0); });
  }
  EXPECT_EQ(executor_.ran(), "t");
}

TEST_F(TaskRunnerTest, RunsManyAtOnce) {
  std::string text;
  constexpr int kTasks = 24;
  for (int i = 0; i < kTasks; ++i) {
    text += fmt::format("[tasks.t{0}]\nrun = 'true'\ninputs = ['in/**']\noutputs = ['out/{0}.txt']\n", i);
    make(fmt::format("t{}", i), fmt::format("out/{}.txt", i), std::to_string(i));
  }
  configure(text);
  project_.write("in/a", "1");
  std::vector<std::string> names;
  for (int i = 0; i < kTasks; ++i) names.push_back(fmt::format("t{}", i));
  plan_ = project_.plan(names);
  ASSERT_TRUE(StateFolder(project_.root()).create());
  const Evaluator evaluator(project_.sources());
  const auto all = [&](Outcome wanted) {
    TaskRunner runner(
        RunnerParts{plan_, evaluator, project_.environment, executor_, project_.journal, &project_.store,
                    &project_.store, project_.memo, events_, stop_, StateFolder(project_.root())},
        evaluator.evaluate(plan_).states);
    std::vector<std::jthread> threads;
    for (int k = 0; k < 4; ++k) {
      threads.emplace_back([&, k] {
        for (TaskIndex i = static_cast<TaskIndex>(k); i < plan_.tasks.size(); i += 4) {
          EXPECT_EQ(runner.bring_up_to_date(i), wanted);
        }
      });
    }
  };
  all(Outcome::kRan);
  all(Outcome::kUpToDate);
  ASSERT_TRUE(remove_tree(project_ / "out"));
  all(Outcome::kRestored);
  EXPECT_EQ(project_.read("out/7.txt"), "7");
}

}  // namespace
}  // namespace devtask
