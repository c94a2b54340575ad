#include "config/paths.h"

#include <gtest/gtest.h>

#include "config/bind_task.h"
#include "config/output_index.h"

namespace devtask {
namespace {

TEST(PlacePath, resolves_and_prefixes) {
  const struct {
    std::string_view base, text, expected;
  } kCases[] = {
      {"", "a/b", "a/b"},        {"", "./a", "a"},          {"", "a//b/", "a/b/"},    {"", ".", ""},
      {"", "a/..", ""},          {"m/n", "a", "m/n/a"},     {"m/n", "../a", "m/a"},   {"m/n", ".", "m/n/"},
      {"m/n", "../../a/", "a/"}, {"m/n", "..", "m/"},       {"", ".venv/", ".venv/"}, {"", "a/.b", "a/.b"},
      {"", "...", "..."},        {"", "a/./b/../c", "a/c"}, {"", "**/x/..", "**/"},
  };
  for (const auto& one : kCases) {
    const auto placed = place_path(one.base, one.text);
    ASSERT_TRUE(placed) << one.text;
    EXPECT_EQ(*placed, one.expected) << one.text;
  }
}

TEST(PlacePath, refuses_what_is_outside) {
  for (const std::string_view text : {"", "/a", "..", "../a", "a/../../b", "*/../a", "{{x}}/../a"}) {
    EXPECT_FALSE(place_path("", text)) << text;
  }
  EXPECT_FALSE(place_path("m", "../../a"));
}

TEST(Escapes, make_text_stand_for_itself) {
  const std::string name = "a*[b]{c,d}?\\!";
  EXPECT_TRUE(Glob::parse(escape_glob(name))->matches(name));
  EXPECT_EQ(escape_template("a{{b}}{c"), "a{{{{b}}{c");
}

TEST(LiteralPrefix, agrees_with_the_compiled_pattern) {
  for (const std::string_view pattern : {"a/b", "a/b/", "a/*.py", "**", "a/**/b", "*", "a/b?", "a/[bc]/d",
                                         "{a,b}/c", "x/{a,b}", "a\\*/b", "a/b*/c"}) {
    const auto glob = Glob::parse(pattern);
    const std::string literal = glob->literal();
    EXPECT_EQ(literal_prefix(pattern), literal.empty() || pattern.find('\\') != std::string_view::npos
                                           ? glob->literal_prefix()
                                           : literal)
        << pattern;
  }
}

TEST(ParseDuration, takes_units_from_large_to_small) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("90s"), milliseconds(90'000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("1h2m3s4ms"), milliseconds(3'723'004));
  for (const std::string_view text :
       {"", "5", "s", "1.5s", "1 s", "30m1h", "1s1s", "-1s", "1d", "99999999999h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace devtask
