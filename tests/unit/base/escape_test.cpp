#include "base/escape.h"

#include <gtest/gtest.h>

#include <random>

namespace devtask {
namespace {

using namespace std::string_literals;

TEST(EscapeTest, KeepsReadableTextAndSpellsOutTheRest) {
  const std::pair<std::string, std::string> table[] = {
      {"", ""},
      {"src/a b.py", "src/a b.py"},
      {"größe/日本/😀", "größe/日本/😀"},
      {"back\\slash", "back\\\\slash"},
      {"two\nlines\tand a tab\r", "two\\nlines\\tand a tab\\x0d"},
      {"\0\x01\x1f\x7f"s, "\\x00\\x01\\x1f\\x7f"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"caf\xe9.txt", "caf\\xe9.txt"},      // Latin-1
      {"\xc3", "\\xc3"},                    // cut short
      {"\xc0\xaf", "\\xc0\\xaf"},           // longer than needed
      {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},  // longer than needed
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xed\x9f\xbf", "\xed\x9f\xbf"},     // the last before them
      {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},  // the last code point
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {"\xe2\x82", "\\xe2\\x82"},
  };
  for (const auto& [bytes, text] : table) {
    EXPECT_EQ(escape_line(bytes), text);
    EXPECT_EQ(unescape_line(text), bytes) << text;
  }
}

TEST(EscapeTest, BringsAnyBytesBack) {
  std::mt19937 random(20260728);
  const std::string favourites = "\\\n\tx0a\x7f\xc3\xa4\xe2\x82\xac\xf0\xff"s + '\0';
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (char& byte : bytes) {
      byte = random() % 2 == 0 ? favourites[random() % favourites.size()] : static_cast<char>(random());
    }
    const std::string text = escape_line(bytes);
    ASSERT_EQ(unescape_line(text), bytes);
    for (const char byte : text) ASSERT_GE(static_cast<unsigned char>(byte), 0x20) << text;
    ASSERT_EQ(text.find('\x7f'), std::string::npos);
  }
}

TEST(EscapeTest, RefusesEscapesThatNobodyWrote) {
  for (const char* text : {"\\", "a\\", "\\q", "\\x", "\\x1", "\\xg0", "\\x0G", "\\xAB", "\\N"}) {
    EXPECT_EQ(unescape_line(text), std::nullopt) << text;
  }
  EXPECT_EQ(unescape_line("\\x41"), "A");
}

TEST(ShellQuoteTest, QuotesOnlyWhereNeeded) {
  const std::pair<std::string, std::string> table[] = {
      {"", "''"},
      {"tests/test_a.py", "tests/test_a.py"},
      {"--opt=a,b:c@d%e+f", "--opt=a,b:c@d%e+f"},
      {"a b", "'a b'"},
      {"it's", "'it'\\''s'"},
      {"$(rm)", "'$(rm)'"},
      {"~", "'~'"},
      {"a\nb", "'a\nb'"},
      {"*", "'*'"},
      {"ä", "'ä'"},
      {"!x", "'!x'"},
      {"#x", "'#x'"},
  };
  for (const auto& [word, quoted] : table) EXPECT_EQ(shell_quote(word), quoted);
}

}  // namespace
}  // namespace devtask
