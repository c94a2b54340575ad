#include "console/terminal_text.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

std::string cleaned(LineCleaner& cleaner, std::string_view line) {
  std::string result;
  return cleaner.clean(line, result) ? result : "(no line)";
}
std::string cleaned(std::string_view line, bool color = true) {
  LineCleaner cleaner(color);
  return cleaned(cleaner, line);
}

TEST(StripAnsi, RemovesEverySequenceAndNothingElse) {
  EXPECT_EQ(strip_ansi("plain ✓\n"), "plain ✓\n");
  EXPECT_EQ(strip_ansi("\x1b[1;31mred\x1b[0m\x1b[m"), "red");
  EXPECT_EQ(strip_ansi("\x1b[?25l\x1b[2J\x1b[10;5Hx\x1b[38:2::1:2:3my"), "xy");
  EXPECT_EQ(strip_ansi("\x1b]0;title\atext \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "text link");
  EXPECT_EQ(strip_ansi("\x1bPdevice\x1b\\a\x1b(Bb\x1b=c\x1b"
                       "7d"),
            "abcd");
}

TEST(StripAnsi, EndsUnfinishedSequencesWhereTheyBreakOff) {
  EXPECT_EQ(strip_ansi("a\x1b"), "a");
  EXPECT_EQ(strip_ansi("a\x1b[31"), "a");
  EXPECT_EQ(strip_ansi("a\x1b[31\nb"), "a\nb");
  EXPECT_EQ(strip_ansi("a\x1b]0;never closed\nb"), "a\nb");
  EXPECT_EQ(strip_ansi("\x1b\x1b[1mx"), "x");
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc │ ✓"), 7u);
  EXPECT_EQ(display_width("文書"), 4u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("\x1b[31mab\x1b[0m"), 2u);
  EXPECT_EQ(display_width("a\xff"), 2u);
}

TEST(TruncateToWidth, CutsAtColumnsAndSaysSo) {
  EXPECT_EQ(truncate_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(truncate_to_width("abcdef", 5), "abcd…");
  EXPECT_EQ(truncate_to_width("文書です", 6), "文書…");
  EXPECT_EQ(truncate_to_width("abc", 1), "…");
  EXPECT_EQ(truncate_to_width("abc", 0), "");
}

TEST(TruncateToWidth, EndsTheColoursOfWhatItCut) {
  EXPECT_EQ(truncate_to_width("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
}

TEST(LineCleaner, KeepsColoursAndDropsWhatMovesTheCursor) {
  EXPECT_EQ(cleaned("\x1b[32mok\x1b[0m \x1b[2A\x1b[?25l\x1b[10Cmoved\x1b]0;t\a\x1b"
                    "7"),
            "\x1b[32mok\x1b[0m moved\x1b[0m");
  EXPECT_EQ(cleaned("bell\a back\b tab\t nul\x01 del\x7f c1\u009b"), "bell back tab\t nul del c1");
  EXPECT_EQ(cleaned("\x1b[32mok\x1b[0m", false), "ok");
}

TEST(LineCleaner, KeepsOnlyWhatACarriageReturnLeaves) {
  EXPECT_EQ(cleaned("windows\r"), "windows");
  EXPECT_EQ(cleaned("10%\r50%\r100%"), "100%");
  EXPECT_EQ(cleaned("10%\r\x1b[Kdone"), "done");
  EXPECT_EQ(cleaned("10%\x1b[2K\x1b[1Gdone"), "done");
  EXPECT_EQ(cleaned("10%\r\x1b[K"), "(no line)");
  EXPECT_EQ(cleaned(""), "");
  EXPECT_EQ(cleaned("\x1b[0m"), "");
}

TEST(LineCleaner, EndsAColourWithTheLineAndTakesItUpInTheNext) {
  LineCleaner cleaner(true);
  EXPECT_EQ(cleaned(cleaner, "\x1b[1m\x1b[31mfirst"), "\x1b[1m\x1b[31mfirst\x1b[0m");
  EXPECT_EQ(cleaned(cleaner, "second"), "\x1b[1m\x1b[31msecond\x1b[0m");
  EXPECT_EQ(cleaned(cleaner, "th\x1b[mird"), "\x1b[1m\x1b[31mth\x1b[mird\x1b[0m");
  EXPECT_EQ(cleaned(cleaner, "fourth"), "fourth");
}

TEST(LineCleaner, ReplacesBytesThatAreNotUtf8) { EXPECT_EQ(cleaned("a\xff\xc3z\xe6\x96"), "a��z��"); }

TEST(LineCleaner, StaysSmallWhenColoursAreNeverReset) {
  LineCleaner cleaner(true);
  std::string result;
  for (int i = 0; i < 1000; ++i) cleaner.clean("\x1b[31mx", result);
  EXPECT_LT(result.size(), 300u);
}

TEST(PlainLine, MakesOneLineOfAnything) {
  EXPECT_EQ(plain_line("test a b"), "test a b");
  EXPECT_EQ(plain_line("test a\nb\r\t\x1b[31mc"), "test a b  c");
}

TEST(Paint, ColoursOnlyWhereThereIsSomething) {
  EXPECT_EQ(paint("x", "31", true), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(paint("x", "31", false), "x");
  EXPECT_EQ(paint("", "31", true), "");
}

}  // namespace
}  // namespace devtask
