#include "base/digest.h"

// The functions for SHA-256 alone, although OpenSSL 3 calls them old: the general ones bring a quarter of the
// program and a search for providers at each start.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <bit>

namespace devtask {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

constexpr std::uint64_t in_each_byte(std::uint64_t value) { return value * 0x0101010101010101; }

// Eight hexadecimal digits to four bytes, without a branch or a table: a thousand results of tasks, read at
// each start, hold 20,000 digests. False if one is no lower-case digit.
bool decode_eight(const char* text, std::uint8_t* bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t digits = 0;
  std::memcpy(&digits, text, sizeof digits);
  const std::uint64_t letters = digits >> 6 & in_each_byte(1);
  const std::uint64_t values = (digits & in_each_byte(0x0f)) + letters * 9;
  const std::uint64_t above_nine = (values + in_each_byte(6)) >> 4 & in_each_byte(1);
  const std::uint64_t expected = values + in_each_byte('0') + above_nine * ('a' - '0' - 10);
  const std::uint64_t pairs = values << 4 | values >> 8;  // a byte in each even place
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(pairs >> (16 * i));
  return digits == expected && (values & in_each_byte(0xf0)) == 0;
}

}  // namespace

void Digest::append_hex(std::string& text) const {
  const std::size_t start = text.size();
  text.resize(start + 2 * bytes.size());
  char* out = text.data() + start;
  for (const std::uint8_t byte : bytes) {
    *out++ = kHexDigits[byte >> 4];
    *out++ = kHexDigits[byte & 15];
  }
}

std::string Digest::hex() const {
  std::string text;
  append_hex(text);
  return text;
}

std::optional<Digest> Digest::from_hex(std::string_view text) {
  Digest digest;
  if (text.size() != 2 * digest.bytes.size()) return std::nullopt;
  bool good = true;
  for (std::size_t i = 0; i < digest.bytes.size(); i += 4) {
    good &= decode_eight(text.data() + 2 * i, digest.bytes.data() + i);
  }
  if (!good) return std::nullopt;
  return digest;
}

struct Sha256::Context {
  SHA256_CTX state;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { SHA256_Init(&context_->state); }
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) { SHA256_Update(&context_->state, bytes.data(), bytes.size()); }

Digest Sha256::finish() {
  Digest digest;
  SHA256_Final(digest.bytes.data(), &context_->state);
  SHA256_Init(&context_->state);
  return digest;
}

Digest sha256(std::string_view bytes) {
  thread_local Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace devtask
