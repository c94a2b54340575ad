#include "store/zstd_stream.h"

#include <zstd.h>

#include <memory>
#include <utility>

namespace devtask {
namespace {

// Level 3 takes 1.6 times as long for a twentieth less.
constexpr int kLevel = 1;
// Every frame begins so. The library reads older formats as well, which nobody writes here.
constexpr std::string_view kMagic = "\x28\xb5\x2f\xfd";

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

struct Buffer {
  explicit Buffer(std::size_t capacity) : bytes(std::make_unique<char[]>(capacity)), size(capacity) {}
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

tl::unexpected<Diagnostic> zstd_failure(std::size_t code) {
  return failure("zstd: {}", ZSTD_getErrorName(code));
}

}  // namespace

std::optional<std::string> compress_if_worth_it(std::string_view bytes) {
  const std::size_t limit = bytes.size() / 5 * 4;
  std::string frame(limit, '\0');
  const std::size_t length =
      ZSTD_compressCCtx(compressor(), frame.data(), frame.size(), bytes.data(), bytes.size(), kLevel);
  // It does not fit, mostly.
  if (ZSTD_isError(length)) return std::nullopt;
  frame.resize(length);
  return frame;
}

FrameWriter::FrameWriter(std::uint64_t content_bytes, ByteSink sink) : sink_(std::move(sink)) {
  ZSTD_CCtx_reset(compressor(), ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(compressor(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setPledgedSrcSize(compressor(), content_bytes);
}

Result<void> FrameWriter::write(std::string_view bytes, bool last) {
  thread_local const Buffer out(ZSTD_CStreamOutSize());
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer output{out.bytes.get(), out.size, 0};
    const std::size_t left =
        ZSTD_compressStream2(compressor(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) return zstd_failure(left);
    if (output.pos > 0) {
      if (auto handed = sink_({out.bytes.get(), output.pos}); !handed) return handed;
    }
    if (last ? left == 0 : input.pos == input.size) return {};
  }
}

Result<void> decompress(const ByteSource& source, const ByteSink& sink) {
  thread_local const Buffer in(ZSTD_DStreamInSize());
  thread_local const Buffer out(ZSTD_DStreamOutSize());
  ZSTD_DCtx_reset(decompressor(), ZSTD_reset_session_only);
  std::size_t wanted = 1;  // 0: the frame is complete
  std::string_view magic = kMagic;
  while (true) {
    const auto got = source(in.bytes.get(), in.size);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) {
      if (wanted != 0) return failure("it is cut short");
      return {};
    }
    if (wanted == 0) return failure("something follows its end");
    const std::string_view start = std::string_view(in.bytes.get(), *got).substr(0, magic.size());
    if (!magic.starts_with(start)) return failure("it is no zstd frame");
    magic.remove_prefix(start.size());
    ZSTD_inBuffer input{in.bytes.get(), *got, 0};
    bool full = false;
    while (input.pos < input.size || full) {
      if (wanted == 0) return failure("something follows its end");
      ZSTD_outBuffer output{out.bytes.get(), out.size, 0};
      wanted = ZSTD_decompressStream(decompressor(), &output, &input);
      if (ZSTD_isError(wanted)) return zstd_failure(wanted);
      if (output.pos > 0) {
        if (auto handed = sink({out.bytes.get(), output.pos}); !handed) return handed;
      }
      full = output.pos == output.size && wanted != 0;
    }
  }
}

std::optional<std::uint64_t> frame_content_bytes(std::string_view start) {
  if (!start.starts_with(kMagic)) return std::nullopt;
  const unsigned long long size = ZSTD_getFrameContentSize(start.data(), start.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
  return size;
}

bool is_whole_frame(std::string_view bytes) {
  return bytes.starts_with(kMagic) &&
         ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) == bytes.size();
}

}  // namespace devtask
