#include "migrate/image_store.h"

#include "os/file.h"

namespace devtask {
namespace {

constexpr std::string_view kName = "image";
constexpr std::uint32_t kMode = 0644;

}  // namespace

bool ImageStore::fetch(std::string_view key_text, const std::string& file) const {
  if (cache_ == nullptr || blobs_ == nullptr) return false;
  const auto found = cache_->find(sha256(key_text));
  if (!found || !*found) return false;
  const OutputEntry* image = find_output((*found)->outputs, kName);
  return image != nullptr && image->kind == OutputEntry::Kind::kFile &&
         blobs_->get_file(image->digest, file, kMode).has_value();
}

Result<void> ImageStore::keep(std::string_view key_text, const std::string& file) const {
  if (cache_ == nullptr || blobs_ == nullptr) return {};
  const FileStat stat = stat_file(file);
  const auto image = blobs_->put_file(file);
  if (!image) return tl::unexpected(image.error());
  const auto key = blobs_->put_bytes(key_text);
  if (!key) return tl::unexpected(key.error());
  ActionResult result;
  result.outputs = {{OutputEntry::Kind::kFile, std::string(kName), kMode, *image, stat.size, {}}};
  return cache_->store(*key, result);
}

}  // namespace devtask
