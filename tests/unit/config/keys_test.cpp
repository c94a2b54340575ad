#include "config/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "project_folder.h"

namespace devtask {
namespace {

using testing::HasSubstr;

TEST(Keys, are_unique_and_complete) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const KeyInfo& key : all_keys()) {
    EXPECT_TRUE(seen.emplace(key.table, key.name).second) << key.name;
    EXPECT_FALSE(key.summary.empty()) << key.name;
    EXPECT_FALSE(key.example.empty()) << key.name;
  }
}

// The examples of the required keys of a table, without those named.
std::string required(std::string_view table, const std::set<std::string_view>& without) {
  std::string text;
  for (const KeyInfo& key : all_keys()) {
    const bool wanted = key.table == table && key.summary.ends_with("Required.");
    if (wanted && !without.contains(key.name)) text += std::string(key.example) + "\n";
  }
  return text;
}

// An example that people copy must be read without a complaint about itself.
TEST(Keys, have_examples_that_are_read) {
  for (const KeyInfo& key : all_keys()) {
    std::string text;
    if (key.table == kProjectTable) text = "[project]\n" + std::string(key.example);
    if (key.table == kPoolTable) text = "[pools]\n" + std::string(key.example);
    if (key.table == kTaskTable) {
      text =
          "[pools]\ndatabase = 1\n[tasks.venv]\nrun = \"x\"\n[tasks.schema]\nrun = \"x\"\nmatrix = { d = "
          "[\"sqlite\"] }\n[tasks.test]\nrun = \"x\"\n"
          "[tasks.mine]\n" +
          std::string(key.example) + "\n";
      const bool wants_units =
          std::set<std::string_view>{"edits", "unit-inputs", "check", "processes", "uses"}.contains(key.name);
      if (wants_units) text += "units = [\"tests/**\"]\n";
      if (key.name != "run" && key.name != "uses")
        text += wants_units || key.name == "units" ? "run = \"x {{units}}\"\n" : "run = \"x\"\n";
      if (key.name == "cache") text += "witness = \"x\"\noutputs = [\"x\"]\n";
      if (key.name == "witness") text += "cache = \"local\"\noutputs = [\".venv/\"]\n";
    }
    if (key.table == kArgTable) {
      text = "[[tasks.mine.args]]\n" + std::string(key.example) + "\n" +
             (key.name == "name" ? "" : "name = \"x\"\n") + (key.name == "default" ? "many = true\n" : "") +
             "[tasks.mine]\nrun = \"x\"\n";
    }
    if (key.table == kToolTable) {
      text = "[tasks.mine]\nrun = \"x\"\n[tasks.mine.tools.black]\n" + std::string(key.example) + "\n" +
             (key.name == "package" ? "pre-commit = \"black\"\n" : "");
    }
    if (key.table == kMigrationsTable || key.table == kDialectTable) {
      text =
          "[tasks.venv]\nrun = \"x\"\n"
          "[tasks.format]\nunits = [\"src/**\"]\nedits = true\nrun = \"x {{units}}\"\n[migrations.m]\n" +
          required(kMigrationsTable, {key.name, key.table == kDialectTable ? "dialects" : ""});
      if (key.table == kDialectTable) {
        text += "[migrations.m.dialects.d]\n" + required(kDialectTable, {key.name}) +
                (key.name == "server" ? "" : "server = \"postgresql\"\n");
      }
      text += std::string(key.example) + "\n";
    }
    if (key.name == "include" || key.name == "members") text += "  # matches nothing: a warning";
    const ProjectFolder folder(text);
    folder.write(".pre-commit-config.yaml",
                 "repos: [{ repo: https://github.com/psf/black, rev: 23.1.0, hooks: [{ id: black }] }]\n");
    EXPECT_TRUE(folder.load().ok()) << text << "\n" << folder.complaints();
  }
}

TEST(JsonSchema, knows_every_key) {
  const auto schema = nlohmann::json::parse(json_schema());
  const auto& tables = schema.at("properties");
  const auto& task = tables.at("tasks").at("patternProperties").begin().value();
  const auto& migrations = tables.at("migrations").at("patternProperties").begin().value();
  for (const KeyInfo& key : all_keys()) {
    if (key.name == "NAME") continue;
    const auto& properties =
        key.table == kTopTable       ? tables
        : key.table == kProjectTable ? tables.at("project").at("properties")
        : key.table == kTaskTable    ? task.at("properties")
        : key.table == kToolTable
            ? task.at("properties").at("tools").at("additionalProperties").at("properties")
        : key.table == kMigrationsTable ? migrations.at("properties")
        : key.table == kDialectTable
            ? migrations.at("properties").at("dialects").at("patternProperties").front().at("properties")
            : task.at("properties").at("args").at("items").at("properties");
    ASSERT_TRUE(properties.contains(std::string(key.name))) << key.name;
    EXPECT_EQ(properties.at(std::string(key.name)).at("description"), key.summary);
  }
  EXPECT_EQ(task.at("properties").at("args").at("items").at("required"), nlohmann::json({"name"}));
  EXPECT_EQ(task.at("properties").at("cache").at("enum"), nlohmann::json({"yes", "local", "no"}));
  EXPECT_EQ(task.at("additionalProperties"), false);
}

TEST(ReferencePage, has_a_row_for_every_key) {
  const std::string page = reference_page();
  for (const KeyInfo& key : all_keys()) {
    if (key.table == kTopTable) continue;
    EXPECT_THAT(
        page, HasSubstr("| `" + std::string(key.name) + "` | " + std::string(expectation(key.type)) + " | "));
  }
}

// The files that people read and editors load are this text.
TEST(GeneratedFiles, are_what_the_table_says) {
  const auto content = [](const std::string& path) {
    std::ifstream file(std::string(DEVTASK_TEST_FOLDER) + "/../" + path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(content("docs/reference.md"), reference_page());
  EXPECT_EQ(content("devtask.schema.json"), json_schema());
}

}  // namespace
}  // namespace devtask
