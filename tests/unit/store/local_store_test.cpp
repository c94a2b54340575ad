#include "store/local_store.h"

#include <sys/wait.h>
#include <unistd.h>

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
  EXPECT_EQ(stat_file(blob_path(sha256("content"))).mode, 0444U);
  EXPECT_EQ(read_file(cache_ + "/CACHEDIR.TAG")->substr(0, 43),
            "Signature: 8a477f597d28d172789f06886806bc55");
}

TEST_F(LocalStoreTest, CompressesWhatGetsAFifthSmaller) {
  const auto store = open();
  const std::string text = noise(500) + std::string(8000, 'x');
  ASSERT_TRUE(store->put_bytes(text));
  EXPECT_EQ(stat_file(blob_path(sha256(text), ".zst")).kind, FileKind::kRegular);
  ASSERT_TRUE(store->put_bytes(noise(8000)));
  EXPECT_EQ(stat_file(blob_path(sha256(noise(8000)))).size, 8000U);
  const std::string small(4095, 'x');
  ASSERT_TRUE(store->put_bytes(small));
  EXPECT_EQ(stat_file(blob_path(sha256(small))).size, 4095U);
  const auto stats = store->stats();
  EXPECT_EQ(stats->blobs, 3U);
  EXPECT_EQ(stats->content_bytes, 8500U + 8000 + 4095);
  EXPECT_LT(stats->stored_bytes, 13'500U);
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
    ASSERT_TRUE(save(*store, "broken", "other"));
    overwrite(blob_path(sha256("other")), "flipped");
  }
  pass(hours(48));
  const auto before = snapshot();
  {
    const auto store = open({}, true);
    EXPECT_TRUE(has(*store, "a"));
    EXPECT_EQ(store->get_bytes(sha256("content")).value(), "content");
    EXPECT_TRUE(store->get_file(sha256("content"), target_, 0644));
    EXPECT_FALSE(store->get_bytes(sha256("other")));
    EXPECT_EQ(store->stats()->results, 2U);
    EXPECT_EQ(store->verify()->problems.size(), 1U);
    EXPECT_FALSE(store->put_bytes("new"));
    EXPECT_FALSE(save(*store, "b", "content"));
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
  for (const std::string& bytes : {noise(100), std::string(6000, 'x') + noise(20)}) {
    ASSERT_TRUE(save(*store, "a", bytes));
    const Digest digest = sha256(bytes);
    const std::string path = blob_path(digest, bytes.size() > 4096 ? ".zst" : "");
    const std::string stored = read_file(path).value();
    for (std::size_t i = 0; i < stored.size(); ++i) {
      std::string flipped = stored;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      overwrite(path, flipped);
      const auto got = store->get_file(digest, target_, 0644);
      if (got) {
        // Bits of a frame's head that do not matter.
        EXPECT_EQ(read_file(target_).value(), bytes);
        ASSERT_TRUE(remove_file(target_));
        overwrite(path, stored);
        continue;
      }
      EXPECT_EQ(stat_file(target_).kind, FileKind::kAbsent);
      EXPECT_FALSE(has(*store, "a")) << "a blob that turned out to be broken is a miss";
      ASSERT_TRUE(save(*store, "a", bytes));
      EXPECT_TRUE(store->get_bytes(digest) == bytes);
    }
  }
}

TEST_F(LocalStoreTest, ABlobCutAnywhereIsMadeAnewWhenPut) {
  const auto store = open();
  for (const std::string& bytes :
       {noise(100), std::string(6000, 'x') + noise(20), std::string(60'000, 'x') + noise(300'000)}) {
    ASSERT_TRUE(store->put_bytes(bytes));
    const Digest digest = sha256(bytes);
    const bool compressed = stat_file(blob_path(digest)).kind == FileKind::kAbsent;
    const std::string path = blob_path(digest, compressed ? ".zst" : "");
    const std::string stored = read_file(path).value();
    const std::size_t step = 1 + stored.size() / 100;
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
  const std::string bytes(6000, 'x');
  ASSERT_TRUE(store->put_bytes(bytes));
  const std::string path = blob_path(sha256(bytes), ".zst");
  overwrite(path, read_file(path).value() + "more");
  EXPECT_FALSE(store->get_bytes(sha256(bytes)));
}

TEST_F(LocalStoreTest, AResultWhoseBlobIsGoneIsAMiss) {
  const auto store = open();
  ASSERT_TRUE(save(*store, "a", "content"));
  ASSERT_TRUE(remove_file(blob_path(sha256("content"))));
  EXPECT_FALSE(has(*store, "a"));
  ASSERT_TRUE(save(*store, "a", "content"));
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
    ASSERT_TRUE(save(*store, "a", "content"));
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
  ASSERT_TRUE(save(*open(), "a", "content"));
  ASSERT_TRUE(Database::open(index_path(), Database::Mode::kWrite)->run("PRAGMA user_version=2"));
  const auto store = open();
  EXPECT_FALSE(has(*store, "a"));
  ASSERT_TRUE(save(*store, "a", "content"));
  EXPECT_TRUE(has(*open(), "a"));
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
  ASSERT_TRUE(save(*store, "a", "content"));
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
      EXPECT_EQ((*found)->outputs[0].digest, sha256("content " + std::to_string(i)));
    }
    ASSERT_TRUE(store->verify());
    ASSERT_TRUE(save(*store, "new", "content"));
    EXPECT_TRUE(has(*store, "new"));
    EXPECT_EQ(open()->verify()->problems, std::vector<std::string>{});
  }
}

TEST_F(LocalStoreTest, TellsWhyItCannotWrite) {
  ASSERT_TRUE(write_file(cache_, "a file where the folder should be"));
  const auto store = open();
  EXPECT_FALSE(has(*store, "a"));
  const auto put = store->put_bytes("x");
  ASSERT_FALSE(put);
  EXPECT_NE(put.error().message.find("cannot create"), std::string::npos) << put.error().message;
  EXPECT_FALSE(store->store(key("a"), {}));
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
        const std::string bytes = noise(3000, static_cast<std::uint64_t>(process % 4 * 100 + i));
        const std::string name = std::to_string(process) + "-" + std::to_string(i);
        if (const auto saved = save(*store, name, bytes); !saved) {
          ADD_FAILURE() << saved.error().message;
          ::_exit(1);
        }
        if (!has(*store, name)) ::_exit(2);
        if (!store->get_file(sha256(bytes), target, 0644) || read_file(target).value() != bytes) ::_exit(3);
        if (i == 5 && !store->gc({})) ::_exit(4);
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
  const auto store = open();
  EXPECT_EQ(store->stats()->results, 10U * kProcesses);
  EXPECT_EQ(store->stats()->blobs, 40U);
  EXPECT_EQ(store->verify()->problems, std::vector<std::string>{});
}

TEST_F(LocalStoreTest, ManyProcessesAgreeOnOneNewIndexAfterABrokenOne) {
  ASSERT_TRUE(save(*open(), "a", "content"));
  ASSERT_TRUE(write_file(index_path(), noise(20'000)));
  constexpr int kProcesses = 8;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(save(*open(), std::to_string(process), "content") ? 0 : 1);
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
