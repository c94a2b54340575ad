// Garbage collection, verification and emptying of the local cache.
#include <limits>
#include <thread>

#include "os/stream.h"
#include "store/database.h"
#include "store/result_index.h"
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
    ASSERT_TRUE(keep(*store, name, noise(10'000, static_cast<std::uint64_t>(name[0]))));
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
  ASSERT_TRUE(keep(*store, "a", "content"));
  pass(hours(5));
  EXPECT_TRUE(has(*store, "a"));
  EXPECT_EQ(store->gc(kNothing)->results_removed, 0U);
  EXPECT_EQ(store->get_bytes(sha256("content")).value(), "content");
}

TEST_F(LocalStoreUpkeep, AClockThatWentWrongKeepsNothingForEver) {
  const auto store = open();
  pass(hours(24 * 365 * 10));
  ASSERT_TRUE(keep(*store, "a", "content"));
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

TEST_F(LocalStoreUpkeep, AnyNumberMaySayWhenItWasLast) {
  const auto store = open({20'000, hours(24 * 365)});
  ASSERT_TRUE(save(*store, "a", "content"));
  ASSERT_TRUE(store->flush());
  for (const std::int64_t number :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    ASSERT_TRUE(store->put_bytes("nobody's"));
    ASSERT_TRUE(store->flush());
    pass(hours(2));
    ResultIndex index(cache_ + "/v1", false);
    ASSERT_TRUE(index.change([&](ResultIndex::Writer& writer) -> Result<void> {
      writer.set_number("collected-at", number);
      return {};
    }));
    EXPECT_EQ(store->gc_if_due()->blobs_removed, 1U);
  }
}

TEST_F(LocalStoreUpkeep, RemovesFilesOfDeadWriters) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", "content"));
  const std::string left = cache_ + "/v1/tmp/.devtask-1-1~";
  ASSERT_TRUE(make_folders(cache_ + "/v1/tmp"));
  ASSERT_TRUE(write_file(left, "half"));
  pass(hours(23));
  ASSERT_TRUE(store->gc(kEverything));
  EXPECT_EQ(stat_file(left).kind, FileKind::kRegular);
  pass(hours(2));
  ASSERT_TRUE(store->gc(kEverything));
  EXPECT_EQ(stat_file(left).kind, FileKind::kAbsent);
}

TEST_F(LocalStoreUpkeep, GcTreatsFilesAsRows) {
  const auto store = open();
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(save(*store, name, large(static_cast<std::uint64_t>(name[0]))));
    pass(minutes(20));
  }
  ASSERT_TRUE(store->put_bytes("nobody's"));
  pass(hours(2));
  const auto report = store->gc({140'000, hours(24)});
  EXPECT_EQ(report->results_removed, 1U);
  EXPECT_EQ(report->blobs_removed, 2U);
  EXPECT_EQ(report->bytes_freed, 70'008U);
  EXPECT_FALSE(has(*store, "a"));
  EXPECT_TRUE(has(*store, "b"));
  EXPECT_EQ(store->stats()->stored_bytes, 140'000U);
}

TEST_F(LocalStoreUpkeep, GcGivesTheRoomOfRowsBack) {
  const auto store = open();
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(keep(*store, std::to_string(i), noise(30'000, static_cast<std::uint64_t>(i))));
  EXPECT_GT(stat_file(index_path()).size, 1'200'000U);
  pass(hours(2));
  EXPECT_EQ(store->gc(kNothing)->blobs_removed, 40U);
  EXPECT_LT(stat_file(index_path()).size, 65'536U);
  EXPECT_EQ(store->verify()->problems, Strings{});
}

TEST_F(LocalStoreUpkeep, VerifyFindsAndRemovesWhatIsBroken) {
  const auto store = open();
  // Their blobs are files.
  const Strings names = {"good", "flipped", "cut", "gone"};
  for (std::size_t i = 0; i < names.size(); ++i) ASSERT_TRUE(save(*store, names[i], large(i)));
  const std::string text = large() + std::string(60'000, 'x');
  ASSERT_TRUE(save(*store, "compressed", text));
  // Their blobs are rows.
  ASSERT_TRUE(save(*store, "good row", "content"));
  ASSERT_TRUE(save(*store, "flipped row", "content of flipped"));
  ASSERT_TRUE(save(*store, "gone row", "content of gone"));
  EXPECT_EQ(store->verify()->problems, Strings{});

  const Digest flipped = sha256(large(1));
  const Digest cut = sha256(large(2));
  const Digest gone = sha256(large(3));
  const Digest wrong_name = sha256("something else");
  const Digest flipped_row = sha256("content of flipped"), gone_row = sha256("content of gone");
  overwrite(blob_path(flipped), large(9));
  overwrite(blob_path(cut), "content");
  std::string frame = read_file(blob_path(sha256(text), ".zst")).value();
  frame.pop_back();
  overwrite(blob_path(sha256(text), ".zst"), frame);
  ASSERT_TRUE(remove_file(blob_path(gone)));
  ASSERT_TRUE(make_folders(std::string(parent_folder(blob_path(wrong_name)))));
  ASSERT_TRUE(write_file(blob_path(wrong_name), "content of good"));
  const std::string strange = cache_ + "/v1/blobs/readme";
  ASSERT_TRUE(write_file(strange, "not ours"));
  overwrite_row(flipped_row, "content of flippee");
  remove_row(gone_row);

  const auto report = store->verify();
  EXPECT_EQ(report->blobs_checked, 7U);
  EXPECT_EQ(report->results_checked, 8U);
  Strings expected = {
      "blob " + flipped.hex() + " is broken: its content is not what its name says",
      "blob " + cut.hex() + " is broken: its content is not what its name says",
      "blob " + wrong_name.hex() + " is broken: its content is not what its name says",
      "blob " + sha256(text).hex() + " is broken: it is cut short",
      "blob " + flipped_row.hex() + " is broken: its content is not what its name says",
      "result " + key("flipped").hex() + " names blob " + flipped.hex() + ", which is not there",
      "result " + key("cut").hex() + " names blob " + cut.hex() + ", which is not there",
      "result " + key("gone").hex() + " names blob " + gone.hex() + ", which is not there",
      "result " + key("compressed").hex() + " names blob " + sha256(text).hex() + ", which is not there",
      "result " + key("flipped row").hex() + " names blob " + flipped_row.hex() + ", which is not there",
      "result " + key("gone row").hex() + " names blob " + gone_row.hex() + ", which is not there",
  };
  Strings problems = report->problems;
  std::sort(problems.begin(), problems.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(problems, expected);

  EXPECT_EQ(store->verify()->problems, Strings{});
  EXPECT_TRUE(has(*store, "good"));
  EXPECT_TRUE(has(*store, "good row"));
  EXPECT_EQ(store->stats()->results, 2U);
  EXPECT_EQ(store->stats()->blobs, 2U);
  EXPECT_EQ(stat_file(strange).kind, FileKind::kRegular);
}

TEST_F(LocalStoreUpkeep, VerifyBeginsANewIndexAfterABrokenOne) {
  ASSERT_TRUE(keep(*open(), "a", "content"));
  ASSERT_TRUE(write_file(index_path(), "no database"));
  EXPECT_EQ(open()->verify()->problems, Strings{"the index is broken, a new one is begun"});
  EXPECT_EQ(open()->verify()->problems, Strings{});
  EXPECT_EQ(stat_file(index_path()).kind, FileKind::kAbsent);
  EXPECT_EQ(stat_file(index_path(2)).kind, FileKind::kRegular);
}

TEST_F(LocalStoreUpkeep, WhatIsInThePlaceOfABlobGoes) {
  const std::string path = blob_path(sha256(large()));
  for (const bool verify_first : {false, true}) {
    const auto store = open();
    ASSERT_TRUE(make_folders(path + "/below"));
    if (verify_first) {
      EXPECT_EQ(store->verify()->problems, Strings{"`" + path + "` is in the place of a blob"});
      EXPECT_EQ(stat_file(path).kind, FileKind::kAbsent);
    }
    ASSERT_TRUE(keep(*store, "a", large()));
    EXPECT_TRUE(has(*store, "a"));
    EXPECT_EQ(store->verify()->problems, Strings{});
    ASSERT_TRUE(store->clean());
  }
}

TEST_F(LocalStoreUpkeep, AFileOfATimeToComeIsUsedNow) {
  const auto store = open();
  ASSERT_TRUE(store->put_bytes(large()));
  const std::string path = blob_path(sha256(large()));
  ASSERT_TRUE(set_modified(path, stat_file(path).mtime_ns + 1'000'000'000'000'000'000));
  EXPECT_EQ(store->gc(kNothing)->blobs_removed, 0U);
  pass(hours(2));
  EXPECT_EQ(store->gc(kNothing)->blobs_removed, 1U);
}

TEST_F(LocalStoreUpkeep, CleanEmptiesIt) {
  const auto other = open();
  ASSERT_TRUE(keep(*other, "b", "more"));
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", large()));
  ASSERT_TRUE(save(*store, "c", noise(50'000)));
  ASSERT_TRUE(store->clean());
  EXPECT_EQ(store->stats()->blobs, 0U);
  EXPECT_EQ(store->stats()->results, 0U);
  EXPECT_LT(stat_file(index_path()).size, 40'960U);
  // Whoever has it open goes on.
  EXPECT_FALSE(has(*other, "b"));
  ASSERT_TRUE(keep(*other, "b", "more"));
  EXPECT_TRUE(has(*store, "b"));
}

// Every other blob is a row, the rest are files.
std::string content_of(int i) {
  std::string bytes(i % 2 == 0 ? 20'000 : 70'000, '\0');
  std::uint64_t state = static_cast<std::uint64_t>(i) + 1;
  for (char& byte : bytes) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

// A result may be taken away between being found and being noted as used; then a blob of it is missing.
TEST_F(LocalStoreUpkeep, GcLeavesNothingHalfToThoseWhoRestore) {
  const auto store = open();
  const auto collector = open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(save(*store, std::to_string(i), content_of(i)));
  ASSERT_TRUE(store->flush());
  pass(hours(3));
  std::atomic<bool> restored{false};
  std::thread gc([&] {
    while (!restored) ASSERT_TRUE(collector->gc(kNothing));
  });
  std::uint64_t hits = 0;
  for (int i = 49; i >= 0; --i) {
    const auto found = store->find(key(std::to_string(i)));
    ASSERT_TRUE(found);
    if (!*found) continue;
    const OutputEntry& entry = (*found)->outputs[0];
    if (!store->get_file(entry.digest, target_, entry.mode)) continue;
    ++hits;
    EXPECT_TRUE(read_file(target_) == content_of(i));
  }
  restored = true;
  gc.join();
  EXPECT_EQ(store->verify()->problems, Strings{});
  EXPECT_LE(store->stats()->results, hits);
}

TEST_F(LocalStoreUpkeep, GcTakesNothingAwayFromThoseWhoStore) {
  const auto store = open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(store->put_bytes(content_of(i)));
  ASSERT_TRUE(store->flush());
  pass(hours(3));
  std::atomic<bool> stored{false};
  std::thread gc([&] {
    const auto collector = open();
    while (!stored) ASSERT_TRUE(collector->gc(kNothing));
  });
  for (int i = 49; i >= 0; --i) {
    // A file may go just when it is put again; then the result is refused, never stored without it.
    const bool saved = save(*store, std::to_string(i), content_of(i)).has_value();
    if (i % 3 == 0) (void)store->flush();
    if (i % 2 != 0) continue;
    EXPECT_TRUE(saved);
    EXPECT_TRUE(has(*store, std::to_string(i)));
    EXPECT_TRUE(store->get_bytes(sha256(content_of(i))) == content_of(i));
  }
  (void)store->flush();
  stored = true;
  gc.join();
  EXPECT_EQ(store->verify()->problems, Strings{});
}

TEST_F(LocalStoreUpkeep, AResultIsSafeOnceOneOfItsBlobsWasHandedOut) {
  const auto store = open();
  ASSERT_TRUE(keep(*store, "a", "content"));
  pass(hours(3));
  ASSERT_TRUE(has(*store, "a"));
  ASSERT_TRUE(store->get_file(sha256("content"), target_, 0644));
  EXPECT_EQ(open()->gc(kNothing)->results_removed, 0U);
}

TEST_F(LocalStoreUpkeep, WhatIsPendingIsSafeFromOtherProcesses) {
  const auto store = open();
  ASSERT_TRUE(keep(*store, "a", large()));
  pass(hours(3));
  ASSERT_TRUE(save(*store, "b", large()));  // an old blob, put again
  ASSERT_TRUE(save(*store, "c", "content"));
  EXPECT_EQ(open()->gc(kNothing)->blobs_removed, 0U);
  EXPECT_TRUE(store->flush());
  EXPECT_TRUE(has(*open(), "b"));
  EXPECT_TRUE(has(*open(), "c"));
}

TEST_F(LocalStoreUpkeep, AResultWhoseBlobIsGoneWhenItIsWrittenIsLeftOut) {
  const auto store = open();
  // Nothing is written before the blob is gone: the index is held.
  ASSERT_TRUE(keep(*store, "old", "content"));
  auto database = Database::open(index_path(), Database::Mode::kWrite);
  ASSERT_TRUE(database->run("BEGIN IMMEDIATE"));
  ASSERT_TRUE(save(*store, "a", large()));
  ASSERT_TRUE(save(*store, "b", "other"));
  EXPECT_TRUE(has(*store, "a")) << "pending";
  ASSERT_TRUE(remove_file(blob_path(sha256(large()))));
  ASSERT_TRUE(database->run("COMMIT"));
  const auto written = store->flush();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message,
            "a result is not stored, because its blob " + sha256(large()).hex() + " is not in the cache");
  EXPECT_FALSE(has(*store, "a"));
  EXPECT_TRUE(has(*store, "b"));
  EXPECT_EQ(store->stats()->results, 2U);
  EXPECT_EQ(store->verify()->problems, Strings{});
}

}  // namespace
}  // namespace devtask
