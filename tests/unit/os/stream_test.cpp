#include "os/stream.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

class StreamTest : public testing::Test {
 protected:
  Strings names() {
    Strings found;
    const auto entries = list_folder(folder_.path()).value();
    for (const FolderEntry& entry : entries) found.push_back(entry.name);
    return found;
  }

  TemporaryFolder folder_;
};

TEST_F(StreamTest, AFileHasItsNameOnlyWhenItIsComplete) {
  auto file = NewFile::create(folder_.path());
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write("half"));
  EXPECT_EQ(names().size(), 1U);
  EXPECT_TRUE(names()[0].ends_with('~'));
  ASSERT_TRUE(file->write(" and half"));
  EXPECT_EQ(file->publish_new(folder_ / "a", 0755), true);
  EXPECT_EQ(names(), Strings{"a"});
  EXPECT_EQ(read_file(folder_ / "a"), "half and half");
  EXPECT_EQ(stat_file(folder_ / "a").mode, 0755U);
}

TEST_F(StreamTest, AFileThatIsNeverCompleteIsGone) {
  {
    auto file = NewFile::create(folder_.path());
    ASSERT_TRUE(file->write("half"));
    NewFile moved = std::move(*file);
    EXPECT_EQ(names().size(), 1U);
  }
  EXPECT_EQ(names(), Strings{});
}

TEST_F(StreamTest, LeavesWhatIsThereOrReplacesIt) {
  ASSERT_TRUE(write_file(folder_ / "a", "old"));
  {
    auto file = NewFile::create(folder_.path());
    ASSERT_TRUE(file->write("new"));
    EXPECT_EQ(file->publish_new(folder_ / "a", 0644), false);
  }
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  {
    auto file = NewFile::create(folder_.path());
    ASSERT_TRUE(file->write("new"));
    ASSERT_TRUE(file->publish(folder_ / "a", 0600));
  }
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_EQ(stat_file(folder_ / "a").mode, 0600U);
  EXPECT_EQ(names(), Strings{"a"});
}

TEST_F(StreamTest, ReplacesALinkAndNotWhatItLeadsTo) {
  ASSERT_TRUE(write_file(folder_ / "target", "old"));
  ASSERT_TRUE(make_link("target", folder_ / "link"));
  auto file = NewFile::create(folder_.path());
  ASSERT_TRUE(file->write("new"));
  ASSERT_TRUE(file->publish(folder_ / "link", 0644));
  EXPECT_EQ(read_file(folder_ / "target"), "old");
  EXPECT_EQ(read_file(folder_ / "link"), "new");
}

TEST_F(StreamTest, ReadsInPieces) {
  ASSERT_TRUE(write_file(folder_ / "a", "0123456789"));
  auto reader = FileReader::open(folder_ / "a");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->size(), 10U);
  char buffer[8];
  EXPECT_EQ(reader->read(buffer, 8), 8U);
  EXPECT_EQ(std::string(buffer, 8), "01234567");
  EXPECT_EQ(reader->read(buffer, 8), 2U);
  EXPECT_EQ(reader->read(buffer, 8), 0U);
}

TEST_F(StreamTest, ReadsRegularFilesOnly) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const auto reader = FileReader::open(folder_ / "pipe");  // does not wait for a writer
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().message, "cannot read `" + (folder_ / "pipe") + "`: it is not a regular file");
  EXPECT_FALSE(FileReader::open(folder_.path()));
  EXPECT_FALSE(NewFile::create(folder_ / "none"));
}

TEST_F(StreamTest, SetsTheTimeOfAFileAndOfALinkItself) {
  ASSERT_TRUE(write_file(folder_ / "a", ""));
  ASSERT_TRUE(make_link("a", folder_ / "link"));
  ASSERT_TRUE(set_modified(folder_ / "a", 1'000'000'000'000'000'001));
  ASSERT_TRUE(set_modified(folder_ / "link", 5'000'000'000));
  EXPECT_EQ(stat_file(folder_ / "a").mtime_ns, 1'000'000'000'000'000'001);
  EXPECT_EQ(stat_file(folder_ / "link").mtime_ns, 5'000'000'000);
  EXPECT_FALSE(set_modified(folder_ / "none", 0));
}

}  // namespace
}  // namespace devtask
