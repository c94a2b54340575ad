#include "config/migration_tasks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/config/project_folder.h"

namespace devtask {
namespace {

constexpr const char* kText = R"(
[tasks.venv]
run = "true"

[migrations.main]
deps = ["venv"]
models = ["src/models.py", "!src/old.py"]
inputs = ["src/**", "!src/models.py"]
versions = "versions/{{dialect}}"
revision = [["alembic", "revision", "-m", "{{name}}"]]
upgrade = "alembic upgrade {{revision}}"
downgrade = "alembic downgrade {{revision}}"
url-env = "DATABASE_URL"
env = { HOME_OF = "{{root}}/{{dialect}}", BRACES = "{{{{x" }
notes = "NOTES.md"
dialects.sqlite = { url = "sqlite:///{{scratch}}/x.db" }
dialects.postgresql = { url = "postgresql://{{server}}", server = "postgresql" }
)";

class MigrationTasks : public ::testing::Test {
 protected:
  const Task& task(const std::string& name) {
    const Task* found = loaded_.project.find(name);
    EXPECT_NE(found, nullptr) << name;
    return *found;
  }
  LoadedProject load(const std::string& text) {
    folder_.write("tasks.toml", text);
    return load_project(folder_.root());
  }

  ProjectFolder folder_;
  LoadedProject loaded_ = load(kText);
};

std::string expanded(const Template& text) {
  return text.expand([](std::string_view name) { return "<" + std::string(name) + ">"; });
}

TEST_F(MigrationTasks, stand_for_each_step_of_each_dialect) {
  ASSERT_TRUE(loaded_.ok());
  for (const MigrationStep step : kMigrationSteps) {
    for (const char* dialect : {"sqlite", "postgresql"}) {
      const Task& made = task(fmt::format("main.{}.{}", name_of(step), dialect));
      EXPECT_TRUE(made.hidden);
      ASSERT_EQ(made.deps.size(), 1U);
      EXPECT_EQ(expanded(made.deps[0].value), "venv");
      EXPECT_EQ(expanded(made.run.front().words.front()),
                fmt::format("exec \"$DEVTASK\" migrate-step {} main {}", name_of(step), dialect));
    }
  }
}

TEST_F(MigrationTasks, read_models_whatever_inputs_leave_out) {
  const Task& revision = task("main.revision.sqlite");
  for (const char* path : {"src/models.py", "src/env.py", "versions/sqlite/x.py"})
    EXPECT_TRUE(revision.inputs->globs.matches(path)) << path;
  for (const char* path : {"src/old.py", "versions/postgresql/x.py", "NOTES.md"})
    EXPECT_FALSE(revision.inputs->globs.matches(path)) << path;
  EXPECT_TRUE(task("main.check.sqlite").inputs->globs.matches("NOTES.md"));
}

TEST_F(MigrationTasks, create_revisions_in_one_step_only) {
  EXPECT_TRUE(task("main.revision.sqlite").creates.globs.matches("versions/sqlite/x.py"));
  for (const char* step : {"preview", "drift", "check"})
    EXPECT_TRUE(task(fmt::format("main.{}.sqlite", step)).creates.globs.empty()) << step;
  EXPECT_EQ(task("main.preview.sqlite").cache, CacheMode::kNo);
  EXPECT_EQ(task("main.check.sqlite").cache, CacheMode::kYes);
}

TEST_F(MigrationTasks, have_the_environment_with_the_dialect_filled_in) {
  const Task& check = task("main.check.postgresql");
  EXPECT_EQ(expanded(check.env.at("HOME_OF").value), "<root>/postgresql");
  EXPECT_EQ(expanded(check.env.at("BRACES").value), "{{x");
}

TEST_F(MigrationTasks, key_the_distributions_of_the_tool) {
  const auto& tools = task("main.revision.sqlite").tools;
  ASSERT_EQ(tools.size(), 1U);
  EXPECT_EQ(tools[0].name, "alembic");
  EXPECT_TRUE(tools[0].distributions);
}

TEST_F(MigrationTasks, cannot_be_called_like_other_tasks) {
  const auto twice = load(std::string(kText) + "\n[tasks.\"main.check.sqlite\"]\nrun = \"true\"\n");
  EXPECT_FALSE(twice.ok());
}

}  // namespace
}  // namespace devtask
