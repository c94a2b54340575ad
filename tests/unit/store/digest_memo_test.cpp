#include "store/digest_memo.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "fakes/temporary_folder.h"
#include "os/file.h"

namespace devtask {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLater = 1'000'000 * kSecond;

FileIdentity identity_of(std::uint64_t number) {
  FileIdentity identity;
  identity.size = number;
  identity.mtime_ns = static_cast<std::int64_t>(number) + 1;
  identity.ctime_ns = static_cast<std::int64_t>(number) + 2;
  identity.inode = number + 3;
  identity.device = 5;
  return identity;
}

std::string path_of(std::uint64_t number) { return "src/file-" + std::to_string(number) + ".py"; }

class DigestMemoTest : public testing::Test {
 protected:
  // The memo as a run would do it: what is not known is hashed and remembered. Returns how many were not
  // known.
  static std::size_t ask(DigestMemo& memo, std::uint64_t begin, std::uint64_t end, std::uint64_t change = 0) {
    std::size_t hashed = 0;
    DigestMemo::Cursor cursor;
    for (std::uint64_t number = begin; number < end; ++number) {
      const FileIdentity identity = identity_of(number + change);
      const Digest digest = sha256(std::to_string(number + change));
      const auto found = memo.find(path_of(number), identity, cursor);
      if (found) {
        EXPECT_EQ(*found, digest);
        continue;
      }
      ++hashed;
      memo.remember(path_of(number), identity, digest, kLater);
    }
    return hashed;
  }
  std::size_t run(std::uint64_t begin, std::uint64_t end, std::uint64_t change = 0) {
    DigestMemo memo(path_);
    const std::size_t hashed = ask(memo, begin, end, change);
    EXPECT_TRUE(memo.save());
    return hashed;
  }
  std::uint64_t size() const { return stat_file(path_).size; }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "memo";
};

TEST_F(DigestMemoTest, KnowsNothingAtFirstAndSavesNothing) {
  DigestMemo memo(path_);
  DigestMemo::Cursor cursor;
  EXPECT_FALSE(memo.find("a", identity_of(1), cursor));
  EXPECT_TRUE(memo.save());
  EXPECT_EQ(stat_file(path_).kind, FileKind::kAbsent);
}

TEST_F(DigestMemoTest, RemembersAcrossRuns) {
  EXPECT_EQ(run(0, 1000), 1000U);
  EXPECT_EQ(run(0, 1000), 0U);
}

TEST_F(DigestMemoTest, RemembersWithinARun) {
  DigestMemo memo(path_);
  EXPECT_EQ(ask(memo, 0, 10), 10U);
  EXPECT_EQ(ask(memo, 0, 10), 0U);
}

TEST_F(DigestMemoTest, WritesNothingWhenThereIsNothingNew) {
  run(0, 100);
  const std::string bytes = read_file(path_).value();
  const FileStat stat = stat_file(path_);
  run(0, 100);
  run(50, 60);
  EXPECT_EQ(read_file(path_).value(), bytes);
  EXPECT_EQ(stat_file(path_), stat);
}

TEST_F(DigestMemoTest, EveryPartOfTheIdentityCounts) {
  run(7, 8);
  DigestMemo memo(path_);
  const auto known = [&](void (*change)(FileIdentity&)) {
    FileIdentity identity = identity_of(7);
    change(identity);
    DigestMemo::Cursor cursor;
    return memo.find(path_of(7), identity, cursor).has_value();
  };
  EXPECT_TRUE(known([](FileIdentity&) {}));
  EXPECT_FALSE(known([](FileIdentity& identity) { ++identity.size; }));
  EXPECT_FALSE(known([](FileIdentity& identity) { ++identity.mtime_ns; }));
  EXPECT_FALSE(known([](FileIdentity& identity) { ++identity.ctime_ns; }));
  EXPECT_FALSE(known([](FileIdentity& identity) { ++identity.inode; }));
  EXPECT_FALSE(known([](FileIdentity& identity) { ++identity.device; }));
}

TEST_F(DigestMemoTest, DoesNotTrustWhatChangedWhenItWasHashed) {
  DigestMemo memo(path_);
  FileIdentity identity = identity_of(1);
  identity.ctime_ns = 100 * kSecond;
  DigestMemo::Cursor cursor;
  memo.remember("early", identity, sha256("x"), 102 * kSecond - 1);
  EXPECT_FALSE(memo.find("early", identity, cursor));
  memo.remember("before", identity, sha256("x"), 99 * kSecond);
  EXPECT_FALSE(memo.find("before", identity, cursor));
  EXPECT_TRUE(memo.save());
  EXPECT_EQ(stat_file(path_).kind, FileKind::kAbsent);
  memo.remember("late", identity, sha256("x"), 103 * kSecond);  // the file system's clock ticks in between
  EXPECT_TRUE(memo.find("late", identity, cursor));
}

TEST_F(DigestMemoTest, FindsPathsInAnyOrder) {
  run(0, 500);
  DigestMemo memo(path_);
  DigestMemo::Cursor cursor;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const std::uint64_t number = i * 211 % 500;
    EXPECT_EQ(memo.find(path_of(number), identity_of(number), cursor), sha256(std::to_string(number)));
  }
  EXPECT_FALSE(memo.find("src/other", identity_of(1), cursor));
}

TEST_F(DigestMemoTest, AppendsAFewChangesAndWritesManyAnew) {
  run(0, 1000);
  const std::uint64_t full = size();
  EXPECT_EQ(run(10, 12, 5000), 2U);
  const std::uint64_t appended = size();
  EXPECT_GT(appended, full);
  EXPECT_LT(appended, full + 400);
  // Both that which changed and that which did not is known.
  EXPECT_EQ(run(10, 12, 5000), 0U);
  EXPECT_EQ(run(12, 1000), 0U);
  // Changed once more: the last entry counts.
  EXPECT_EQ(run(10, 12, 6000), 2U);
  EXPECT_EQ(run(10, 12, 6000), 0U);
  EXPECT_EQ(run(0, 1000, 7000), 1000U);
  EXPECT_EQ(size(), full);
  EXPECT_EQ(run(0, 1000, 7000), 0U);
}

TEST_F(DigestMemoTest, KeepsTheOrderOfLookupsWhenWrittenAnew) {
  run(0, 100);
  run(200, 300);
  // Now between the two.
  run(0, 300);
  run(100, 200, 1000);
  EXPECT_EQ(run(0, 100), 0U);
  EXPECT_EQ(run(100, 200, 1000), 0U);
  EXPECT_EQ(run(200, 300), 0U);
}

TEST_F(DigestMemoTest, SavesTwiceInOneRun) {
  DigestMemo memo(path_);
  ask(memo, 0, 100);
  ASSERT_TRUE(memo.save());
  const std::uint64_t first = size();
  ASSERT_TRUE(memo.save());
  EXPECT_EQ(size(), first);
  ask(memo, 100, 110);
  ASSERT_TRUE(memo.save());
  EXPECT_EQ(run(0, 110), 0U);
  ask(memo, 0, 110, 500);
  ASSERT_TRUE(memo.save());
  EXPECT_EQ(run(0, 110, 500), 0U);
}

TEST_F(DigestMemoTest, DropsWhatNobodyAskedForInALongTime) {
  run(0, 100);
  run(1000, 1400);
  // Asked for by the run that writes the file anew: as good as new.
  {
    DigestMemo memo(path_);
    EXPECT_EQ(ask(memo, 0, 50), 0U);
    EXPECT_EQ(ask(memo, 1000, 1400, 10'000), 400U);
    ASSERT_TRUE(memo.save());
  }
  const std::uint64_t all = size();
  run(1000, 1400, 20'000);
  EXPECT_EQ(size(), all);
  run(1000, 1400, 30'000);
  EXPECT_LT(size(), all);
  {
    DigestMemo memo(path_);
    EXPECT_EQ(ask(memo, 0, 50), 0U);
    EXPECT_EQ(ask(memo, 50, 100), 50U);
  }
  run(1000, 1400, 40'000);
  run(1000, 1400, 50'000);
  EXPECT_EQ(run(0, 50), 50U);
  EXPECT_EQ(run(1000, 1400, 50'000), 0U);
}

TEST_F(DigestMemoTest, TakesPathsOfAnyBytes) {
  const std::string paths[] = {"",         std::string(5000, 'x'), "a\nb",
                               "\xff\x01", std::string("a\0b", 3), "/usr/bin/env"};
  {
    DigestMemo memo(path_);
    for (const std::string& path : paths) memo.remember(path, identity_of(path.size()), sha256(path), kLater);
    ASSERT_TRUE(memo.save());
  }
  const DigestMemo memo(path_);
  DigestMemo::Cursor cursor;
  for (const std::string& path : paths)
    EXPECT_EQ(memo.find(path, identity_of(path.size()), cursor), sha256(path));
}

TEST_F(DigestMemoTest, WithAFlippedBitForgetsOrKnowsRight) {
  run(0, 8);
  run(3, 5, 100);
  const std::string whole = read_file(path_).value();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    ASSERT_TRUE(write_file(path_, flipped));
    DigestMemo memo(path_);
    ask(memo, 0, 8);
    ask(memo, 3, 5, 100);
    if (i % 64 == 0) {
      ASSERT_TRUE(memo.save());
      DigestMemo again(path_);
      EXPECT_EQ(ask(again, 5, 8), 0U);
      EXPECT_EQ(ask(again, 3, 5, 100), 0U);
    }
  }
}

TEST_F(DigestMemoTest, CutAnywhereForgetsOrKnowsRight) {
  run(0, 8);
  run(3, 5, 100);
  const std::string whole = read_file(path_).value();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_TRUE(write_file(path_, std::string_view(whole).substr(0, length)));
    DigestMemo memo(path_);
    ask(memo, 0, 8);
    EXPECT_EQ(ask(memo, 3, 5, 100), 2U);
  }
}

TEST_F(DigestMemoTest, SaysWhyItCannotBeSaved) {
  DigestMemo memo(folder_ / "missing/memo");
  ask(memo, 0, 1);
  const auto saved = memo.save();
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().message, "cannot touch `" + (folder_ / "missing") + "`: No such file or directory");
}

TEST_F(DigestMemoTest, IsAskedByThreadsWithCursorsOfTheirOwn) {
  run(0, 1000);
  DigestMemo memo(path_);
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&memo, thread] {
      EXPECT_EQ(ask(memo, thread * 250, thread * 250 + 250), 0U);
      EXPECT_EQ(ask(memo, 2000 + thread * 100, 2100 + thread * 100), 100U);
      EXPECT_EQ(ask(memo, 0, 1000), 0U);
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(memo.save());
  EXPECT_EQ(run(0, 1000), 0U);
  EXPECT_EQ(run(2000, 2400), 0U);
}

}  // namespace
}  // namespace devtask
