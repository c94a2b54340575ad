#include "store/local_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "store/database.h"
#include "unit/store/local_store_fixture.h"

namespace devtask {
namespace {

using LocalStoreTest = LocalStoreFixture;

TEST_F(LocalStoreTest, CreatesNothingBeforeTheFirstWrite) {
  const auto store = open();
  EXPECT_FALSE(has(*store, "a"));
  EXPECT_FALSE(store->contains(sha256("x")));
  EXPECT_FALSE(store->get_bytes(sha256("x")));
  EXPECT_EQ(store->stats()->blobs, 0U);
  EXPECT_EQ(store->gc({})->blobs_removed, 0U);
  EXPECT_EQ(store->gc_if_due()->blobs_removed, 0U);
  EXPECT_EQ(store->verify()->problems, std::vector<std::string>{});
  EXPECT_TRUE(store->clean());
  EXPECT_EQ(stat_file(cache_).kind, FileKind::kAbsent);
}

TEST_F(LocalStoreTest, IsThereForTheNextProcess) {
  ASSERT_TRUE(save(*open(), "a", "content"));
  const auto store = open();
  EXPECT_TRUE(has(*store, "a"));
  EXPECT_EQ(store->get_bytes(sha256("content")).value(), "content");
  EXPECT_EQ(stat_file(cache_).mode, 0700U);
  ASSERT_TRUE(save(*open(), "b", large()));
  EXPECT_TRUE(has(*store, "b"));
  EXPECT_EQ(stat_file(blob_path(sha256(large()))).mode, 0444U);
  EXPECT_EQ(read_file(cache_ + "/CACHEDIR.TAG")->substr(0, 43),
            "Signature: 8a477f597d28d172789f06886806bc55");
}

TEST_F(LocalStoreTest, CompressesWhatGetsAFifthSmaller) {
  const auto store = open();
  const std::string text = noise(500) + std::string(8000, 'x');
  const std::string large_text = large() + std::string(50'000, 'x');
  const std::string small(4095, 'x');
  for (const std::string& bytes : {text, large_text, noise(8000), large(), small}) {
    ASSERT_TRUE(store->put_bytes(bytes));
  }
  const auto stats = store->stats();
  EXPECT_LT(row(sha256(text)).size(), 1000U);
  EXPECT_EQ(row(sha256(noise(8000))).size(), 8000U);
  EXPECT_EQ(row(sha256(small)).size(), 4095U);
  EXPECT_EQ(stat_file(blob_path(sha256(large_text), ".zst")).kind, FileKind::kRegular);
  EXPECT_EQ(stat_file(blob_path(sha256(large()))).size, 70'000U);
  EXPECT_EQ(stats->blobs, 5U);
  EXPECT_EQ(stats->content_bytes, 8500U + 120'000 + 8000 + 70'000 + 4095);
  EXPECT_LT(stats->stored_bytes, 1000U + 71'000 + 8000 + 70'000 + 4095);
}

TEST_F(LocalStoreTest, LeavesNoTemporaryFiles) {
  const auto store = open();
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(save(*store, "a", "small"));
    ASSERT_TRUE(write_file(folder_ / "large", noise(1'000'000)));
    ASSERT_TRUE(store->put_file(folder_ / "large"));
  }
  EXPECT_EQ(list_folder(cache_ + "/v1/tmp")->size(), 0U);
}

TEST_F(LocalStoreTest, ReadOnlyLeavesEveryByteAsItWas) {
  {
    const auto store = open();
    ASSERT_TRUE(save(*store, "a", "content"));
    ASSERT_TRUE(save(*store, "broken", large()));
    ASSERT_TRUE(keep(*store, "broken row", "other"));
    overwrite(blob_path(sha256(large())), "flipped");
    overwrite_row(sha256("other"), "flipped");
  }
  pass(hours(48));
  const auto before = snapshot();
  {
    const auto store = open({}, true);
    EXPECT_TRUE(has(*store, "a"));
    EXPECT_EQ(store->get_bytes(sha256("content")).value(), "content");
    EXPECT_TRUE(store->get_file(sha256("content"), target_, 0644));
    EXPECT_FALSE(store->get_bytes(sha256("other")));
    EXPECT_FALSE(store->get_bytes(sha256(large())));
    EXPECT_EQ(store->stats()->results, 3U);
    EXPECT_FALSE(store->verify());
    EXPECT_FALSE(store->put_bytes("new"));
    EXPECT_FALSE(save(*store, "b", "content"));
    EXPECT_FALSE(store->store(key("b"), {}));
    EXPECT_FALSE(store->gc({}));
    EXPECT_TRUE(store->gc_if_due());
    EXPECT_FALSE(store->clean());
  }
  EXPECT_EQ(snapshot(), before);
}

TEST_F(LocalStoreTest, AFindWithinTenMinutesWritesNothing) {
  ASSERT_TRUE(save(*open(), "a", "content"));
  const auto before = snapshot();
  {
    const auto store = open();
    pass(minutes(9));
    EXPECT_TRUE(has(*store, "a"));
    EXPECT_FALSE(has(*store, "b"));
  }
  EXPECT_EQ(snapshot(), before);
}

TEST_F(LocalStoreTest, AFlippedBitAnywhereInABlobIsFoundAndMended) {
  const auto store = open();
  for (const std::string& bytes : {large(), large() + std::string(50'000, 'x')}) {
    // A result that is left out, as its blob is gone, must not uncover another one.
    const std::string name = std::to_string(bytes.size());
    ASSERT_TRUE(save(*store, name, bytes));
    const Digest digest = sha256(bytes);
    const std::string path = blob_path(digest, bytes.size() > 100'000 ? ".zst" : "");
    const std::string stored = read_file(path).value();
    // Everywhere in the head, and here and there behind it.
    for (std::size_t i = 0; i < stored.size(); i += i < 50 ? 1 : 1009) {
      std::string flipped = stored;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      overwrite(path, flipped);
      const auto got = store->get_file(digest, target_, 0644);
      if (got) {
        // Bits of a frame's head that do not matter.
        EXPECT_TRUE(read_file(target_).value() == bytes);
        ASSERT_TRUE(remove_file(target_));
        overwrite(path, stored);
        continue;
      }
      EXPECT_EQ(stat_file(target_).kind, FileKind::kAbsent);
      EXPECT_FALSE(has(*store, name)) << "a blob that turned out to be broken is a miss";
      ASSERT_TRUE(save(*store, name, bytes));
      EXPECT_TRUE(store->get_bytes(digest) == bytes);
    }
  }
}

TEST_F(LocalStoreTest, AFlippedBitAnywhereInARowIsFoundAndMended) {
  const auto store = open();
  for (const std::string& bytes : {noise(100), std::string(6000, 'x') + noise(20)}) {
    ASSERT_TRUE(keep(*store, "a", bytes));
    const Digest digest = sha256(bytes);
    const std::string stored = row(digest);
    ASSERT_FALSE(stored.empty());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      std::string flipped = stored;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      overwrite_row(digest, flipped);
      const auto got = store->get_file(digest, target_, 0644);
      if (got) {
        EXPECT_EQ(read_file(target_).value(), bytes);
        ASSERT_TRUE(remove_file(target_));
        overwrite_row(digest, stored);
        continue;
      }
      EXPECT_EQ(stat_file(target_).kind, FileKind::kAbsent);
      EXPECT_FALSE(has(*store, "a")) << "a row that turned out to be broken is a miss";
      ASSERT_TRUE(keep(*store, "a", bytes));
      EXPECT_EQ(row(digest), stored);
      EXPECT_TRUE(store->get_bytes(digest) == bytes);
    }
    // Cut, and longer than it says.
    for (const std::string& damaged : {std::string(), stored.substr(0, 10), stored + "more"}) {
      overwrite_row(digest, damaged);
      EXPECT_FALSE(store->get_bytes(digest));
      ASSERT_TRUE(keep(*store, "a", bytes));
    }
  }
}

TEST_F(LocalStoreTest, ABlobCutAnywhereIsMadeAnewWhenPut) {
  const auto store = open();
  for (const std::string& bytes :
       {large(), std::string(60'000, 'x') + large(), std::string(60'000, 'x') + noise(300'000)}) {
    ASSERT_TRUE(store->put_bytes(bytes));
    const Digest digest = sha256(bytes);
    const bool compressed = stat_file(blob_path(digest)).kind == FileKind::kAbsent;
    const std::string path = blob_path(digest, compressed ? ".zst" : "");
    const std::string stored = read_file(path).value();
    const std::size_t step = 1 + stored.size() / 50;
    for (std::size_t length = 0; length < stored.size(); length += step) {
      overwrite(path, stored.substr(0, length));
      EXPECT_FALSE(store->get_file(digest, target_, 0644));
      EXPECT_EQ(stat_file(target_).kind, FileKind::kAbsent);
      overwrite(path, stored.substr(0, length));
      ASSERT_TRUE(store->put_bytes(bytes));
      EXPECT_TRUE(store->get_bytes(digest) == bytes);
    }
  }
}

TEST_F(LocalStoreTest, SomethingBehindAFrameIsNotTaken) {
  const auto store = open();
  const std::string bytes = large() + std::string(60'000, 'x');
  ASSERT_TRUE(store->put_bytes(bytes));
  const std::string path = blob_path(sha256(bytes), ".zst");
  overwrite(path, read_file(path).value() + "more");
  EXPECT_FALSE(store->get_bytes(sha256(bytes)));
}

TEST_F(LocalStoreTest, AResultWhoseBlobIsGoneIsAMiss) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", large()));
  ASSERT_TRUE(remove_file(blob_path(sha256(large()))));
  EXPECT_FALSE(has(*store, "a"));
  ASSERT_TRUE(save(*store, "a", large()));
  EXPECT_TRUE(has(*store, "a"));
  ASSERT_TRUE(keep(*store, "b", "content"));
  remove_row(sha256("content"));
  EXPECT_FALSE(has(*store, "b"));
  EXPECT_FALSE(store->get_file(sha256("content"), target_, 0644));
  ASSERT_TRUE(save(*store, "b", "content"));
  EXPECT_TRUE(has(*store, "b"));
}

TEST_F(LocalStoreTest, ABlobFolderThatWasRemovedIsMadeAgain) {
  const auto store = open();
  ASSERT_TRUE(store->put_bytes(large()));
  ASSERT_TRUE(remove_tree(cache_ + "/v1/blobs"));
  ASSERT_TRUE(save(*store, "a", large()));
  EXPECT_TRUE(store->get_bytes(sha256(large())) == large());
  EXPECT_TRUE(has(*store, "a"));
}

TEST_F(LocalStoreTest, AChangedResultIsAMiss) {
  ASSERT_TRUE(save(*open(), "a", "content"));
  {
    auto database = Database::open(index_path(), Database::Mode::kWrite);
    ASSERT_TRUE(database);
    // What SQLite itself would not notice: the file would be restored to another place.
    ASSERT_TRUE(database->run("UPDATE results SET text = replace(text, ' out', ' owt')"));
    EXPECT_EQ(database->changed_rows(), 1);
  }
  const auto store = open();
  EXPECT_FALSE(has(*store, "a"));
  EXPECT_EQ(store->verify()->problems,
            std::vector<std::string>{"result " + key("a").hex() + " does not match its checksum"});
  EXPECT_EQ(store->stats()->results, 0U);
}

TEST_F(LocalStoreTest, AnIndexThatIsNoneIsLeftBehind) {
  ASSERT_TRUE(save(*open(), "a", "content"));
  for (const std::string& bytes : {std::string("no database at all, but long enough to have a header of its "
                                               "own......................................"),
                                   noise(8192)}) {
    TemporaryFolder other;
    cache_ = other / "cache";
    ASSERT_TRUE(save(*open(), "a", "content"));
    ASSERT_TRUE(write_file(index_path(), bytes));
    const auto store = open();
    const auto found = store->find(key("a"));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message,
              "cannot use the index of the cache, `" + index_path() + "`: file is not a database");
    EXPECT_FALSE(has(*store, "a"));
    ASSERT_TRUE(keep(*store, "a", "content"));
    EXPECT_TRUE(has(*store, "a"));
    EXPECT_TRUE(has(*open(), "a"));
    EXPECT_EQ(read_file(index_path()).value(), bytes);
    ASSERT_TRUE(store->gc({}));
    EXPECT_EQ(stat_file(index_path(1)).kind, FileKind::kAbsent);
    EXPECT_EQ(stat_file(index_path(2)).kind, FileKind::kRegular);
    EXPECT_TRUE(has(*open(), "a"));
  }
}

TEST_F(LocalStoreTest, AnIndexOfAnotherVersionIsLeftBehind) {
  for (const char* version : {"PRAGMA user_version=1", "PRAGMA user_version=3"}) {
    TemporaryFolder other;
    cache_ = other / "cache";
    ASSERT_TRUE(save(*open(), "a", "content"));
    ASSERT_TRUE(Database::open(index_path(), Database::Mode::kWrite)->run(version));
    const auto store = open();
    EXPECT_FALSE(has(*store, "a"));
    ASSERT_TRUE(keep(*store, "a", "content"));
    EXPECT_TRUE(has(*open(), "a"));
    EXPECT_EQ(stat_file(index_path(2)).kind, FileKind::kRegular);
  }
}

TEST_F(LocalStoreTest, AnEmptyIndexFileIsFilled) {
  ASSERT_TRUE(make_folders(cache_ + "/v1"));
  ASSERT_TRUE(write_file(index_path(), ""));
  ASSERT_TRUE(save(*open(), "a", "content"));
  EXPECT_TRUE(has(*open(), "a"));
}

TEST_F(LocalStoreTest, AFolderInPlaceOfTheIndexIsLeftBehind) {
  ASSERT_TRUE(make_folders(index_path()));
  const auto store = open();
  EXPECT_FALSE(has(*store, "a"));
  ASSERT_TRUE(keep(*store, "a", "content"));
  EXPECT_TRUE(has(*open(), "a"));
}

TEST_F(LocalStoreTest, AnIndexWithDamagedPagesTellsNothingWrong) {
  {
    const auto store = open();
    for (int i = 0; i < 100; ++i)
      ASSERT_TRUE(save(*store, std::to_string(i), "content " + std::to_string(i)));
  }
  const std::string good = read_file(index_path()).value();
  for (std::size_t place = 0; place < good.size(); place += 509) {
    std::string damaged = good;
    for (std::size_t i = place; i < std::min(place + 16, good.size()); ++i)
      damaged[i] = static_cast<char>(~damaged[i]);
    for (int number = 1; number < 9; ++number) {
      ASSERT_TRUE(remove_file(index_path(number)));
      ASSERT_TRUE(remove_file(index_path(number) + "-journal"));
    }
    ASSERT_TRUE(write_file(index_path(), damaged));
    const auto store = open();
    for (int i = 0; i < 100; ++i) {
      const auto found = store->find(key(std::to_string(i)));
      if (!found || !*found) continue;
      ASSERT_EQ((*found)->outputs.size(), 1U);
      EXPECT_EQ((*found)->outputs[0].path, "out");
      const std::string content = "content " + std::to_string(i);
      EXPECT_EQ((*found)->outputs[0].digest, sha256(content));
      if (const auto bytes = store->get_bytes(sha256(content))) {
        EXPECT_EQ(*bytes, content);
      }
    }
    ASSERT_TRUE(store->verify());
    ASSERT_TRUE(keep(*store, "new", "content"));
    EXPECT_TRUE(has(*store, "new"));
    EXPECT_EQ(open()->verify()->problems, std::vector<std::string>{});
  }
}

TEST_F(LocalStoreTest, TellsWhyItCannotWrite) {
  ASSERT_TRUE(write_file(cache_, "a file where the folder should be"));
  const auto store = open();
  EXPECT_FALSE(has(*store, "a"));
  const auto put = store->put_bytes(large());
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().message, "`" + cache_ + "` is not a folder");
  ASSERT_TRUE(store->put_bytes("x"));
  ASSERT_TRUE(store->store(key("a"), {}));
  const auto written = store->flush();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "`" + cache_ + "` is not a folder");
  // It is told once, and what could not be written is a miss.
  EXPECT_TRUE(store->flush());
  EXPECT_FALSE(has(*store, "a"));
  EXPECT_FALSE(store->contains(sha256("x")));
}

TEST_F(LocalStoreTest, RefusesAResultThatCouldNotBeReadBack) {
  const auto store = open();
  ActionResult result;
  result.outputs = {{OutputEntry::Kind::kDir, "../outside", 0755, {}, 0, {}}};
  EXPECT_FALSE(store->store(key("a"), result));
}

TEST_F(LocalStoreTest, IsUsedByManyProcessesAtOnce) {
  constexpr int kProcesses = 20;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = open();
      const std::string target = target_ + std::to_string(process);
      for (int i = 0; i < 10; ++i) {
        // Partly the same as those of the others.
        const auto seed = static_cast<std::uint64_t>(process % 4 * 100 + i);
        const std::string bytes = i % 2 == 0 ? noise(3000, seed) : large(seed);
        const std::string name = std::to_string(process) + "-" + std::to_string(i);
        if (const auto saved = save(*store, name, bytes); !saved) {
          ADD_FAILURE() << saved.error().message;
          ::_exit(1);
        }
        if (!has(*store, name)) ::_exit(2);
        if (!store->get_file(sha256(bytes), target, 0644) || read_file(target).value() != bytes) ::_exit(3);
        if (i == 5 && !store->gc({})) ::_exit(4);
      }
      if (!store->flush()) ::_exit(5);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const auto store = open();
  EXPECT_EQ(store->stats()->results, 10U * kProcesses);
  EXPECT_EQ(store->stats()->blobs, 40U);
  EXPECT_EQ(store->verify()->problems, std::vector<std::string>{});
}

TEST_F(LocalStoreTest, WhatIsStoredWhileOthersVerifyAndCollectIsNeitherBrokenNorGone) {
  std::atomic<bool> done{false};
  const auto content = [](int number) {
    return std::to_string(number) + noise(number % 2 == 0 ? 100 : 70'000);
  };
  constexpr int kResults = 60;
  {
    const std::jthread writer([&] {
      for (int number = 0; number < kResults; ++number) {
        EXPECT_TRUE(save(*open(), std::to_string(number), content(number)));
      }
      done = true;
    });
    const std::jthread collector([&] {
      while (!done) EXPECT_TRUE(open()->gc({}));
    });
    while (!done) EXPECT_EQ(open()->verify()->problems, std::vector<std::string>{});
  }
  for (int number = 0; number < kResults; ++number) EXPECT_TRUE(has(*open(), std::to_string(number)));
}

TEST_F(LocalStoreTest, WhatAKilledProcessHadPendingIsAMiss) {
  ASSERT_TRUE(save(*open(), "before", "content"));
  const pid_t child = ::fork();
  if (child == 0) {
    // Held, so that nothing can be written before the end.
    auto database = Database::open(index_path(), Database::Mode::kWrite);
    if (!database->run("BEGIN IMMEDIATE")) ::_exit(1);
    const auto store = open();
    if (!save(*store, "lost", "other") || !has(*store, "lost")) ::_exit(2);
    ::kill(::getpid(), SIGKILL);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto store = open();
  EXPECT_TRUE(has(*store, "before"));
  EXPECT_FALSE(has(*store, "lost"));
  EXPECT_EQ(store->verify()->problems, std::vector<std::string>{});
  ASSERT_TRUE(keep(*store, "lost", "other"));
  EXPECT_TRUE(has(*open(), "lost"));
}

TEST_F(LocalStoreTest, AProcessKilledAtAnyMomentLeavesAWholeIndex) {
  for (int round = 0; round < 20; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = open();
      for (int i = 0;; ++i) {
        const std::string name = std::to_string(round) + "-" + std::to_string(i);
        if (!save(*store, name, noise(i % 3 == 0 ? 50'000 : 500, static_cast<std::uint64_t>(i)))) ::_exit(1);
        if (i % 4 == 3 && !store->flush()) ::_exit(2);
        // The parent kills it after some number of results, whatever goes on by then.
        if (::write(ready[1], "x", 1) != 1) ::_exit(3);
      }
    }
    for (int i = 0; i < 3 + 2 * round; ++i) {
      char byte = 0;
      ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    }
    ::kill(child, SIGKILL);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    ::close(ready[0]);
    ::close(ready[1]);
    const auto store = open();
    EXPECT_EQ(store->verify()->problems, std::vector<std::string>{});
    // The last that was flushed before the last sign of life is there.
    const int flushed = (3 + 2 * round) / 4 * 4 - 1;
    if (flushed >= 0) {
      EXPECT_TRUE(has(*store, std::to_string(round) + "-" + std::to_string(flushed)));
    }
  }
  EXPECT_EQ(stat_file(index_path(2)).kind, FileKind::kAbsent);
}

TEST_F(LocalStoreTest, WhatIsPendingIsThereForItsOwnProcessAndForOthersOnceFlushed) {
  const auto store = open();
  const auto other = open();
  ASSERT_TRUE(save(*store, "a", "content"));
  EXPECT_TRUE(has(*store, "a"));
  EXPECT_TRUE(store->contains(sha256("content")));
  EXPECT_EQ(store->get_bytes(sha256("content")).value(), "content");
  ASSERT_TRUE(store->get_file(sha256("content"), target_, 0755));
  EXPECT_EQ(read_file(target_).value(), "content");
  EXPECT_EQ(stat_file(target_).mode, 0755U);
  ASSERT_TRUE(store->flush());
  EXPECT_TRUE(has(*other, "a"));
  EXPECT_EQ(other->get_bytes(sha256("content")).value(), "content");
}

TEST_F(LocalStoreTest, ManyProcessesAgreeOnOneNewIndexAfterABrokenOne) {
  ASSERT_TRUE(save(*open(), "a", "content"));
  ASSERT_TRUE(write_file(index_path(), noise(20'000)));
  constexpr int kProcesses = 8;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(keep(*open(), std::to_string(process), "content") ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const auto store = open();
  for (int process = 0; process < kProcesses; ++process) EXPECT_TRUE(has(*store, std::to_string(process)));
  EXPECT_EQ(stat_file(index_path(3)).kind, FileKind::kAbsent);
}

}  // namespace
}  // namespace devtask
