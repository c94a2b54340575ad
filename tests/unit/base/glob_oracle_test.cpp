// Globs against a slow answer: all paths of a small world, matched by a regular expression.
#include <gtest/gtest.h>
#include <regex.h>

#include <algorithm>
#include <bitset>
#include <random>

#include "base/glob.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

// Every wildcard part below matches one of these names, so that what may match below a folder does match
// here.
const Strings kNames = {"a", "b", "ab"};
const Strings kParts = {"a", "b", "ab", "*", "?", "a*", "*b", "[ab]", "[!a]*", "{a,b}", "**"};
constexpr std::size_t kDeepest = 5;
constexpr std::size_t kPathCount = 3 + 9 + 27 + 81 + 243;
using Paths = std::bitset<kPathCount>;

const Strings& world() {
  static const Strings paths = [] {
    Strings all, level = {""};
    for (std::size_t depth = 1; depth <= kDeepest; ++depth) {
      Strings next;
      for (const std::string& folder : level) {
        for (const std::string& name : kNames) next.push_back(folder.empty() ? name : folder + "/" + name);
      }
      all.insert(all.end(), next.begin(), next.end());
      level = std::move(next);
    }
    return all;
  }();
  return paths;
}

bool is_below(const std::string& path, const std::string& folder) {
  return folder.empty() || path.starts_with(folder + "/");
}

std::string regex_of(std::string pattern) {
  const bool folder = pattern.ends_with('/');
  if (folder) pattern.pop_back();
  std::string regex;
  bool first = true, open = false;  // open: `**/` has been written, no slash is due
  for (std::size_t start = 0; start <= pattern.size();) {
    std::size_t end = pattern.find('/', start);
    end = std::min(end, pattern.size());
    const std::string part = pattern.substr(start, end - start);
    const bool last = end == pattern.size();
    start = end + 1;
    if (!first && !open) regex += "/";
    first = false;
    open = false;
    if (part == "**") {
      if (last) return regex + ".+";
      regex += "([^/]+/)*";
      open = true;
      continue;
    }
    for (std::size_t i = 0; i < part.size(); ++i) {
      switch (part[i]) {
        case '*':
          regex += "[^/]*";
          break;
        case '?':
          regex += "[^/]";
          break;
        case '!':
          regex += "^";
          break;  // only in classes here
        case '{':
          regex += "(";
          break;
        case ',':
          regex += "|";
          break;
        case '}':
          regex += ")";
          break;
        default:
          regex += part[i];
      }
    }
  }
  return folder ? regex + "/.+" : regex;
}

Paths slow_matches(const std::string& pattern) {
  regex_t regex;
  EXPECT_EQ(::regcomp(&regex, ("^(" + regex_of(pattern) + ")$").c_str(), REG_EXTENDED | REG_NOSUB), 0)
      << pattern;
  Paths matches;
  for (std::size_t i = 0; i < world().size(); ++i) {
    matches[i] = ::regexec(&regex, world()[i].c_str(), 0, nullptr, 0) == 0;
  }
  ::regfree(&regex);
  return matches;
}

std::string random_pattern(std::mt19937& random, std::size_t most_parts) {
  std::string pattern;
  const std::size_t count = 1 + random() % most_parts;
  for (std::size_t i = 0; i < count; ++i) pattern += (i == 0 ? "" : "/") + kParts[random() % kParts.size()];
  if (random() % 4 == 0) pattern += '/';
  return pattern;
}

struct Known {
  std::string pattern;
  Glob glob;
  Paths paths;
};

std::vector<Known> known_patterns(std::mt19937& random, std::size_t count, std::size_t most_parts) {
  std::vector<Known> all;
  for (std::size_t i = 0; i < count; ++i) {
    std::string pattern = random_pattern(random, most_parts);
    Glob glob = Glob::parse(pattern).value();
    Paths paths = slow_matches(pattern);
    all.push_back({std::move(pattern), std::move(glob), paths});
  }
  return all;
}

Strings folders() {
  Strings all = {""};
  for (const std::string& path : world()) {
    if (std::count(path.begin(), path.end(), '/') <= 1) all.push_back(path);
  }
  return all;
}

Paths below(const std::string& folder) {
  Paths paths;
  for (std::size_t i = 0; i < world().size(); ++i) paths[i] = is_below(world()[i], folder);
  return paths;
}

TEST(GlobOracleTest, MatchesWhatARegularExpressionMatches) {
  std::mt19937 random(1);
  for (const Known& known : known_patterns(random, 400, 4)) {
    for (std::size_t i = 0; i < world().size(); ++i) {
      ASSERT_EQ(known.glob.matches(world()[i]), known.paths[i]) << known.pattern << " on " << world()[i];
    }
  }
}

TEST(GlobOracleTest, KnowsExactlyBelowWhichFoldersSomethingCanMatch) {
  std::mt19937 random(2);
  for (const Known& known : known_patterns(random, 300, 3)) {
    for (const std::string& folder : folders()) {
      ASSERT_EQ(known.glob.may_match_below(folder), (known.paths & below(folder)).any())
          << known.pattern << " below " << folder;
    }
  }
}

TEST(GlobOracleTest, SaysThatEverythingMatchesOnlyWhereItDoes) {
  std::mt19937 random(3);
  std::size_t said = 0;
  for (const Known& known : known_patterns(random, 300, 3)) {
    for (const std::string& folder : folders()) {
      if (!known.glob.matches_all_below(folder)) continue;
      ++said;
      ASSERT_EQ(known.paths & below(folder), below(folder)) << known.pattern << " below " << folder;
    }
  }
  EXPECT_GT(said, 100U);
}

TEST(GlobOracleTest, IntersectsExactlyWhereAPathMatchesBoth) {
  std::mt19937 random(4);
  const auto patterns = known_patterns(random, 150, 2);
  for (const Known& a : patterns) {
    for (const Known& b : patterns) {
      ASSERT_EQ(a.glob.intersects(b.glob), (a.paths & b.paths).any()) << a.pattern << " and " << b.pattern;
    }
  }
}

TEST(GlobOracleTest, NeverMissesAnIntersectionOfDeeperPatterns) {
  std::mt19937 random(5);
  const auto patterns = known_patterns(random, 150, 4);
  for (const Known& a : patterns) {
    for (const Known& b : patterns) {
      ASSERT_EQ(a.glob.intersects(b.glob), b.glob.intersects(a.glob)) << a.pattern << " and " << b.pattern;
      if ((a.paths & b.paths).any()) {
        ASSERT_TRUE(a.glob.intersects(b.glob)) << a.pattern << " and " << b.pattern;
      }
    }
  }
}

struct KnownList {
  Strings patterns;
  GlobList list;
  Paths paths;
};

std::vector<KnownList> known_lists(std::mt19937& random, std::size_t count) {
  const auto patterns = known_patterns(random, 80, 3);
  std::vector<KnownList> all;
  for (std::size_t i = 0; i < count; ++i) {
    KnownList known;
    const std::size_t length = 1 + random() % 4;
    for (std::size_t k = 0; k < length; ++k) {
      const Known& one = patterns[random() % patterns.size()];
      const bool exclude = random() % 3 == 0;
      known.patterns.push_back((exclude ? "!" : "") + one.pattern);
      known.paths = exclude ? known.paths & ~one.paths : known.paths | one.paths;
    }
    known.list = GlobList::parse(known.patterns).value();
    all.push_back(std::move(known));
  }
  return all;
}

TEST(GlobListOracleTest, MatchesByTheLastPattern) {
  std::mt19937 random(6);
  for (const KnownList& known : known_lists(random, 400)) {
    for (std::size_t i = 0; i < world().size(); ++i) {
      ASSERT_EQ(known.list.matches(world()[i]), known.paths[i])
          << ::testing::PrintToString(known.patterns) << " on " << world()[i];
    }
  }
}

TEST(GlobListOracleTest, NeverSkipsAFolderThatHoldsAMatch) {
  std::mt19937 random(7);
  std::size_t skipped = 0;
  for (const KnownList& known : known_lists(random, 600)) {
    for (const std::string& folder : folders()) {
      if (known.list.may_match_below(folder)) continue;
      ++skipped;
      ASSERT_TRUE((known.paths & below(folder)).none())
          << ::testing::PrintToString(known.patterns) << " below " << folder;
    }
  }
  EXPECT_GT(skipped, 500U);
}

TEST(GlobListOracleTest, CoversAFolderOnlyIfItCoversAllOfIt) {
  std::mt19937 random(8);
  std::size_t covered = 0;
  for (const KnownList& known : known_lists(random, 600)) {
    for (const std::string& folder : folders()) {
      if (!known.list.covers_all_below(folder)) continue;
      ++covered;
      ASSERT_EQ(known.paths & below(folder), below(folder))
          << ::testing::PrintToString(known.patterns) << " below " << folder;
    }
  }
  EXPECT_GT(covered, 500U);
}

TEST(GlobListOracleTest, NeverMissesAnOverlap) {
  std::mt19937 random(9);
  const auto lists = known_lists(random, 150);
  std::size_t apart = 0;
  for (const KnownList& a : lists) {
    for (const KnownList& b : lists) {
      if (a.list.may_overlap(b.list)) continue;
      ++apart;
      ASSERT_TRUE((a.paths & b.paths).none())
          << ::testing::PrintToString(a.patterns) << " and " << ::testing::PrintToString(b.patterns);
    }
  }
  EXPECT_GT(apart, 100U);
}

}  // namespace
}  // namespace devtask
