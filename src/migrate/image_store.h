#pragma once
#include <string>

#include "base/result.h"
#include "store/blob_store.h"
namespace devtask {
class ImageStore {
 public:
  ImageStore(ActionCache* cache, BlobStore* blobs) : cache_(cache), blobs_(blobs) {}
  bool fetch(const std::string& key_text, const std::string& file);
  Result<void> keep(const std::string& key_text, const std::string& file);

 private:
  ActionCache* cache_;
  BlobStore* blobs_;
};
}  // namespace devtask
