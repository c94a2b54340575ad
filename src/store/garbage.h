// What garbage collection removes: a function of what is there. Unaware of: the disk, the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "store/blob_folder.h"

namespace devtask {

// Results and blobs of a cache, and which result names which blobs.
class CacheContents {
 public:
  explicit CacheContents(std::vector<BlobFile> blobs);

  // `names`: the digests of the blobs it needs, possibly twice, possibly not there.
  void add_result(const Digest& key, std::int64_t used_ms, const std::vector<Digest>& names);

  struct Limits {
    std::uint64_t max_bytes = 0;
    std::int64_t oldest_ms = 0;  // results last used before are removed
    std::int64_t grace_ms = 0;   // results and blobs used since are kept
  };
  // Results to remove, least recently used first, until the limits hold for what they leave.
  struct Choice {
    Digest key;
    std::int64_t used_ms = 0;
  };
  std::vector<Choice> choose_results(const Limits& limits) const;
  // Says that it has been removed (it may have been used after all).
  void removed(const Digest& key);
  // Blobs that no result names and that are older than the grace.
  std::vector<BlobFile> unnamed_blobs(const Limits& limits) const;
  std::uint64_t stored_bytes() const;

 private:
  struct Entry {
    Digest key;
    std::int64_t used_ms = 0;
    std::vector<std::uint32_t> blobs;  // indices, each once
  };

  std::vector<BlobFile> blobs_;
  std::unordered_multimap<Digest, std::uint32_t, DigestHash> index_of_;  // raw and compressed have one digest
  std::vector<std::uint32_t> named_by_;  // how many results, by index of the blob
  std::vector<Entry> results_;
  std::unordered_map<Digest, std::uint32_t, DigestHash> result_of_;
};

}  // namespace devtask
