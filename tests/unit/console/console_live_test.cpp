// The status area below scrolling text, as a terminal shows it.
#include <condition_variable>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "console/report_lines.h"
#include "console_fixture.h"
#include "fake_terminal.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LiveConsole : public ConsoleTest {
 protected:
  LiveConsole() {
    options_.live = true;
    options_.prefix = true;
  }
  std::string screen() {
    terminal_.write(std::exchange(both_, {}));
    return terminal_.text();
  }
  void redraw_after(milliseconds time) {
    pass(time);
    console().redraw();
  }

  FakeTerminal terminal_;
};

TEST_F(LiveConsole, KeepsTheAreaBelowTheText) {
  begin(3, 1, 8);
  replay("venv", Outcome::kRestored, "");
  start("build-ui", "ui/src/main.ts changed");
  start("lint");
  output("build-ui", "compiled\nlink");
  redraw_after(seconds(3));
  EXPECT_EQ(screen(),
            "venv: restored from the cache (saved 12.3 s)\n"
            "build-ui: ui/src/main.ts changed\n"
            "lint: never ran here\n"
            "build-ui │ compiled\n"
            "  ⠋ build-ui  3 s  link\n"
            "  ⠋ lint      3 s\n"
            "[1/4] 2 running · 1 restored · 3 s\n");
}

TEST_F(LiveConsole, DrawsTheSameBytesForTheSameStory) {
  begin(1);
  start("a");
  redraw_after(milliseconds(200));
  EXPECT_EQ(err_,
            "a: never ran here\n"
            "\r  ⠹ a  0 s\x1b[K\n"
            "[0/1] 1 running · 0 s\x1b[K\x1b[J\x1b[1A\r");
  err_.clear();
  redraw_after(milliseconds(100));
  EXPECT_EQ(err_, "\r  ⠸ a  0 s\x1b[K\n[0/1] 1 running · 0 s\x1b[K\x1b[J\x1b[1A\r");
  err_.clear();
  pass(milliseconds(100));
  finish("a");
  EXPECT_EQ(err_, "\r\x1b[Ja: done in 1.2 s\n\r[1/1] 0 s\x1b[K\x1b[J\r");
  err_.clear();
  end({.ran = 1});
  EXPECT_EQ(err_, "\r\x1b[Jdevtask: 1 ran in 1.2 s\n");
}

TEST_F(LiveConsole, ShowsNoAreaForARunThatIsOverAtOnce) {
  begin(0, 1);
  replay("a", Outcome::kRestored, "");
  end({.restored = 1});
  EXPECT_EQ(both_, "a: restored from the cache (saved 12.3 s)\ndevtask: 1 restored in 1.2 s\n");
}

TEST_F(LiveConsole, PrintsNoticesBeforeARunAtOnce) {
  on(Notice{warning("odd")});
  EXPECT_EQ(both_, "warning: odd\n");
}

TEST_F(LiveConsole, BatchesTextOfBusyTasks) {
  begin(2);
  start("a");
  redraw_after(seconds(1));
  out_.clear();
  output("a", "one\n");
  output("a", "two\n");
  EXPECT_EQ(out_, "");
  pass(milliseconds(40));
  output("a", "three\n");
  EXPECT_EQ(out_, "a │ one\na │ two\na │ three\n");
  output("a", std::string(70'000, 'x') + "\n");
  EXPECT_EQ(out_.size(), std::string("a │ one\na │ two\na │ three\na │ \n").size() + 70'000);
}

TEST_F(LiveConsole, ShowsALineThatIsNotFinished) {
  size_.columns = 60;
  begin(2);
  start("venv");
  output("venv", "Downloading 10%\rDownloading \x1b[32m20%\x1b[0m");
  redraw_after(seconds(1));
  EXPECT_EQ(screen(),
            "venv: never ran here\n"
            "  ⠋ venv  1 s  Downloading 20%\n"
            "[0/2] 1 running · 1 s\n");
}

TEST_F(LiveConsole, ShowsTheLastLineOfOutputThatIsNotPrinted) {
  options_.output_logs = OutputLogs::kErrorsOnly;
  begin(2);
  start("venv");
  output("venv", "one\ntwo\n");
  redraw_after(seconds(1));
  EXPECT_EQ(screen(),
            "venv: never ran here\n"
            "  ⠋ venv  1 s  two\n"
            "[0/2] 1 running · 1 s\n");
}

TEST_F(LiveConsole, IsNotBrokenByWhatTasksWrite) {
  options_.output_color = true;
  begin(2);
  start("a");
  redraw_after(seconds(1));
  output("a", "\x1b[2J\x1b[H\x1b[31mred\x1b[5A\nstill \xff red\x1b[?1049h\n");
  redraw_after(seconds(1));
  const std::string prefix = output_prefix("a", true);
  EXPECT_EQ(out_, prefix + "\x1b[31mred\x1b[0m\n" + prefix + "\x1b[31mstill � red\x1b[0m\n");
  EXPECT_EQ(screen(),
            "a: never ran here\n"
            "a │ red\n"
            "a │ still � red\n"
            "  ⠋ a  2 s\n"
            "[0/2] 1 running · 2 s\n");
}

TEST_F(LiveConsole, GivesTheTerminalToAnInteractiveTask) {
  begin(3);
  start("a");
  redraw_after(seconds(1));
  start("shell", "forced", true);
  EXPECT_EQ(screen(), "a: never ran here\nshell: forced\n");
  output("a", "meanwhile\n");
  redraw_after(seconds(1));
  EXPECT_EQ(both_, "");
  pass(seconds(1));
  finish("shell");
  EXPECT_EQ(screen(),
            "a: never ran here\n"
            "shell: forced\n"
            "a │ meanwhile\n"
            "shell: done in 1.2 s\n"
            "  ⠋ a  3 s\n"
            "[1/3] 1 running · 3 s\n");
}

TEST_F(LiveConsole, TakesTheAreaAwayAtTheEnd) {
  begin(2);
  start("a");
  start("b");
  redraw_after(seconds(1));
  fail("a", "bad\x1b[2J\n");
  finish("b", Outcome::kCancelled);
  end({.failed = 1, .cancelled = 1});
  EXPECT_EQ(screen(),
            "a: never ran here\n"
            "b: never ran here\n"
            "a: failed with exit status 3 after 1.2 s\n"
            "b: interrupted\n"
            "--- a failed (exit status 3) ---\n"
            "bad\n"
            "rerun: devtask a\n"
            "devtask: 1 failed, 1 interrupted in 1.2 s\n");
  EXPECT_EQ(terminal_.column(), 0u);
}

TEST_F(LiveConsole, TakesTheAreaAwayWhenItIsDestroyedMidway) {
  begin(2);
  start("a");
  output("a", "partial");
  redraw_after(seconds(1));
  close();
  EXPECT_EQ(screen(), "a: never ran here\na │ partial\n");
}

TEST_F(LiveConsole, FollowsTheWidthOfTheTerminal) {
  begin(2);
  start("flows:schema@postgresql");
  redraw_after(seconds(1));
  size_ = {20, 12};
  redraw_after(seconds(1));
  EXPECT_EQ(screen(),
            "flows:schema@postgresql: never ran here\n"
            "  ⠋ flows:sch…  2 s\n"
            "[0/2] 1 running · …\n");
}

TEST_F(LiveConsole, MarksOutcomesInColour) {
  options_.color = true;
  begin(3);
  start("a");
  finish("a");
  fail("b", "");
  replay("c", Outcome::kRestored, "");
  end({.ran = 1, .restored = 1, .failed = 1});
  EXPECT_EQ(screen(),
            "› a: never ran here\n"
            "✓ a: done in 1.2 s\n"
            "✗ b: failed with exit status 3 after 1.2 s\n"
            "↺ c: restored from the cache (saved 12.3 s)\n"
            "--- b failed (exit status 3) ---\n"
            "rerun: devtask b\n"
            "✗ devtask: 1 ran, 1 restored, 1 failed in 1.2 s\n");
}

TEST_F(LiveConsole, ShowsNoAreaWhenQuiet) {
  options_.verbosity = -1;
  begin(2);
  start("a");
  redraw_after(seconds(1));
  EXPECT_EQ(both_, "");
}

// With the thread that draws.
class LiveThread : public LiveConsole {
 protected:
  LiveThread() {
    options_.redraw_thread = true;
    options_.now = nullptr;
    options_.current_size = nullptr;
  }
};

TEST_F(LiveThread, DrawsThoughNothingHappens) {
  std::mutex mutex;
  std::condition_variable changed;
  int frames = 0;
  options_.err = [&](std::string_view text) {
    const std::scoped_lock lock(mutex);
    frames += text.find("1 running") != std::string_view::npos ? 1 : 0;
    changed.notify_all();
  };
  begin(1);
  start("a");
  {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, seconds(30), [&] { return frames >= 3; }));
  }
  close();  // the writer uses what lives in this function
}

TEST_F(LiveThread, NeverTearsLinesOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  begin(kThreads);
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([this, label = "task-" + std::to_string(i)] {
        start(label);
        for (int line = 0; line < kLines; ++line) {
          output(label, "line ");
          output(label, std::to_string(line) + "\n");
        }
        finish(label);
      });
    }
  }
  end({.ran = kThreads});
  close();

  std::multiset<std::string> expected = {"devtask: 4 ran in 1.2 s"};
  for (int i = 0; i < kThreads; ++i) {
    const std::string label = "task-" + std::to_string(i);
    expected.insert(label + ": never ran here");
    expected.insert(label + ": done in 1.2 s");
    for (int line = 0; line < kLines; ++line) expected.insert(label + " │ line " + std::to_string(line));
  }
  std::multiset<std::string> shown;
  std::istringstream lines(screen());
  for (std::string line; std::getline(lines, line);) shown.insert(line);
  EXPECT_EQ(shown, expected);
}

}  // namespace
}  // namespace devtask
