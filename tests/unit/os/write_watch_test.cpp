#include "os/write_watch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

class WriteWatchTest : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) { std::ofstream(folder_ / name) << text; }
  std::optional<std::size_t> times(WriteWatch& watch, const std::string& name) {
    return watch.times(folder_ / name);
  }

  TemporaryFolder folder_;
};

TEST_F(WriteWatchTest, EachWritingCounts) {
  write("before", "x");
  WriteWatch watch({folder_.path()});
  EXPECT_EQ(times(watch, "before"), 0);
  write("a", "1");
  write("a", "2");
  write("a", "2");
  write("b", "1");
  EXPECT_EQ(times(watch, "a"), 3);
  EXPECT_EQ(times(watch, "b"), 1);
  write("b", "");
  EXPECT_EQ(times(watch, "b"), 2);
}

TEST_F(WriteWatchTest, WhatIsMovedIntoPlaceCountsOnce) {
  WriteWatch watch({folder_.path()});
  ASSERT_TRUE(write_file(folder_ / "a", "1"));
  EXPECT_EQ(times(watch, "a"), 1);
}

TEST_F(WriteWatchTest, WhatIsOnlyOpenedForWritingDoesNotCount) {
  write("a", "1");
  WriteWatch watch({folder_.path()});
  { const std::fstream opened(folder_ / "a", std::ios::in | std::ios::out); }
  EXPECT_EQ(times(watch, "a"), 0);
  ASSERT_TRUE(write_file(folder_ / "a", "2"));
  EXPECT_EQ(times(watch, "a"), 1);
}

TEST_F(WriteWatchTest, ReadingOtherFoldersAndPermissionsDoNotCount) {
  ASSERT_TRUE(make_folders(folder_ / "below"));
  write("a", "1");
  WriteWatch watch({folder_.path()});
  ASSERT_TRUE(read_file(folder_ / "a"));
  ASSERT_TRUE(set_mode(folder_ / "a", 0600));
  write("below/a", "1");
  EXPECT_EQ(times(watch, "a"), 0);
}

TEST_F(WriteWatchTest, OfFoldersThatAreNotWatchedNothingIsKnown) {
  WriteWatch watch({folder_.path(), folder_ / "is not there"});
  ASSERT_TRUE(make_folders(folder_ / "below"));
  write("below/a", "1");
  EXPECT_EQ(times(watch, "below/a"), std::nullopt);
  EXPECT_EQ(times(watch, "is not there/a"), std::nullopt);
  EXPECT_EQ(times(watch, "a"), 0);
}

TEST_F(WriteWatchTest, AFolderThatIsGoneIsNotKnownAnyMore) {
  ASSERT_TRUE(make_folders(folder_ / "below"));
  WriteWatch watch({folder_ / "below"});
  EXPECT_EQ(times(watch, "below/a"), 0);
  ASSERT_TRUE(remove_tree(folder_ / "below"));
  EXPECT_EQ(times(watch, "below/a"), std::nullopt);
}

}  // namespace
}  // namespace devtask
