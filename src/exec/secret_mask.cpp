#include "exec/secret_mask.h"

#include <algorithm>

namespace devtask {

std::string SecretMask::feed(std::string_view bytes) {
  if (secrets_.empty()) return std::string(bytes);
  held_ += bytes;
  std::string shown;
  std::size_t at = 0;
  while (at < held_.size()) {
    const std::string_view rest = std::string_view(held_).substr(at);
    const auto secret = std::find_if(secrets_.begin(), secrets_.end(),
                                     [&](const std::string& value) { return rest.starts_with(value); });
    if (secret != secrets_.end()) {
      shown += "***";
      at += secret->size();
      continue;
    }
    const bool may_begin = std::any_of(secrets_.begin(), secrets_.end(), [&](const std::string& value) {
      return rest.size() < value.size() && value.starts_with(rest);
    });
    if (may_begin) break;
    shown += held_[at++];
  }
  held_.erase(0, at);
  return shown;
}

std::string SecretMask::finish() {
  std::string rest = std::move(held_);
  held_.clear();
  return rest;
}

}  // namespace devtask
