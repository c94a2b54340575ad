#include "ninja/manifest.h"

#include <gtest/gtest.h>

#include "fakes/test_project.h"

namespace devtask {
namespace {

const ManifestOptions kOptions = {"/opt/dev task/devtask-shim", ".devtask/runs/1-2"};

class ManifestTest : public testing::Test {
 protected:
  void plan(std::string_view tasks_toml, const std::vector<std::string>& words, bool only = false) {
    project_.configure(tasks_toml);
    plan_ = project_.plan(words, {}, false, only);
    states_.assign(plan_.tasks.size(), TaskState());
    for (TaskState& state : states_) state.why = "never ran here";
  }
  TaskState& state(const std::string& label) {
    return states_.at(static_cast<std::size_t>(plan_.find(label) - plan_.tasks.data()));
  }
  std::string chains() {
    std::string text;
    for (const Chain& chain : make_chains(plan_, make_schedule(plan_, states_))) {
      if (!text.empty()) text += " | ";
      for (const TaskIndex index : chain)
        text += (index == chain.front() ? "" : " ") + plan_.tasks[index].label;
    }
    return text;
  }
  std::string run_text() {
    const Schedule schedule = make_schedule(plan_, states_);
    return run_manifest(plan_, states_, schedule, make_chains(plan_, schedule), kOptions);
  }

  TestProject project_{""};
  Plan plan_;
  std::vector<TaskState> states_;
};

constexpr std::string_view kRunHead =
    "# One run of devtask: what is stale, and what is downstream of it.\n"
    "ninja_required_version = 1.5\n"
    "builddir = .devtask/runs/1-2\n";
constexpr std::string_view kRule =
    "rule devtask\n"
    "  command = exec '/opt/dev task/devtask-shim' $task\n"
    "  description = $why\n"
    "  generator = 1\n"
    "  restat = 1\n";

constexpr std::string_view kTasks = R"(
[pools]
database = 2
[tasks.lib]
run = ["make $HOME/lib", ["cp", "a b", "c"]]
inputs = []
outputs = ["lib: 1.txt"]
aliases = ["l"]
[tasks.schema]
run = "make {{dialect}}"
inputs = ["lib*"]
outputs = ["{{dialect}}/"]
deps = ["lib"]
pool = "database"
matrix = { dialect = ["sqlite", "post"] }
[tasks.both]
deps = ["schema"]
[tasks.test]
run = "test\nall"
inputs = ["in"]
deps = ["both"]
[tasks.shell]
run = "sh"
interactive = true
deps = ["test"]
)";

TEST_F(ManifestTest, IsTheGraphOfWhatIsStale) {
  plan(kTasks, {"shell"});
  for (const char* label : {"schema@sqlite", "schema@post", "test"}) state(label).verdict = Verdict::kWaiting;
  state("schema@post").stale_anyway = true;
  state("schema@sqlite").why = "";
  state("both").verdict = Verdict::kWaiting;
  state("lib").why = "in/$a changed\nnow";
  EXPECT_EQ(run_text(),
            std::string(kRunHead) +
                "pool pool_database\n"
                "  depth = 2\n" +
                std::string(kRule) +
                "build .devtask/dirty: phony\n"
                "build .devtask/out/lib: devtask .devtask/dirty\n"
                "  task = lib\n"
                "  why = lib: in/$$a changed now\n"
                "  cmd = make $$HOME/lib && cp 'a b' c\n"
                "build .devtask/out/schema@sqlite: devtask .devtask/out/lib\n"
                "  task = schema@sqlite\n"
                "  why = schema@sqlite\n"
                "  pool = pool_database\n"
                "  cmd = make sqlite\n"
                "build .devtask/out/schema@post: devtask .devtask/out/lib .devtask/dirty\n"
                "  task = schema@post\n"
                "  why = schema@post: never ran here\n"
                "  pool = pool_database\n"
                "  cmd = make post\n"
                "build .devtask/out/test: devtask .devtask/out/schema@sqlite .devtask/out/schema@post\n"
                "  task = test\n"
                "  why = test: never ran here\n"
                "  cmd = test all\n"
                "build .devtask/out/shell: devtask .devtask/out/test .devtask/dirty\n"
                "  task = shell\n"
                "  why = shell: never ran here\n"
                "  pool = console\n"
                "  cmd = sh\n"
                "build .devtask/all: phony .devtask/out/lib .devtask/out/schema@sqlite "
                ".devtask/out/schema@post .devtask/out/test .devtask/out/shell\n"
                "default .devtask/all\n");
}

// Each process that gets a share of the units is an edge; the task's own edge waits for them and collects.
TEST_F(ManifestTest, SharesUnitsAmongEdges) {
  plan(R"(
[pools]
one = 1
[tasks.lib]
run = "make lib"
inputs = []
[tasks.test]
deps = ["lib"]
units = ["tests/**"]
inputs = []
pool = "one"
run = [["check", "{{units}}"]]
[tasks.last]
deps = ["test"]
run = "last"
inputs = []
)",
       {"last"});
  for (const char* label : {"test", "last"}) state(label).verdict = Verdict::kWaiting;
  ManifestOptions options = kOptions;
  options.batches = [](TaskIndex) { return std::size_t{2}; };
  const Schedule schedule = make_schedule(plan_, states_);
  EXPECT_EQ(run_manifest(plan_, states_, schedule, make_chains(plan_, schedule), options),
            std::string(kRunHead) +
                "pool pool_one\n"
                "  depth = 1\n" +
                std::string(kRule) +
                "build .devtask/dirty: phony\n"
                "build .devtask/out/lib: devtask .devtask/dirty\n"
                "  task = lib\n"
                "  why = lib: never ran here\n"
                "  cmd = make lib\n"
                "build .devtask/out/test#0: devtask .devtask/out/lib\n"
                "  task = 'test#0'\n"
                "  why = test: never ran here\n"
                "  pool = pool_one\n"
                "  cmd = check '{{units}}'\n"
                "build .devtask/out/test#1: devtask .devtask/out/lib\n"
                "  task = 'test#1'\n"
                "  why = test: never ran here\n"
                "  pool = pool_one\n"
                "  cmd = check '{{units}}'\n"
                "build .devtask/out/test: devtask .devtask/out/lib .devtask/out/test#0 .devtask/out/test#1 "
                ".devtask/dirty\n"
                "  task = test\n"
                "  why = test: never ran here\n"
                "  pool = pool_one\n"
                "  cmd = check '{{units}}'\n"
                "build .devtask/out/last: devtask .devtask/out/test\n"
                "  task = last\n"
                "  why = last: never ran here\n"
                "  cmd = last\n"
                "build .devtask/all: phony .devtask/out/lib .devtask/out/test .devtask/out/last\n"
                "default .devtask/all\n");
}

TEST_F(ManifestTest, HoldsOnlyWhatHasToRun) {
  plan(kTasks, {"test"});
  state("lib").verdict = Verdict::kUpToDate;
  state("schema@sqlite").verdict = Verdict::kCached;
  state("both").verdict = Verdict::kWaiting;
  EXPECT_EQ(run_text(), std::string(kRunHead) +
                            "pool pool_database\n"
                            "  depth = 2\n" +
                            std::string(kRule) +
                            "build .devtask/dirty: phony\n"
                            "build .devtask/out/schema@post: devtask .devtask/dirty\n"
                            "  task = schema@post\n"
                            "  why = schema@post: never ran here\n"
                            "  pool = pool_database\n"
                            "  cmd = make post\n"
                            "build .devtask/out/test: devtask .devtask/out/schema@post .devtask/dirty\n"
                            "  task = test\n"
                            "  why = test: never ran here\n"
                            "  cmd = test all\n"
                            "build .devtask/all: phony .devtask/out/schema@post .devtask/out/test\n"
                            "default .devtask/all\n");
}

TEST_F(ManifestTest, AChainIsOneEdge) {
  plan(R"(
[tasks.a]
run = "one"
inputs = []
[tasks.b]
run = "two"
inputs = []
deps = ["a"]
)",
       {"b"});
  state("b").verdict = Verdict::kWaiting;
  EXPECT_EQ(run_text(), std::string(kRunHead) + std::string(kRule) +
                            "build .devtask/dirty: phony\n"
                            "build .devtask/out/b: devtask .devtask/dirty\n"
                            "  task = a b\n"
                            "  why = a: never ran here\n"
                            "  cmd = one && two\n"
                            "build .devtask/all: phony .devtask/out/b\n"
                            "default .devtask/all\n");
}

TEST_F(ManifestTest, WhatFollowsAnEditIsLookedAtAgain) {
  plan(R"(
[tasks.format]
run = "x"
inputs = ["src/**"]
edits = ["src/**"]
[tasks.lint]
run = "x"
inputs = ["src/**"]
[tasks.other]
run = "x"
inputs = []
)",
       {"format", "lint", "other"});
  state("lint").verdict = Verdict::kWaiting;
  EXPECT_EQ(run_text(), std::string(kRunHead) + std::string(kRule) +
                            "build .devtask/dirty: phony\n"
                            "build .devtask/out/lint: devtask .devtask/dirty\n"
                            "  task = format lint\n"
                            "  why = format: never ran here\n"
                            "  cmd = x && x\n"
                            "build .devtask/out/other: devtask .devtask/dirty\n"
                            "  task = other\n"
                            "  why = other: never ran here\n"
                            "  cmd = x\n"
                            "build .devtask/all: phony .devtask/out/lint .devtask/out/other\n"
                            "default .devtask/all\n");
}

TEST_F(ManifestTest, ChainsLoseNoParallelism) {
  const auto task = [](const std::string& name, const std::string& deps = "", const std::string& more = "") {
    return fmt::format("[tasks.{}]\nrun = 'x'\ninputs = []\ndeps = [{}]\n{}\n", name, deps, more);
  };
  const std::tuple<std::string, std::string, std::string> table[] = {
      {task("a"), "a", "a"},
      {task("a") + task("b", "'a'") + task("c", "'b'"), "c", "a b c"},
      {task("a") + task("b"), "a b", "a | b"},
      {task("a") + task("b", "'a'") + task("c", "'a'"), "b c", "a | b | c"},  // two dependents
      {task("a") + task("b") + task("c", "'a', 'b'"), "c", "a | b | c"},      // two dependencies
      {task("a") + task("b", "'a'") + task("c", "'a'") + task("d", "'b'"), "c d", "a | c | b d"},
      {task("a") + task("b", "'a'") + task("c", "'a', 'b'"), "c", "a | b | c"},  // needed twice
      {task("a") + task("b", "'a'", "interactive = true"), "b", "a | b"},
      {task("a", "", "interactive = true") + task("b", "'a'"), "b", "a | b"},
      {"[pools]\np = 1\n" + task("a", "", "pool = 'p'") + task("b", "'a'"), "b", "a | b"},
      {task("a") + "[tasks.g]\ndeps = ['a']\n" + task("b", "'g'"), "b", "a b"},  // through a group
      {task("a") + task("b") + "[tasks.g]\ndeps = ['a', 'b']\n" + task("c", "'g'"), "c", "a | b | c"},
  };
  for (const auto& [tasks, words, expected] : table) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < words.size(); at += 2) names.push_back(words.substr(at, 1));
    plan(tasks, names);
    EXPECT_EQ(chains(), expected) << tasks;
  }
}

TEST_F(ManifestTest, ChainsLeaveOutWhatIsDone) {
  plan("[tasks.a]\nrun = 'x'\n[tasks.b]\nrun = 'x'\ndeps = ['a']\n[tasks.c]\nrun = 'x'\ndeps = ['a', 'b']\n",
       {"c"});
  state("a").verdict = Verdict::kUpToDate;
  EXPECT_EQ(chains(), "b c");
}

TEST_F(ManifestTest, TheWholeProjectIsThereForPlainNinja) {
  plan(kTasks, {"shell"});
  state("lib").verdict = Verdict::kUpToDate;
  state("lib").why = "";
  state("schema@post").verdict = Verdict::kWaiting;
  state("test").verdict = Verdict::kWaiting;
  state("test").stale_anyway = true;
  EXPECT_EQ(project_manifest(plan_, states_, {kOptions.shim, ".devtask/ninja"}, "/opt/dev task/devtask"),
            "# Written by devtask, and refreshed by itself before every build. Look, do not edit.\n"
            "ninja_required_version = 1.5\n"
            "builddir = .devtask/ninja\n"
            "pool pool_database\n"
            "  depth = 2\n" +
                std::string(kRule) +
                "rule refresh\n"
                "  command = exec '/opt/dev task/devtask' ninja-refresh\n"
                "  description = devtask: looking for what is stale\n"
                "  generator = 1\n"
                "  restat = 1\n"
                "rule list\n"
                "  command = exec '/opt/dev task/devtask' list\n"
                "  description = devtask: tasks of this project\n"
                "  pool = console\n"
                "build .devtask/always: phony\n"
                "build .devtask/dirty: phony\n"
                "build .devtask/build.ninja: refresh | .devtask/always\n"
                "build .devtask/list: list | .devtask/always\n"
                "default .devtask/list\n"
                "build .devtask/out/lib | lib$:$ 1.txt: devtask\n"
                "  task = lib\n"
                "  why = lib\n"
                "  cmd = make $$HOME/lib && cp 'a b' c\n"
                "build .devtask/out/schema@sqlite: devtask .devtask/out/lib .devtask/dirty\n"
                "  task = schema@sqlite\n"
                "  why = schema@sqlite: never ran here\n"
                "  pool = pool_database\n"
                "  cmd = make sqlite\n"
                "build .devtask/out/schema@post: devtask .devtask/out/lib\n"
                "  task = schema@post\n"
                "  why = schema@post: never ran here\n"
                "  pool = pool_database\n"
                "  cmd = make post\n"
                "build .devtask/out/test: devtask .devtask/out/schema@sqlite .devtask/out/schema@post "
                ".devtask/dirty\n"
                "  task = test\n"
                "  why = test: never ran here\n"
                "  cmd = test all\n"
                "build .devtask/out/shell: devtask .devtask/out/test .devtask/dirty\n"
                "  task = shell\n"
                "  why = shell: never ran here\n"
                "  pool = console\n"
                "  cmd = sh\n"
                "build lib: phony .devtask/out/lib\n"
                "build schema@sqlite: phony .devtask/out/schema@sqlite\n"
                "build schema@post: phony .devtask/out/schema@post\n"
                "build both: phony .devtask/out/schema@sqlite .devtask/out/schema@post\n"
                "build test: phony .devtask/out/test\n"
                "build shell: phony .devtask/out/shell\n"
                "build l: phony lib\n"
                "build schema: phony schema@sqlite schema@post\n");
}

TEST_F(ManifestTest, AnOutputThatIsCalledLikeATaskIsTheTarget) {
  plan("[tasks.app]\nrun = 'x'\ninputs = []\noutputs = ['app', 'bad|name']\n", {"app"});
  const std::string text = project_manifest(plan_, states_, kOptions, "/devtask");
  EXPECT_NE(text.find("build .devtask/out/app | app: devtask .devtask/dirty\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("build app: phony"), std::string::npos) << text;
  EXPECT_EQ(text.find("bad"), std::string::npos) << text;  // Ninja cannot say it
}

TEST_F(ManifestTest, SourcesAreThereForLooking) {
  plan(kTasks, {"test"});
  auto own = std::make_shared<OwnFacts>();
  own->inputs = {
      {.path = "lib.c"}, {.path = "lib.c", .follow = true}, {.path = "a b"}, {.path = "new\nline"}};
  state("schema@sqlite").own = own;
  EXPECT_EQ(sources_manifest(plan_, states_),
            "# Every source of every task, for `ninja -f .devtask/sources.ninja -t graph|inputs|query`.\n"
            "ninja_required_version = 1.5\n"
            "rule task\n"
            "  command = $cmd\n"
            "build .devtask/out/lib | lib$:$ 1.txt: task\n"
            "  cmd = make $$HOME/lib && cp 'a b' c\n"
            "build .devtask/out/schema@sqlite: task .devtask/out/lib lib.c a$ b\n"
            "  cmd = make sqlite\n"
            "build .devtask/out/schema@post: task .devtask/out/lib\n"
            "  cmd = make post\n"
            "build .devtask/out/test: task .devtask/out/schema@sqlite .devtask/out/schema@post\n"
            "  cmd = test all\n"
            "build lib: phony .devtask/out/lib\n"
            "build schema@sqlite: phony .devtask/out/schema@sqlite\n"
            "build schema@post: phony .devtask/out/schema@post\n"
            "build both: phony .devtask/out/schema@sqlite .devtask/out/schema@post\n"
            "build test: phony .devtask/out/test\n"
            "build l: phony lib\n"
            "build schema: phony schema@sqlite schema@post\n");
}

TEST(NinjaTextTest, EscapesWhatNinjaWouldRead) {
  EXPECT_EQ(ninja_path("a b:c$d"), "a$ b$:c$$d");
  EXPECT_EQ(ninja_value("a b:c$d\ne\rf"), "a b:c$$d e f");
}

}  // namespace
}  // namespace devtask
