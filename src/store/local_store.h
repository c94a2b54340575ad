// The cache folder shared by all checkouts of this user: `$XDG_CACHE_HOME/devtask`.
//
//   v1/blobs/ab/cdef…       content by SHA-256; 0444. `….zst` instead when zstd saves at least a fifth (4 KiB and more)
//   v1/index.db             SQLite (rollback journal: a reader writes nothing): results and blobs with size and last use
//   v1/tmp/                 files being written; anything older than a day is removed by gc
//
// Bounded: gc() removes least recently used results until size and age limits hold, then blobs that no result names.
// A broken index is set aside and begun anew; blobs it no longer names are taken up again when put, or removed by gc.
// A blob is only removed in a transaction that also holds the index's write lock, and find() refreshes the last use
// within it, so that a result handed out is not torn apart while it is being restored (grace: an hour).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/blob_store.h"

namespace devtask {

struct CacheLimits {
  std::uint64_t max_bytes = 10ULL << 30;
  std::chrono::hours max_age{24 * 30};
};

struct CacheStats {
  std::string folder;
  std::uint64_t results = 0, blobs = 0;
  std::uint64_t stored_bytes = 0;   // on disk
  std::uint64_t content_bytes = 0;  // before compression
};

struct GcReport {
  std::uint64_t results_removed = 0, blobs_removed = 0, bytes_freed = 0;
};

struct VerifyReport {
  std::uint64_t blobs_checked = 0, results_checked = 0;
  std::vector<std::string> problems;  // one sentence each; what is broken has been removed
};

class LocalStore final : public BlobStore, public ActionCache {
 public:
  // Opens lazily: nothing is created before the first write. `read_only`: looking commands; never writes, not even last use.
  LocalStore(std::string folder, CacheLimits limits, bool read_only = false);
  ~LocalStore() override;

  Result<Digest> put_file(const std::string& path) override;
  Result<Digest> put_bytes(std::string_view bytes) override;
  Result<void> get_file(const Digest& digest, const std::string& path, std::uint32_t mode) override;
  Result<std::string> get_bytes(const Digest& digest) override;
  bool contains(const Digest& digest) override;
  Result<std::optional<ActionResult>> find(const Digest& key) override;
  Result<void> store(const Digest& key, const ActionResult& result) override;

  Result<CacheStats> stats();
  Result<GcReport> gc(CacheLimits limits);
  // gc() with the own limits if the cache has grown by a twentieth of its limit, or a day has passed, since the last one.
  Result<GcReport> gc_if_due();
  Result<VerifyReport> verify();
  // Removes the whole cache folder content that is devtask's.
  Result<void> clean();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devtask
