#include "store/blob_content.h"

#include <algorithm>
#include <memory>

namespace devtask {
namespace {

constexpr std::size_t kCompressFrom = 4096;

}  // namespace

char* piece_buffer() {
  thread_local const auto buffer = std::make_unique<char[]>(kPiece);
  return buffer.get();
}

KeptContent keep(std::string_view content) {
  auto frame = content.size() >= kCompressFrom ? compress_if_worth_it(content) : std::nullopt;
  if (frame) return {std::move(*frame), content.size()};
  return {std::string(content), content.size()};
}

Result<void> read_content(const ByteSource& source, bool compressed, const Digest& digest,
                          const ByteSink& sink) {
  Sha256 hash;
  const ByteSink hash_and_sink = [&](std::string_view bytes) {
    hash.update(bytes);
    return sink(bytes);
  };
  if (compressed) {
    if (auto done = decompress(source, hash_and_sink); !done) return done;
  } else {
    while (true) {
      const auto got = source(piece_buffer(), kPiece);
      if (!got) return tl::unexpected(got.error());
      if (*got == 0) break;
      if (auto handed = hash_and_sink({piece_buffer(), *got}); !handed) return handed;
    }
  }
  if (hash.finish() != digest) return failure("its content is not what its name says");
  return {};
}

Result<std::string> content_of(const KeptContent& kept, const Digest& digest) {
  std::string_view left = kept.bytes;
  const ByteSource source = [&](char* buffer, std::size_t capacity) -> Result<std::size_t> {
    const std::size_t taken = left.copy(buffer, capacity);
    left.remove_prefix(taken);
    return taken;
  };
  std::string content;
  content.reserve(std::min<std::uint64_t>(kept.size, kPiece));
  auto read = read_content(source, kept.compressed(), digest, [&](std::string_view bytes) -> Result<void> {
    // A frame that was changed could say anything.
    if (content.size() + bytes.size() > kept.size) return failure("it is too large");
    content += bytes;
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return content;
}

}  // namespace devtask
