// Blobs: a zstd frame that others may have written, content that is compressed and read again, and a blob in
// a row or on disk under a name that is right or wrong. First a byte (how long pieces are), then the bytes.
#include <optional>

#include "input.h"
#include "require.h"
#include "scratch_folder.h"
#include "store/blob_folder.h"
#include "store/zstd_stream.h"

namespace devtask {
namespace {

constexpr std::size_t kMostContent = 8 * 1024 * 1024;
constexpr std::size_t kLargeOnce = 16;  // in so many

std::optional<std::string> decompressed(std::string_view frame, std::size_t piece) {
  std::string content;
  const ByteSource source = [&](char* buffer, std::size_t capacity) -> Result<std::size_t> {
    // Fills the buffer unless the frame ends, as is asked of a source, or gives it away in pieces.
    const std::string_view part = frame.substr(0, std::min(capacity, piece));
    part.copy(buffer, part.size());
    frame.remove_prefix(part.size());
    return part.size();
  };
  const auto done = decompress(source, [&](std::string_view bytes) -> Result<void> {
    content += bytes;
    if (content.size() > kMostContent) return failure("enough");
    return {};
  });
  return done ? std::optional(content) : std::nullopt;
}

void check_frame(std::string_view bytes, std::size_t piece) {
  const auto content = decompressed(bytes, bytes.size() + 1);
  require(decompressed(bytes, piece) == content, "pieces do not matter");
  const auto said = frame_content_bytes(bytes.substr(0, kFrameStart));
  if (!content) return;
  require(is_whole_frame(bytes), "what can be read is a whole frame");
  require(!said || *said == content->size(), "a frame has as much as it says");
}

void check_round_trip(std::string_view bytes, std::size_t piece) {
  if (const auto frame = compress_if_worth_it(bytes)) {
    require(frame->size() <= bytes.size() / 5 * 4, "a fifth is saved");
    require(decompressed(*frame, piece) == std::string(bytes), "what was compressed is read again");
    require(is_whole_frame(*frame) && frame_content_bytes(*frame) == bytes.size(),
            "a frame tells its content's size");
    require(!decompressed(std::string_view(*frame).substr(0, frame->size() - 1), piece),
            "half a frame is none");
    require(!decompressed(*frame + "x", piece), "nothing follows a frame");
  }
  std::string frame;
  FrameWriter writer(bytes.size(), [&](std::string_view part) -> Result<void> {
    frame += part;
    return {};
  });
  for (std::string_view rest = bytes;;) {
    const std::string_view part = rest.substr(0, piece);
    rest.remove_prefix(part.size());
    require(writer.write(part, rest.empty()).has_value(), "a stream can be compressed");
    if (rest.empty()) break;
  }
  require(decompressed(frame, bytes.size() + 1) == std::string(bytes), "a stream is read as it was");
}

std::optional<std::string> read_whole(BlobFolder& folder, const Digest& digest) {
  std::string content;
  const auto done = folder.read(digest, [&](std::string_view piece) { content += piece; });
  return done ? std::optional(content) : std::nullopt;
}

// Content that is put is a row or a file, which of them depends on its size.
std::optional<std::string> put_and_read(BlobFolder& folder, std::string_view bytes) {
  constexpr std::int64_t kNow = 1'000'000'000'000'000'000;
  std::optional<std::string> row;
  const auto digest = folder.put_small(bytes, kNow, [&](const Digest& called, const KeptContent& kept) {
    require(called == sha256(bytes), "a row is called by its digest");
    require(kept.bytes.size() <= kMostRowBytes && kept.size == bytes.size(), "a row is small");
    if (auto content = content_of(kept, called)) row = *content;
  });
  require(digest && *digest == sha256(bytes), "a blob is called by its digest");
  return row ? row : read_whole(folder, *digest);
}

// The bytes as they may stand in a row of an index that others write.
void check_row(std::string_view bytes, std::uint64_t said_size) {
  const auto true_content = decompressed(bytes, bytes.size() + 1);
  for (const std::uint64_t size : {said_size, std::uint64_t{true_content ? true_content->size() : 0}}) {
    const KeptContent kept{std::string(bytes), size};
    const std::string content = kept.compressed() ? true_content.value_or("something else") : kept.bytes;
    const auto read = content_of(kept, sha256(content));
    require(!read || *read == content, "what is read of a row has its name's digest");
    require(!read || read->size() <= size, "and is no more than the row says");
  }
}

// More than a row holds, and not to be compressed.
const std::string& noise() {
  static const std::string bytes = [] {
    std::string made;
    while (made.size() <= kMostRowBytes) {
      const Digest next = sha256(std::to_string(made.size()));
      made.append(next.bytes.begin(), next.bytes.end());
    }
    return made;
  }();
  return bytes;
}

void check_folder(std::string_view bytes, bool large) {
  static const ScratchFolder scratch;
  scratch.clear();
  BlobFolder folder(scratch.path(), false);
  const std::string more = large ? noise() + std::string(bytes) : std::string();
  require(put_and_read(folder, more) == more, "a large blob is read as it was put");
  require(put_and_read(folder, bytes) == std::string(bytes), "a blob is read as it was put");
  // The bytes as a file under a name that is right or wrong, as they are or as a frame.
  const std::string content = decompressed(bytes, bytes.size() + 1).value_or("something else");
  const std::string hex = sha256(content).hex();
  if (content == bytes) return;
  for (const std::string suffix : {"", ".zst"}) {
    const std::string name = "blobs/" + hex.substr(0, 2) + "/" + hex.substr(2) + suffix;
    scratch.write(name, bytes);
    const auto read = read_whole(folder, sha256(content));
    require(!read || *read == content, "what is read has its name's digest");
    require(read || stat_file(scratch / name).kind == FileKind::kAbsent, "a broken blob is removed");
    scratch.write(name, bytes);
    require(put_and_read(folder, content) == content, "content can be put over a broken blob");
    require(remove_file(scratch / name).has_value(), "a file can be removed");
  }
}

void check(Input input) {
  const std::size_t piece = input.byte() + 1U;
  check_frame(input.rest(), piece);
  check_row(input.rest(), piece);
  check_round_trip(input.rest(), piece);
  check_folder(input.rest(), piece % kLargeOnce == 0);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
