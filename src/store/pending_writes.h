// What is to be written to the index of the cache, and the thread that writes all that has come in together:
// a transaction for each result would cost more than everything else.
//
// What is pending is seen by this process as if it was written. A process that is killed loses it, which
// costs others a run and nobody a right result. So does a write that fails; the failure is kept for flush().
//
// Thread-safe. Unaware of: the index.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "store/blob_content.h"

namespace devtask {

class PendingWrites {
 public:
  struct Blob {
    KeptContent kept;
    std::int64_t used_ms = 0;
  };
  struct Stored {
    std::string text;
    std::vector<Digest> blobs;  // that it names
    std::int64_t used_ms = 0;
  };
  struct Batch {
    std::map<Digest, Blob> blobs;
    std::map<Digest, Stored> results;
    std::map<Digest, std::int64_t> uses;  // of results, unix milliseconds
    std::size_t bytes = 0;

    bool empty() const { return blobs.empty() && results.empty() && uses.empty(); }
  };
  using Write = std::function<Result<void>(const Batch&)>;

  // `write` is called by a thread that the first add() starts, never twice at once.
  explicit PendingWrites(Write write) : write_(std::move(write)) {}
  ~PendingWrites();  // writes what is left

  // They wait while very much is pending.
  void add_blob(const Digest& digest, Blob blob);
  void add_result(const Digest& key, Stored result);
  void add_use(const Digest& key, std::int64_t used_ms);

  std::optional<KeptContent> blob(const Digest& digest) const;
  bool has_blob(const Digest& digest) const;
  std::optional<std::string> result(const Digest& key) const;

  // Returns when all that was added before has been written. The first failure since the last call.
  Result<void> flush();
  // Returns when all uses that were added before have been written, or could not be.
  void write_uses();

 private:
  // Makes room, starts the thread if need be, and lets `change` add to the batch.
  void add(const std::function<void(Batch&)>& change);
  // Starts the thread. If the system has no more of them, what is pending is lost, as with a write that
  // fails.
  bool start();
  void work();
  // Until what is pending now is written.
  void wait_for_all(std::unique_lock<std::mutex>& lock);
  template <class Map>
  const typename Map::mapped_type* look(Map Batch::*map, const Digest& digest) const;

  const Write write_;
  mutable std::mutex mutex_;  // guards what follows; `writing_` is only changed between writes
  std::condition_variable wake_, written_;
  Batch pending_, writing_;
  std::uint64_t batches_begun_ = 0;  // given to write_
  std::uint64_t batches_done_ = 0;
  std::uint64_t at_once_ = 0;  // up to this batch, nothing is waited for
  bool stop_ = false;
  std::optional<Diagnostic> failed_;
  std::thread thread_;
};

}  // namespace devtask
