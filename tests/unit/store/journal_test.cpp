#include "store/journal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

ActionResult result_of(const std::string& content) {
  ActionResult result;
  result.duration = std::chrono::milliseconds(7);
  result.outputs = {{OutputEntry::Kind::kFile, "out.txt", 0644, sha256(content), content.size(), {}}};
  return result;
}

class JournalTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string state_ = folder_ / ".devtask";
  std::string path_ = state_ + "/journal";
};

TEST_F(JournalTest, KnowsNothingAtFirstAndCreatesNothing) {
  const Journal journal(state_, false);
  EXPECT_EQ(journal.last_success("a"), nullptr);
  EXPECT_FALSE(journal.unfinished("a"));
  EXPECT_EQ(journal.task_ids(), Strings{});
  EXPECT_EQ(stat_file(state_).kind, FileKind::kAbsent);
}

TEST_F(JournalTest, RemembersASuccess) {
  {
    Journal journal(state_, false);
    ASSERT_TRUE(journal.commit("build", sha256("key"), result_of("x")));
    EXPECT_EQ(journal.last_success("build")->result, result_of("x"));
  }
  EXPECT_EQ(stat_file(state_).mode, 0700U);
  const Journal journal(state_, true);
  const auto entry = journal.last_success("build");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->key, sha256("key"));
  EXPECT_EQ(entry->result, result_of("x"));
  EXPECT_GT(entry->at_ms, 0);
  EXPECT_EQ(journal.task_ids(), Strings{"build"});
}

TEST_F(JournalTest, KeepsTheLastOfSeveralSuccesses) {
  Journal journal(state_, false);
  ASSERT_TRUE(journal.commit("a", sha256("1"), result_of("1")));
  const auto first = journal.last_success("a");
  ASSERT_TRUE(journal.commit("a", sha256("2"), result_of("2")));
  EXPECT_EQ(first->key, sha256("1"));
  EXPECT_EQ(journal.last_success("a")->key, sha256("2"));
  EXPECT_EQ(Journal(state_, true).last_success("a")->key, sha256("2"));
}

TEST_F(JournalTest, RemembersAnAttemptUntilItSucceeds) {
  Journal journal(state_, false);
  ASSERT_TRUE(journal.commit("a", sha256("1"), result_of("1")));
  ASSERT_TRUE(journal.start("a", {sha256("2"), {"out/z\n", "out/b"}, true, {}}));
  ASSERT_TRUE(journal.unfinished("a"));
  EXPECT_EQ(journal.unfinished("a")->foreign, (Strings{"out/b", "out/z\n"}));
  const Journal reader(state_, true);
  ASSERT_TRUE(reader.unfinished("a"));
  EXPECT_EQ(reader.unfinished("a")->key, sha256("2"));
  EXPECT_EQ(reader.unfinished("a")->foreign, (Strings{"out/b", "out/z\n"}));
  EXPECT_EQ(reader.last_success("a")->key, sha256("1"));
  ASSERT_TRUE(journal.commit("a", sha256("2"), result_of("2")));
  EXPECT_FALSE(journal.unfinished("a"));
  EXPECT_FALSE(Journal(state_, true).unfinished("a"));
}

TEST_F(JournalTest, ForgetsATask) {
  Journal journal(state_, false);
  ASSERT_TRUE(journal.commit("a", sha256("1"), result_of("1")));
  ASSERT_TRUE(journal.start("a", {sha256("2"), {}, true, {}}));
  ASSERT_TRUE(journal.forget("a"));
  EXPECT_EQ(journal.last_success("a"), nullptr);
  EXPECT_FALSE(journal.unfinished("a"));
  EXPECT_EQ(Journal(state_, true).last_success("a"), nullptr);
  EXPECT_FALSE(Journal(state_, true).unfinished("a"));
}

TEST_F(JournalTest, KeepsIdsThatAreNoWords) {
  Journal journal(state_, false);
  ASSERT_TRUE(journal.commit("a b\nkey 0", sha256("1"), result_of("1")));
  EXPECT_EQ(Journal(state_, true).task_ids(), Strings{"a b\nkey 0"});
}

TEST_F(JournalTest, ReadOnlyWritesNothing) {
  Journal journal(state_, true);
  EXPECT_FALSE(journal.commit("a", sha256("1"), result_of("1")));
  EXPECT_FALSE(journal.start("a", {sha256("2"), {}, true, {}}));
  EXPECT_FALSE(journal.forget("a"));
  EXPECT_EQ(stat_file(state_).kind, FileKind::kAbsent);
}

TEST_F(JournalTest, SeesWhatOthersHaveDone) {
  Journal mine(state_, false);
  Journal other(state_, false);
  ASSERT_TRUE(mine.commit("a", sha256("1"), result_of("1")));
  EXPECT_EQ(other.last_success("a"), nullptr);
  other.refresh();
  EXPECT_EQ(other.last_success("a")->key, sha256("1"));
  ASSERT_TRUE(mine.commit("a", sha256("2"), result_of("2")));
  ASSERT_TRUE(other.commit("b", sha256("3"), result_of("3")));
  other.refresh();
  mine.refresh();
  for (const Journal* each : {&mine, &other}) {
    EXPECT_EQ(each->last_success("a")->key, sha256("2"));
    EXPECT_EQ(each->last_success("b")->key, sha256("3"));
  }
}

TEST_F(JournalTest, CutAnywhereForgetsOnlyTheEnd) {
  {
    Journal journal(state_, false);
    ASSERT_TRUE(journal.commit("a", sha256("1"), result_of("1")));
    ASSERT_TRUE(journal.commit("b", sha256("2"), result_of("2")));
  }
  const std::string whole = read_file(path_).value();
  std::size_t first_known_at = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_TRUE(write_file(path_, std::string_view(whole).substr(0, length)));
    const Journal journal(state_, false);
    EXPECT_EQ(journal.last_success("b"), nullptr);
    const auto a = journal.last_success("a");
    if (a && first_known_at == 0) first_known_at = length;
    EXPECT_EQ(a != nullptr, first_known_at != 0 && length >= first_known_at);
    if (a) {
      EXPECT_EQ(a->result, result_of("1"));
    }
  }
  EXPECT_GT(first_known_at, 0U);
}

TEST_F(JournalTest, WithAFlippedBitTellsNothingWrong) {
  {
    Journal journal(state_, false);
    ASSERT_TRUE(journal.commit("a", sha256("1"), result_of("1")));
    ASSERT_TRUE(journal.start("a", {sha256("2"), {"x"}, true, {}}));
  }
  const std::string whole = read_file(path_).value();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    ASSERT_TRUE(write_file(path_, flipped));
    Journal journal(state_, false);
    const auto a = journal.last_success("a");
    if (a) {
      EXPECT_EQ(a->key, sha256("1"));
      EXPECT_EQ(a->result, result_of("1"));
    }
    if (const auto attempt = journal.unfinished("a")) {
      EXPECT_EQ(attempt->foreign, Strings{"x"});
    }
    // And it can be written to.
    ASSERT_TRUE(journal.commit("c", sha256("3"), result_of("3")));
    EXPECT_EQ(Journal(state_, true).last_success("c")->key, sha256("3"));
  }
}

TEST_F(JournalTest, IgnoresRecordsOfALaterVersion) {
  {
    Journal journal(state_, false);
    ASSERT_TRUE(journal.commit("a", sha256("1"), result_of("1")));
  }
  RecordLog log(path_, "DTJRNL01");
  ASSERT_TRUE(log.append({"thought a\ndeep", "", "done a\nkey x\nat y\n", "started b"}));
  const Journal journal(state_, true);
  EXPECT_EQ(journal.last_success("a"), nullptr);
  EXPECT_EQ(journal.task_ids(), Strings{});
  EXPECT_TRUE(journal.unfinished("b"));
}

TEST_F(JournalTest, IsCompactedWhenMostOfItIsStale) {
  {
    Journal journal(state_, false);
    ASSERT_TRUE(journal.commit("once", sha256("once"), result_of("once")));
    ASSERT_TRUE(journal.start("attempt", {sha256("2"), {"x"}, true, {}}));
    ASSERT_TRUE(journal.commit("gone", sha256("gone"), result_of("gone")));
    ASSERT_TRUE(journal.forget("gone"));
    for (int i = 0; i < 600; ++i)
      ASSERT_TRUE(journal.commit("often", sha256(std::to_string(i)), result_of("x")));
  }
  const std::uint64_t before = stat_file(path_).size;
  ASSERT_GT(before, 128U * 1024);
  const std::string bytes = read_file(path_).value();
  { const Journal looking(state_, true); }
  EXPECT_EQ(read_file(path_).value(), bytes);

  Journal compacted(state_, false);
  EXPECT_LT(stat_file(path_).size, 2048U);
  ASSERT_TRUE(compacted.commit("more", sha256("more"), result_of("more")));
  EXPECT_EQ(compacted.task_ids(), (Strings{"more", "often", "once"}));
  const Journal again(state_, true);
  EXPECT_EQ(again.task_ids(), (Strings{"more", "often", "once"}));
  EXPECT_EQ(again.last_success("often")->key, sha256("599"));
  EXPECT_EQ(again.unfinished("attempt")->foreign, Strings{"x"});
}

TEST_F(JournalTest, TakesAppendsOfSeveralProcessesWhileOthersCompact) {
  constexpr int kProcesses = 4;
  constexpr int kTasks = 40;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int task = 0; task < kTasks; ++task) {
        Journal journal(state_, false);
        const std::string id = std::to_string(process) + "-" + std::to_string(task);
        for (int i = 0; i < 20; ++i) {
          if (!journal.commit(id, sha256(std::to_string(i)), result_of(id))) ::_exit(1);
        }
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
  const Journal journal(state_, true);
  EXPECT_EQ(journal.task_ids().size(), static_cast<std::size_t>(kProcesses * kTasks));
  for (const std::string& id : journal.task_ids()) EXPECT_EQ(journal.last_success(id)->key, sha256("19"));
}

TEST_F(JournalTest, IsUsedByThreads) {
  Journal journal(state_, false);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const std::string id = std::to_string(thread);
        EXPECT_TRUE(journal.start(id, {sha256("2"), {}, true, {}}));
        EXPECT_TRUE(journal.commit(id, sha256(std::to_string(i)), result_of(id)));
        EXPECT_EQ(journal.last_success(id)->key, sha256(std::to_string(i)));
        (void)journal.last_success("0");
        (void)journal.task_ids();
        if (i % 10 == 0) journal.refresh();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Journal(state_, true).task_ids(), (Strings{"0", "1", "2", "3"}));
}

}  // namespace
}  // namespace devtask
