// A cache in a temporary folder with a clock that tests set.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "store/database.h"
#include "store/local_store.h"

namespace devtask {

class LocalStoreFixture : public testing::Test {
 protected:
  using hours = std::chrono::hours;
  using minutes = std::chrono::minutes;

  std::unique_ptr<LocalStore> open(CacheLimits limits = {}, bool read_only = false) {
    return std::make_unique<LocalStore>(cache_, limits, read_only, [this] {
      return std::chrono::system_clock::now() + std::chrono::minutes(minutes_.load());
    });
  }
  void pass(std::chrono::minutes time) { minutes_ += time.count(); }

  static Digest key(const std::string& name) { return sha256("key of " + name); }
  // A result with one output of these bytes, under the key of that name.
  static Result<void> save(LocalStore& store, const std::string& name, const std::string& bytes) {
    const auto digest = store.put_bytes(bytes);
    if (!digest) return tl::unexpected(digest.error());
    ActionResult result;
    result.outputs = {{OutputEntry::Kind::kFile, "out", 0644, *digest, bytes.size(), {}}};
    return store.store(key(name), result);
  }
  // The same, written.
  static Result<void> keep(LocalStore& store, const std::string& name, const std::string& bytes) {
    if (auto saved = save(store, name, bytes); !saved) return saved;
    return store.flush();
  }
  static bool has(LocalStore& store, const std::string& name) {
    const auto found = store.find(key(name));
    return found && found->has_value();
  }
  static std::string noise(std::size_t size, std::uint64_t seed = 1) {
    std::string bytes;
    while (bytes.size() < size) {
      seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
      bytes += static_cast<char>(seed >> 56);
    }
    return bytes;
  }

  std::string blob_path(const Digest& digest, const std::string& suffix = "") const {
    const std::string hex = digest.hex();
    return cache_ + "/v1/blobs/" + hex.substr(0, 2) + "/" + hex.substr(2) + suffix;
  }
  // What is kept of a small blob in the index; "" if it is not there.
  std::string row(const Digest& digest) const {
    auto database = Database::open(index_path(), Database::Mode::kRead);
    if (!database) return {};
    auto statement = database->prepare("SELECT content FROM blobs WHERE digest = ?");
    if (!statement) return {};
    statement->bind_bytes(1, {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
    const auto there = statement->step();
    return there && *there ? std::string(statement->bytes(0)) : std::string();
  }
  void overwrite_row(const Digest& digest, const std::string& bytes) const {
    auto database = Database::open(index_path(), Database::Mode::kWrite);
    ASSERT_TRUE(database);
    auto statement = database->prepare("UPDATE blobs SET content = ? WHERE digest = ?");
    ASSERT_TRUE(statement);
    statement->bind_bytes(1, bytes).bind_bytes(
        2, {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
    ASSERT_TRUE(statement->run());
    ASSERT_EQ(database->changed_rows(), 1);
  }
  void remove_row(const Digest& digest) const {
    auto database = Database::open(index_path(), Database::Mode::kWrite);
    ASSERT_TRUE(database);
    auto statement = database->prepare("DELETE FROM blobs WHERE digest = ?");
    ASSERT_TRUE(statement);
    statement->bind_bytes(1, {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
    ASSERT_TRUE(statement->run());
    ASSERT_EQ(database->changed_rows(), 1);
  }
  // Blobs cannot be written to, as they are.
  static void overwrite(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(remove_file(path));
    ASSERT_TRUE(write_file(path, bytes, 0444));
  }
  // More than fits into a row.
  static std::string large(std::uint64_t seed = 1) { return noise(70'000, seed); }
  std::string index_path(int number = 1) const {
    return cache_ + "/v1/index-" + std::to_string(number) + ".db";
  }

  // All that is in the cache: content, mode and time of change.
  std::map<std::string, std::string> snapshot() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(cache_)) {
      const FileStat stat = stat_file(entry.path().string());
      const std::string bytes =
          stat.kind == FileKind::kRegular ? read_file(entry.path().string()).value() : "";
      all[entry.path().string()] = fmt::format("mode {:o} modified {} changed {} {}", stat.mode,
                                               stat.mtime_ns, stat.ctime_ns, sha256(bytes).hex());
    }
    return all;
  }

  TemporaryFolder folder_;
  std::string cache_ = folder_ / "cache";
  std::string target_ = folder_ / "target";
  std::atomic<std::int64_t> minutes_{0};
};

}  // namespace devtask
