#include "exec/out_file.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "os/stream.h"

namespace devtask {
namespace {

TEST(OutFileTest, HoldsTheDigestOrNothing) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_out_file(folder / "t", sha256("one")));
  EXPECT_EQ(*read_file(folder / "t"), sha256("one").hex() + "\n");
  ASSERT_TRUE(write_out_file(folder / "t", std::nullopt));
  EXPECT_EQ(*read_file(folder / "t"), "");
}

TEST(OutFileTest, ForNinjaNothingHappensWhenTheDigestIsTheSame) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_out_file(folder / "t", sha256("one")));
  const FileStat before = stat_file(folder / "t");
  ASSERT_TRUE(write_out_file(folder / "t", sha256("one")));
  EXPECT_EQ(stat_file(folder / "t"), before);
}

TEST(OutFileTest, ItsSecondDiffersWhenTheDigestDoes) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_out_file(folder / "t", sha256("one")));
  const FileStat before = stat_file(folder / "t");
  ASSERT_TRUE(write_out_file(folder / "t", sha256("two")));
  EXPECT_NE(stat_file(folder / "t").mtime_ns / 1'000'000'000, before.mtime_ns / 1'000'000'000);
}

TEST(OutFileTest, AFolderInItsPlaceGoes) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_folders(folder / "t/below"));
  ASSERT_TRUE(write_out_file(folder / "t", sha256("one")));
  EXPECT_EQ(*read_file(folder / "t"), sha256("one").hex() + "\n");
}

TEST(OutFileTest, ATimeThatNinjaFailsOnIsMended) {
  const TemporaryFolder folder;
  EXPECT_EQ(mend_time(folder / "t"), 0);
  ASSERT_TRUE(write_out_file(folder / "t", sha256("one")));
  const std::int64_t good = stat_file(folder / "t").mtime_ns;
  EXPECT_EQ(mend_time(folder / "t"), good);
  ASSERT_TRUE(set_modified(folder / "t", -5'000'000'000));
  EXPECT_GE(mend_time(folder / "t"), good);
  ASSERT_TRUE(set_modified(folder / "t", -5'000'000'000));
  ASSERT_TRUE(write_out_file(folder / "t", sha256("one")));
  EXPECT_GE(stat_file(folder / "t").mtime_ns, good);
}

}  // namespace
}  // namespace devtask
