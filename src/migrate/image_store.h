// Images of databases in the cache that all checkouts share. There each is a result like those of tasks, with
// one output, and so `devtask cache` looks after it.
// Unaware of: what an image holds, what its key is made of.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/blob_store.h"

namespace devtask {

class ImageStore {
 public:
  // Without one of them nothing is ever found, and keeping does nothing. They outlive it.
  ImageStore(ActionCache* cache, BlobStore* blobs) : cache_(cache), blobs_(blobs) {}

  // `key_text` is everything that the image depends on, such as Fingerprint::text(); its SHA-256 is the key.
  // True if there was an image, and `file` (its folder exists) is that now. A cache that fails has none, and
  // `file` is as it was.
  bool fetch(std::string_view key_text, const std::string& file) const;
  // The file's content as it is now. On failure it was not kept, which is no reason for a step to fail.
  Result<void> keep(std::string_view key_text, const std::string& file) const;

 private:
  ActionCache* const cache_;
  BlobStore* const blobs_;
};

}  // namespace devtask
