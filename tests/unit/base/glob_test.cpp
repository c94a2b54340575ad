#include "base/glob.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

Glob glob(std::string_view pattern) {
  auto parsed = Glob::parse(pattern);
  EXPECT_TRUE(parsed) << pattern;
  return parsed.value_or(Glob());
}

GlobList list(const Strings& patterns) {
  auto parsed = GlobList::parse(patterns);
  EXPECT_TRUE(parsed);
  return parsed.value_or(GlobList());
}

struct Line {
  std::string pattern;
  Strings yes, no;
};

const Line kTable[] = {
    // Names.
    {"a", {"a"}, {"b", "aa", "a/b", "b/a", ""}},
    {"a/b.c", {"a/b.c"}, {"a/bxc", "a", "a/b.c/d", "x/a/b.c"}},
    {"./a//b/./c", {"a/b/c"}, {"a/b", "./a/b/c"}},
    {"ä", {"ä"}, {"a"}},
    {" a ", {" a "}, {"a"}},
    {"a\xff", {"a\xff"}, {"a"}},
    // Star.
    {"*", {"a", ".a", "a b", "\xff", "a\nb"}, {"a/b", ""}},
    {"*.py", {".py", "a.py", "a.b.py"}, {"a.pyc", "a/b.py", "py"}},
    {"a*", {"a", "ab", "a*"}, {"ba", "a/b"}},
    {"*a*b*", {"ab", "xaybz", "aabb"}, {"ba", "a", "a/b"}},
    {"a**b", {"ab", "axxb"}, {"a/b", "axx"}},  // not a part of its own: two stars
    {"*/x", {"a/x"}, {"x", "a/b/x"}},
    {"a/*/c", {"a/b/c"}, {"a/c", "a/b/b/c"}},
    // Question mark: a byte.
    {"?", {"a", "."}, {"", "ab", "/"}},
    {"a?c", {"abc", "a?c"}, {"ac", "a/c", "abbc"}},
    {"??", {"ab", "ä"}, {"a", "abc"}},
    // Any depth.
    {"**", {"a", "a/b", "a/b/c"}, {""}},
    {"**/x", {"x", "a/x", "a/b/x"}, {"xx", "a/x/b", "ax"}},
    {"a/**", {"a/b", "a/b/c"}, {"a", "b/a", "ab"}},
    {"a/**/b", {"a/b", "a/x/b", "a/x/y/b"}, {"a", "b", "ab", "a/b/c"}},
    {"**/a/**", {"a/b", "x/a/b", "x/a/b/c", "a/a"}, {"a", "x/a", "b"}},
    {"**/**/a", {"a", "x/a"}, {"b"}},
    {"**/*", {"a", "a/b"}, {""}},
    {"*/**", {"a/b", "a/b/c"}, {"a"}},
    {"**/*/x", {"a/x", "a/b/x"}, {"x"}},
    // Folders.
    {"a/", {"a/b", "a/b/c"}, {"a", "ab", "b/a/c"}},
    {"*/", {"a/b", "a/b/c"}, {"a"}},
    {"**/", {"a", "a/b"}, {""}},
    {".", {"a", "a/b"}, {""}},
    {"./", {"a", "a/b"}, {""}},
    {"a/**/", {"a/b", "a/b/c"}, {"a"}},
    // Classes.
    {"[abc]", {"a", "c"}, {"d", "ab", "", "["}},
    {"[a-c]x", {"ax", "bx"}, {"dx", "-x"}},
    {"[!a]", {"b", "!"}, {"a", "", "/"}},
    {"[^a]", {"b", "^"}, {"a"}},
    {"[]a]", {"]", "a"}, {"b"}},
    {"[!]a]", {"b"}, {"]", "a"}},
    {"[a-]", {"a", "-"}, {"b"}},
    {"[-a]", {"a", "-"}, {"b"}},
    {"[\\]]", {"]"}, {"\\"}},
    {"[\\!a]", {"!", "a"}, {"b"}},
    {"[a!]", {"a", "!"}, {"b"}},
    {"[*?]", {"*", "?"}, {"a"}},
    {"[0-9][0-9]*", {"01", "12-x"}, {"1", "a1"}},
    {"[{a,b}]", {"a", "b"}, {"c", "{"}},  // braces go first
    // Braces.
    {"{a,b}", {"a", "b"}, {"c", "a,b", "{a,b}"}},
    {"x{,y}z", {"xz", "xyz"}, {"xxz"}},
    {"{a,b}{1,2}", {"a1", "b2"}, {"a", "1a"}},
    {"{a,{b,c}d}", {"a", "bd", "cd"}, {"b", "d"}},
    {"{a/b,c}/d", {"a/b/d", "c/d"}, {"a/d"}},
    {"*.{ts,vue}", {"a.ts", "b.vue"}, {"a.tsx"}},
    {"{a,b/}", {"a", "b/c"}, {"b", "a/c"}},
    {"{a}", {"{a}"}, {"a"}},  // one choice is no choice
    {"{a}{b,c}", {"{a}b", "{a}c"}, {"ab"}},
    {"{**/,}x", {"x", "a/x"}, {"ax"}},
    // Escapes.
    {"\\*", {"*"}, {"a", "\\*"}},
    {"a\\?", {"a?"}, {"ab"}},
    {"\\[a]", {"[a]"}, {"a"}},
    {"\\{a,b\\}", {"{a,b}"}, {"a"}},
    {"{a\\,b,c}", {"a,b", "c"}, {"a", "b"}},
    {"\\!a", {"!a"}, {"a"}},
    {"\\\\", {"\\"}, {"a"}},
    {"a\\", {"a\\"}, {"a"}},
    {"*\\*", {"*", "a*"}, {"a"}},
    {"!a", {"!a"}, {"a"}},  // only a list knows exclusions
};

TEST(GlobTest, Matches) {
  for (const Line& line : kTable) {
    const Glob parsed = glob(line.pattern);
    for (const std::string& path : line.yes)
      EXPECT_TRUE(parsed.matches(path)) << line.pattern << " on " << path;
    for (const std::string& path : line.no)
      EXPECT_FALSE(parsed.matches(path)) << line.pattern << " on " << path;
  }
}

TEST(GlobTest, AnswersQuicklyWhereOthersAreExponential) {
  const std::string stars = "*a*a*a*a*a*a*a*a*a*a*a*a*b";
  EXPECT_FALSE(glob(stars).matches(std::string(200, 'a')));
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "a/";
  EXPECT_FALSE(glob("**/a/**/a/**/a/**/b").matches(deep + "c"));
  std::string depths;
  for (int i = 0; i < 16; ++i) depths += "**/a/";
  EXPECT_FALSE(glob(depths + "b").matches(deep + "c/b"));
  EXPECT_TRUE(glob(depths + "b").matches(deep + "b"));
  EXPECT_FALSE(glob(depths + "b").intersects(glob(depths + "c")));
  EXPECT_TRUE(glob(depths + "b").intersects(glob(depths + "?")));
}

TEST(GlobTest, CountsBracesBeforeItExpandsThem) {
  std::string many, nested;
  for (int i = 0; i < 30'000; ++i) many += "{a,b}";
  for (int i = 0; i < 30'000; ++i) nested += "{a,";
  EXPECT_FALSE(Glob::parse(many));
  EXPECT_FALSE(Glob::parse(nested + std::string(30'000, '}')));
}

TEST(GlobTest, RefusesWhatNamesNothingInTheProject) {
  const std::pair<std::string, std::string> table[] = {
      {"", "error: the pattern is empty\n"},
      {std::string("a\0b", 3), "error: the pattern has a NUL byte\n"},
      {"/a", "error: the path `/a` is absolute\n  help: paths are relative to the project\n"},
      {"{a,/b}", "error: the path `{a,/b}` is absolute\n  help: paths are relative to the project\n"},
      {"..", "error: the path `..` leaves the project\n  help: `..` is not allowed in paths\n"},
      {"a/../b", "error: the path `a/../b` leaves the project\n  help: `..` is not allowed in paths\n"},
      {"a/{b,..}", "error: the path `a/{b,..}` leaves the project\n  help: `..` is not allowed in paths\n"},
      {"\\../b", "error: the path `\\../b` leaves the project\n  help: `..` is not allowed in paths\n"},
      {"a/.\\.", "error: the path `a/.\\.` leaves the project\n  help: `..` is not allowed in paths\n"},
      {"[a", "error: `[` is not closed in the pattern `[a`\n"},
      {"[a/b]", "error: `[` is not closed in the pattern `[a/b]`\n"},
      {"[]", "error: `[` is not closed in the pattern `[]`\n"},
      {"x/[!]", "error: `[` is not closed in the pattern `x/[!]`\n"},
      {"{a,b", "error: `{` is not closed in the pattern `{a,b`\n"},
      {"{a,{b}", "error: `{` is not closed in the pattern `{a,{b}`\n"},
      {"{,a}", "error: the pattern `{,a}` names nothing\n"},
      {"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}",
       "error: the braces stand for too many patterns\n"},
  };
  for (const auto& [pattern, message] : table) {
    const auto parsed = Glob::parse(pattern);
    ASSERT_FALSE(parsed) << pattern;
    EXPECT_EQ(render(parsed.error(), false), message);
  }
}

TEST(GlobTest, KnowsTheOnePathItCanMatch) {
  const std::pair<std::string, std::string> table[] = {
      {"a", "a"}, {"a/b", "a/b"}, {"./a//b", "a/b"}, {"\\./a/\\b", "a/b"}, {"a\\*", "a*"}, {"{a}", "{a}"},
      {"a/", ""}, {"*", ""},      {"**", ""},        {"a/**", ""},         {"{a,b}", ""},  {"a/[b]", ""},
      {"a?", ""}, {".", ""},
  };
  for (const auto& [pattern, path] : table) EXPECT_EQ(glob(pattern).literal(), path) << pattern;
}

TEST(GlobTest, KnowsWhereAWalkMustStart) {
  const std::pair<std::string, std::string> table[] = {
      {"a/b/*.py", "a/b"},    {"a/", "a"}, {"*", ""},         {"**/a", ""},         {"a/**/b", "a"},
      {"a/b", "a/b"},         {".", ""},   {"a\\*/b*", "a*"}, {"{a/b,a/c}/*", "a"}, {"{a,b}/*", ""},
      {"a/{b,b/c}/*", "a/b"},
  };
  for (const auto& [pattern, folder] : table) EXPECT_EQ(glob(pattern).literal_prefix(), folder) << pattern;
}

TEST(GlobListTest, TheLastPatternThatMatchesDecides) {
  const GlobList ui = list({"ui/**", "!ui/dist/**", "ui/dist/keep", "!**/*.log"});
  for (const char* path : {"ui/a", "ui/src/b.ts", "ui/dist/keep"}) EXPECT_TRUE(ui.matches(path)) << path;
  for (const char* path : {"a", "ui", "ui/dist/x", "ui/a.log", "ui/dist/keep/x"})
    EXPECT_FALSE(ui.matches(path)) << path;
  EXPECT_FALSE(list({}).matches("a"));
  EXPECT_TRUE(list({}).empty());
  EXPECT_FALSE(list({"!a"}).matches("b"));
}

TEST(GlobListTest, TellsAWalkWhereToGo) {
  const GlobList ui = list({"ui/**", "!ui/dist/**", "ui/dist/keep/*"});
  EXPECT_TRUE(ui.may_match_below(""));
  EXPECT_TRUE(ui.may_match_below("ui"));
  EXPECT_TRUE(ui.may_match_below("ui/dist"));
  EXPECT_FALSE(ui.may_match_below("ui/dist/other"));
  EXPECT_FALSE(ui.may_match_below("src"));
  EXPECT_TRUE(ui.covers_all_below("ui/src"));
  EXPECT_FALSE(ui.covers_all_below("ui"));
  EXPECT_FALSE(ui.covers_all_below("ui/dist/keep"));
}

TEST(GlobListTest, ListsWhatIsNamedWithoutWildcards) {
  EXPECT_EQ(list({"b", "a/x", "*.py", "b", "c/", "!d", "e", "!e"}).literals(), (Strings{"a/x", "b"}));
}

TEST(GlobListTest, ListsFoldersToWalkNoneInsideAnother) {
  EXPECT_EQ(list({"a/b/*", "a/**", "ab/*", "c/d/", "x", "!y/*"}).roots(), (Strings{"a", "ab", "c/d"}));
  EXPECT_EQ(list({"a/*", "**/b"}).roots(), Strings{""});
  EXPECT_EQ(list({"a/*", "a-b/*", "a/c/*"}).roots(), (Strings{"a", "a-b"}));
  EXPECT_EQ(list({"x"}).roots(), Strings{});
}

TEST(GlobListTest, SaysWhichListsCanShareAPath) {
  struct Pair {
    Strings a, b;
    bool overlap;
  };
  const Pair table[] = {
      {{"a"}, {"a"}, true},
      {{"a"}, {"b"}, false},
      {{"dist/"}, {"dist/x"}, true},
      {{"dist/"}, {"dist"}, false},
      {{"dist/"}, {"distx/**"}, false},
      {{"**/*.py"}, {"src/**"}, true},
      {{"**/*.py"}, {"src/*.ts"}, false},
      {{"*.log"}, {"a*"}, true},
      {{"a*c"}, {"*b"}, false},
      {{"src/**", "!src/gen/**"}, {"src/gen/x"}, false},  // a path decides exactly
      {{"src/**", "!src/gen/**"}, {"src/gen/*"}, true},   // unsure
      {{"x", "!x"}, {"x"}, false},
      {{"{a,b}/*"}, {"b/x"}, true},
      {{}, {"a"}, false},
  };
  for (const Pair& pair : table) {
    EXPECT_EQ(list(pair.a).may_overlap(list(pair.b)), pair.overlap) << ::testing::PrintToString(pair.a);
    EXPECT_EQ(list(pair.b).may_overlap(list(pair.a)), pair.overlap) << ::testing::PrintToString(pair.a);
  }
}

}  // namespace
}  // namespace devtask
