#include "store/record_log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

class RecordLogTest : public testing::Test {
 protected:
  Strings records() {
    RecordLog log(path_, "TESTLOG1");
    return strings(log.read());
  }
  static Strings strings(const RecordLog::Contents& contents) {
    return {contents.payloads.begin(), contents.payloads.end()};
  }
  std::string bytes() { return read_file(path_).value(); }
  void set_bytes(std::string_view bytes) { ASSERT_TRUE(write_file(path_, bytes)); }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "log";
  RecordLog log_{path_, "TESTLOG1"};
};

TEST_F(RecordLogTest, HasNoRecordsWhereThereIsNoFile) {
  const auto contents = log_.read();
  EXPECT_EQ(strings(contents), Strings{});
  EXPECT_EQ(contents.good_bytes, 0U);
  EXPECT_FALSE(contents.damaged);
  EXPECT_EQ(stat_file(path_).kind, FileKind::kAbsent);
}

TEST_F(RecordLogTest, ReadsBackWhatWasAppended) {
  ASSERT_TRUE(log_.append({"one", "", std::string_view("t\0o", 3)}));
  ASSERT_TRUE(log_.append({"eight by"}));
  EXPECT_EQ(records(), (Strings{"one", "", std::string("t\0o", 3), "eight by"}));
}

TEST_F(RecordLogTest, CutAnywhereKeepsTheRecordsBeforeAndGoesOnBehindThem) {
  ASSERT_TRUE(log_.append({"one", "twenty-two", "three"}));
  const std::string whole = bytes();
  const std::size_t ends[] = {16 + 16 + 8, 16 + 16 + 8 + 16 + 16, whole.size()};
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    set_bytes(whole.substr(0, length));
    Strings expected;
    if (length >= ends[0]) expected.push_back("one");
    if (length >= ends[1]) expected.push_back("twenty-two");
    RecordLog log(path_, "TESTLOG1");
    const auto contents = log.read();
    EXPECT_EQ(strings(contents), expected);
    const bool at_an_end = length == 0 || length == 16 || length == ends[0] || length == ends[1];
    EXPECT_EQ(contents.damaged, !at_an_end);
    // A process that has not read appends behind what is good, too.
    RecordLog unread(path_, "TESTLOG1");
    ASSERT_TRUE(length % 2 == 0 ? log.append({"new"}) : unread.append({"new"}));
    expected.push_back("new");
    EXPECT_EQ(records(), expected);
  }
}

TEST_F(RecordLogTest, WithAFlippedBitKeepsTheRecordsBefore) {
  ASSERT_TRUE(log_.append({"one", "twenty-two"}));
  const std::string whole = bytes();
  const std::size_t second = 16 + 16 + 8;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      set_bytes(flipped);
      const bool in_generation = i >= 8 && i < 16;
      Strings expected;
      if (i >= second || in_generation) expected.push_back("one");
      if (in_generation) expected.push_back("twenty-two");
      EXPECT_EQ(records(), expected) << i;
    }
  }
}

TEST_F(RecordLogTest, BeginsAFileOfAnotherKindAnew) {
  ASSERT_TRUE(RecordLog(path_, "TESTLOG2").append({"newer"}));
  EXPECT_EQ(records(), Strings{});
  ASSERT_TRUE(log_.append({"ours"}));
  EXPECT_EQ(records(), Strings{"ours"});
}

TEST_F(RecordLogTest, IgnoresALengthThatPointsBehindTheEnd) {
  ASSERT_TRUE(log_.append({"one"}));
  std::string damaged = bytes();
  damaged.replace(16, 4, "\xff\xff\xff\xff");
  set_bytes(damaged);
  EXPECT_EQ(records(), Strings{});
}

TEST_F(RecordLogTest, GivesOutWhatOthersAppendedOnce) {
  RecordLog other(path_, "TESTLOG1");
  ASSERT_TRUE(log_.append({"mine"}));
  EXPECT_EQ(strings(other.read()), Strings{"mine"});
  ASSERT_TRUE(log_.append({"mine again"}));
  EXPECT_EQ(strings(other.read_new()), Strings{"mine again"});
  EXPECT_EQ(strings(other.read_new()), Strings{});
  ASSERT_TRUE(other.append({"its own"}));
  EXPECT_EQ(strings(other.read_new()), Strings{});
  ASSERT_TRUE(log_.append({"behind it"}));
  const auto contents = other.read_new();
  EXPECT_EQ(strings(contents), Strings{"behind it"});
  EXPECT_FALSE(contents.from_start);
}

TEST_F(RecordLogTest, DoesNotMissWhatOthersAppendedBeforeItsOwn) {
  RecordLog other(path_, "TESTLOG1");
  ASSERT_TRUE(log_.append({"1"}));
  EXPECT_EQ(strings(other.read()), Strings{"1"});
  ASSERT_TRUE(log_.append({"2"}));
  ASSERT_TRUE(other.append({"3"}));
  EXPECT_EQ(strings(other.read_new()), (Strings{"2", "3"}));
}

TEST_F(RecordLogTest, NoticesThatItWasReplaced) {
  RecordLog other(path_, "TESTLOG1");
  ASSERT_TRUE(log_.append({"1", "2", "3"}));
  EXPECT_EQ(strings(other.read()), (Strings{"1", "2", "3"}));
  ASSERT_TRUE(log_.rewrite([](const RecordLog::Contents& old) { return std::vector{old.payloads[2]}; }));
  const auto contents = other.read_new();
  EXPECT_EQ(strings(contents), Strings{"3"});
  EXPECT_TRUE(contents.from_start);
  ASSERT_TRUE(log_.rewrite([](const RecordLog::Contents&) { return std::vector<std::string_view>{}; }));
  ASSERT_TRUE(other.append({"4"}));
  EXPECT_EQ(records(), Strings{"4"});
  EXPECT_EQ(strings(log_.read_new()), Strings{"4"});
}

TEST_F(RecordLogTest, NoticesAFileBegunAnewInPlaceOrRemoved) {
  ASSERT_TRUE(log_.append({"1"}));
  EXPECT_EQ(strings(log_.read_new()), Strings{});
  // Another kind of file in between, as long as before in the end.
  ASSERT_TRUE(RecordLog(path_, "TESTLOG2").append({"x"}));
  ASSERT_TRUE(RecordLog(path_, "TESTLOG1").append({"2"}));
  auto contents = log_.read_new();
  EXPECT_EQ(strings(contents), Strings{"2"});
  EXPECT_TRUE(contents.from_start);
  ASSERT_TRUE(remove_file(path_));
  contents = log_.read_new();
  EXPECT_EQ(strings(contents), Strings{});
  EXPECT_TRUE(contents.from_start);
  ASSERT_TRUE(log_.append({"3"}));
  EXPECT_EQ(records(), Strings{"3"});
  ASSERT_TRUE(write_file(path_, ""));
  ASSERT_TRUE(log_.append({"4"}));
  EXPECT_EQ(records(), Strings{"4"});
}

TEST_F(RecordLogTest, SaysWhyItCannotAppend) {
  RecordLog nowhere(folder_ / "missing/log", "TESTLOG1");
  const auto appended = nowhere.append({"x"});
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().message,
            "cannot open `" + (folder_ / "missing/log") + "`: No such file or directory");
}

TEST_F(RecordLogTest, KeepsTheRecordsOfSeveralProcessesApart) {
  constexpr int kProcesses = 4;
  constexpr int kRecords = 200;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      RecordLog log(path_, "TESTLOG1");
      for (int i = 0; i < kRecords; ++i) {
        const std::string record(static_cast<std::size_t>(1 + i % 50), static_cast<char>('a' + process));
        if (!log.append({record})) ::_exit(1);
        // One of them keeps throwing away nothing, to replace the file under the others.
        if (process == 0 && i % 20 == 0 &&
            !log.rewrite([](const RecordLog::Contents& old) { return old.payloads; }))
          ::_exit(2);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::vector<int> counts(kProcesses);
  for (const std::string& record : records()) {
    EXPECT_EQ(record.find_first_not_of(record[0]), std::string::npos);
    const auto process = static_cast<std::size_t>(record[0] - 'a');
    EXPECT_EQ(record.size(), static_cast<std::size_t>(1 + counts[process] % 50));
    ++counts[process];
  }
  EXPECT_EQ(counts, std::vector<int>(kProcesses, kRecords));
}

}  // namespace
}  // namespace devtask
