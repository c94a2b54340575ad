// How content is kept, in a file or in a row of the index: as it is, or as one zstd frame that names its
// content's size, when that saves at least a fifth of 4 KiB and more. Unaware of: where it is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "store/zstd_stream.h"

namespace devtask {

// What is read at once. Content up to this size is handled in memory.
inline constexpr std::size_t kPiece = 256 * 1024;
// What takes no more than this as it is kept becomes a row of the index: to make a file of its own costs as
// much as to write some hundred kilobytes (docs/decisions/011-group-commit.md).
inline constexpr std::size_t kMostRowBytes = 64 * 1024;

struct KeptContent {
  std::string bytes;       // as it is kept
  std::uint64_t size = 0;  // of the content
  bool compressed() const { return bytes.size() != size; }
};

KeptContent keep(std::string_view content);

// Hands the content on piece by piece, decompressed, and fails if it has another digest in the end.
Result<void> read_content(const ByteSource& source, bool compressed, const Digest& digest,
                          const ByteSink& sink);
// The same of what fits into memory.
Result<std::string> content_of(const KeptContent& kept, const Digest& digest);

// Of kPiece bytes, one for each thread.
char* piece_buffer();

}  // namespace devtask
