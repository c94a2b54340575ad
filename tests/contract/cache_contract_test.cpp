// What every BlobStore and ActionCache has to do, run on each of them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "fakes/memory_store.h"
#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "store/local_store.h"

namespace devtask {
namespace {

// One cache behind both interfaces.
struct Cache {
  std::shared_ptr<BlobStore> blobs;
  std::shared_ptr<ActionCache> actions;
};

struct Implementation {
  std::string name;
  std::function<Cache(const std::string& folder)> make;
};

template <class Store>
Cache both(std::shared_ptr<Store> store) {
  return {store, store};
}

class CacheContract : public testing::TestWithParam<Implementation> {
 protected:
  Result<Digest> put_file_with(const std::string& bytes, const std::string& name = "source") {
    EXPECT_TRUE(write_file(folder_ / name, bytes));
    return blobs().put_file(folder_ / name);
  }
  std::vector<std::string> names_in_folder() const {
    std::vector<std::string> names;
    const auto entries = list_folder(folder_ / "work");
    for (const FolderEntry& entry : entries.value()) names.push_back(entry.name);
    return names;
  }
  ActionResult result_with(const std::vector<Digest>& files) {
    ActionResult result;
    result.duration = std::chrono::milliseconds(12);
    int number = 0;
    for (const Digest& digest : files) {
      result.outputs.push_back(
          {OutputEntry::Kind::kFile, "out/" + std::to_string(number++), 0644, digest, 1, {}});
    }
    return result;
  }
  BlobStore& blobs() { return *cache_.blobs; }
  ActionCache& actions() { return *cache_.actions; }

  void SetUp() override { ASSERT_TRUE(make_folders(folder_ / "work")); }

  TemporaryFolder folder_;
  std::string target_ = folder_ / "work/target";
  Cache cache_ = GetParam().make(folder_ / "cache");
};

// Small, empty, larger than what is handled at once, compressible and not.
std::vector<std::string> contents() {
  std::vector<std::string> all = {
      "", "x", "line\nline\n", std::string(4095, 'a'), std::string(4096, 'a'), std::string(3'000'000, 'z')};
  for (const std::size_t size : {5000UL, 262'143UL, 262'144UL, 262'145UL, 1'000'000UL}) {
    std::string noise;
    std::uint64_t state = size;
    while (noise.size() < size) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      noise += static_cast<char>(state >> 56);
    }
    all.push_back(noise);
    all.push_back(noise + std::string(2'000'000, ' '));
    all.push_back(std::string(2'000'000, ' ') + noise);
  }
  return all;
}

TEST_P(CacheContract, GivesBackWhatWasPut) {
  for (const std::string& bytes : contents()) {
    SCOPED_TRACE(bytes.size());
    const auto digest = put_file_with(bytes);
    ASSERT_TRUE(digest);
    EXPECT_EQ(*digest, sha256(bytes));
    EXPECT_TRUE(blobs().contains(*digest));
    EXPECT_TRUE(blobs().get_bytes(*digest) == bytes);
    std::string pieces;
    ASSERT_TRUE(blobs().read(*digest, [&](std::string_view piece) { pieces += piece; }));
    EXPECT_TRUE(pieces == bytes);
    ASSERT_TRUE(blobs().get_file(*digest, target_, 0644));
    EXPECT_TRUE(read_file(target_) == bytes);
    // Once more, over what is there and from what is there.
    EXPECT_EQ(blobs().put_bytes(bytes), *digest);
    ASSERT_TRUE(blobs().get_file(*digest, target_, 0644));
    EXPECT_TRUE(read_file(target_) == bytes);
  }
  EXPECT_EQ(names_in_folder(), std::vector<std::string>{"target"});
}

TEST_P(CacheContract, GivesFilesTheirMode) {
  const Digest digest = blobs().put_bytes("#!/bin/sh\n").value();
  const mode_t before = ::umask(077);
  for (const std::uint32_t mode : {0755U, 0644U, 0400U, 0777U, 0600U}) {
    ASSERT_TRUE(blobs().get_file(digest, target_, mode));
    EXPECT_EQ(stat_file(target_).mode, mode);
  }
  ::umask(before);
}

TEST_P(CacheContract, AFileThatIsEditedAfterwardsLeavesTheCacheAlone) {
  const Digest digest = put_file_with("original").value();
  ASSERT_TRUE(write_file(folder_ / "source", "edited"));
  ASSERT_TRUE(blobs().get_file(digest, target_, 0644));
  ASSERT_TRUE(write_file(target_, "scribble"));
  EXPECT_EQ(blobs().get_bytes(digest).value(), "original");
}

TEST_P(CacheContract, ReplacesWhatIsThereAndNothingElse) {
  const Digest digest = blobs().put_bytes("new").value();
  ASSERT_TRUE(write_file(folder_ / "work/other", "other"));
  ASSERT_TRUE(make_link("other", target_));
  ASSERT_TRUE(blobs().get_file(digest, target_, 0644));
  EXPECT_EQ(stat_file(target_).kind, FileKind::kRegular);
  EXPECT_EQ(read_file(target_).value(), "new");
  EXPECT_EQ(read_file(folder_ / "work/other").value(), "other");
}

TEST_P(CacheContract, AFailedGetLeavesNothingBehind) {
  const Digest missing = sha256("missing");
  EXPECT_FALSE(blobs().contains(missing));
  EXPECT_FALSE(blobs().get_bytes(missing));
  EXPECT_FALSE(blobs().read(missing, [](std::string_view) { FAIL(); }));
  EXPECT_FALSE(blobs().get_file(missing, target_, 0644));
  EXPECT_EQ(names_in_folder(), std::vector<std::string>{});
  ASSERT_TRUE(write_file(target_, "before"));
  EXPECT_FALSE(blobs().get_file(missing, target_, 0644));
  EXPECT_EQ(read_file(target_).value(), "before");

  const Digest digest = blobs().put_bytes("x").value();
  EXPECT_FALSE(blobs().get_file(digest, folder_ / "work/no/folder", 0644));
  ASSERT_TRUE(make_folders(folder_ / "work/folder/inner"));
  EXPECT_FALSE(blobs().get_file(digest, folder_ / "work/folder", 0644));
  EXPECT_EQ(names_in_folder(), (std::vector<std::string>{"folder", "target"}));
}

TEST_P(CacheContract, CannotPutWhatIsNoFile) {
  EXPECT_FALSE(blobs().put_file(folder_ / "missing"));
  EXPECT_FALSE(blobs().put_file(folder_.path()));
}

TEST_P(CacheContract, KnowsNoResultAtFirst) {
  const auto found = actions().find(sha256("key"));
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_P(CacheContract, FindsAStoredResult) {
  const Digest file = blobs().put_bytes("file").value();
  ActionResult result = result_with({file});
  result.log = blobs().put_bytes("log").value();
  result.outputs.push_back({OutputEntry::Kind::kLink, "out/link", 0, {}, 0, "0"});
  result.outputs.push_back({OutputEntry::Kind::kDir, "out/z", 0755, {}, 0, {}});
  ASSERT_TRUE(actions().store(sha256("key"), result));
  EXPECT_EQ(actions().find(sha256("key")).value(), result);
  EXPECT_FALSE(actions().find(sha256("other")).value());
}

TEST_P(CacheContract, KeepsTheLaterOfTwoResults) {
  const Digest one = blobs().put_bytes("1").value();
  const Digest two = blobs().put_bytes("2").value();
  ASSERT_TRUE(actions().store(sha256("key"), result_with({one})));
  ASSERT_TRUE(actions().store(sha256("key"), result_with({two})));
  EXPECT_EQ(actions().find(sha256("key")).value(), result_with({two}));
}

TEST_P(CacheContract, StoresNoResultWithoutItsBlobs) {
  const Digest there = blobs().put_bytes("there").value();
  EXPECT_FALSE(actions().store(sha256("key"), result_with({there, sha256("missing")})));
  EXPECT_FALSE(actions().find(sha256("key")).value());
  ActionResult result = result_with({there});
  result.log = sha256("missing log");
  EXPECT_FALSE(actions().store(sha256("key"), result));
  EXPECT_FALSE(actions().find(sha256("key")).value());
}

TEST_P(CacheContract, NeedsNoBlobForWhatIsNeverRestored) {
  ActionResult result;
  result.outputs.push_back({OutputEntry::Kind::kCreate, "notes.md", 0644, sha256("notes"), 5, {}});
  ASSERT_TRUE(actions().store(sha256("key"), result));
  EXPECT_EQ(actions().find(sha256("key")).value(), result);
}

TEST_P(CacheContract, TakesTheSameBlobFromSeveralThreads) {
  const std::vector<std::string> all = contents();
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (const std::string& bytes : all) {
        const std::string source = folder_ / ("source" + std::to_string(thread));
        const std::string target = folder_ / ("target" + std::to_string(thread));
        EXPECT_TRUE(write_file(source, bytes));
        const auto digest = blobs().put_file(source);
        ASSERT_TRUE(digest);
        EXPECT_TRUE(actions().store(sha256("key"), result_with({*digest})));
        EXPECT_TRUE(blobs().get_file(*digest, target, 0644));
        EXPECT_TRUE(read_file(target) == bytes);
        EXPECT_TRUE(actions().find(sha256("key")).value().has_value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(names_in_folder(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(
    Caches, CacheContract,
    testing::Values(Implementation{"LocalStore",
                                   [](const std::string& folder) {
                                     return both(std::make_shared<LocalStore>(folder, CacheLimits{}));
                                   }},
                    Implementation{"MemoryStore",
                                   [](const std::string&) { return both(std::make_shared<MemoryStore>()); }}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace devtask
