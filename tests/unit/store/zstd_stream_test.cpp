#include "store/zstd_stream.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

using namespace std::string_view_literals;

bool can_be_read(std::string_view frame, std::size_t piece) {
  const ByteSource source = [&](char* buffer, std::size_t capacity) -> Result<std::size_t> {
    const std::size_t taken = frame.copy(buffer, std::min(capacity, piece));
    frame.remove_prefix(taken);
    return taken;
  };
  return decompress(source, [](std::string_view) { return Result<void>(); }).has_value();
}

// The library knows formats that were given up long ago, and frames without content.
TEST(ZstdStreamTest, ReadsItsOwnFormatOnly) {
  const std::string good = compress_if_worth_it(std::string(5000, 'x')).value();
  const std::string_view frames[] = {"\x27\xb5\x2f\xfd\0\0\0\0\0"sv, "\x50\x2a\x4d\x18\1\0\0\0x"sv, ""sv};
  for (const std::size_t piece : {1U, 2U, 100U}) {
    EXPECT_TRUE(can_be_read(good, piece));
    for (const std::string_view frame : frames) EXPECT_FALSE(can_be_read(frame, piece)) << frame;
  }
  EXPECT_TRUE(is_whole_frame(good));
  EXPECT_EQ(frame_content_bytes(good), 5000U);
  for (const std::string_view frame : frames) {
    EXPECT_FALSE(is_whole_frame(frame)) << frame;
    EXPECT_EQ(frame_content_bytes(frame), std::nullopt) << frame;
  }
}

}  // namespace
}  // namespace devtask
