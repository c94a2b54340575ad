#include "os/folder_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "fakes/temporary_folder.h"
#include "os/process.h"

namespace devtask {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

class FolderWatchTest : public testing::Test {
 protected:
  void make(const std::string& path) { ASSERT_TRUE(make_folders(folder_ / path)); }
  void put(const std::string& path, std::string_view text) { ASSERT_TRUE(write_file(folder_ / path, text)); }

  // Relative to the folder.
  std::set<std::string> changed() {
    const auto changes = watch_.take();
    std::set<std::string> paths;
    for (const std::string& path : changes.value().paths) {
      paths.insert(path == folder_.path() ? "." : path.substr(folder_.path().size() + 1));
    }
    return paths;
  }
  void add_tree() {
    const auto enter = [](const std::string& path) { return !path.ends_with("/not"); };
    ASSERT_TRUE(watch_.add_tree(folder_.path(), enter));
  }

  TemporaryFolder folder_;
  FolderWatch watch_ = FolderWatch::start().value();
};

TEST_F(FolderWatchTest, TellsWhatWasMadeWrittenTouchedAndRemoved) {
  put("old", "1");
  put("gone", "1");
  EXPECT_EQ(watch_.add(folder_.path()), true);
  EXPECT_THAT(changed(), IsEmpty());
  put("new", "1");
  EXPECT_TRUE(wait_readable(watch_.fd(), std::chrono::milliseconds(0)));
  EXPECT_THAT(changed(), Contains("new"));
  EXPECT_FALSE(wait_readable(watch_.fd(), std::chrono::milliseconds(0)));
  ASSERT_TRUE(set_mode(folder_ / "old", 0755));
  EXPECT_EQ(changed(), std::set<std::string>{"old"});
  ASSERT_TRUE(remove_file(folder_ / "gone"));
  EXPECT_EQ(changed(), std::set<std::string>{"gone"});
  ASSERT_TRUE(rename_file(folder_ / "new", folder_ / "old"));
  EXPECT_EQ(changed(), (std::set<std::string>{"new", "old"}));
}

TEST_F(FolderWatchTest, AFolderAloneIsNotWhatIsBelowIt) {
  make("sub");
  EXPECT_EQ(watch_.add(folder_.path()), true);
  put("sub/a", "1");
  EXPECT_THAT(changed(), IsEmpty());
  EXPECT_EQ(watch_.folders(), 1U);
}

TEST_F(FolderWatchTest, SaysWhetherItWasWatchedBefore) {
  make("sub");
  EXPECT_EQ(watch_.add(folder_ / "sub"), true);
  EXPECT_EQ(watch_.add(folder_ / "sub"), false);
  ASSERT_TRUE(remove_tree(folder_ / "sub"));
  make("sub");
  changed();
  EXPECT_EQ(watch_.add(folder_ / "sub"), true);
  put("sub/a", "1");
  EXPECT_THAT(changed(), Contains("sub/a"));
}

TEST_F(FolderWatchTest, WhatIsNotThereIsWatchedFor) {
  EXPECT_EQ(watch_.add(folder_ / "later/deep"), true);
  EXPECT_EQ(watch_.add(folder_ / "later/deep"), false);
  make("later/deep");
  EXPECT_THAT(changed(), Contains("later"));
  EXPECT_EQ(watch_.add(folder_ / "later/deep"), true);
  put("later/deep/a", "1");
  EXPECT_THAT(changed(), Contains("later/deep/a"));
}

TEST_F(FolderWatchTest, ATreeIsWatchedButForWhatIsNotEntered) {
  make("a/b");
  make("a/not/c");
  ASSERT_TRUE(make_link(folder_ / "a/not", folder_ / "link"));
  add_tree();
  EXPECT_EQ(watch_.folders(), 3U);
  put("a/b/x", "1");
  put("a/not/x", "1");
  put("a/not/c/x", "1");
  EXPECT_THAT(changed(), AllOf(Contains("a/b/x"), Not(Contains("a/not/x")), Not(Contains("a/not/c/x")),
                               Not(Contains("link/x"))));
}

TEST_F(FolderWatchTest, WhatIsInANewFolderBeforeItIsWatchedIsTold) {
  add_tree();
  make("new/deep");
  put("new/deep/a", "1");
  make("new/not");
  put("new/not/b", "1");
  EXPECT_EQ(changed(), (std::set<std::string>{"new", "new/deep", "new/deep/a", "new/not"}));
  put("new/deep/later", "1");
  EXPECT_THAT(changed(), Contains("new/deep/later"));
}

TEST_F(FolderWatchTest, AMovedFolderIsWatchedByItsNewName) {
  make("old/deep");
  add_tree();
  ASSERT_TRUE(rename_file(folder_ / "old", folder_ / "new"));
  EXPECT_THAT(changed(), AllOf(Contains("old"), Contains("new"), Contains("new/deep")));
  put("new/deep/a", "1");
  EXPECT_THAT(changed(), AllOf(Contains("new/deep/a"), Not(Contains("old/deep/a"))));
  EXPECT_EQ(watch_.folders(), 3U);
}

TEST_F(FolderWatchTest, AFolderThatIsMovedAwayIsNotWatchedAnyMore) {
  const TemporaryFolder elsewhere;
  make("a/deep");
  add_tree();
  ASSERT_TRUE(rename_file(folder_ / "a", elsewhere / "a"));
  changed();
  EXPECT_EQ(watch_.folders(), 1U);
  ASSERT_TRUE(write_file(elsewhere / "a/deep/x", "1"));
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(FolderWatchTest, AFolderThatIsReplacedIsWatchedByWhatIsThereNow) {
  make("a");
  make("b");
  EXPECT_EQ(watch_.add(folder_ / "a"), true);
  ASSERT_TRUE(rename_file(folder_ / "a", folder_ / "away"));
  ASSERT_TRUE(rename_file(folder_ / "b", folder_ / "a"));
  EXPECT_THAT(changed(), Contains("a"));
  put("a/x", "1");
  EXPECT_THAT(changed(), Contains("a/x"));
  put("away/y", "1");
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(FolderWatchTest, RemovedFoldersAreForgotten) {
  make("a/b/c");
  add_tree();
  EXPECT_EQ(watch_.folders(), 4U);
  ASSERT_TRUE(remove_tree(folder_ / "a"));
  EXPECT_THAT(changed(), Contains("a"));
  EXPECT_EQ(watch_.folders(), 1U);
}

TEST_F(FolderWatchTest, MoreThanTheSystemKeepsIsEverything) {
  unsigned long most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  if (most > 100'000) GTEST_SKIP() << "the queue is too long to be filled";
  put("a", "1");
  put("b", "1");
  add_tree();
  for (unsigned long i = 0; i <= most / 2; ++i) {  // the same event twice in a row is kept once
    ASSERT_TRUE(set_mode(folder_ / "a", 0755));
    ASSERT_TRUE(set_mode(folder_ / "b", 0755));
  }
  make("new");
  put("new/x", "1");
  const auto changes = watch_.take();
  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->everything);
  put("new/y", "1");  // it was found when all was looked at again
  EXPECT_THAT(changed(), Contains("new/y"));
}

TEST_F(FolderWatchTest, ABatchIsAllThatComesTogether) {
  add_tree();
  put("a", "1");
  make("new");
  put("new/b", "1");
  const StopRequest stop;
  const auto batch = watch_.next(stop, std::chrono::milliseconds(1), std::chrono::milliseconds(1000));
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->paths, IsSupersetOf({folder_ / "a", folder_ / "new", folder_ / "new/b"}));
}

TEST_F(FolderWatchTest, WhatIsWrittenWithoutEndIsTold) {
  add_tree();
  std::atomic<bool> told{false};
  std::jthread writer([&] {
    while (!told) (void)write_file(folder_ / "log", "1");
  });
  const StopRequest stop;
  const auto batch = watch_.next(stop, std::chrono::milliseconds(1), std::chrono::milliseconds(50));
  told = true;
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->paths, Contains(folder_ / "log"));
}

TEST_F(FolderWatchTest, PatienceEndsTheWaitingForTheFirstChange) {
  add_tree();
  const StopRequest stop;
  const std::chrono::milliseconds quiet(1), most(1000);
  auto batch = watch_.next(stop, quiet, most, std::chrono::milliseconds(2));
  ASSERT_TRUE(batch);
  EXPECT_FALSE(batch->any());
  put("a", "1");
  batch = watch_.next(stop, quiet, most, std::chrono::hours(1));
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->paths, Contains(folder_ / "a"));
}

TEST_F(FolderWatchTest, AStopEndsTheWaiting) {
  add_tree();
  StopRequest stop;
  std::jthread other([&] { stop.request(); });
  const auto batch = watch_.next(stop, std::chrono::milliseconds(1), std::chrono::milliseconds(1000));
  ASSERT_TRUE(batch);
  EXPECT_FALSE(batch->any());
}

}  // namespace
}  // namespace devtask
