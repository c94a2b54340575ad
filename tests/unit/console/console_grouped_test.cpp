// Continuous integration: output of a task in one piece; on GitHub in a fold, with annotations.
#include "console_fixture.h"

namespace devtask {
namespace {

class GroupedConsole : public ConsoleTest {
 protected:
  GroupedConsole() { options_.grouped = true; }

  void play() {
    begin(2);
    start("a");
    start("b");
    output("a", "a1\n");
    output("b", "b1\n");
    output("a", "a2");
    finish("a");
    fail("b", "b1\n");
    end({.ran = 1, .failed = 1});
  }
};

TEST_F(GroupedConsole, PrintsOutputWholeWhenATaskEnds) {
  options_.prefix = true;
  play();
  EXPECT_EQ(both_,
            "a: never ran here\n"
            "b: never ran here\n"
            "a │ a1\n"
            "a │ a2\n"
            "a: done in 1.2 s\n"
            "b │ b1\n"
            "b: failed with exit status 3 after 1.2 s\n"
            "--- b failed (exit status 3) ---\n"
            "b1\n"
            "rerun: devtask b\n"
            "devtask: 1 ran, 1 failed in 1.2 s\n");
}

TEST_F(GroupedConsole, PrintsWhatItHoldsWhenItEnds) {
  start("a");
  output("a", "text");
  EXPECT_EQ(out_, "");
  close();
  EXPECT_EQ(out_, "text\n");
}

TEST_F(GroupedConsole, PrintsMuchOutputInSeveralPieces) {
  const std::string line = std::string(999, 'x') + "\n";
  start("a");
  for (int i = 0; i < 3000; ++i) output("a", line);
  EXPECT_GT(out_.size(), 2'000'000U);
  EXPECT_EQ(out_.size() % line.size(), 0U);
  output("a", "cut");
  finish("a");
  EXPECT_EQ(out_.size(), 3000 * line.size() + 4);
  EXPECT_TRUE(out_.ends_with("x\ncut\n"));
}

TEST_F(GroupedConsole, PrintsALineThatNeverEndsAnyway) {
  start("a");
  for (int i = 0; i < 3; ++i) output("a", std::string(700'000, 'x'));
  EXPECT_GE(out_.size(), 1'400'000U);
  EXPECT_LE(out_.size(), 1'400'001U);
}

class GithubConsole : public GroupedConsole {
 protected:
  GithubConsole() {
    options_.grouped = false;  // implied
    options_.github_actions = true;
    options_.prefix = true;  // ignored
  }
};

TEST_F(GithubConsole, FoldsOutputAndAnnotatesFailures) {
  play();
  EXPECT_EQ(both_,
            "a: never ran here\n"
            "b: never ran here\n"
            "::group::a\n"
            "a1\n"
            "a2\n"
            "::endgroup::\n"
            "a: done in 1.2 s\n"
            "::group::b\n"
            "b1\n"
            "::endgroup::\n"
            "b: failed with exit status 3 after 1.2 s\n"
            "::error title=b::failed with exit status 3 after 1.2 s%0Arerun: devtask b\n"
            "--- b failed (exit status 3) ---\n"
            "b1\n"
            "rerun: devtask b\n"
            "devtask: 1 ran, 1 failed in 1.2 s\n");
}

TEST_F(GithubConsole, MakesNoGroupWithoutOutput) {
  start("a");
  finish("a");
  EXPECT_EQ(out_, "");
}

TEST_F(GithubConsole, EscapesLabels) {
  start("flows:t 5%");
  output("flows:t 5%", "x\n");
  fail("flows:t 5%", "x\n");
  EXPECT_EQ(
      out_,
      "::group::flows:t 5%25\n"
      "x\n"
      "::endgroup::\n"
      "::error title=flows%3At 5%25::failed with exit status 3 after 1.2 s%0Arerun: devtask flows:t 5%25\n");
}

TEST_F(GithubConsole, LetsATasksAnnotationsCountOnce) {
  const std::string log = "::error file=a.py,line=1::bad\n  ::warning::odd\nplain\n";
  start("a");
  output("a", log);
  fail("a", log);
  EXPECT_EQ(out_, "::group::a\n" + log +
                      "::endgroup::\n"
                      "::error title=a::failed with exit status 3 after 1.2 s%0Arerun: devtask a\n");
  err_.clear();
  end({.failed = 1});
  EXPECT_EQ(err_,
            "--- a failed (exit status 3) ---\n"
            "│ ::error file=a.py,line=1::bad\n"
            "│   ::warning::odd\n"
            "plain\n"
            "rerun: devtask a\n"
            "devtask: 1 failed in 1.2 s\n");
}

TEST_F(GithubConsole, FoldsReplayedLogs) {
  options_.output_logs = OutputLogs::kFull;
  replay("a", Outcome::kRestored, "text");
  EXPECT_EQ(both_, "a: restored from the cache (saved 12.3 s)\n::group::a\ntext\n::endgroup::\n");
}

TEST_F(GithubConsole, AnnotatesPlacesOfNotices) {
  const auto file = std::make_shared<const SourceFile>(SourceFile{"tasks.toml", "[tasks.a]\nrum = 1\n"});
  on(Notice{warning("unknown key `rum`").at({file, 2, 1, 3})});
  on(Notice{warning("no place")});
  EXPECT_EQ(out_, "::warning file=tasks.toml,line=2,col=1::unknown key `rum`\n");
}

}  // namespace
}  // namespace devtask
