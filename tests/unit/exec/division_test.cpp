#include "exec/division.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>

namespace devtask {
namespace {

using Group = Division::Group;

struct Said {
  int exit_status = 0;
  Group named;
  std::function<std::string(std::size_t)> words = [](std::size_t) { return "bad: *\n"; };
};
using Tool = std::function<Said(const Group&)>;

// Which files a division of `count` holds for failing, and how often it starts the tool.
struct Found {
  Group failed;
  std::size_t starts = 0;
};

Division::Said words_of(const Group& group, const Said& said) {
  Division::Said words;
  for (const std::size_t each : group)
    words.push_back(std::ranges::find(said.named, each) != said.named.end() ? said.words(each) : "");
  return words;
}

Found divide(std::size_t count, const Tool& tool) {
  Group all(count);
  std::iota(all.begin(), all.end(), 0U);
  Division division(all);
  Found found;
  Group judged;
  for (Group group = division.next(); !group.empty(); group = division.next()) {
    ++found.starts;
    const Said said = tool(group);
    for (const std::size_t each : division.tried(group, said.exit_status, words_of(group, said))) {
      judged.push_back(each);
      if (said.exit_status != 0) found.failed.push_back(each);
    }
  }
  std::ranges::sort(judged);
  EXPECT_EQ(judged, all);  // each once
  std::ranges::sort(found.failed);
  return found;
}

Group those(std::size_t count, const std::function<bool(std::size_t)>& bad) {
  Group group;
  for (std::size_t i = 0; i < count; ++i) {
    if (bad(i)) group.push_back(i);
  }
  return group;
}

// Names all that are bad, as black, isort and clang-format do.
Tool names_bad(const std::function<bool(std::size_t)>& bad) {
  return [bad](const Group& group) {
    Said said;
    std::ranges::copy_if(group, std::back_inserter(said.named), bad);
    said.exit_status = said.named.empty() ? 0 : 1;
    return said;
  };
}

Tool stops_at_the_first(const std::function<bool(std::size_t)>& bad) {
  return [bad](const Group& group) {
    const auto first = std::ranges::find_if(group, bad);
    return first == group.end() ? Said{} : Said{1, {*first}};
  };
}

Tool names_all(const std::function<bool(std::size_t)>& bad) {
  return [bad](const Group& group) { return Said{std::ranges::any_of(group, bad) ? 1 : 0, group}; };
}

Tool names_none(const std::function<bool(std::size_t)>& bad) {
  return [bad](const Group& group) { return Said{std::ranges::any_of(group, bad) ? 1 : 0, {}}; };
}

bool all(std::size_t) { return true; }
bool some(std::size_t i) { return i % 7 == 3; }
bool one(std::size_t i) { return i == 11; }

TEST(DivisionTest, FindsWhatFailsWhateverTheToolSays) {
  for (const auto& bad : {std::function(all), std::function(some), std::function(one)}) {
    for (const auto& kind : {names_bad, stops_at_the_first, names_all, names_none})
      EXPECT_EQ(divide(100, kind(bad)).failed, those(100, bad));
  }
}

TEST(DivisionTest, OneThatIsNamedTakesThreeStarts) { EXPECT_EQ(divide(1000, names_bad(one)).starts, 3U); }

TEST(DivisionTest, WhatPassesTogetherIsNotDivided) {
  EXPECT_EQ(divide(1000, names_bad([](std::size_t) { return false; })).starts, 1U);
}

TEST(DivisionTest, ManyThatAreNamedAreBelieved) {
  EXPECT_LT(divide(40, names_bad([](std::size_t i) { return i != 7; })).starts, 16U);
  EXPECT_LT(divide(20000, names_bad([](std::size_t i) { return i != 7; })).starts, 50U);
  EXPECT_LT(divide(20000, names_bad(some)).starts, 50U);
}

TEST(DivisionTest, ToNameAllIsToSayNothing) {
  for (const std::size_t bad : {1U, 5U, 8U, 9U}) {
    const auto first = [bad](std::size_t i) { return i < bad; };
    const auto last = [bad](std::size_t i) { return i >= 9 - bad; };
    EXPECT_EQ(divide(9, names_all(first)).failed, those(9, first));
    EXPECT_EQ(divide(9, names_all(last)).failed, those(9, last));
  }
}

// Where something failed, all that it did, also of those that are good; else nothing.
TEST(DivisionTest, WhatIsSaidOfGoodOnesInGroupsThatFailIsNotBelieved) {
  for (const auto& bad : {std::function(all), std::function(some), std::function(one)}) {
    const Tool tool = [&](const Group& group) {
      return std::ranges::any_of(group, bad) ? Said{1, group} : Said{};
    };
    EXPECT_EQ(divide(100, tool).failed, those(100, bad));
  }
}

TEST(DivisionTest, AToolThatNamesAllWithOtherWordsIsBelieved) {
  // black -v
  const auto bad = [](std::size_t i) { return i % 2 == 0; };
  const Tool tool = [&](const Group& group) {
    return Said{std::ranges::any_of(group, bad) ? 1 : 0, group, [&](std::size_t each) {
                  return bad(each) ? "would reformat *\n" : "* already well formatted, good job.\n";
                }};
  };
  EXPECT_EQ(divide(1000, tool).failed, those(1000, bad));
  EXPECT_LT(divide(1000, tool).starts, 30U);
}

TEST(DivisionTest, AToolThatStopsAtTheFirstIsStartedLittleMoreThanOnceForEach) {
  EXPECT_LT(divide(40, stops_at_the_first(all)).starts, 46U);
}

TEST(DivisionTest, NamesOfGoodOnesAreNotBelieved) {
  // eslint names files with warnings, too.
  const auto warned = [](std::size_t i) { return i % 3 == 1; };
  const Tool tool = [&](const Group& group) {
    Said said;
    for (const std::size_t each : group) {
      if (some(each) || warned(each)) said.named.push_back(each);
    }
    said.exit_status = std::ranges::any_of(group, some) ? 1 : 0;
    return said;
  };
  EXPECT_EQ(divide(200, tool).failed, those(200, some));
}

TEST(DivisionTest, ABareNameIsNotBelieved) {
  // eslint again: those with warnings come last.
  const auto bad = [](std::size_t i) { return i < 10; };
  const auto warned = [](std::size_t i) { return i >= 10 && i % 2 == 0; };
  const Tool tool = [&](const Group& group) {
    Said said{std::ranges::any_of(group, bad) ? 1 : 0, {}, [](std::size_t) { return "*\n"; }};
    std::ranges::copy_if(group, std::back_inserter(said.named),
                         [&](std::size_t each) { return bad(each) || warned(each); });
    return said;
  };
  EXPECT_EQ(divide(40, tool).failed, those(40, bad));
}

TEST(DivisionTest, AGroupOfSeveralKindsOfFailureIsNotJudgedTogether) {
  // black: 1 would be formatted, 123 cannot be.
  const Tool tool = [](const Group& group) { return Said{std::ranges::any_of(group, one) ? 123 : 1, group}; };
  std::map<std::size_t, int> statuses;
  Group whole(64);
  std::iota(whole.begin(), whole.end(), 0U);
  Division division(whole);
  for (Group group = division.next(); !group.empty(); group = division.next()) {
    const Said said = tool(group);
    for (const std::size_t each : division.tried(group, said.exit_status, words_of(group, said)))
      statuses[each] = said.exit_status;
  }
  for (const auto& [each, status] : statuses) EXPECT_EQ(status, one(each) ? 123 : 1) << each;
}

Division::Said said(std::string_view text, const std::vector<std::string>& names) {
  return said_of(text, names, {"./", "/home/me/"});
}

Group named(std::string_view text, const std::vector<std::string>& names) {
  const Division::Said words = said(text, names);
  return those(words.size(), [&](std::size_t i) { return !words[i].empty(); });
}

TEST(SaidOfTest, TheSameOfTwoFilesIsTheSame) {
  const std::vector<std::string> names{"a.py", "lib/b.py"};
  EXPECT_EQ(said("would reformat a.py\nwould reformat /home/me/lib/b.py\n", names),
            (Division::Said{"would reformat *\n", "would reformat *\n"}));
  EXPECT_EQ(said("a.py:3:7: E1 long\n  x\n./a.py:12:1: E1 long\nlib/b.py(3,71): E2 wide", names),
            (Division::Said{"*:0:0: E1 long\n", "*(0,0): E2 wide\n"}));
  EXPECT_EQ(said("a.py\n  1:2 warning\n", names), (Division::Said{"*\n", ""}));
  EXPECT_EQ(said("bad: a.py lib/b.py\nsee a.py", names), (Division::Said{"*\nsee *\n", "*\n"}));
}

TEST(SaidOfTest, FindsWhatToolsWrite) {
  const std::vector<std::string> names{"src/a.py", "src/b.py"};
  for (const std::string_view text :
       {"would reformat src/b.py\n1 file would be reformatted.\n",
        "ERROR: /home/me/src/b.py Imports are incorrectly sorted and/or formatted.\n",
        "./src/b.py:3:7: error: code should be clang-formatted [-Wclang-format-violations]\n",
        "[warn] src/b.py\n", "error: cannot format src/b.py: Cannot parse: 1:3: x y", "src/b.py",
        "\"src/b.py\"", "see src/b.py.", "src/b.py (unchanged)"}) {
    EXPECT_EQ(named(text, names), Group{1}) << text;
  }
}

TEST(SaidOfTest, PartsOfOtherNamesAreNone) {
  const std::vector<std::string> names{"a.py", "lib/a.py", "data.py", "a.pyi", "x a.py", "a-a.py", "a.py.in"};
  EXPECT_EQ(named("a.py", names), Group{0});
  EXPECT_EQ(named("bad: lib/a.py", names), Group{1});
  EXPECT_EQ(named("bad: data.py!", names), Group{2});
  EXPECT_EQ(named("a.pyi: no", names), Group{3});
  EXPECT_EQ(named("bad: x a.py", names), Group{4});
  EXPECT_EQ(named("a-a.py", names), Group{5});
  EXPECT_EQ(named("a.py.in", names), Group{6});
  EXPECT_EQ(named("other/a.py a.pyc ../a.py _a.py /else/lib/a.py", names), Group{});
}

}  // namespace
}  // namespace devtask
