// A cache in memory, for tests of what uses one. Counts what it is asked.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "os/file.h"
#include "store/blob_store.h"

namespace devtask {

class MemoryStore final : public BlobStore, public ActionCache {
 public:
  Result<Digest> put_file(const std::string& path) override {
    auto bytes = read_file(path);
    if (!bytes) return tl::unexpected(bytes.error());
    return put_bytes(*bytes);
  }

  Result<Digest> put_bytes(std::string_view bytes) override {
    const Digest digest = sha256(bytes);
    const std::lock_guard lock(mutex_);
    ++puts_;
    blobs_[digest] = bytes;
    return digest;
  }

  Result<void> get_file(const Digest& digest, const std::string& path, std::uint32_t mode) override {
    auto bytes = get_bytes(digest);
    if (!bytes) return tl::unexpected(bytes.error());
    if (auto written = write_file(path, *bytes, 0600); !written) return written;
    return set_mode(path, mode);
  }

  Result<std::string> get_bytes(const Digest& digest) override {
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find(digest);
    if (found == blobs_.end()) return failure("the cache has no blob {}", digest.hex());
    if (sha256(found->second) == digest) return found->second;
    blobs_.erase(found);
    return failure("blob {} of the cache is broken", digest.hex());
  }

  Result<void> read(const Digest& digest, const std::function<void(std::string_view)>& piece) override {
    auto bytes = get_bytes(digest);
    if (!bytes) return tl::unexpected(bytes.error());
    for (std::string_view rest = *bytes; !rest.empty();
         rest.remove_prefix(std::min<std::size_t>(3, rest.size())))
      piece(rest.substr(0, 3));
    return {};
  }

  bool contains(const Digest& digest) override {
    const std::lock_guard lock(mutex_);
    return blobs_.contains(digest);
  }

  Result<std::optional<ActionResult>> find(const Digest& key) override {
    const std::lock_guard lock(mutex_);
    const auto found = results_.find(key);
    if (found == results_.end() || !has_blobs_of(found->second)) return std::nullopt;
    ++hits_;
    return found->second;
  }

  Result<void> store(const Digest& key, const ActionResult& result) override {
    const std::lock_guard lock(mutex_);
    if (!has_blobs_of(result))
      return failure("a result is not stored, because one of its blobs is not in the cache");
    results_[key] = result;
    return {};
  }

  int puts() const {
    const std::lock_guard lock(mutex_);
    return puts_;
  }
  int hits() const {
    const std::lock_guard lock(mutex_);
    return hits_;
  }
  // What a disk that fails would do.
  void damage(const Digest& digest) {
    const std::lock_guard lock(mutex_);
    blobs_[digest] += '!';
  }
  void lose(const Digest& digest) {
    const std::lock_guard lock(mutex_);
    blobs_.erase(digest);
  }

 private:
  bool has_blobs_of(const ActionResult& result) const {
    for (const Digest& blob : blobs_of(result)) {
      if (!blobs_.contains(blob)) return false;
    }
    return true;
  }

  mutable std::mutex mutex_;
  std::map<Digest, std::string> blobs_;
  std::map<Digest, ActionResult> results_;
  int puts_ = 0;
  int hits_ = 0;
};

}  // namespace devtask
