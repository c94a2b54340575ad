// zstd behind values: the only place that calls the library. Contexts are kept by each thread, as making one
// costs more than compressing a small file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace devtask {

using ByteSink = std::function<Result<void>(std::string_view)>;
// Fills the buffer unless the source ends before; returns the bytes read.
using ByteSource = std::function<Result<std::size_t>(char* buffer, std::size_t capacity)>;

// One frame that names the size of its content. nullopt unless a fifth or more is saved.
std::optional<std::string> compress_if_worth_it(std::string_view bytes);

// Compresses a stream of known length into one frame. One at a time in each thread.
class FrameWriter {
 public:
  FrameWriter(std::uint64_t content_bytes, ByteSink sink);
  // `last` ends the frame; fails if it does not hold as many bytes as was said.
  Result<void> write(std::string_view bytes, bool last);

 private:
  ByteSink sink_;
};

// Hands the content of one frame on. Fails if the frame is broken, cut short or followed by something.
Result<void> decompress(const ByteSource& source, const ByteSink& sink);

// From the start of a frame; nullopt if it does not say or is no frame.
std::optional<std::uint64_t> frame_content_bytes(std::string_view start);
inline constexpr std::size_t kFrameStart = 18;  // bytes that are enough for it
// True if `bytes` are one whole frame, as far as its blocks' lengths tell.
bool is_whole_frame(std::string_view bytes);

}  // namespace devtask
