#include "plan/environment.h"

#include <gtest/gtest.h>

#include <thread>

#include "fakes/test_project.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

std::string shown(const Variables& variables) {
  std::string text;
  for (const auto& [name, value] : variables) text += name + "=" + value + "\n";
  return text;
}

class EnvironmentTest : public testing::Test {
 protected:
  void configure(std::string_view tasks_toml, Variables caller) {
    project_.configure(tasks_toml);
    project_.environment = Environment(std::move(caller));
    plan_ = project_.plan({"t"});
  }
  const PlannedTask& task() const { return plan_.tasks.at(0); }
  std::string keyed() const { return shown(project_.environment.keyed(*task().task, task().values)); }
  Variables visible_variables() const {
    return project_.environment.visible(*task().task, task().values, "/p", task().outputs->globs);
  }
  std::string visible() const { return shown(visible_variables()); }

  TestProject project_{"[tasks.t]\nrun = 'x'\n"};
  Plan plan_;
};

TEST_F(EnvironmentTest, PassesWhatIsDeclaredOrHarmlessAndNothingElse) {
  configure(R"(
[project]
path = [".venv/bin", "bin"]
env = { PROJECT = "{{root}}/p", TEXT = "{{{{root}}/p", BOTH = "project" }
env-inputs = ["PREFECT_*"]
env-pass = ["AGENT"]
[tasks.t]
run = "x"
env = { OWN = "{{task}} {{who}}", BOTH = "task", TZ = "CET" }
env-inputs = ["MODE"]
env-pass = ["SEEN_*"]
args = [{ name = "who", default = "me" }]
)",
            {{"PATH", "/bin"},
             {"HOME", "/h"},
             {"PREFECT_A", "a"},
             {"MODE", "m"},
             {"AGENT", "g"},
             {"SEEN_X", "s"},
             {"SECRET", "no"},
             {"PYTHONPATH", "no"},
             {"LANG", "de_DE"},
             {"PIP_INDEX_URL", "i"},
             {"https_proxy", "p"},
             {"DEVTASK_JOBS", "9"},
             {"DEVTASK_TASK", "outer"}});
  EXPECT_EQ(keyed(),
            "BOTH=task\nMODE=m\nOWN=t me\nPREFECT_A=a\nPROJECT={{root}}/p\nTEXT={{{{root}}/p\nTZ=CET\n");
  EXPECT_EQ(visible(),
            "AGENT=g\nBOTH=task\nHOME=/h\nLANG=C.UTF-8\nLC_ALL=C.UTF-8\nMODE=m\nOWN=t me\n"
            "PATH=/p/.venv/bin:/p/bin:/bin\nPIP_INDEX_URL=i\nPREFECT_A=a\nPROJECT=" +
                project_.root() + "/p\nSEEN_X=s\nTEXT={{root}}/p\nTZ=CET\nhttps_proxy=p\n");
}

TEST_F(EnvironmentTest, HasFixedLanguageAndTimeUnlessDeclared) {
  configure("[tasks.t]\nrun = 'x'\n", {{"LANG", "de_DE"}, {"LC_ALL", "de_DE"}, {"TZ", "CET"}});
  EXPECT_EQ(keyed(), "");
  EXPECT_EQ(visible(), "LANG=C.UTF-8\nLC_ALL=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\nTZ=UTC\n");
  configure("[tasks.t]\nrun = 'x'\nenv-inputs = ['TZ']\nenv-pass = ['LANG']\n",
            {{"LANG", "de_DE"}, {"LC_ALL", "de_DE"}, {"TZ", "CET"}});
  EXPECT_EQ(keyed(), "TZ=CET\n");
  EXPECT_EQ(visible(), "LANG=de_DE\nLC_ALL=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\nTZ=CET\n");
}

TEST_F(EnvironmentTest, TellsTheRootFromAValueThatReadsTheSame) {
  configure("[tasks.t]\nrun = 'x'\nenv-inputs = ['PLACE']\n", {{"PLACE", "{{root}}"}});
  EXPECT_EQ(keyed(), "PLACE={{{{root}}\n");
  configure("[tasks.t]\nrun = 'x'\nenv = { PLACE = '{{root}}' }\n", {});
  EXPECT_EQ(keyed(), "PLACE={{root}}\n");
}

TEST_F(EnvironmentTest, PutsTheProjectsFoldersBeforeThePathATaskSets) {
  configure("[project]\npath = ['bin']\n[tasks.t]\nrun = 'x'\nenv = { PATH = '/own' }\n", {{"PATH", "/bin"}});
  EXPECT_EQ(visible_variables()["PATH"], "/p/bin:/own");
}

TEST_F(EnvironmentTest, HidesProgramsThatTheTaskItselfMakes) {
  configure(
      "[project]\npath = ['.venv/bin', 'tools']\n[tasks.t]\nrun = 'x'\ninputs = []\noutputs = ['.venv/']\n",
      {{"PATH", "/bin"}});
  EXPECT_EQ(visible_variables()["PATH"], "/p/tools:/bin");
}

TEST_F(EnvironmentTest, LooksForProgramsInAbsoluteFoldersOnly) {
  configure("[project]\npath = ['bin']\n[tasks.t]\nrun = 'x'\n", {{"PATH", "/a::relative:/b:"}});
  EXPECT_EQ(project_.environment.search_path(*task().task, "/p"), (Strings{"/p/bin", "/a", "/b"}));
}

// For a build with a sanitizer for threads.
TEST_F(EnvironmentTest, SearchPathsMayBeAskedForBySeveralThreads) {
  configure("[tasks.t]\nrun = 'x'\n", {{"PATH", "/a"}});
  std::vector<Task> tasks(8, *task().task);
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].path = {std::to_string(i)};
  std::vector<std::jthread> threads;
  for (int each = 0; each < 4; ++each) {
    threads.emplace_back([&] {
      for (const Task& one : tasks)
        EXPECT_EQ(project_.environment.search_path(one, "/p"), (Strings{"/p/" + one.path[0], "/a"}));
    });
  }
}

TEST_F(EnvironmentTest, KnowsTheSecretsATaskCanSeeLongestFirst) {
  configure(
      "[project]\nsecrets = ['*_TOKEN', 'KEY']\nenv-inputs = ['*']\n[tasks.t]\nrun = 'x'\nenv = { KEY = 'k' "
      "}\n",
      {{"A_TOKEN", "long secret"}, {"B_TOKEN", "longest secret"}, {"EMPTY_TOKEN", ""}, {"TOKEN", "open"}});
  EXPECT_EQ(project_.environment.secrets(*task().task, visible_variables()),
            (Strings{"longest secret", "long secret", "k"}));
}

TEST(VariablesTest, AreTakenFromNameEqualsValue) {
  EXPECT_EQ(shown(to_variables({"A=1", "B=", "C=x=y", "nothing", "=x", "D=two\nlines", "A=later"})),
            "A=1\nB=\nC=x=y\nD=two\nlines\n");
}

TEST(ValuesTest, KeepTheRootOutOfKeys) {
  Values values;
  values.set("root", {"/somewhere"}, false);
  values.set("list", {"a b", "c"}, true);
  const Template text = Template::parse("{{root}}/x {{list}} {{none}}").value();
  EXPECT_EQ(values.expand(text), "/somewhere/x a b c ");
  EXPECT_EQ(values.key_expand(text), "{{root}}/x a b c ");
  EXPECT_TRUE(values.is_list("list"));
  EXPECT_FALSE(values.is_list("root"));
  EXPECT_FALSE(values.is_list("none"));
  EXPECT_EQ(values.words("none"), Strings{});
}

}  // namespace
}  // namespace devtask
