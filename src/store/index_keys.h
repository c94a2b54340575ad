// What the two halves of store/result_index.h have in common.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string_view>

#include "base/digest.h"

namespace devtask {

inline std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

inline std::int64_t checksum_of(const Digest& key, std::string_view text) {
  return static_cast<std::int64_t>(
      XXH3_64bits_withSeed(text.data(), text.size(), XXH3_64bits(key.bytes.data(), key.bytes.size())));
}

}  // namespace devtask
