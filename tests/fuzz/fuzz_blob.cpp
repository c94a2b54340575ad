// Blobs: a zstd frame that others may have written, content that is compressed and read again, and a blob on
// disk under a name that is right or wrong. First a byte (how long pieces are), then the bytes.
#include <optional>

#include "input.h"
#include "require.h"
#include "scratch_folder.h"
#include "store/blob_folder.h"
#include "store/zstd_stream.h"

namespace devtask {
namespace {

constexpr std::size_t kMostContent = 8 * 1024 * 1024;

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

void check_folder(std::string_view bytes) {
  static const ScratchFolder scratch;
  scratch.clear();
  BlobFolder folder(scratch.path(), false);
  constexpr std::int64_t kNow = 1'000'000'000'000'000'000;
  const auto digest = folder.put_bytes(bytes, kNow);
  require(digest && *digest == sha256(bytes), "a blob is called by its digest");
  require(folder.get_bytes(*digest) == std::string(bytes), "a blob is read as it was put");

  // The same bytes under the name of a frame: they are one of that content, or they are refused and removed.
  const std::string content = decompressed(bytes, bytes.size() + 1).value_or("something else");
  const std::string hex = sha256(content).hex();
  const std::string name = "blobs/" + hex.substr(0, 2) + "/" + hex.substr(2) + ".zst";
  if (content == bytes) return;
  scratch.write(name, bytes);
  const auto read = folder.get_bytes(sha256(content));
  require(!read || *read == content, "what is read has its name's digest");
  require(read || stat_file(scratch / name).kind == FileKind::kAbsent, "a broken blob is removed");
  const auto put = folder.put_bytes(content, kNow);
  require(put && folder.get_bytes(*put) == content, "a broken blob can be put anew");
}

void check(Input input) {
  const std::size_t piece = input.byte() + 1U;
  check_frame(input.rest(), piece);
  check_round_trip(input.rest(), piece);
  check_folder(input.rest());
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
