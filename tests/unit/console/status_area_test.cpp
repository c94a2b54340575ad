#include "console/status_area.h"

#include <gtest/gtest.h>

#include "console/terminal_text.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;

std::string shown(const RunStatus& status, TerminalSize size, bool color = false) {
  std::string text;
  for (const std::string& row : status_rows(status, size, color)) {
    EXPECT_LT(display_width(row), static_cast<std::size_t>(size.columns)) << row;
    text += row + "\n";
  }
  return text;
}

RunStatus eight_tasks() {
  RunStatus status;
  for (int i = 1; i <= 8; ++i)
    status.running.push_back({"task-" + std::to_string(i), milliseconds(i * 2000), ""});
  status.elapsed = milliseconds(16'500);
  return status;
}

TEST(StatusArea, ShowsTasksAndCountsInColumns) {
  RunStatus status;
  status.running = {{"build-ui", milliseconds(12'300), "Compiling 文書"}, {"文書", milliseconds(950), ""}};
  status.finished = 3;
  status.total = 12;
  status.restored = 1;
  status.failed = 2;
  status.elapsed = milliseconds(65'000);
  EXPECT_EQ(shown(status, {60, 24}),
            "  ⠸ build-ui  12 s  Compiling 文書\n"
            "  ⠏ 文書       0 s\n"
            "[3/12] 2 running · 1 restored · 2 failed · 1 min 05 s\n");
}

TEST(StatusArea, LeavesOutWhatIsNotThere) {
  RunStatus status;
  status.elapsed = milliseconds(8'000);
  EXPECT_EQ(shown(status, {60, 24}), "8 s\n");
  status.total = 2;
  EXPECT_EQ(shown(status, {60, 24}), "[0/2] 8 s\n");
}

TEST(StatusArea, ShowsTheSixThatRunLongest) {
  EXPECT_EQ(shown(eight_tasks(), {60, 24}),
            "  ⠋ task-1   2 s\n"
            "  ⠋ task-2   4 s\n"
            "  ⠋ task-3   6 s\n"
            "  ⠋ task-4   8 s\n"
            "  ⠋ task-5  10 s\n"
            "  ⠋ task-6  12 s\n"
            "  … and 2 more\n"
            "8 running · 16 s\n");
}

TEST(StatusArea, LeavesRoomOnALowScreen) {
  EXPECT_EQ(shown(eight_tasks(), {60, 5}),
            "  ⠋ task-1  2 s\n"
            "  ⠋ task-2  4 s\n"
            "  … and 6 more\n"
            "8 running · 16 s\n");
  EXPECT_EQ(shown(eight_tasks(), {60, 2}), "8 running · 16 s\n");
}

TEST(StatusArea, FitsANarrowScreen) {
  RunStatus status;
  status.running = {{"flows:schema@postgresql", milliseconds(3'000), "Downloading 10 of 30 packages"}};
  status.elapsed = milliseconds(3'000);
  EXPECT_EQ(shown(status, {50, 12}),
            "  ⠋ flows:schema@postgresql  3 s  Downloading 10…\n"
            "1 running · 3 s\n");
  EXPECT_EQ(shown(status, {40, 12}),
            "  ⠋ flows:schema@postgresql  3 s\n"
            "1 running · 3 s\n");
  EXPECT_EQ(shown(status, {20, 12}),
            "  ⠋ flows:sch…  3 s\n"
            "1 running · 3 s\n");
  EXPECT_EQ(shown(status, {2, 12}), "…\n…\n");
}

TEST(StatusArea, ColoursNothingButColour) {
  RunStatus status = eight_tasks();
  status.running[0].tail = "working";
  status.failed = 1;
  EXPECT_EQ(strip_ansi(shown(status, {60, 24}, true)), shown(status, {60, 24}));
}

}  // namespace
}  // namespace devtask
