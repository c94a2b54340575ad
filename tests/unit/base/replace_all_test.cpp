#include "base/replace_all.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

std::string replaced(std::string text, std::string_view old, std::string_view by) {
  replace_all(text, old, by);
  return text;
}

TEST(ReplaceAllTest, ReplacesEachAndNotWhatItPutIn) {
  EXPECT_EQ(replaced("a b a", "a", "aa"), "aa b aa");
  EXPECT_EQ(replaced("aaa", "aa", "a"), "aa");
  EXPECT_EQ(replaced("a", "b", "c"), "a");
  EXPECT_EQ(replaced("", "b", "c"), "");
}

}  // namespace
}  // namespace devtask
