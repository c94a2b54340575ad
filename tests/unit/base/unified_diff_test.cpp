#include "base/unified_diff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <sstream>
#include <vector>

namespace devtask {
namespace {

TEST(UnifiedDiffTest, NothingDiffers) { EXPECT_EQ(unified_diff("a", "1\n2\n", "1\n2\n"), ""); }

TEST(UnifiedDiffTest, AChangeHasThreeLinesAround) {
  EXPECT_EQ(unified_diff("src/a.py", "1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n0\n"),
            "--- a/src/a.py\n+++ b/src/a.py\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiffTest, ChangesFarApartAreTwoHunks) {
  std::string before, after;
  for (int i = 1; i <= 20; ++i) {
    before += std::to_string(i) + "\n";
    after += i == 2 || i == 19 ? "x\n" : std::to_string(i) + "\n";
  }
  EXPECT_EQ(unified_diff("a", before, after),
            "--- a/a\n+++ b/a\n@@ -1,5 +1,5 @@\n 1\n-2\n+x\n 3\n 4\n 5\n"
            "@@ -16,5 +16,5 @@\n 16\n 17\n 18\n-19\n+x\n 20\n");
}

TEST(UnifiedDiffTest, ANewlineAtTheEnd) {
  EXPECT_EQ(unified_diff("a", "1\n2", "1\n2\n"),
            "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+2\n");
}

TEST(UnifiedDiffTest, FromAndToNothing) {
  EXPECT_EQ(unified_diff("a", "", "1\n2\n"), "--- a/a\n+++ b/a\n@@ -0,0 +1,2 @@\n+1\n+2\n");
  EXPECT_EQ(unified_diff("a", "1\n2\n", ""), "--- a/a\n+++ b/a\n@@ -1,2 +0,0 @@\n-1\n-2\n");
}

TEST(UnifiedDiffTest, LinesThatAreOnlyAddedOrRemoved) {
  EXPECT_EQ(unified_diff("a", "1\n2\n", "0\n1\n2\n"), "--- a/a\n+++ b/a\n@@ -1,2 +1,3 @@\n+0\n 1\n 2\n");
  EXPECT_EQ(unified_diff("a", "1\n2\n", "1\n"), "--- a/a\n+++ b/a\n@@ -1,2 +1,1 @@\n 1\n-2\n");
}

TEST(UnifiedDiffTest, BytesAreTakenAsTheyAre) {
  EXPECT_EQ(unified_diff("a", "\xff\r\n", std::string("\0\n", 2)),
            std::string("--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-\xff\r\n+\0\n", 39));
}

TEST(UnifiedDiffTest, LargeTextsWithNothingInCommon) {
  std::string before, after;
  for (int i = 0; i < 20'000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  const std::string diff = unified_diff("a", before, after);
  EXPECT_EQ(std::count(diff.begin(), diff.end(), '\n'), 40'003);
}

// As patch reads it, and strictly: every line that is kept or removed must be where the hunk says.
std::string patched(const std::string& before, const std::string& diff) {
  std::istringstream old_text(before), hunks(diff);
  std::vector<std::string> old_lines;
  std::string line, result;
  while (std::getline(old_text, line)) old_lines.push_back(line);
  std::size_t at = 0;
  std::getline(hunks, line);
  std::getline(hunks, line);
  while (std::getline(hunks, line)) {
    unsigned long first = 0, count = 0, new_first = 0, new_count = 0;
    if (std::sscanf(line.c_str(), "@@ -%lu,%lu +%lu,%lu @@", &first, &count, &new_first, &new_count) == 4) {
      const std::size_t start = count == 0 ? first : first - 1;
      while (at < start) result += old_lines.at(at++) + "\n";
      const auto made = static_cast<std::size_t>(std::count(result.begin(), result.end(), '\n'));
      EXPECT_EQ(made, new_count == 0 ? new_first : new_first - 1);
      continue;
    }
    if (line[0] != '+') {
      EXPECT_EQ(old_lines.at(at++), line.substr(1));
    }
    if (line[0] != '-') result += line.substr(1) + "\n";
  }
  while (at < old_lines.size()) result += old_lines[at++] + "\n";
  return result;
}

TEST(UnifiedDiffTest, WhatItSaysMakesOneOfTheOther) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const auto text = [&] {
      std::string lines;
      for (auto left = random() % 25; left > 0; --left) lines += std::to_string(random() % 6) + "\n";
      return lines;
    };
    const std::string before = text();
    std::string after = text();
    if (round % 2 == 0) {
      after = before;
      if (!after.empty()) after.insert(2 * (random() % (after.size() / 2)), "x\n");
    }
    if (before == after) continue;
    const std::string diff = unified_diff("a", before, after);
    ASSERT_EQ(patched(before, diff), after) << before << "--\n" << after << "--\n" << diff;
  }
}

}  // namespace
}  // namespace devtask
