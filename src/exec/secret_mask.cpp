#include "exec/secret_mask.h"

#include <algorithm>

namespace devtask {

std::string SecretMask::feed(std::string_view bytes) {
  if (secrets_.empty()) return std::string(bytes);
  held_ += bytes;
  return take(false);
}

std::string SecretMask::finish() { return take(true); }

std::string SecretMask::take(bool all) {
  std::string shown;
  std::size_t at = 0;
  while (at < held_.size()) {
    const std::string_view rest = std::string_view(held_).substr(at);
    // Longest first: before one that is here in full come those of which more may follow.
    const auto secret = std::find_if(secrets_.begin(), secrets_.end(), [&](const std::string& value) {
      return rest.size() < value.size() ? !all && value.starts_with(rest) : rest.starts_with(value);
    });
    if (secret == secrets_.end()) {
      shown += held_[at++];
    } else if (rest.size() < secret->size()) {
      break;
    } else {
      shown += "***";
      at += secret->size();
    }
  }
  held_.erase(0, at);
  return shown;
}

}  // namespace devtask
