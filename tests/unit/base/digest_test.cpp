#include "base/digest.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

// FIPS 180-4, as NIST publishes them.
struct Known {
  std::string bytes, hex;
};
const Known kKnown[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

TEST(DigestTest, IsSha256) {
  for (const Known& known : kKnown) EXPECT_EQ(sha256(known.bytes).hex(), known.hex);
}

TEST(DigestTest, TakesItsBytesInPieces) {
  Sha256 hash;
  for (const Known& known : kKnown) {
    for (std::size_t at = 0; at < known.bytes.size(); at += 77'777)
      hash.update(std::string_view(known.bytes).substr(at, 77'777));
    EXPECT_EQ(hash.finish().hex(), known.hex);  // and starts anew
  }
}

TEST(DigestTest, ReadsItsOwnText) {
  for (const Known& known : kKnown) EXPECT_EQ(Digest::from_hex(known.hex), sha256(known.bytes));
  std::string text = "key ";
  sha256("abc").append_hex(text);
  EXPECT_EQ(text, "key ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, RefusesTextOfAnotherLength) {
  const std::string hex = sha256("abc").hex();
  EXPECT_EQ(Digest::from_hex(""), std::nullopt);
  EXPECT_EQ(Digest::from_hex(hex.substr(1)), std::nullopt);
  EXPECT_EQ(Digest::from_hex(hex + "0"), std::nullopt);
}

TEST(DigestTest, RefusesEveryByteThatIsNoLowerCaseDigitAtEveryPlace) {
  const std::string hex = sha256("abc").hex();
  for (std::size_t at = 0; at < hex.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = hex;
      text[at] = static_cast<char>(byte);
      const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
      const auto digest = Digest::from_hex(text);
      ASSERT_EQ(digest.has_value(), digit) << at << ' ' << byte;
      if (digest) {
        ASSERT_EQ(digest->hex(), text);
      }
    }
  }
}

}  // namespace
}  // namespace devtask
