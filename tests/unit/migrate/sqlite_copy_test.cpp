#include "migrate/sqlite_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "fakes/temporary_folder.h"
#include "os/file.h"

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SqliteCopyTest : public testing::Test {
 protected:
  class Database {
   public:
    explicit Database(const std::string& path) {
      EXPECT_EQ(sqlite3_open(path.c_str(), &database_), SQLITE_OK);
    }
    ~Database() { sqlite3_close(database_); }
    std::string run(const std::string& text) {
      std::string said;
      char* problem = nullptr;
      const auto row = [](void* to, int count, char** values, char**) {
        for (int i = 0; i < count; ++i) *static_cast<std::string*>(to) += std::string(values[i]) + "\n";
        return 0;
      };
      if (sqlite3_exec(database_, text.c_str(), row, &said, &problem) != SQLITE_OK) said += problem;
      sqlite3_free(problem);
      return said;
    }

   private:
    sqlite3* database_ = nullptr;
  };

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    const auto entries = list_folder(folder_.path()).value();
    for (const FolderEntry& entry : entries) found.push_back(entry.name);
    return found;
  }

  TemporaryFolder folder_;
  StopRequest stop_;
  std::string from_ = folder_ / "a b.db", to_ = folder_ / "copy";
};

TEST_F(SqliteCopyTest, HasTheContent) {
  Database(from_).run("CREATE TABLE t (x); INSERT INTO t VALUES (42)");
  ASSERT_TRUE(write_file(to_, "an older one"));
  ASSERT_TRUE(copy_sqlite(from_, to_, stop_));
  EXPECT_EQ(Database(to_).run("SELECT x FROM t"), "42\n");
  EXPECT_THAT(names(), ElementsAre("a b.db", "copy"));
}

TEST_F(SqliteCopyTest, HasWhatIsInTheLogBeside) {
  Database open(from_);
  open.run("PRAGMA journal_mode=WAL; CREATE TABLE t (x); INSERT INTO t VALUES (42)");
  ASSERT_GT(stat_file(from_ + "-wal").size, 0U);
  ASSERT_TRUE(copy_sqlite(from_, to_, stop_));
  EXPECT_THAT(names(), ElementsAre("a b.db", "a b.db-shm", "a b.db-wal", "copy"));
  Database copy(to_);
  EXPECT_EQ(copy.run("SELECT x FROM t"), "42\n");
  EXPECT_EQ(copy.run("PRAGMA journal_mode"), "wal\n");
}

TEST_F(SqliteCopyTest, HasNoHalfTransaction) {
  Database open(from_);
  open.run("PRAGMA journal_mode=WAL; CREATE TABLE t (x); BEGIN; INSERT INTO t VALUES (42)");
  ASSERT_TRUE(copy_sqlite(from_, to_, stop_));
  EXPECT_EQ(Database(to_).run("SELECT count(*) FROM t"), "0\n");
}

TEST_F(SqliteCopyTest, LeavesWhatWasThereWhenItFails) {
  ASSERT_TRUE(write_file(to_, "an older one"));
  EXPECT_EQ(copy_sqlite(from_, to_, stop_).error().message,
            "cannot copy the database `" + from_ + "`: there is no such file");
  ASSERT_TRUE(write_file(from_, std::string(5000, 'x')));
  EXPECT_THAT(copy_sqlite(from_, to_, stop_).error().message, HasSubstr("file is not a database"));
  Database(folder_ / "good").run("CREATE TABLE t (x)");
  stop_.request();
  EXPECT_EQ(copy_sqlite(folder_ / "good", to_, stop_).error().message, "interrupted");
  EXPECT_EQ(read_file(to_).value(), "an older one");
  EXPECT_THAT(names(), ElementsAre("a b.db", "copy", "good"));
}

TEST_F(SqliteCopyTest, RestoresTheFileThatIsThere) {
  for (const std::string mode : {"delete", "wal"}) {
    Database(from_).run("DROP TABLE IF EXISTS t; CREATE TABLE t (x); INSERT INTO t VALUES (42)");
    Database open(to_);
    open.run("PRAGMA journal_mode=" + mode + "; CREATE TABLE half (x)");
    const FileStat before = stat_file(to_);
    ASSERT_TRUE(restore_sqlite(from_, to_, stop_));
    EXPECT_EQ(open.run("SELECT x FROM t; SELECT count(*) FROM sqlite_master"), "42\n1\n");
    EXPECT_EQ(stat_file(to_).inode, before.inode);
  }
}

TEST_F(SqliteCopyTest, RestoresNothingWhereItCannot) {
  Database(from_).run("CREATE TABLE t (x)");
  EXPECT_THAT(restore_sqlite(from_, to_, stop_).error().message, HasSubstr("cannot open the database"));
  EXPECT_THAT(names(), ElementsAre("a b.db"));
  Database(to_).run("CREATE TABLE half (x)");
  stop_.request();
  EXPECT_EQ(restore_sqlite(from_, to_, stop_).error().message, "interrupted");
  EXPECT_EQ(Database(to_).run("SELECT name FROM sqlite_master"), "half\n");
}

}  // namespace
}  // namespace devtask
