#include "os/copy_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fakes/temporary_folder.h"
#include "os/file.h"

namespace devtask {
namespace {

using testing::HasSubstr;

class CopyTreeTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  StopRequest stop_;
  std::string from_ = folder_ / "from", to_ = folder_ / "to";
};

TEST_F(CopyTreeTest, HasFilesFoldersLinksAndModes) {
  ASSERT_TRUE(make_folders(from_ + "/deep/empty"));
  const std::string large(3 << 20, 'x');
  ASSERT_TRUE(write_file(from_ + "/deep/large", large, 0640));
  ASSERT_TRUE(write_file(from_ + "/none", "", 0400));
  ASSERT_TRUE(make_link("deep/large", from_ + "/link"));
  ASSERT_TRUE(set_mode(from_ + "/deep/empty", 0500));
  ASSERT_TRUE(copy_tree(from_, to_, {}, stop_));
  EXPECT_EQ(read_file(to_ + "/deep/large").value(), large);
  EXPECT_EQ(stat_file(to_ + "/deep/large").mode, 0640U);
  EXPECT_EQ(stat_file(to_ + "/none").mode, 0400U);
  EXPECT_EQ(stat_file(to_ + "/none").size, 0U);
  EXPECT_EQ(stat_file(to_ + "/deep/empty").mode, 0500U);
  EXPECT_EQ(read_link(to_ + "/link").value(), "deep/large");
}

TEST_F(CopyTreeTest, CanBelongToAnother) {
  const auto account = unprivileged_account().value();
  if (!account) GTEST_SKIP() << "only root can give files away";
  ASSERT_TRUE(make_folders(from_));
  ASSERT_TRUE(write_file(from_ + "/file", "bytes"));
  ASSERT_TRUE(make_link("/etc", from_ + "/link"));
  ASSERT_TRUE(copy_tree(from_, to_, account, stop_));
  for (const char* name : {"", "/file", "/link"}) {
    struct stat found {};
    ASSERT_EQ(::lstat((to_ + name).c_str(), &found), 0);
    EXPECT_EQ(found.st_uid, account->user) << name;
    EXPECT_EQ(found.st_gid, account->group) << name;
  }
  struct stat etc {};
  ASSERT_EQ(::stat("/etc", &etc), 0);
  EXPECT_EQ(etc.st_uid, 0U);
}

TEST_F(CopyTreeTest, SaysWhatCannotBeCopied) {
  EXPECT_THAT(copy_tree(from_, to_, {}, stop_).error().message, HasSubstr("neither a file nor a folder"));
  ASSERT_TRUE(make_folders(from_));
  ASSERT_EQ(::mkfifo((from_ + "/pipe").c_str(), 0600), 0);
  EXPECT_THAT(copy_tree(from_, to_, {}, stop_).error().message, HasSubstr("/from/pipe`: it is neither"));
  stop_.request();
  EXPECT_EQ(copy_tree(from_, folder_ / "other", {}, stop_).error().message, "interrupted");
}

TEST_F(CopyTreeTest, WritesOverNothing) {
  ASSERT_TRUE(write_file(from_, "new"));
  ASSERT_TRUE(write_file(to_, "old"));
  EXPECT_THAT(copy_tree(from_, to_, {}, stop_).error().message, HasSubstr("File exists"));
  EXPECT_EQ(read_file(to_).value(), "old");
}

}  // namespace
}  // namespace devtask
