// Appending escaped words (base/escape.h) to text without an allocation for each of them: nearly every name
// and value is plain ASCII that needs no escape at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/escape.h"

namespace devtask {

// True if every byte is printable ASCII other than a backslash, so that escape_line would return `bytes`
// unchanged.
inline bool is_plain(std::string_view bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const auto any_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHigh; };
  // Eight bytes at a time; a false alarm only costs the slow way.
  const auto suspicious = [&](std::uint64_t word) {
    const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word & kHigh;
    return (word & kHigh) | below_blank | any_zero(word ^ (kOnes * 0x7f)) | any_zero(word ^ (kOnes * '\\'));
  };
  std::uint64_t found = 0;
  std::size_t done = 0;
  for (; done + 8 <= bytes.size(); done += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + done, 8);
    found |= suspicious(word);
  }
  if (done < bytes.size()) {
    std::uint64_t word = kOnes * ' ';
    std::memcpy(&word, bytes.data() + done, bytes.size() - done);
    found |= suspicious(word);
  }
  return found == 0;
}

inline void append_escaped(std::string& text, std::string_view bytes) {
  if (is_plain(bytes)) {
    text += bytes;
  } else {
    text += escape_line(bytes);
  }
}

}  // namespace devtask
