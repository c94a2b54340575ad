// Every mistake that a tasks.toml can have, with the whole text of what is said about it. The cases are in
// mistakes/*.txt:
//   === NameOfTheCase
//   --- path of a file
//   its text
//   --- complaints
//   what is expected, up to an empty line before the next case
// With DEVTASK_UPDATE_MISTAKES set, the files are rewritten with what is said now: read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ostream>
#include <utility>
#include <vector>

#include "project_folder.h"

namespace devtask {
namespace {

const std::vector<std::string> kFiles{"project", "task", "units",     "tasks_together",
                                      "files",   "pins", "migrations"};

struct Case {
  std::string suite;  // its file
  std::string name;
  std::vector<std::pair<std::string, std::string>> files;  // path, text
  std::string expected;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::string file_of_cases(const std::string& name) {
  return std::string(DEVTASK_TEST_FOLDER) + "/unit/config/mistakes/" + name + ".txt";
}

std::vector<Case> read_cases(const std::string& name) {
  std::vector<Case> cases;
  std::string* text = nullptr;
  std::ifstream file(file_of_cases(name), std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({name, line.substr(4), {}, {}});
      text = nullptr;
    } else if (line == "--- complaints") {
      text = &cases.back().expected;
    } else if (line.starts_with("--- ")) {
      text = &cases.back().files.emplace_back(line.substr(4), std::string()).second;
    } else if (text != nullptr && !(line.empty() && text == &cases.back().expected)) {
      *text += line + "\n";
    }
  }
  return cases;
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const std::string& name : kFiles) {
    for (Case& one : read_cases(name)) all.push_back(std::move(one));
  }
  return all;
}

std::string complaints_about(const Case& one) {
  const ProjectFolder folder;
  for (const auto& [path, text] : one.files) folder.write(path, text);
  return folder.complaints();
}

class Mistakes : public testing::TestWithParam<Case> {};

TEST_P(Mistakes, are_explained) { EXPECT_EQ(complaints_about(GetParam()), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(config, Mistakes, testing::ValuesIn(all_cases()),
                         [](const auto& test) { return test.param.suite + "_" + test.param.name; });

TEST(MistakesFiles, can_be_updated) {
  if (std::getenv("DEVTASK_UPDATE_MISTAKES") == nullptr) GTEST_SKIP() << "DEVTASK_UPDATE_MISTAKES is not set";
  for (const std::string& name : kFiles) {
    std::string text;
    for (const Case& one : read_cases(name)) {
      text += (text.empty() ? "=== " : "\n=== ") + one.name + "\n";
      for (const auto& [path, content] : one.files) text += "--- " + path + "\n" + content;
      text += "--- complaints\n" + complaints_about(one);
    }
    std::ofstream(file_of_cases(name), std::ios::binary) << text;
  }
}

}  // namespace
}  // namespace devtask
