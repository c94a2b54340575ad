// SHA-256, the one digest of devtask: content of files, keys of actions, addresses of blobs.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace devtask {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const Digest&) const = default;
  std::string hex() const;  // 64 lower-case digits
  void append_hex(std::string& text) const;
  static std::optional<Digest> from_hex(std::string_view text);
};

struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t head = 0;
    std::memcpy(&head, digest.bytes.data(), sizeof head);
    return head;
  }
};

// Incremental SHA-256. Reusable: finish() starts a new digest. Not shared between threads.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Digest sha256(std::string_view bytes);

}  // namespace devtask
