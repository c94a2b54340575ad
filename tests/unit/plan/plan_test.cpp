#include "plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "fakes/test_project.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

std::string labels(const Plan& plan, const std::vector<TaskIndex>& indices) {
  std::string text;
  for (const TaskIndex index : indices) text += " " + plan.tasks[index].label;
  return text;
}

// One line a task: "label* <- deps | after: … | reads: …", where `*` means asked for.
std::string shown(const Plan& plan) {
  std::string text;
  for (const PlannedTask& task : plan.tasks) {
    text += task.label + (task.requested ? "*" : "") + (task.forced ? "!" : "");
    if (!task.deps.empty()) text += " <-" + labels(plan, task.deps);
    if (!task.after.empty()) text += " | after:" + labels(plan, task.after);
    if (task.read_deps != task.deps) text += " | reads:" + labels(plan, task.read_deps);
    text += "\n";
  }
  return text;
}

std::string commands(const Plan& plan) {
  std::string text;
  for (const PlannedTask& task : plan.tasks) {
    for (const PlannedStep& step : task.steps) text += task.label + ": " + step.shown + "\n";
  }
  return text;
}

TEST(PlanTest, PutsDependenciesFirstAndEachTaskOnce) {
  const TestProject project(R"(
[tasks.all]
deps = ["c", "a"]
[tasks.a]
run = "x"
[tasks.b]
run = "x"
deps = ["a"]
[tasks.c]
run = "x"
deps = ["b", "a"]
)");
  EXPECT_EQ(shown(project.plan({"all"})), "a\nb <- a\nc <- b a\nall* <- c a\n");
  EXPECT_EQ(shown(project.plan({"b", "a"})), "a*\nb* <- a\n");
  EXPECT_EQ(shown(project.plan({"a"}, {}, true)), "a*!\n");
  EXPECT_EQ(shown(project.plan({"b", "b"}, {}, true)), "a\nb*! <- a\n");
}

TEST(PlanTest, ADeepChainNeedsNoDeepStack) {
  std::string text = "[tasks.t0]\nrun = 'x'\n";
  for (int i = 1; i < 2000; ++i) text += fmt::format("[tasks.t{}]\nrun = 'x'\ndeps = ['t{}']\n", i, i - 1);
  const TestProject project(text);
  const Plan plan = project.plan({"t1999"});
  ASSERT_EQ(plan.tasks.size(), 2000U);
  EXPECT_EQ(plan.tasks.front().label, "t0");
}

constexpr std::string_view kMatrix = R"(
[tasks.schema]
run = ["make {{dialect}} {{version}}"]
inputs = ["src/{{dialect}}.sql"]
outputs = ["out/{{dialect}}-{{version}}/"]
aliases = ["s"]
matrix = { dialect = ["sqlite", "post*"], version = ["1", "2"] }
[tasks.one]
run = "x"
deps = ["schema@sqlite,2"]
[tasks.check]
run = "check {{dialect}}"
matrix = { dialect = ["sqlite", "post*"] }
deps = ["schema@{{dialect}},1"]
[tasks.all]
deps = ["schema"]
)";

TEST(PlanTest, MakesAnInstanceForEachCombinationOfAMatrix) {
  const TestProject project(kMatrix);
  EXPECT_EQ(shown(project.plan({"all"})),
            "schema@sqlite,1\nschema@sqlite,2\nschema@post*,1\nschema@post*,2\n"
            "all* <- schema@sqlite,1 schema@sqlite,2 schema@post*,1 schema@post*,2\n");
  EXPECT_EQ(shown(project.plan({"one"})), "schema@sqlite,2\none* <- schema@sqlite,2\n");
  EXPECT_EQ(
      shown(project.plan({"check"})),
      "schema@sqlite,1\ncheck@sqlite* <- schema@sqlite,1\nschema@post*,1\ncheck@post** <- schema@post*,1\n");
  EXPECT_EQ(shown(project.plan({"s@post*,2"})), "schema@post*,2*\n");
  EXPECT_EQ(commands(project.plan({"schema@post*,2"})), "schema@post*,2: make 'post*' 2\n");
}

TEST(PlanTest, FillsPatternsWithMatrixValuesThatStandForThemselves) {
  const TestProject project(kMatrix);
  const Plan plan = project.plan({"schema@post*,2"});
  const PlannedTask& task = plan.tasks.at(0);
  EXPECT_TRUE(task.inputs->matches("src/post*.sql"));
  EXPECT_FALSE(task.inputs->matches("src/postgres.sql"));
  EXPECT_TRUE(task.outputs->globs.matches("out/post*-2/x"));
  EXPECT_EQ(task.local_name(), "schema@post*,2");
}

TEST(PlanTest, SaysWhatAMatrixHas) {
  const TestProject project(kMatrix);
  EXPECT_EQ(project.complaint({"schema@mysql,1"}),
            "error: the matrix of task `schema` has no `mysql,1`\n"
            "  help: it has `sqlite,1`, `sqlite,2`, `post*,1`, `post*,2`\n");
  EXPECT_EQ(project.complaint({"one@sqlite"}), "error: task `one` has no matrix to choose `sqlite` from\n");
}

TEST(PlanTest, KnowsTasksByNameAndAlias) {
  const TestProject project("[tasks.build]\nrun = 'x'\naliases = ['b']\n[tasks.test]\nrun = 'x'\n");
  EXPECT_EQ(shown(project.plan({"b"})), "build*\n");
  EXPECT_EQ(project.complaint({"biuld"}), "error: there is no task `biuld`\n  help: did you mean `build`?\n");
  EXPECT_EQ(project.complaint({"deploy"}),
            "error: there is no task `deploy`\n  help: `devtask list` shows the tasks\n");
  EXPECT_EQ(project.complaint({"a\nb"}),
            "error: there is no task `a\\nb`\n  help: `devtask list` shows the tasks\n");
}

constexpr std::string_view kArguments = R"(
[tasks.test]
run = "pytest {{paths}}"
args = [{ name = "paths", many = true, default = ["tests"] }]
[tasks.copy]
run = [["cp", "{{from}}", "{{to}}"]]
args = [{ name = "from", help = "what" }, { name = "to", default = "." }]
[tasks.lint]
run = "lint"
deps = ["test"]
)";

TEST(PlanTest, WordsAfterATaskAreItsArgumentsOrFurtherTasks) {
  const TestProject project(kArguments);
  EXPECT_EQ(commands(project.plan({"test"})), "test: pytest tests\n");
  EXPECT_EQ(commands(project.plan({"test", "a.py", "b c.py"})), "test a.py 'b c.py': pytest a.py 'b c.py'\n");
  EXPECT_EQ(commands(project.plan({"copy", "x"})), "copy x: cp x .\n");
  EXPECT_EQ(commands(project.plan({"copy", "x", "y", "lint", "test", "z"})),
            "copy x y: cp x y\ntest: pytest tests\nlint: lint\ntest z: pytest z\n");
}

TEST(PlanTest, SaysWhichArgumentIsMissingOrTooMany) {
  const TestProject project(kArguments);
  EXPECT_EQ(project.complaint({"copy"}),
            "error: task `copy` needs its argument `from` (what)\n  help: devtask copy <from>\n");
  EXPECT_EQ(project.complaint({"copy", "a", "b", "c"}),
            "error: there is no task `c`\n  help: `devtask list` shows the tasks\n"
            "  note: task `copy` takes no more arguments; what comes after `--` goes to its command\n");
  EXPECT_EQ(project.complaint({"lint", "tset"}),
            "error: there is no task `tset`\n  help: did you mean `test`?\n"
            "  note: task `lint` takes no arguments; what comes after `--` goes to its command\n");
}

TEST(PlanTest, ExtraGoesToTheTasksAskedForAndNotToTheirDependencies) {
  const TestProject project(kArguments);
  const Plan plan = project.plan({"lint"}, {"-x", "a b"});
  EXPECT_EQ(commands(plan), "test: pytest tests\nlint -- -x 'a b': lint -x 'a b'\n");
}

TEST(PlanTest, TheSameTaskWithOtherArgumentsIsAnotherOneThatSharesItsLock) {
  const TestProject project(kArguments);
  const Plan plan = project.plan({"lint", "test", "a"});
  ASSERT_EQ(shown(plan), "test\nlint* <- test\ntest a*\n");
  EXPECT_NE(plan.tasks[0].id, plan.tasks[2].id);
  EXPECT_EQ(plan.tasks[0].lock_id, plan.tasks[2].lock_id);
  EXPECT_EQ(plan.find("test a"), &plan.tasks[2]);
  EXPECT_EQ(plan.find(plan.tasks[2].id), &plan.tasks[2]);
  EXPECT_EQ(plan.find("none"), nullptr);
}

TEST(PlanTest, WhatEditsFilesRunsBeforeWhatReadsThem) {
  const TestProject project(R"(
[tasks.test]
run = "x"
inputs = ["src/**"]
[tasks.other]
run = "x"
inputs = ["docs/**"]
[tasks.format]
run = "x"
inputs = ["src/**/*.py"]
edits = ["src/**/*.py"]
[tasks.sort]
run = "x"
inputs = ["src/**/*.py"]
edits = ["src/**/*.py"]
[tasks.generate]
run = "x"
inputs = ["src/a.py"]
outputs = ["gen/"]
[tasks.needs]
run = "x"
inputs = ["src/b.py"]
edits = ["src/b.py"]
deps = ["generate"]
)");
  EXPECT_EQ(shown(project.plan({"test", "other", "format"})), "format*\ntest* | after: format\nother*\n");
  EXPECT_EQ(shown(project.plan({"format", "sort"})),
            "format*\nsort* | after: format\n");  // editors among themselves: as asked for
  EXPECT_EQ(shown(project.plan({"sort", "format"})), "sort*\nformat* | after: sort\n");
  EXPECT_EQ(shown(project.plan({"test"})), "test*\n");  // not drawn in
  // An editor that needs the reader cannot run before it.
  EXPECT_EQ(shown(project.plan({"needs", "test"})), "generate\nneeds* <- generate\ntest* | after: needs\n");
  EXPECT_EQ(shown(project.plan({"generate", "format"})), "format*\ngenerate* | after: format\n");
}

TEST(PlanTest, ReadsResultsOfDependenciesFurtherAway) {
  const TestProject project(R"(
[project]
path = [".venv/bin"]
[tasks.venv]
run = "x"
inputs = []
outputs = [".venv/"]
[tasks.schema]
run = "x"
inputs = []
outputs = ["schema.json"]
deps = ["venv"]
[tasks.client]
run = "x"
inputs = []
outputs = ["client/"]
deps = ["schema"]
[tasks.test]
run = "x"
inputs = ["schema.json", "src/**"]
deps = ["client"]
)");
  EXPECT_EQ(shown(project.plan({"test"})),
            "venv\n"
            "schema <- venv\n"
            "client <- schema | reads: schema venv\n"  // its programs may come from there
            "test* <- client | reads: client venv schema\n");
}

TEST(PlanTest, ATaskWithoutInputsAlwaysRuns) {
  const TestProject project(R"(
[tasks.a]
run = "x"
[tasks.b]
run = "x"
inputs = []
[tasks.c]
run = "x"
inputs = []
cache = "no"
[tasks.d]
run = "x"
inputs = []
interactive = true
[tasks.e]
deps = ["a"]
)");
  const Plan plan = project.plan({"a", "b", "c", "d", "e"});
  std::string always;
  for (const PlannedTask& task : plan.tasks) always += task.label + (task.always_runs() ? "+" : "-");
  EXPECT_EQ(always, "a+b-c+d+e-");
  EXPECT_TRUE(plan.tasks[4].is_group());
}

TEST(PlanTest, MembersHaveTheirOwnRootAndNames) {
  TestProject project("[tasks.x]\nrun = 'x'\n");
  project.write("examples/flows/tasks.toml",
                "[project]\nname = 'flows'\n[tasks.build]\nrun = 'ls {{root}}'\ndeps = ['venv']\n"
                "[tasks.venv]\nrun = 'x'\n");
  project.configure("[project]\nmembers = ['examples/*']\n[tasks.x]\nrun = 'x'\ndeps = ['flows:build']\n");
  const Plan plan = project.plan({"x"});
  EXPECT_EQ(shown(plan), "flows:venv\nflows:build <- flows:venv\nx* <- flows:build\n");
  EXPECT_EQ(plan.tasks[1].dir, "examples/flows");
  EXPECT_EQ(plan.tasks[1].values.text("root"), project / "examples/flows");
  EXPECT_EQ(plan.tasks[1].id, "flows__build");
}

TEST(PlanTest, EverythingLeavesOutWhatNeedsArguments) {
  const TestProject project(kArguments);
  Strings names;
  const Request request = everything(project.project);
  for (const Request::Target& target : request.targets) names.push_back(target.name);
  EXPECT_EQ(names, (Strings{"test", "lint"}));
}

TEST(FileIdTest, IsTheLabelWhereThatIsSafe) {
  for (const char* label : {"build-ui", "schema@sqlite,3.11", "a_b.c=d"}) EXPECT_EQ(file_id(label), label);
  EXPECT_EQ(file_id("flows:build"), "flows__build");
}

TEST(FileIdTest, IsShortenedWithADigestWhereItIsNot) {
  EXPECT_EQ(file_id("test a.py"), "test_a.py+" + sha256("test a.py").hex().substr(0, 16));
  EXPECT_EQ(file_id(".."), "..+" + sha256("..").hex().substr(0, 16));
  EXPECT_EQ(file_id("a/b\n\xff"), "a_b__+" + sha256("a/b\n\xff").hex().substr(0, 16));
  const std::string longest(101, 'x');
  EXPECT_EQ(file_id(longest), std::string(40, 'x') + "+" + sha256(longest).hex().substr(0, 16));
  EXPECT_EQ(file_id(std::string(100, 'x')), std::string(100, 'x'));
}

TEST(FileIdTest, TellsLabelsApart) {
  const Strings labels = {"a:b", "a__b", "a:_b", "a_:b", "a___b", "a::b", "a:__b", "a__:b",  "a____b",
                          "a b", "a_b",  "a+b",  "",     ".",     "..",   "a/b",   "test a", "test 'a'"};
  std::set<std::string> ids;
  for (const std::string& label : labels) {
    const std::string id = file_id(label);
    EXPECT_TRUE(ids.insert(id).second) << label << " has the id of another: " << id;
    EXPECT_EQ(id.find('/'), std::string::npos);
    EXPECT_TRUE(id != "." && id != ".." && !id.empty());
  }
}

}  // namespace
}  // namespace devtask
