#include "store/result_index.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "os/file.h"

namespace devtask {
namespace {

Result<void> put(ResultIndex& index, const Digest& key) {
  return index.change([&](ResultIndex::Writer& writer) -> Result<void> {
    writer.put(key, "text", 1);
    return {};
  });
}

auto find(ResultIndex& index, const Digest& key) {
  return index.find(key, [](const std::string&) { return std::vector<Digest>(); });
}

// A flipped bit in the table's definition: SQLite reads the file without a complaint, and has another column.
TEST(ResultIndexTest, AnIndexWithoutItsColumnsIsBegunAnew) {
  const TemporaryFolder folder;
  const std::string path = join_path(folder.path(), "index-1.db");
  const Digest key = sha256("key");
  {
    ResultIndex index(folder.path(), false);
    ASSERT_TRUE(put(index, key));
  }
  std::string bytes = read_file(path).value();
  const std::size_t column = bytes.rfind("used INTEGER");  // the first table is the last in the file
  ASSERT_NE(column, std::string::npos);
  bytes[column] = 'v';
  ASSERT_TRUE(write_file(path, bytes));

  ResultIndex index(folder.path(), false);
  EXPECT_FALSE(find(index, key));
  ASSERT_TRUE(put(index, key));
  EXPECT_EQ(stat_file(join_path(folder.path(), "index-2.db")).kind, FileKind::kRegular);
  const auto found = find(index, key);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->text, "text");
}

TEST(ResultIndexTest, OneThatIsJustBeingMadeHasNoResults) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(join_path(folder.path(), "index-1.db"), ""));
  ResultIndex index(folder.path(), true);
  const auto found = find(index, sha256("key"));
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(ResultIndexTest, AFolderInThePlaceOfItsJournalMakesItABrokenOne) {
  const TemporaryFolder folder;
  const std::string journal = join_path(folder.path(), "index-1.db-journal");
  const Digest key = sha256("key");
  {
    ResultIndex index(folder.path(), false);
    ASSERT_TRUE(put(index, key));
  }
  ASSERT_TRUE(remove_file(journal));
  ASSERT_TRUE(make_folders(journal + "/below"));
  ResultIndex index(folder.path(), false);
  EXPECT_EQ(index.check(), false);
  ASSERT_TRUE(put(index, key));
  EXPECT_EQ(stat_file(join_path(folder.path(), "index-2.db")).kind, FileKind::kRegular);
  index.remove_older();
  EXPECT_EQ(stat_file(journal).kind, FileKind::kAbsent);
  EXPECT_EQ(index.check(), true);
}

}  // namespace
}  // namespace devtask
