// The cache folder shared by all checkouts of this user: `$XDG_CACHE_HOME/devtask`.
//
//   CACHEDIR.TAG            tells backup programs that this can be made again
//   v1/blobs/, v1/tmp/      content by SHA-256 (store/blob_folder.h)
//   v1/index-N.db           results by key, and small content (store/result_index.h)
//
// Bounded: gc() removes least recently used results until size and age limits hold, then blobs that no result
// names. What is broken is a miss and is made anew: a blob is checked against its digest whenever it is read,
// a result against its checksum, and a broken index is left behind. Power may fail at any time: nothing is
// synced, everything is checked.
//
// What goes into the index is written by a thread that waits a moment for more (store/pending_writes.h).
//
// A blob is only removed within a write transaction of the index, and only if it was not used for an hour
// (the grace). A result is only written if, within that transaction, all its blobs are there and count as
// used now: those that were put meanwhile but not yet named are younger than the grace. So no result ever
// names what was taken away, however long it was pending. The use of a result that was found is written
// before the first of its blobs is handed out; if it was taken away before that, its blobs are missing and
// the task runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/blob_store.h"

namespace devtask {

struct CacheLimits {
  std::uint64_t max_bytes = 10ULL << 30;  // on disk
  std::chrono::hours max_age{24 * 30};    // since a result was last used
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
  std::vector<std::string> problems;  // one sentence each; what was broken has been removed
  std::vector<Diagnostic> left;       // what is wrong still
};

class LocalStore final : public BlobStore, public ActionCache {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  // Opens lazily: nothing is created before the first write. `read_only`: looking commands; never writes, not
  // even last use.
  LocalStore(std::string folder, CacheLimits limits, bool read_only = false,
             Clock clock = std::chrono::system_clock::now);
  ~LocalStore() override;

  Result<Digest> put_file(const std::string& path) override;
  Result<Digest> put_bytes(std::string_view bytes) override;
  Result<void> get_file(const Digest& digest, const std::string& path, std::uint32_t mode) override;
  Result<std::string> get_bytes(const Digest& digest) override;
  Result<void> read(const Digest& digest, const std::function<void(std::string_view)>& piece) override;
  bool contains(const Digest& digest) override;
  Result<std::optional<ActionResult>> find(const Digest& key) override;
  Result<void> store(const Digest& key, const ActionResult& result) override;
  Result<void> flush() override;

  // These fail if the cache cannot work: something else is in the place of one of its folders.
  // Looks at every blob's size: milliseconds for thousands of blobs.
  Result<CacheStats> stats();
  Result<GcReport> gc(CacheLimits limits);
  // gc() if the cache holds more than its limit, or a day has passed since the last one; then down to nine
  // tenths of the limit, so that the next result does not bring the next gc.
  Result<GcReport> gc_if_due();
  // Reads everything. Blobs or results that are broken, have a wrong name or name what is not there are
  // removed, and what is in the place of them. Something in the place of the cache itself, and links, are for
  // a person to remove: nothing else is looked at then.
  Result<VerifyReport> verify();
  // Removes all results and blobs. The (empty) index stays: other processes may have it open.
  Result<void> clean();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devtask
