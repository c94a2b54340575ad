// Garbage collection, verification and emptying of the local cache.
#include <thread>

#include "store/database.h"
#include "unit/store/local_store_fixture.h"

namespace devtask {
namespace {

using LocalStoreUpkeep = LocalStoreFixture;
using Strings = std::vector<std::string>;

constexpr CacheLimits kNothing{0, std::chrono::hours(24 * 365)};
constexpr CacheLimits kEverything{1ULL << 40, std::chrono::hours(24 * 365)};

TEST_F(LocalStoreUpkeep, SparesWhatWasUsedWithinTheHour) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", "content"));
  ASSERT_TRUE(store->put_bytes("not yet named"));
  pass(minutes(59));
  const auto report = store->gc(kNothing);
  EXPECT_EQ(report->results_removed, 0U);
  EXPECT_EQ(report->blobs_removed, 0U);
  EXPECT_TRUE(has(*store, "a"));
  EXPECT_TRUE(store->contains(sha256("not yet named")));
}

TEST_F(LocalStoreUpkeep, RemovesTheLeastRecentlyUsedFirst) {
  const auto store = open();
  for (const char* name : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(save(*store, name, noise(10'000, static_cast<std::uint64_t>(name[0]))));
    pass(minutes(20));
  }
  EXPECT_TRUE(has(*store, "a"));
  pass(hours(2));
  const auto report = store->gc({20'000, hours(24)});
  EXPECT_EQ(report->results_removed, 2U);
  EXPECT_EQ(report->blobs_removed, 2U);
  EXPECT_EQ(report->bytes_freed, 20'000U);
  EXPECT_TRUE(has(*store, "a"));
  EXPECT_FALSE(has(*store, "b"));
  EXPECT_FALSE(has(*store, "c"));
  EXPECT_TRUE(has(*store, "d"));
  EXPECT_EQ(store->stats()->stored_bytes, 20'000U);
}

TEST_F(LocalStoreUpkeep, RemovesWhatIsTooOldThoughThereIsRoom) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "old", "1"));
  pass(hours(30));
  ASSERT_TRUE(save(*store, "new", "2"));
  const auto report = store->gc({1ULL << 30, hours(24)});
  EXPECT_EQ(report->results_removed, 1U);
  EXPECT_FALSE(has(*store, "old"));
  EXPECT_TRUE(has(*store, "new"));
}

TEST_F(LocalStoreUpkeep, KeepsBlobsThatAnotherResultNames) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "old", "shared"));
  pass(hours(30));
  ASSERT_TRUE(save(*store, "new", "shared"));
  pass(hours(2));
  EXPECT_EQ(store->gc({1ULL << 30, hours(24)})->results_removed, 1U);
  EXPECT_TRUE(store->contains(sha256("shared")));
  EXPECT_TRUE(has(*store, "new"));
}

TEST_F(LocalStoreUpkeep, KeepsTheTextBehindAKey) {
  const auto store = open();
  ASSERT_TRUE(store->put_bytes("key of a"));  // its digest is the key
  ASSERT_TRUE(save(*store, "a", "content"));
  pass(hours(2));
  EXPECT_EQ(store->gc(kEverything)->blobs_removed, 0U);
  EXPECT_EQ(store->get_bytes(key("a")).value(), "key of a");
}

TEST_F(LocalStoreUpkeep, RemovesBlobsThatNobodyNames) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", "first"));
  ASSERT_TRUE(save(*store, "a", "second"));
  pass(hours(2));
  const auto report = store->gc(kEverything);
  EXPECT_EQ(report->results_removed, 0U);
  EXPECT_EQ(report->blobs_removed, 1U);
  EXPECT_EQ(report->bytes_freed, 5U);
  EXPECT_FALSE(store->contains(sha256("first")));
  EXPECT_TRUE(has(*store, "a"));
}

TEST_F(LocalStoreUpkeep, PuttingAnOldBlobAgainSavesIt) {
  const auto store = open();
  ASSERT_TRUE(store->put_bytes("content"));
  pass(hours(5));
  ASSERT_TRUE(store->put_bytes("content"));
  pass(minutes(30));
  EXPECT_EQ(store->gc(kNothing)->blobs_removed, 0U);
  pass(hours(2));
  EXPECT_EQ(store->gc(kNothing)->blobs_removed, 1U);
}

TEST_F(LocalStoreUpkeep, AnOldResultThatIsFoundIsSaved) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", "content"));
  pass(hours(5));
  EXPECT_TRUE(has(*store, "a"));
  EXPECT_EQ(store->gc(kNothing)->results_removed, 0U);
  EXPECT_EQ(store->get_bytes(sha256("content")).value(), "content");
}

TEST_F(LocalStoreUpkeep, AClockThatWentWrongKeepsNothingForEver) {
  const auto store = open();
  pass(hours(24 * 365 * 10));
  ASSERT_TRUE(save(*store, "a", "content"));
  pass(-hours(24 * 365 * 10));
  EXPECT_TRUE(has(*store, "a"));
  pass(hours(2));
  EXPECT_EQ(store->gc(kNothing)->results_removed, 1U);
}

TEST_F(LocalStoreUpkeep, IsDueWhenTheCacheIsFullOrADayHasPassed) {
  const auto store = open({20'000, hours(24 * 365)});
  for (const char* name : {"a", "b"})
    ASSERT_TRUE(save(*store, name, noise(10'000, static_cast<std::uint64_t>(name[0]))));
  pass(hours(2));
  EXPECT_EQ(store->gc_if_due()->results_removed, 0U);
  ASSERT_TRUE(save(*store, "c", noise(5'000, 7)));
  // Down to nine tenths of the limit.
  EXPECT_EQ(store->gc_if_due()->results_removed, 1U);
  EXPECT_EQ(store->gc_if_due()->results_removed, 0U);

  ASSERT_TRUE(store->put_bytes("nobody's"));
  pass(hours(23));
  EXPECT_EQ(store->gc_if_due()->blobs_removed, 0U);
  pass(hours(2));
  EXPECT_EQ(store->gc_if_due()->blobs_removed, 1U);
}

TEST_F(LocalStoreUpkeep, RemovesFilesOfDeadWriters) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", "content"));
  const std::string left = cache_ + "/v1/tmp/.devtask-1-1~";
  ASSERT_TRUE(write_file(left, "half"));
  pass(hours(23));
  ASSERT_TRUE(store->gc(kEverything));
  EXPECT_EQ(stat_file(left).kind, FileKind::kRegular);
  pass(hours(2));
  ASSERT_TRUE(store->gc(kEverything));
  EXPECT_EQ(stat_file(left).kind, FileKind::kAbsent);
}

TEST_F(LocalStoreUpkeep, VerifyFindsAndRemovesWhatIsBroken) {
  const auto store = open();
  for (const char* name : {"good", "flipped", "cut", "gone"}) {
    ASSERT_TRUE(save(*store, name, std::string("content of ") + name));
  }
  const std::string text(10'000, 'x');
  ASSERT_TRUE(save(*store, "compressed", text));
  EXPECT_EQ(store->verify()->problems, Strings{});

  const Digest flipped = sha256("content of flipped");
  const Digest cut = sha256("content of cut");
  const Digest gone = sha256("content of gone");
  const Digest wrong_name = sha256("something else");
  overwrite(blob_path(flipped), "content of flippee");
  overwrite(blob_path(cut), "content");
  std::string frame = read_file(blob_path(sha256(text), ".zst")).value();
  frame.pop_back();
  overwrite(blob_path(sha256(text), ".zst"), frame);
  ASSERT_TRUE(remove_file(blob_path(gone)));
  ASSERT_TRUE(make_folders(std::string(parent_folder(blob_path(wrong_name)))));
  ASSERT_TRUE(write_file(blob_path(wrong_name), "content of good"));
  const std::string strange = cache_ + "/v1/blobs/readme";
  ASSERT_TRUE(write_file(strange, "not ours"));

  const auto report = store->verify();
  EXPECT_EQ(report->blobs_checked, 5U);
  EXPECT_EQ(report->results_checked, 5U);
  Strings expected = {
      "blob " + flipped.hex() + " is broken: its content is not what its name says",
      "blob " + cut.hex() + " is broken: its content is not what its name says",
      "blob " + wrong_name.hex() + " is broken: its content is not what its name says",
      "blob " + sha256(text).hex() + " is broken: it is cut short",
      "result " + key("flipped").hex() + " names blob " + flipped.hex() + ", which is not there",
      "result " + key("cut").hex() + " names blob " + cut.hex() + ", which is not there",
      "result " + key("gone").hex() + " names blob " + gone.hex() + ", which is not there",
      "result " + key("compressed").hex() + " names blob " + sha256(text).hex() + ", which is not there",
  };
  Strings problems = report->problems;
  std::sort(problems.begin(), problems.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(problems, expected);

  EXPECT_EQ(store->verify()->problems, Strings{});
  EXPECT_TRUE(has(*store, "good"));
  EXPECT_EQ(store->stats()->results, 1U);
  EXPECT_EQ(store->stats()->blobs, 1U);
  EXPECT_EQ(stat_file(strange).kind, FileKind::kRegular);
}

TEST_F(LocalStoreUpkeep, CleanEmptiesIt) {
  const auto other = open();
  ASSERT_TRUE(save(*other, "b", "more"));
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", std::string(100'000, 'x')));
  ASSERT_TRUE(store->clean());
  EXPECT_EQ(store->stats()->blobs, 0U);
  EXPECT_EQ(store->stats()->results, 0U);
  EXPECT_LT(stat_file(index_path()).size, 32'768U);
  // Whoever has it open goes on.
  EXPECT_FALSE(has(*other, "b"));
  ASSERT_TRUE(save(*other, "b", "more"));
  EXPECT_TRUE(has(*store, "b"));
}

TEST_F(LocalStoreUpkeep, GcTakesNothingAwayFromThoseWhoRestore) {
  const auto store = open();
  const auto collector = open();
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(save(*store, std::to_string(i), noise(20'000, static_cast<std::uint64_t>(i))));
  pass(hours(3));
  std::atomic<bool> restored{false};
  std::thread gc([&] {
    while (!restored) ASSERT_TRUE(collector->gc(kNothing));
  });
  int hits = 0;
  for (int i = 49; i >= 0; --i) {
    const auto found = store->find(key(std::to_string(i)));
    ASSERT_TRUE(found);
    if (!*found) continue;
    ++hits;
    const OutputEntry& entry = (*found)->outputs[0];
    EXPECT_TRUE(store->get_file(entry.digest, target_, entry.mode));
    EXPECT_TRUE(read_file(target_) == noise(20'000, static_cast<std::uint64_t>(i)));
  }
  restored = true;
  gc.join();
  EXPECT_EQ(store->verify()->problems, Strings{});
  EXPECT_EQ(store->stats()->results, static_cast<std::uint64_t>(hits));
}

TEST_F(LocalStoreUpkeep, GcTakesNothingAwayFromThoseWhoStore) {
  const auto store = open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(store->put_bytes(noise(20'000, static_cast<std::uint64_t>(i))));
  pass(hours(3));
  std::atomic<bool> stored{false};
  std::thread gc([&] {
    const auto collector = open();
    while (!stored) ASSERT_TRUE(collector->gc(kNothing));
  });
  for (int i = 49; i >= 0; --i) {
    const std::string bytes = noise(20'000, static_cast<std::uint64_t>(i));
    // The blob may go between put and store; then the result is refused, never stored without it.
    if (save(*store, std::to_string(i), bytes)) {
      EXPECT_TRUE(has(*store, std::to_string(i)));
      EXPECT_TRUE(store->get_bytes(sha256(bytes)) == bytes);
    }
  }
  stored = true;
  gc.join();
  EXPECT_EQ(store->verify()->problems, Strings{});
}

}  // namespace
}  // namespace devtask
