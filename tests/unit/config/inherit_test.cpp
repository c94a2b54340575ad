#include "config/inherit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "project_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

Project read(std::string_view text) {
  const ProjectFolder folder(text);
  EXPECT_EQ(folder.complaints(), "");
  return folder.load().project;
}

Strings written(const Patterns& patterns) {
  Strings texts;
  for (const auto& pattern : patterns.written) texts.push_back(pattern.value);
  return texts;
}

Strings words(const Step& step) {
  Strings texts;
  for (const Template& word : step.words) {
    std::string text;
    for (const Template::Part& part : word.parts())
      text += part.placeholder ? "<" + part.text + ">" : part.text;
    texts.push_back(std::move(text));
  }
  return texts;
}

constexpr std::string_view kFamily = R"(
[tasks.base]
description = "All of them"
aliases = ["b"]
hidden = true
units = ["tests/**"]
inputs = ["src/**"]
run = [["check", "{{units}}"]]
timeout = "1m"
env = { A = "base", B = "base" }
tools = { node = {} }

[tasks.middle]
extends = "base"
env = { B = "middle", C = "middle" }
tools = { npm = {} }

[tasks.leaf]
extends = "middle"
units = ["tests/leaf/**"]
timeout = "2m"
)";

TEST(Inherit, FillsInWhatATaskDoesNotSay) {
  const Project project = read(kFamily);
  const Task& leaf = *project.find("leaf");
  ASSERT_EQ(leaf.run.size(), 1U);
  EXPECT_EQ(words(leaf.run[0]), (Strings{"check", "<units>"}));
  EXPECT_EQ(written(*leaf.inputs), Strings{"src/**"});
  EXPECT_EQ(written(*leaf.units), Strings{"tests/leaf/**"});
  EXPECT_EQ(leaf.timeout, std::chrono::minutes(2));
  EXPECT_EQ(project.find("middle")->timeout, std::chrono::minutes(1));
}

TEST(Inherit, JoinsVariablesAndTools) {
  const Project project = read(kFamily);
  const Task& leaf = *project.find("leaf");
  Strings variables, tools;
  for (const auto& [name, value] : leaf.env) variables.push_back(name + "=" + value.value.parts()[0].text);
  for (const ToolSpec& tool : leaf.tools) tools.push_back(tool.name);
  EXPECT_EQ(variables, (Strings{"A=base", "B=middle", "C=middle"}));
  EXPECT_EQ(tools, (Strings{"npm", "node"}));
  EXPECT_EQ(project.find("base")->env.size(), 2U);
}

TEST(Inherit, LeavesToATaskWhatIsItsOwn) {
  const Project project = read(kFamily);
  const Task& leaf = *project.find("leaf");
  EXPECT_EQ(leaf.description, "");
  EXPECT_TRUE(leaf.aliases.empty());
  EXPECT_FALSE(leaf.hidden);
  EXPECT_EQ(project.find("b"), project.find("base"));
}

TEST(Inherit, TheFirstOfAChainNamesTheFamily) {
  const Project project = read(kFamily);
  for (const char* name : {"base", "middle", "leaf"}) EXPECT_EQ(project.find(name)->family, "base") << name;
  const Task& leaf = *project.find("leaf");
  ASSERT_EQ(leaf.family_units.size(), 2U);
  EXPECT_EQ(written(*leaf.family_units.back()), Strings{"tests/**"});
  EXPECT_TRUE(project.find("base")->family_units.empty());
}

TEST(Inherit, TheOrderInTheFileDoesNotMatter) {
  const Project project = read(R"(
[tasks.leaf]
extends = "base"
[tasks.base]
run = "x"
timeout = "1m"
)");
  EXPECT_EQ(project.find("leaf")->timeout, std::chrono::minutes(1));
  EXPECT_EQ(project.find("leaf")->family, "base");
}

TEST(Inherit, ATaskOfAMemberExtendsOneOfItsOwn) {
  const ProjectFolder folder("[project]\nmembers = [\"m\"]\n[tasks.test]\nrun = \"x\"\n");
  folder.write("m/tasks.toml",
               "[project]\nname = \"m\"\n[tasks.test]\nunits = [\"t/*\"]\nrun = [[\"y\", \"{{units}}\"]]\n"
               "[tasks.some]\nextends = \"test\"\n");
  EXPECT_EQ(folder.complaints(), "");
  const Project project = folder.load().project;
  EXPECT_EQ(project.find("m:some")->family, "m:test");
  EXPECT_EQ(words(project.find("m:some")->run.at(0)), (Strings{"y", "<units>"}));
}

TEST(Inherit, APresetSaysWhatTheTaskDoesNot) {
  const Project project = read(R"(
[tasks.test]
uses = "pytest"
units = ["tests/**/test_*.py"]
env = { MODE = "test" }
[tasks.mine]
uses = "pytest"
units = ["tests/**/test_*.py"]
run = [["my-pytest", "{{units}}"]]
unit-inputs = ["my.ini"]
[tasks.some]
extends = "test"
units = ["tests/a/test_*.py"]
)");
  const Task& test = *project.find("test");
  EXPECT_EQ(words(test.run.at(0)), (Strings{"python3", "<plugins>/devtask_pytest.py",
                                            "--continue-on-collection-errors", "<units>"}));
  EXPECT_EQ(test.unit_inputs,
            (Strings{"conftest.py", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"}));
  EXPECT_TRUE(test.reports && test.takes_parts);
  EXPECT_TRUE(test.env.contains("MODE"));
  EXPECT_TRUE(test.env.contains("DEVTASK_REPORT"));
  EXPECT_EQ(words(project.find("mine")->run.at(0)), (Strings{"my-pytest", "<units>"}));
  EXPECT_EQ(project.find("mine")->unit_inputs, Strings{"my.ini"});
  EXPECT_TRUE(project.find("some")->reports && project.find("some")->takes_parts);
}

// The last first: each extends what comes after it.
std::string chain_of(std::size_t tasks) {
  std::string text;
  for (std::size_t i = tasks - 1; i > 0; --i)
    text += fmt::format("[tasks.t{}]\nextends = \"t{}\"\n", i, i - 1);
  return text + "[tasks.t0]\nunits = [\"*\"]\ninputs = []\nrun = \"x {{units}}\"\n";
}

TEST(Inherit, AChainMayBeLong) {
  const Project project = read(chain_of(101));
  EXPECT_EQ(project.find("t100")->run.size(), 1U);
  EXPECT_EQ(project.find("t100")->family, "t0");
}

TEST(Inherit, AChainThatIsTooLongIsRefused) {
  const ProjectFolder folder(chain_of(102));
  EXPECT_EQ(folder.complaints().find("task `t101` extends more than 100 others, one through the other"),
            folder.complaints().find("error: ") + 7)
      << folder.complaints();
}

TEST(Inherit, TenThousandInAChainAreReadWithoutRecursionAndCubes) {
  const ProjectFolder folder(chain_of(10'000));
  EXPECT_NE(folder.complaints(), "");
}

}  // namespace
}  // namespace devtask
