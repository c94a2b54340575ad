#include "base/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace devtask {
namespace {

const std::vector<std::string> kNames = {"build", "build-ui", "test", "lint", "format", "outputs", "inputs"};

TEST(SuggestTest, FindsTheNearestName) {
  const std::pair<std::string, std::string> table[] = {
      {"biuld", "build"},   // two neighbours swapped
      {"buid", "build"},    // one left out
      {"buildd", "build"},  // one too many
      {"tast", "test"},     // one wrong
      {"output", "outputs"},
      {"imputs", "inputs"},
      {"build_ui", "build-ui"},
      {"formatter", "format"},  // three of nine
      {"x", ""},
      {"te", ""},  // two of two
      {"deploy", ""},
      {"", ""},
  };
  for (const auto& [word, name] : table) EXPECT_EQ(nearest(word, kNames), name) << word;
}

TEST(SuggestTest, TakesTheFirstOfSeveralEquallyNear) {
  const std::vector<std::string> names = {"cat", "bat"};
  EXPECT_EQ(nearest("rat", names), "cat");
}

TEST(SuggestTest, AsksAQuestionOrSaysNothing) {
  EXPECT_EQ(did_you_mean("tset", kNames), "did you mean `test`?");
  EXPECT_EQ(did_you_mean("deploy", kNames), "");
  EXPECT_EQ(did_you_mean("test", std::vector<std::string>()), "");
}

}  // namespace
}  // namespace devtask
