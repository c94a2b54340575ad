#include "console/output_lines.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace devtask {
namespace {

// What is printed before the end, "|", what is printed at the end.
std::string printed(LineStyle style, std::initializer_list<std::string_view> pieces) {
  OutputLines lines(style);
  std::string text;
  const auto print = [&](std::string_view line) { text += line; };
  for (const std::string_view piece : pieces) lines.feed(piece, print);
  text += "|";
  lines.finish(print);
  return text;
}

TEST(OutputLines, HoldsAPartialLineUntilItsEnd) {
  EXPECT_EQ(printed(LineStyle::kRaw, {"a", "b\nc", "d\n\n", "e"}), "ab\ncd\n\n|e\n");
  EXPECT_EQ(printed(LineStyle::kRaw, {"a\n"}), "a\n|");
}

TEST(OutputLines, LeavesRawBytesAlone) {
  EXPECT_EQ(printed(LineStyle::kRaw, {"1%\r\x1b[31m2\xff\r\n"}), "1%\r\x1b[31m2\xff\r\n|");
}

TEST(OutputLines, StripsSequencesThatCameInPieces) {
  EXPECT_EQ(printed(LineStyle::kNoColor, {"\x1b", "[3", "1mred\x1b[", "0m\r\n"}), "red\r\n|");
}

TEST(OutputLines, PrintsNothingForAnErasedProgressBar) {
  EXPECT_EQ(printed(LineStyle::kClean, {"1%\r", "2%\r\x1b[K", "\n", "done\n"}), "done\n|");
}

TEST(OutputLines, PassesPartsOfAnEndlessRawLineWithoutBreakingIt) {
  const std::string piece(3u << 19, 'x');
  EXPECT_EQ(printed(LineStyle::kRaw, {piece, "y\n"}), piece + "y\n|");
  EXPECT_EQ(printed(LineStyle::kCleanNoColor, {piece, "y\n"}), piece + "\ny\n|");
}

TEST(OutputLines, ForgetsOldDrawingsOfAProgressBar) {
  OutputLines lines(LineStyle::kClean);
  std::string text;
  const auto print = [&](std::string_view line) { text += line; };
  const std::string drawing(100, '#');
  for (int i = 0; i < 100'000; ++i) lines.feed(drawing + "\r", print);  // far more than may be held
  EXPECT_EQ(text, "");
  EXPECT_EQ(lines.held(), drawing);
  lines.feed("\r\x1b[K\n", print);
  EXPECT_EQ(text, "");
}

TEST(OutputLines, ShowsWhatIsHeldAsOnePlainLine) {
  OutputLines lines(LineStyle::kClean);
  lines.feed("done\n10%\r\x1b[32m20%\r", [](std::string_view) {});
  EXPECT_EQ(lines.held(), "20%");
}

}  // namespace
}  // namespace devtask
