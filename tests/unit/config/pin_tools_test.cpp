#include "config/pin_tools.h"

#include <gtest/gtest.h>

#include "project_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kHooks = R"(default_language_version:
  python: python3
defaults: &defaults
  language_version: python3.11
repos:
- repo: https://github.com/psf/black-pre-commit-mirror
  rev: 23.1.0
  hooks:
  - id: black
    entry: black --fast "a b"
    args: [--preview, '--line-length', 100]
- repo: https://github.com/PyCQA/isort.git
  rev: v5.12.0
  hooks:
  - id: isort
    additional_dependencies: ["toml>=0.10"]
  - id: isort
    alias: isort-check
    args: [--check]
- repo: git@github.com:pre-commit/mirrors-clang-format
  rev: v14.0.6-1
  hooks:
  - id: clang-format
    <<: *defaults
)";

class PinToolsTest : public testing::Test {
 protected:
  void load(std::string_view tasks_toml) {
    project_.write("tasks.toml", tasks_toml);
    project_.write(".pre-commit-config.yaml", kHooks);
    loaded_ = project_.load();
    for (const Diagnostic& each : loaded_.diagnostics) ADD_FAILURE() << render(each, false);
  }
  const Task& task(std::string_view name) const { return *loaded_.project.find(name); }
  std::vector<const Task*> installers() const {
    std::vector<const Task*> found;
    for (const Task& each : loaded_.project.tasks) {
      if (each.makes_tools) found.push_back(&each);
    }
    return found;
  }
  static std::string script(const Task& task) { return task.run.front().words.front().parts().front().text; }
  static std::string dep(const Task& task, std::size_t index = 0) {
    return task.deps[index].value.parts().front().text;
  }

  ProjectFolder project_;
  LoadedProject loaded_;
};

TEST_F(PinToolsTest, a_set_of_pins_is_one_hidden_task) {
  load(R"(
[tasks.format]
run = [["black", "{{black-args}}"]]
tools.black = { pre-commit = "black" }
tools.sort = { pre-commit = "isort-check" }
[tasks.check]
run = "x"
tools.isort = { pre-commit = "isort-check" }
tools.b = { pre-commit = "black" }
[tasks.other]
run = "x"
tools.black = { pre-commit = "black" }
)");
  ASSERT_EQ(installers().size(), 2u);
  const Task& installer = task(dep(task("format")));
  EXPECT_EQ(dep(task("check")), installer.name);
  EXPECT_NE(dep(task("other")), installer.name);
  const std::string folder = ".devtask/tools/" + installer.name.substr(kToolsPrefix.size());
  EXPECT_TRUE(installer.hidden);
  EXPECT_EQ(installer.cache, CacheMode::kLocal);
  EXPECT_EQ(installer.outputs.written.front().value, folder + "/");
  EXPECT_TRUE(installer.outputs.globs.matches(folder + "/bin/black"));
  EXPECT_EQ(installer.witness->value, folder + "/pyvenv.cfg");
  EXPECT_EQ(installer.where.file->path, ".pre-commit-config.yaml");
  EXPECT_EQ(task("format").path, Strings{folder + "/bin"});
  EXPECT_TRUE(script(installer).starts_with(
      "python3 -m venv --clear " + folder + "\n" + folder +
      "/bin/python -m pip install --quiet --disable-pip-version-check -- black==23.1.0 isort==5.12.0 || {\n"))
      << script(installer);
}

TEST_F(PinToolsTest, the_arguments_are_those_of_entry_and_then_args) {
  load(
      "[tasks.format]\nrun = 'x'\ntools.black = { pre-commit = 'black' }\ntools.i = { pre-commit = "
      "'isort-check' }\n"
      "tools.node = {}\n");
  const std::vector<ToolSpec>& tools = task("format").tools;
  EXPECT_EQ(tools[0].args, (Strings{"--fast", "a b", "--preview", "--line-length", "100"}));
  EXPECT_EQ(tools[1].args, Strings{"--check"});
  EXPECT_EQ(tools[2].args, std::nullopt);
}

TEST_F(PinToolsTest, the_package_is_found_from_the_repository_or_said) {
  load(
      "[tasks.a]\nrun = 'x'\ntools.clang-format = { pre-commit = 'clang-format' }\n"
      "[tasks.b]\nrun = 'x'\ntools.clang-format = { pre-commit = 'clang-format', package = 'Clang_Format[x]' "
      "}\n");
  const std::string a = script(task(dep(task("a")))), b = script(task(dep(task("b"))));
  EXPECT_TRUE(a.starts_with("python3.11 -m venv ")) << a;
  EXPECT_NE(a.find(" -- clang-format==14.0.6-1 "), std::string::npos) << a;
  EXPECT_NE(b.find(" -- 'clang-format[x]==14.0.6-1' "), std::string::npos) << b;
}

TEST_F(PinToolsTest, members_share_the_environments_of_the_root) {
  project_.write("sub/.pre-commit-config.yaml", kHooks);
  project_.write("sub/tasks.toml", "[tasks.a]\nrun = 'x'\ntools.black = { pre-commit = 'black' }\n");
  load(
      "[project]\nmembers = ['sub']\npath = ['bin']\nenv = { A = 'b' }\nsecrets = ['PIP_*']\n"
      "[tasks.a]\nrun = 'x'\ntools.black = { pre-commit = 'black' }\n");
  ASSERT_EQ(installers().size(), 1u);
  EXPECT_EQ(dep(task("sub:a")), dep(task("a")));
  EXPECT_EQ(task("sub:a").path, task("a").path);
  const Scope& scope = *installers().front()->scope;
  EXPECT_EQ(scope.path, Strings());  // its interpreter is none that the project makes
  EXPECT_TRUE(scope.env.empty());
  EXPECT_EQ(scope.secrets, Strings{"PIP_*"});
}

TEST_F(PinToolsTest, the_file_is_one_that_the_project_was_read_from) {
  load("[tasks.a]\nrun = 'x'\ntools.black = { pre-commit = 'black' }\n");
  EXPECT_EQ(loaded_.project.files, (Strings{"tasks.toml", ".pre-commit-config.yaml"}));
  load("[tasks.a]\nrun = 'x'\ntools.black = {}\n");
  EXPECT_EQ(loaded_.project.files, Strings{"tasks.toml"});
}

TEST_F(PinToolsTest, another_version_is_another_environment) {
  load("[tasks.a]\nrun = 'x'\ntools.black = { pre-commit = 'black' }\n");
  const std::string before = dep(task("a"));
  std::string text(kHooks);
  text.replace(text.find("23.1.0"), 6, "23.3.0");
  project_.write(".pre-commit-config.yaml", text);
  loaded_ = project_.load();
  EXPECT_NE(dep(task("a")), before);
}

}  // namespace
}  // namespace devtask
