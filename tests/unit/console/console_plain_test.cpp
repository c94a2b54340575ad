// Texts of pipes and logs: what scripts may rely on.
#include "console_fixture.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;

class PlainConsole : public ConsoleTest {};

TEST_F(PlainConsole, SaysWhatRanAndWhy) {
  begin(1, 1, 5);
  replay("venv", Outcome::kRestored, "");
  start("build-ui", "ui/src/main.ts changed");
  output("build-ui", "compiled\n");
  finish("build-ui");
  end({.ran = 1, .restored = 1, .up_to_date = 5});
  EXPECT_EQ(err_,
            "venv: restored from the cache (saved 12.3 s)\n"
            "build-ui: ui/src/main.ts changed\n"
            "build-ui: done in 1.2 s\n"
            "devtask: 1 ran, 1 restored, 5 up to date in 1.2 s\n");
  EXPECT_EQ(out_, "compiled\n");
}

TEST_F(PlainConsole, SaysHowEachTaskEnded) {
  for (const Outcome outcome : {Outcome::kUpToDate, Outcome::kRestored, Outcome::kRan, Outcome::kCancelled}) {
    finish("t", outcome);
  }
  TaskFinished failed{"t", Outcome::kFailed, 139, milliseconds(850), "", "", "", "", {}};
  TaskFinished late{"t", Outcome::kTimedOut, 137, milliseconds(5012), "", "", "", "", milliseconds(5000)};
  TaskFinished skipped{"t", Outcome::kSkipped, 0, milliseconds(0), "", "", "", "build-ui", {}};
  on(failed);
  on(late);
  on(skipped);
  EXPECT_EQ(err_,
            "t: restored from the cache (saved 1.2 s)\n"
            "t: done in 1.2 s\n"
            "t: interrupted\n"
            "t: failed with exit status 139 after 850 ms\n"
            "t: time limit of 5 s exceeded\n"
            "t: not run, because build-ui failed\n");
}

TEST_F(PlainConsole, RepeatsFailuresLastAndWhole) {
  begin(4);
  start("lint");
  output("lint", "a.py:1: bad\n");
  fail("lint", "a.py:1: bad\nno newline");
  start("slow");
  TaskFinished late{"slow",      Outcome::kTimedOut, 137, milliseconds(5012), "",
                    "waiting\n", "devtask slow",     "",  milliseconds(5000)};
  on(late);
  start("other");
  finish("other");
  end({.ran = 1, .failed = 2, .skipped = 1});
  EXPECT_EQ(err_,
            "lint: never ran here\n"
            "lint: failed with exit status 3 after 1.2 s\n"
            "slow: never ran here\n"
            "slow: time limit of 5 s exceeded\n"
            "other: never ran here\n"
            "other: done in 1.2 s\n"
            "--- lint failed (exit status 3) ---\n"
            "a.py:1: bad\n"
            "no newline\n"
            "rerun: devtask lint\n"
            "--- slow failed (time limit of 5 s exceeded) ---\n"
            "waiting\n"
            "rerun: devtask slow\n"
            "devtask: 1 ran, 2 failed, 1 not run in 1.2 s\n");
  EXPECT_EQ(out_, "a.py:1: bad\n");
}

TEST_F(PlainConsole, SumsUp) {
  end({.up_to_date = 5, .saved = milliseconds(12'300)});
  end({.up_to_date = 1});
  end({});
  end({.restored = 2, .cancelled = 1});
  EXPECT_EQ(err_,
            "devtask: everything is up to date (5 tasks, saved 12.3 s)\n"
            "devtask: everything is up to date (1 task)\n"
            "devtask: nothing to do\n"
            "devtask: 2 restored, 1 interrupted in 1.2 s\n");
}

TEST_F(PlainConsole, PrefixesLinesOfTasksThatRunTogether) {
  options_.prefix = true;
  begin(2);
  start("a");
  start("b");
  output("a", "one\ntw");
  output("b", "10%\r20%\rdone\r\n\n");
  output("a", "o\nthree");
  finish("a");
  output("b", "end");
  finish("b");
  EXPECT_EQ(out_,
            "a │ one\n"
            "b │ done\n"
            "b │ \n"
            "a │ two\n"
            "a │ three\n"
            "b │ end\n");
}

TEST_F(PlainConsole, PassesTheBytesOfASingleTask) {
  options_.prefix = true;
  options_.output_color = true;
  begin(1, 3, 20);
  start("version");
  output("version", "1.0\xff\r\n\x1b[31m2");
  finish("version");
  EXPECT_EQ(out_, "1.0\xff\r\n\x1b[31m2\n");
}

TEST_F(PlainConsole, StripsColoursOfATask) {
  start("a");
  output("a", "\x1b[31mred\x1b[0m\n");
  fail("a", "\x1b[31mred\x1b[0m\n");
  end({.failed = 1});
  EXPECT_EQ(out_, "red\n");
  EXPECT_EQ(err_,
            "a: never ran here\n"
            "a: failed with exit status 3 after 1.2 s\n"
            "--- a failed (exit status 3) ---\n"
            "red\n"
            "rerun: devtask a\n"
            "devtask: 1 failed in 1.2 s\n");
}

TEST_F(PlainConsole, ColoursButSaysTheSame) {
  const auto play = [this] {
    start("lint", "a.py changed");
    fail("lint", "bad\n");
    replay("venv", Outcome::kRestored, "");
    end({.restored = 1, .failed = 1});
    return std::exchange(err_, {});
  };
  const std::string plain = play();
  close();
  options_.color = true;
  const std::string colored = play();
  EXPECT_NE(colored, plain);
  EXPECT_EQ(strip_ansi(colored), plain);
}

TEST_F(PlainConsole, ShowsCommandsAndMoreWhenAsked) {
  options_.verbosity = 2;
  on(TaskStarted{"ui", "forced", "npm ci\nnpm run build", false});
  finish("ui");
  finish("venv", Outcome::kUpToDate);
  EXPECT_EQ(err_,
            "ui: forced\n"
            "ui: $ npm ci\n"
            "ui: $ npm run build\n"
            "ui: done in 1.2 s\n"
            "venv: up to date\n");
}

TEST_F(PlainConsole, SaysOnlyErrorsAndFailuresWhenQuiet) {
  options_.verbosity = -1;
  on(Notice{warning("odd")});
  on(Notice{error("wrong")});
  start("a");
  output("a", "text\n");
  finish("a");
  replay("b", Outcome::kRestored, "");
  start("c");
  fail("c", "bad\n");
  end({.ran = 1, .restored = 1, .failed = 1});
  EXPECT_EQ(err_,
            "error: wrong\n"
            "c: failed with exit status 3 after 1.2 s\n"
            "--- c failed (exit status 3) ---\n"
            "bad\n"
            "rerun: devtask c\n");
  EXPECT_EQ(out_, "text\n");
}

TEST_F(PlainConsole, SaysWhereTheRestOfALongLogIs) {
  TaskFinished event;
  event.task = "a";
  event.outcome = Outcome::kFailed;
  event.exit_status = 3;
  event.log = "the end\n";
  event.log_left_out = 3'000'000;
  event.rerun = "devtask a";
  for (const std::string path : {"/p/.devtask/logs/a", ""}) {
    event.log_path = path;
    err_.clear();
    start("a");
    on(event);
    end({.failed = 1});
    EXPECT_EQ(err_,
              "a: never ran here\n"
              "a: failed with exit status 3 after 0 ms\n"
              "--- a failed (exit status 3) ---\n"
              "(2.9 MB before this are left out" +
                  (path.empty() ? "" : ", all of it is in " + path) +
                  ")\n"
                  "the end\n"
                  "rerun: devtask a\n"
                  "devtask: 1 failed in 1.2 s\n");
  }
}

// What each --output-logs prints: standard output, then the repetition of the failure.
class OutputLogsTest : public ConsoleTest {
 protected:
  std::string printed(OutputLogs logs) {
    options_.output_logs = logs;
    options_.prefix = true;
    begin(2, 1, 1);
    replay("fresh", Outcome::kUpToDate, "old text\n");
    replay("saved", Outcome::kRestored, "saved text\n");
    start("good");
    output("good", "new text\n");
    finish("good");
    start("bad");
    output("bad", "mistake\n");
    fail("bad", "mistake\n");
    err_.clear();
    end({});
    return out_ + err_;
  }
};

TEST_F(OutputLogsTest, FullReplaysLogs) {
  EXPECT_EQ(printed(OutputLogs::kFull),
            "fresh │ old text\nsaved │ saved text\ngood │ new text\nbad │ mistake\n"
            "--- bad failed (exit status 3) ---\nmistake\nrerun: devtask bad\ndevtask: nothing to do\n");
}
TEST_F(OutputLogsTest, NewOnlyPrintsWhatRuns) {
  EXPECT_EQ(printed(OutputLogs::kNewOnly),
            "good │ new text\nbad │ mistake\n"
            "--- bad failed (exit status 3) ---\nmistake\nrerun: devtask bad\ndevtask: nothing to do\n");
}
TEST_F(OutputLogsTest, ErrorsOnlyPrintsFailuresOnce) {
  EXPECT_EQ(printed(OutputLogs::kErrorsOnly),
            "--- bad failed (exit status 3) ---\nmistake\nrerun: devtask bad\ndevtask: nothing to do\n");
}
TEST_F(OutputLogsTest, NonePrintsNoOutput) {
  EXPECT_EQ(printed(OutputLogs::kNone),
            "--- bad failed (exit status 3) ---\nrerun: devtask bad\ndevtask: nothing to do\n");
}

TEST_F(PlainConsole, SaysUpToDateAboveAReplayedLog) {
  options_.output_logs = OutputLogs::kFull;
  replay("a", Outcome::kUpToDate, "text\n");
  replay("b", Outcome::kUpToDate, "");
  EXPECT_EQ(both_, "a: up to date\ntext\n");
}

TEST_F(PlainConsole, PrintsWhatItHoldsWhenItEnds) {
  start("a");
  output("a", "partial");
  EXPECT_EQ(out_, "");
  close();
  EXPECT_EQ(out_, "partial\n");
}

TEST_F(PlainConsole, MakesOneLineOfOddLabels) {
  start("test a\nb", "\x1b[2Jx changed");
  EXPECT_EQ(err_, "test a b: x changed\n");
}

}  // namespace
}  // namespace devtask
