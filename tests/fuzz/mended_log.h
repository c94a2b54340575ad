// Any bytes as a record log (store/record_log.h) whose records check: a fuzzer would not guess a checksum,
// somebody who means harm computes it.
#pragma once

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace devtask {

// Magic, generation and the checksums are set; lengths are what the bytes say, cut to what is there. Records
// behind the first `records` stay as they are.
inline std::string mended_log(std::string_view bytes, std::string_view magic, std::size_t records) {
  constexpr std::size_t kHeader = 16, kHead = 16;
  std::string log(magic);
  log += std::string_view("\1\0\0\0\0\0\0\0", 8);
  log += bytes;
  for (std::size_t at = kHeader; records-- > 0 && log.size() - at >= kHead;) {
    std::uint32_t length = 0;
    std::memcpy(&length, log.data() + at, sizeof length);
    const std::size_t room = log.size() - at - kHead;
    // Most lengths of random bytes are huge: of them the low bits count.
    if (length > room) length = static_cast<std::uint32_t>(room == 0 ? 0 : length % room);
    const std::size_t padded = (length + 7U) & ~std::size_t{7};
    log.resize(std::max(log.size(), at + kHead + padded), '\0');
    const std::uint64_t checksum = XXH3_64bits(log.data() + at + kHead, length);
    const std::uint32_t reserved = 0;
    std::memcpy(log.data() + at, &length, sizeof length);
    std::memcpy(log.data() + at + 4, &reserved, sizeof reserved);
    std::memcpy(log.data() + at + 8, &checksum, sizeof checksum);
    std::fill(log.begin() + static_cast<std::ptrdiff_t>(at + kHead + length),
              log.begin() + static_cast<std::ptrdiff_t>(at + kHead + padded), '\0');
    at += kHead + padded;
  }
  return log;
}

}  // namespace devtask
