#include "ninja/run_folder.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "os/process.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

class RunFolderTest : public testing::Test {
 protected:
  Strings names() {
    Strings found;
    const auto entries = list_folder(runs_).value();
    for (const FolderEntry& entry : entries) found.push_back(entry.name);
    return found;
  }

  TemporaryFolder folder_;
  std::string runs_ = folder_ / "runs";
  std::string own_ = fmt::format("{}-{}", own_process_id(), process_start(own_process_id()));
};

TEST_F(RunFolderTest, LivesAsLongAsItsRun) {
  {
    auto run = RunFolder::create(runs_);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->name(), own_);
    EXPECT_EQ(run->path(), runs_ + "/" + own_);
    EXPECT_EQ(stat_file(run->path()).mode, 0700U);
    ASSERT_TRUE(write_file(run->path() + "/build.ninja", ""));
    const RunFolder moved = std::move(*run);
    EXPECT_EQ(names(), Strings{own_});
  }
  EXPECT_EQ(names(), Strings{});
}

TEST_F(RunFolderTest, RemovesWhatTheDeadLeftAndNothingOfTheLiving) {
  const std::string parent = fmt::format("{}-{}", 1, process_start(1));
  const std::string reused =
      fmt::format("{}-{}", 1, process_start(1) + 1);  // the number, but another process
  for (const std::string& name :
       {parent, reused, std::string("999999999-1"), std::string("nonsense"), std::string("12")}) {
    ASSERT_TRUE(make_folders(runs_ + "/" + name + "/below"));
  }
  ASSERT_TRUE(make_folders(folder_ / "outside/keep"));
  ASSERT_TRUE(make_link("../outside", runs_ + "/999999998-1"));
  const auto run = RunFolder::create(runs_);
  ASSERT_TRUE(run);
  Strings expected = {own_, parent, "nonsense", "12"};  // the last two are not ours
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names(), expected);
  EXPECT_EQ(stat_file(folder_ / "outside/keep").kind, FileKind::kFolder);
}

}  // namespace
}  // namespace devtask
