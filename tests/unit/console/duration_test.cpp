#include "console/duration.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

using std::chrono::milliseconds;

TEST(FormatDuration, PicksTheUnitsThatPeopleRead) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0 ms");
  EXPECT_EQ(format_duration(milliseconds(850)), "850 ms");
  EXPECT_EQ(format_duration(milliseconds(999)), "999 ms");
  EXPECT_EQ(format_duration(milliseconds(1049)), "1.0 s");
  EXPECT_EQ(format_duration(milliseconds(12345)), "12.3 s");
  EXPECT_EQ(format_duration(milliseconds(245'000)), "4 min 05 s");
  EXPECT_EQ(format_duration(milliseconds(3'720'000)), "1 h 02 min");
  EXPECT_EQ(format_duration(milliseconds(360'000'000)), "100 h 00 min");
}

TEST(FormatDuration, RoundsUpIntoTheNextUnit) {
  EXPECT_EQ(format_duration(milliseconds(59'949)), "59.9 s");
  EXPECT_EQ(format_duration(milliseconds(59'950)), "1 min 00 s");
  EXPECT_EQ(format_duration(milliseconds(3'599'500)), "1 h 00 min");
}

TEST(FormatDuration, ShowsWholeSecondsAsTheyAreWritten) {
  EXPECT_EQ(format_duration(milliseconds(5'000)), "5 s");
  EXPECT_EQ(format_duration(milliseconds(5'001)), "5.0 s");
}

TEST(FormatDuration, TakesAClockThatWentBackAsNoTime) {
  EXPECT_EQ(format_duration(milliseconds(-5)), "0 ms");
}

TEST(FormatElapsed, CountsWholeSecondsThatHavePassed) {
  EXPECT_EQ(format_elapsed(milliseconds(-1)), "0 s");
  EXPECT_EQ(format_elapsed(milliseconds(999)), "0 s");
  EXPECT_EQ(format_elapsed(milliseconds(59'999)), "59 s");
  EXPECT_EQ(format_elapsed(milliseconds(60'000)), "1 min 00 s");
  EXPECT_EQ(format_elapsed(milliseconds(7'260'000)), "2 h 01 min");
}

}  // namespace
}  // namespace devtask
