#include "base/diagnostic.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

Span place(std::string text, std::uint32_t line, std::uint32_t column, std::uint32_t length = 1) {
  return {std::make_shared<const SourceFile>(SourceFile{"tasks.toml", std::move(text)}), line, column,
          length};
}

std::string plain(const Diagnostic& diagnostic) { return render(diagnostic, false); }

TEST(DiagnosticTest, SaysASentenceWithoutAPlace) {
  EXPECT_EQ(plain(error("there is no task `{}`", "x")), "error: there is no task `x`\n");
  EXPECT_EQ(plain(warning("careful")), "warning: careful\n");
  Diagnostic note = warning("by the way");
  note.severity = Severity::kNote;
  EXPECT_EQ(plain(note), "note: by the way\n");
}

TEST(DiagnosticTest, PointsAtThePlaceWithHelpAndNotes) {
  EXPECT_EQ(plain(error("unknown key `imputs`")
                      .at(place("[tasks.a]\nimputs = []\n", 2, 1, 6))
                      .advise("did you mean `inputs`?")
                      .note("first")
                      .note("second")),
            "error: unknown key `imputs`\n"
            "  --> tasks.toml:2:1\n"
            "2 | imputs = []\n"
            "  | ^^^^^^\n"
            "  help: did you mean `inputs`?\n"
            "  note: first\n"
            "  note: second\n");
}

TEST(DiagnosticTest, MakesTheMarginAsWideAsTheLineNumber) {
  EXPECT_EQ(plain(error("here").at(place(std::string(99, '\n') + "x = y", 100, 5))),
            "error: here\n"
            "    --> tasks.toml:100:5\n"
            "100 | x = y\n"
            "    |     ^\n");
}

TEST(DiagnosticTest, KeepsTabsBeforeTheCaret) {
  EXPECT_EQ(plain(error("here").at(place("\ta\t= bad", 1, 6, 3))),
            "error: here\n"
            "  --> tasks.toml:1:6\n"
            "1 | \ta\t= bad\n"
            "  | \t \t  ^^^\n");
}

TEST(DiagnosticTest, SaysNothingToTheTerminalButText) {
  EXPECT_EQ(plain(error("`{}`", "a\nb\x1b[2J\xc2\x9b")
                      .at(place("\x1b[2J\xc2\x9b = bad", 1, 10, 3))
                      .advise("\r")
                      .note("\t")),
            "error: `a\\nb\\x1b[2J\\xc2\\x9b`\n"
            "  --> tasks.toml:1:10\n"
            "1 | \xef\xbf\xbd[2J\xef\xbf\xbd = bad\n"
            "  |         ^^^\n"
            "  help: \\x0d\n"
            "  note: \\t\n");
}

TEST(DiagnosticTest, CountsCharactersOfSeveralBytesOnce) {
  // "ä = " is five bytes, "größe" seven.
  EXPECT_EQ(plain(error("here").at(place("ä = größe", 1, 6, 7))),
            "error: here\n"
            "  --> tasks.toml:1:6\n"
            "1 | ä = größe\n"
            "  |     ^^^^^\n");
}

TEST(DiagnosticTest, PointsBehindTheEndOfALine) {
  EXPECT_EQ(plain(error("here").at(place("a =", 1, 4))),
            "error: here\n"
            "  --> tasks.toml:1:4\n"
            "1 | a =\n"
            "  |    ^\n");
  EXPECT_EQ(plain(error("here").at(place("a =", 1, 400, 20))),
            "error: here\n"
            "  --> tasks.toml:1:400\n"
            "1 | a =\n"
            "  |    ^\n");
}

TEST(DiagnosticTest, EndsTheMarkWithTheLine) {
  EXPECT_EQ(plain(error("here").at(place("key = [\n  1,\n]\n", 1, 7, 12))),
            "error: here\n"
            "  --> tasks.toml:1:7\n"
            "1 | key = [\n"
            "  |       ^\n");
}

TEST(DiagnosticTest, LeavesOutTheCarriageReturn) {
  EXPECT_EQ(plain(error("here").at(place("a = 1\r\nb = 2\r\n", 2, 1))),
            "error: here\n"
            "  --> tasks.toml:2:1\n"
            "2 | b = 2\n"
            "  | ^\n");
}

TEST(DiagnosticTest, NamesThePlaceOfALineThatIsEmptyOrNotThere) {
  EXPECT_EQ(plain(error("here").at(place("\n\n", 2, 1))), "error: here\n  --> tasks.toml:2:1\n");
  EXPECT_EQ(plain(error("here").at(place("x", 7, 1))), "error: here\n  --> tasks.toml:7:1\n");
}

TEST(DiagnosticTest, LeavesOutAPlaceInNoFile) { EXPECT_EQ(plain(error("here").at(Span{})), "error: here\n"); }

TEST(DiagnosticTest, Colours) {
  EXPECT_EQ(render(error("bad").at(place("x", 1, 1)).advise("do").note("so"), true),
            "\x1b[1;31merror:\x1b[0m bad\n"
            "  \x1b[36m-->\x1b[0m tasks.toml:1:1\n"
            "\x1b[36m1\x1b[0m \x1b[36m|\x1b[0m x\n"
            "  \x1b[36m|\x1b[0m \x1b[1;31m^\x1b[0m\n"
            "  \x1b[1;32mhelp:\x1b[0m do\n"
            "  \x1b[36mnote:\x1b[0m so\n");
  EXPECT_EQ(render(warning("hm"), true), "\x1b[1;33mwarning:\x1b[0m hm\n");
}

}  // namespace
}  // namespace devtask
