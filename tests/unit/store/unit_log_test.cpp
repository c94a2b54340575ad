#include "store/unit_log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/temporary_folder.h"
#include "os/file.h"

namespace devtask {
namespace {

class UnitLogTest : public testing::Test {
 protected:
  static UnitRecord record(const std::string& name, std::string_view content = "1", bool passed = true) {
    UnitRecord made;
    made.name = name;
    made.passed = passed;
    made.common = sha256("common");
    made.own = sha256(content);
    made.beside = sha256("beside");
    made.report = sha256("report");
    made.duration = std::chrono::milliseconds(1234);
    made.tests = {3, 1, 2, 1};
    return made;
  }
  std::size_t size() const { return stat_file(logs_.path("test")).size; }

  TemporaryFolder folder_;
  UnitLogs logs_{folder_ / "units"};
};

TEST_F(UnitLogTest, HasNothingWhereThereIsNoFile) {
  EXPECT_EQ(logs_.read("test").size(), 0U);
  EXPECT_EQ(logs_.read("test").find("a"), nullptr);
  EXPECT_EQ(stat_file(folder_ / "units").kind, FileKind::kAbsent);
  EXPECT_TRUE(logs_.append("test", {}));
  EXPECT_EQ(stat_file(folder_ / "units").kind, FileKind::kAbsent);
}

TEST_F(UnitLogTest, GivesBackWhatWasWritten) {
  UnitRecord without = record("b", "2", false);
  without.report.reset();
  without.tests = {};
  without.common = sha256("other");
  const std::vector<UnitRecord> records{record("a"), without};
  ASSERT_TRUE(logs_.append("test", records));
  const UnitRecords read = logs_.read("test");
  EXPECT_EQ(read.size(), 2U);
  for (const UnitRecord& each : records) {
    ASSERT_NE(read.find(each.name), nullptr);
    EXPECT_EQ(*read.find(each.name), each);
  }
  EXPECT_EQ(read.find("c"), nullptr);
  EXPECT_EQ(logs_.read("other").size(), 0U);
}

TEST_F(UnitLogTest, NamesMayBeAnyBytes) {
  for (const std::string name :
       {"a b", " ", "new\nline", "\xff\xfe", "tab\t\\", "-", "common x", "a::b[c d]", "\r"}) {
    ASSERT_TRUE(logs_.append("test", {record(name)}));
    const UnitRecords read = logs_.read("test");
    ASSERT_NE(read.find(name), nullptr) << name;
    EXPECT_EQ(read.find(name)->name, name);
  }
  EXPECT_EQ(logs_.read("test").size(), 9U);
}

TEST_F(UnitLogTest, TheLastWordOnANameCounts) {
  ASSERT_TRUE(logs_.append("test", {record("a", "1"), record("b", "1")}));
  ASSERT_TRUE(logs_.append("test", {record("a", "2", false)}));
  const UnitRecords read = logs_.read("test");
  EXPECT_EQ(*read.find("a"), record("a", "2", false));
  EXPECT_EQ(*read.find("b"), record("b", "1"));
  // Also for those that ask in the order of the file.
  std::size_t next = 0;
  EXPECT_EQ(*read.find("a", next), record("a", "2", false));
  EXPECT_EQ(*read.find("b", next), record("b", "1"));
}

TEST_F(UnitLogTest, ReadsInOrderWithoutAnIndex) {
  ASSERT_TRUE(logs_.append("test", {record("a"), record("b"), record("d")}));
  const UnitRecords read = logs_.read("test");
  std::size_t next = 0;
  EXPECT_EQ(read.find("a", next)->name, "a");
  EXPECT_EQ(next, 1U);
  EXPECT_EQ(read.find("d", next)->name, "d");
  EXPECT_EQ(read.find("c", next), nullptr);
  EXPECT_EQ(read.find("b", next)->name, "b");
}

TEST_F(UnitLogTest, CutAnywhereKeepsWhatCameBefore) {
  ASSERT_TRUE(logs_.append("test", {record("a")}));
  const std::size_t first = size();
  ASSERT_TRUE(logs_.append("test", {record("b")}));
  const std::string whole = read_file(logs_.path("test")).value();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_TRUE(write_file(logs_.path("test"), whole.substr(0, length)));
    const UnitRecords read = logs_.read("test");
    EXPECT_EQ(read.find("a") != nullptr, length >= first) << length;
    EXPECT_EQ(read.find("b"), nullptr) << length;
  }
  ASSERT_TRUE(logs_.append("test", {record("c")}));
  EXPECT_NE(logs_.read("test").find("a"), nullptr);
  EXPECT_NE(logs_.read("test").find("c"), nullptr);
}

TEST_F(UnitLogTest, IsWrittenAnewWhenMostOfItIsOld) {
  std::vector<UnitRecord> all;
  for (int i = 0; i < 100; ++i) all.push_back(record("tests/" + std::to_string(i)));
  ASSERT_TRUE(logs_.append("test", all));
  const std::size_t once = size();
  std::size_t most = 0;
  for (int round = 0; round < 20; ++round) {
    for (UnitRecord& each : all) each.own = sha256(std::to_string(round));
    ASSERT_TRUE(logs_.append("test", all));
    ASSERT_TRUE(logs_.tidy("test"));
    most = std::max(most, size());
  }
  EXPECT_LE(most, 4 * once);
  const UnitRecords read = logs_.read("test");
  for (const UnitRecord& each : all) EXPECT_EQ(*read.find(each.name), each);
}

TEST_F(UnitLogTest, TwoWritersLoseNothing) {
  constexpr int kEach = 200;
  std::vector<pid_t> children;
  for (const std::string who : {"a", "b"}) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool all = true;
      for (int i = 0; i < kEach; ++i)
        all = UnitLogs(folder_ / "units")
                  .append("test", {record(who + std::to_string(i % 50), std::to_string(i))})
                  .has_value() &&
              all;
      ::_exit(all ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const UnitRecords read = logs_.read("test");
  for (const std::string who : {"a", "b"}) {
    for (int i = 0; i < 50; ++i) {
      const std::string name = who + std::to_string(i);
      ASSERT_NE(read.find(name), nullptr) << name;
      EXPECT_EQ(*read.find(name), record(name, std::to_string(150 + i)));
    }
  }
}

TEST_F(UnitLogTest, ForgetsATaskWithAllOfItsArguments) {
  for (const char* id : {"test", "test+0123", "test-a", "other"})
    ASSERT_TRUE(logs_.append(id, {record("a")}));
  EXPECT_TRUE(logs_.forget("test").value());
  EXPECT_EQ(logs_.read("test").size(), 0U);
  EXPECT_EQ(logs_.read("test+0123").size(), 0U);
  EXPECT_EQ(logs_.read("test-a").size(), 1U);
  EXPECT_EQ(logs_.read("other").size(), 1U);
  EXPECT_FALSE(logs_.forget("test").value());
}

TEST_F(UnitLogTest, SaysWhenItCannotBeWritten) {
  ASSERT_TRUE(write_file(folder_ / "units", "a file"));
  EXPECT_FALSE(logs_.append("test", {record("a")}));
}

}  // namespace
}  // namespace devtask
