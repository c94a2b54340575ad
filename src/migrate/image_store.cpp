#include "migrate/image_store.h"

#include "base/digest.h"
#include "os/file.h"
namespace devtask {
bool ImageStore::fetch(const std::string& key_text, const std::string& file) {
  if (!cache_) return false;
  auto found = cache_->find(sha256(key_text));
  if (!found || !*found || (*found)->outputs.size() != 1) return false;
  return blobs_->get_file((*found)->outputs[0].digest, file, 0600).has_value();
}
Result<void> ImageStore::keep(const std::string& key_text, const std::string& file) {
  if (!cache_) return {};
  auto key = blobs_->put_bytes(key_text);
  if (!key) return tl::unexpected(key.error());
  auto blob = blobs_->put_file(file);
  if (!blob) return tl::unexpected(blob.error());
  ActionResult result;
  OutputEntry entry;
  entry.path = "image";
  entry.mode = 0644;
  entry.digest = *blob;
  entry.size = stat_file(file).size;
  result.outputs.push_back(entry);
  return cache_->store(*key, result);
}
}  // namespace devtask
