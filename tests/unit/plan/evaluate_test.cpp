#include "plan/evaluate.h"

#include <gtest/gtest.h>

#include "fakes/test_project.h"
#include "plan/damage.h"

namespace devtask {
namespace {

class EvaluateTest : public testing::Test {
 protected:
  // Each task of the plan: "label: verdict (why)"; a waiting task names what it waits for.
  std::string look(const std::vector<std::string>& words, bool force = false, bool only = false) {
    plan_ = project_.plan(words, {}, force, only);
    now_ = project_.evaluate(plan_);
    std::string text;
    for (TaskIndex i = 0; i < plan_.tasks.size(); ++i) {
      const TaskState& state = now_.states[i];
      text += plan_.tasks[i].label + ": ";
      switch (state.verdict) {
        case Verdict::kUpToDate:
          text += "up to date";
          break;
        case Verdict::kCached:
          text += "cached";
          break;
        case Verdict::kStale:
          text += "stale";
          break;
        case Verdict::kWaiting:
          text += "waits for " + plan_.tasks[state.waits_for].label +
                  (state.stale_anyway ? ", stale anyway" : "");
      }
      text += (state.why.empty() ? "" : " (" + state.why + ")") + (state.damaged ? " damaged" : "") + "\n";
      if (state.problem) text += render(*state.problem, false);
    }
    return text;
  }
  const TaskState& state(const std::string& label) { return now_.states.at(index(label)); }
  TaskIndex index(const std::string& label) const {
    for (TaskIndex i = 0; i < plan_.tasks.size(); ++i) {
      if (plan_.tasks[i].label == label) return i;
    }
    ADD_FAILURE() << "no task " << label;
    return 0;
  }

  // As if the task had run just now and made these files, with what it depends on as the last look() found
  // it.
  void succeed(const std::string& label, const std::map<std::string, std::string>& made = {},
               bool cache = true) {
    ActionResult result;
    result.duration = std::chrono::milliseconds(100);
    for (const auto& [path, content] : made) {
      project_.write(path, content);
      result.outputs.push_back({OutputEntry::Kind::kFile, path, 0644, sha256(content), content.size(), {}});
      (void)project_.store.put_bytes(content);
    }
    TaskState done = Evaluator(project_.sources()).evaluate_task(plan_, index(label), now_.states);
    ASSERT_TRUE(done.key) << label;
    (void)project_.store.put_bytes(done.fingerprint);
    if (const std::string& witness = plan_.tasks[index(label)].witness; !witness.empty()) {
      OutputEntry entry;
      entry.path = witness;
      entry.digest = hash_file(project_ / witness).value();
      entry.mode = 0644;
      result.witness = entry;
      cache = false;
    }
    if (cache) {
      ASSERT_TRUE(project_.store.store(*done.key, result));
    }
    ASSERT_TRUE(project_.journal.commit(plan_.tasks[index(label)].id, *done.key, result));
    // What look() would say now; tasks downstream of it are judged by that.
    now_.states[index(label)] = Evaluator(project_.sources()).evaluate_task(plan_, index(label), now_.states);
  }

  TestProject project_{"[tasks.t]\nrun = 'true'\ninputs = ['in/**']\noutputs = ['out.txt']\n"};
  Plan plan_;
  Evaluation now_;
};

TEST_F(EvaluateTest, ATaskRunsOnceAndThenOnlyWhenSomethingChanged) {
  project_.write("in/a", "1");
  EXPECT_EQ(look({"t"}), "t: stale (never ran here)\n");
  succeed("t", {{"out.txt", "made"}}, false);
  EXPECT_EQ(look({"t"}), "t: up to date\n");
  EXPECT_EQ(state("t").result->duration, std::chrono::milliseconds(100));

  project_.write("in/a", "2");
  EXPECT_EQ(look({"t"}), "t: stale (in/a changed)\n");
  project_.write("in/a", "1");
  EXPECT_EQ(look({"t"}), "t: up to date\n");
  project_.write("in/b", "new");
  project_.write("in/c", "new too");
  EXPECT_EQ(look({"t"}), "t: stale (in/b added and 1 more)\n");
  ASSERT_EQ(state("t").changes.size(), 2U);
}

TEST_F(EvaluateTest, SaysWhatBecameOfAnInput) {
  project_.write("in/a", "1");
  project_.write("in/b", "2");
  look({"t"});
  succeed("t", {{"out.txt", "made"}}, false);
  ASSERT_TRUE(remove_file(project_ / "in/b"));
  EXPECT_EQ(look({"t"}), "t: stale (in/b removed)\n");
  project_.write("in/c", "2");
  EXPECT_EQ(look({"t"}), "t: stale (in/b renamed to in/c)\n");
  ASSERT_TRUE(remove_file(project_ / "in/c"));
  project_.write("in/b", "2");
  ASSERT_TRUE(set_mode(project_ / "in/b", 0755));
  EXPECT_EQ(look({"t"}), "t: stale (in/b changed)\n");
  ASSERT_TRUE(set_mode(project_ / "in/b", 0600));  // umask, not a change
  EXPECT_EQ(look({"t"}), "t: up to date\n");
}

TEST_F(EvaluateTest, OnlyContentCounts) {
  project_.write("in/a", "1");
  look({"t"});
  succeed("t", {{"out.txt", "made"}}, false);
  make_time_differ(project_ / "in/a", stat_file(project_ / "in/a").mtime_ns);
  EXPECT_EQ(look({"t"}), "t: up to date\n");
  project_.write("elsewhere", "x");
  EXPECT_EQ(look({"t"}), "t: up to date\n");
}

TEST_F(EvaluateTest, TheCommandTheEnvironmentAndTheProgramCount) {
  const std::string tasks = "[tasks.t]\nrun = 'tool'\ninputs = []\nenv-inputs = ['MODE']\n";
  project_.configure(tasks);
  ASSERT_TRUE(make_folders(project_ / "bin"));
  ASSERT_TRUE(write_file(project_ / "bin/tool", "1", 0755));
  const Variables caller = {{"PATH", project_ / "bin:/usr/bin:/bin"}, {"MODE", "a"}};
  project_.environment = Environment(caller);
  look({"t"});
  succeed("t", {}, false);
  EXPECT_EQ(look({"t"}), "t: up to date\n");

  Variables changed = caller;
  changed["MODE"] = "b";
  project_.environment = Environment(changed);
  EXPECT_EQ(look({"t"}), "t: stale (environment variable MODE changed)\n");
  changed = caller;
  changed["OTHER"] = "x";
  project_.environment = Environment(changed);
  EXPECT_EQ(look({"t"}), "t: up to date\n");

  ASSERT_TRUE(write_file(project_ / "bin/tool", "2", 0755));
  EXPECT_EQ(look({"t"}), "t: stale (program tool changed)\n");
  ASSERT_TRUE(write_file(project_ / "bin/tool", "1", 0755));
  EXPECT_EQ(look({"t"}), "t: up to date\n");
  project_.configure(
      "[tasks.t]\nrun = 'tool --new'\ninputs = []\nenv-inputs = ['MODE']\ndescription = 'not in the key'\n");
  EXPECT_EQ(look({"t"}), "t: stale (its command changed)\n");
  project_.configure(tasks + "timeout = '5s'\ndescription = 'not in the key'\naliases = ['u']\n");
  EXPECT_EQ(look({"t"}), "t: up to date\n");
}

TEST_F(EvaluateTest, OutputsThatWereTouchedAreRestoredOrMadeAgain) {
  look({"t"});
  succeed("t", {{"out.txt", "made"}});
  project_.write("out.txt", "edited");
  EXPECT_EQ(look({"t"}), "t: cached (its output out.txt was changed) damaged\n");
  ASSERT_TRUE(remove_file(project_ / "out.txt"));
  EXPECT_EQ(look({"t"}), "t: cached (its output out.txt was deleted) damaged\n");
  ASSERT_TRUE(make_link("in", project_ / "out.txt"));
  EXPECT_EQ(look({"t"}), "t: cached (its output out.txt was changed) damaged\n");
  project_.store.lose(sha256("made"));
  EXPECT_EQ(look({"t"}), "t: stale (its output out.txt was changed) damaged\n");
  ASSERT_TRUE(remove_file(project_ / "out.txt"));
  project_.write("out.txt", "made");
  EXPECT_EQ(look({"t"}), "t: up to date\n");
  ASSERT_TRUE(set_mode(project_ / "out.txt", 0755));
  EXPECT_EQ(look({"t"}), "t: stale (its output out.txt was changed) damaged\n");
}

TEST_F(EvaluateTest, FindsWhatAnEarlierStateOfTheFilesMade) {
  project_.write("in/a", "1");
  look({"t"});
  succeed("t", {{"out.txt", "one"}});
  project_.write("in/a", "2");
  look({"t"});
  succeed("t", {{"out.txt", "two"}});
  project_.write("in/a", "1");
  EXPECT_EQ(look({"t"}), "t: cached (in/a changed)\n");
  EXPECT_EQ(look({"t"}, true), "t: stale (forced)\n");
}

TEST_F(EvaluateTest, ALostCacheIsAMissAndAnExplanationLess) {
  project_.write("in/a", "1");
  look({"t"});
  succeed("t", {{"out.txt", "one"}});
  project_.store.lose(sha256(state("t").fingerprint));
  project_.write("in/a", "2");
  EXPECT_EQ(look({"t"}),
            "t: stale (something it depends on changed (the cache no longer has what it was))\n");
}

TEST_F(EvaluateTest, AnAttemptThatDidNotSucceedIsMadeAgain) {
  look({"t"});
  succeed("t", {{"out.txt", "one"}});
  ASSERT_TRUE(project_.journal.start("t", {*state("t").key, {}, true, {}}));
  EXPECT_EQ(look({"t"}), "t: stale (its last run did not succeed)\n");
  project_.write("in/a", "1");  // another key: it was not tried with that
  EXPECT_EQ(look({"t"}), "t: stale (in/a added)\n");
}

TEST_F(EvaluateTest, SomeTasksAlwaysRun) {
  project_.configure(R"(
[tasks.a]
run = "x"
[tasks.b]
run = "x"
inputs = []
cache = "no"
[tasks.c]
run = "x"
inputs = []
interactive = true
)");
  EXPECT_EQ(look({"a", "b", "c"}),
            "a: stale (declares no inputs, always runs)\n"
            "b: stale (cache = \"no\", always runs)\n"
            "c: stale (it is interactive, always runs)\n");
}

constexpr std::string_view kChain = R"(
[tasks.lib]
run = "x"
inputs = ["lib/**"]
outputs = ["lib.txt"]
[tasks.app]
run = "x"
inputs = ["app/**", "lib.txt"]
outputs = ["app.txt"]
deps = ["lib"]
[tasks.all]
deps = ["app"]
)";

TEST_F(EvaluateTest, ADependentWaitsAndIsSparedIfNothingNewComes) {
  project_.configure(kChain);
  EXPECT_EQ(look({"all"}),
            "lib: stale (never ran here)\napp: waits for lib, stale anyway\nall: waits for app\n");
  succeed("lib", {{"lib.txt", "1"}}, false);
  succeed("app", {{"app.txt", "1"}}, false);
  EXPECT_EQ(look({"all"}), "lib: up to date\napp: up to date\nall: up to date\n");

  project_.write("lib/a", "x");
  EXPECT_EQ(look({"all"}), "lib: stale (lib/a added)\napp: waits for lib\nall: waits for app\n");
  succeed("lib", {{"lib.txt", "1"}}, false);
  EXPECT_EQ(look({"all"}), "lib: up to date\napp: up to date\nall: up to date\n");

  project_.write("lib/a", "y");
  look({"all"});
  succeed("lib", {{"lib.txt", "2"}}, false);
  EXPECT_EQ(look({"all"}), "lib: up to date\napp: stale (its dependency lib changed)\nall: waits for app\n");
}

TEST_F(EvaluateTest, AWaitingTaskIsStaleAnywayIfItselfChanged) {
  project_.configure(kChain);
  look({"all"});
  succeed("lib", {{"lib.txt", "1"}}, false);
  succeed("app", {{"app.txt", "1"}}, false);
  project_.write("lib/a", "x");
  project_.write("app/a", "x");
  EXPECT_EQ(look({"app"}), "lib: stale (lib/a added)\napp: waits for lib, stale anyway\n");
  ASSERT_TRUE(remove_file(project_ / "app/a"));
  ASSERT_TRUE(remove_file(project_ / "app.txt"));
  EXPECT_EQ(look({"app"}), "lib: stale (lib/a added)\napp: waits for lib, stale anyway\n");
}

TEST_F(EvaluateTest, OnlyTakesDependenciesAsTheyLastWere) {
  project_.configure(kChain);
  look({"all"});
  succeed("lib", {{"lib.txt", "1"}}, false);
  succeed("app", {{"app.txt", "1"}}, false);
  project_.write("lib/a", "x");
  EXPECT_EQ(look({"app"}, false, true), "lib: up to date\napp: up to date\n");
  ASSERT_TRUE(remove_file(project_ / "lib.txt"));
  EXPECT_EQ(look({"app"}, false, true),
            "lib: stale\napp: stale (`--only`, and its dependencies are not as they were made)\n");
}

TEST_F(EvaluateTest, ALocalTaskIsJudgedByItsWitness) {
  project_.configure(R"(
[tasks.venv]
run = "x"
inputs = ["requirements.txt"]
outputs = [".venv/"]
cache = "local"
witness = ".venv/cfg"
[tasks.test]
run = "x"
inputs = []
deps = ["venv"]
)");
  project_.write("requirements.txt", "a");
  EXPECT_EQ(look({"test"}), "venv: stale (never ran here)\ntest: stale (never ran here)\n");
  project_.write(".venv/cfg", "witness");
  project_.write(".venv/lib/a.py", "x");
  succeed("venv");
  succeed("test", {}, false);
  EXPECT_EQ(look({"test"}), "venv: up to date\ntest: up to date\n");
  project_.write(".venv/lib/a.pyc", "what programs leave there");
  EXPECT_EQ(look({"test"}), "venv: up to date\ntest: up to date\n");
  project_.write(".venv/cfg", "another");
  EXPECT_EQ(look({"venv"}), "venv: stale (its output .venv/cfg was changed) damaged\n");
  ASSERT_TRUE(remove_tree(project_ / ".venv"));
  EXPECT_EQ(look({"venv"}), "venv: stale (its output .venv/cfg was deleted) damaged\n");
  project_.write("requirements.txt", "b");
  look({"test"});
  EXPECT_NE(state("test").why.find("its dependency venv changed"), std::string::npos) << state("test").why;
}

TEST_F(EvaluateTest, SaysWhichPatternMatchesNothing) {
  project_.configure("[tasks.t]\nrun = 'x'\ninputs = ['none/**', 'in', '!x']\n");
  project_.write("in/a", "1");
  look({"t"});
  std::string said;
  for (const Diagnostic& each : now_.warnings) said += render(each, false);
  EXPECT_EQ(said,
            "warning: inputs pattern `none/**` of task `t` matches nothing\n"
            "  --> tasks.toml:3:11\n"
            "3 | inputs = ['none/**', 'in', '!x']\n"
            "  |           ^^^^^^^^^\n"
            "warning: inputs pattern `in` of task `t` matches nothing\n"
            "  --> tasks.toml:3:22\n"
            "3 | inputs = ['none/**', 'in', '!x']\n"
            "  |                      ^^^^\n"
            "  help: it is a folder: write `in/` for what is in it\n");
}

TEST_F(EvaluateTest, KeysHoldNoAbsolutePathAndNoValueOfTheEnvironment) {
  project_.configure(
      "[project]\nenv = { WHERE = '{{root}}/x', PASSWORD = 'hunter2' }\n"
      "[tasks.t]\nrun = 'tool {{root}}'\ninputs = ['in/**']\n");
  project_.write("in/a", "1");
  look({"t"});
  EXPECT_EQ(state("t").fingerprint.find(project_.root()), std::string::npos) << state("t").fingerprint;
  EXPECT_EQ(state("t").fingerprint.find("hunter2"), std::string::npos);
  TestProject elsewhere(
      "[project]\nenv = { WHERE = '{{root}}/x', PASSWORD = 'hunter2' }\n"
      "[tasks.t]\nrun = 'tool {{root}}'\ninputs = ['in/**']\n");
  elsewhere.write("in/a", "1");
  const Plan plan = elsewhere.plan({"t"});
  EXPECT_EQ(elsewhere.evaluate(plan).states[0].fingerprint, state("t").fingerprint);
}

TEST_F(EvaluateTest, AMemberHasTheSameKeysAloneAndAsAPart) {
  const std::string member =
      "[project]\nname = 'm'\n[tasks.t]\nrun = 'x {{root}}'\ndir = 'src'\ninputs = ['src/**']\noutputs = "
      "['out/']\ndeps = ['d']\n"
      "[tasks.d]\nrun = 'x'\ninputs = []\noutputs = ['d.txt']\n";
  project_.write("sub/m/tasks.toml", member);
  project_.write("sub/m/src/a", "1");
  project_.configure("[project]\nmembers = ['sub/*']\n");
  look({"m:t"});
  TestProject alone(member);
  alone.write("src/a", "1");
  const Plan plan = alone.plan({"t"});
  const Evaluation seen = alone.evaluate(plan);
  EXPECT_EQ(seen.states[0].fingerprint, now_.states[0].fingerprint);
  EXPECT_EQ(seen.states[1].fingerprint, now_.states[1].fingerprint);
}

TEST_F(EvaluateTest, WhatAnotherTaskMadeIsNoInputButItsNeighboursAre) {
  project_.configure(R"(
[tasks.make]
run = "x"
inputs = []
outputs = ["src/gen/"]
[tasks.use]
run = "x"
inputs = ["src/**"]
outputs = ["src/own/"]
deps = ["make"]
)");
  project_.write("src/a", "1");
  project_.write("src/gen/by-hand", "1");
  project_.write("src/own/x", "1");
  look({"use"});
  succeed("make", {{"src/gen/b", "1"}}, false);
  look({"use"});
  std::string inputs;
  for (const Observation& stamp : state("use").own->inputs) inputs += stamp.path + " ";
  EXPECT_EQ(inputs, "src/a src/gen/by-hand ");
}

TEST_F(EvaluateTest, AnUnreadableLinkIsAProblemButADanglingOneIsNot) {
  ASSERT_TRUE(make_folders(project_ / "in"));
  ASSERT_TRUE(make_link("nowhere", project_ / "in/dangling"));
  ASSERT_TRUE(make_link("loop", project_ / "in/loop"));
  EXPECT_EQ(look({"t"}), "t: stale (never ran here)\n");
  succeed("t", {{"out.txt", "made"}}, false);
  ASSERT_TRUE(make_link("elsewhere", project_ / "in/dangling"));
  EXPECT_EQ(look({"t"}), "t: stale (in/dangling changed)\n");
}

TEST_F(EvaluateTest, FindsDamageOfAResult) {
  project_.write("a", "1");
  ActionResult result;
  result.outputs = {{OutputEntry::Kind::kFile, "a", 0644, sha256("1"), 1, {}},
                    {OutputEntry::Kind::kCreate, "created", 0644, sha256("x"), 1, {}}};
  const auto damage = [&] {
    Tree tree(project_.root(), project_.memo);
    return first_damage(result, tree);
  };
  EXPECT_EQ(damage(), "");  // what it created may have gone its own way
  project_.write("a", "2");
  EXPECT_EQ(damage(), "its output a was changed");
}

// A watch has run it, and nothing that it depends on has changed.
TEST_F(EvaluateTest, ATaskThatAlwaysRunsAndIsSettledIsTakenAsItIs) {
  project_.configure("[tasks.a]\nrun = 'true'\n[tasks.b]\ndeps = ['a']\ninputs = []\nrun = 'true'\n");
  EXPECT_EQ(look({"b"}), "a: stale (declares no inputs, always runs)\nb: waits for a, stale anyway\n");
  plan_.tasks[index("a")].settled = true;
  now_ = project_.evaluate(plan_);
  EXPECT_EQ(state("a").verdict, Verdict::kUpToDate);
  EXPECT_EQ(state("a").seen, ActionResult().outputs_digest());
  EXPECT_EQ(state("b").verdict, Verdict::kStale);
  EXPECT_EQ(state("b").why, "never ran here");
}

}  // namespace
}  // namespace devtask
