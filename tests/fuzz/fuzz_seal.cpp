// Seals: a file that others may have written, and one that was written and damaged. First a byte: whether the
// bytes are the file, and whether its checksum is set right; then the file, or places (two bytes) and what is
// written over them.
#include <xxhash.h>

#include <cstring>

#include "input.h"
#include "plan/seal.h"
#include "require.h"
#include "scratch_folder.h"

namespace devtask {
namespace {

constexpr std::size_t kChecksumAt = 8, kCheckedFrom = 16, kQuestionAt = 16;
constexpr std::int64_t kLater = 10'000'000'000;

const Digest& question() {
  static const Digest digest = sha256("question");
  return digest;
}
std::string seal_name() { return "seals/" + question().hex().substr(0, 16); }

// With magic, question and checksum as they should be.
std::string mended(std::string_view bytes) {
  std::string seal("DTSEAL01");
  seal += bytes;
  if (seal.size() >= kQuestionAt + 32) std::memcpy(seal.data() + kQuestionAt, question().bytes.data(), 32);
  if (seal.size() < kCheckedFrom) return seal;
  const std::uint64_t checksum = XXH3_64bits(seal.data() + kCheckedFrom, seal.size() - kCheckedFrom);
  std::memcpy(seal.data() + kChecksumAt, &checksum, sizeof checksum);
  return seal;
}

void check(Input input) {
  static const ScratchFolder folder;
  static const Seal seal(folder / "seals", folder.path(), question());
  enum Mode : std::uint8_t { kRaw = 0, kMended = 1 };
  const std::uint8_t mode = input.byte() % 3;
  if (mode == kRaw || mode == kMended) {
    folder.write(seal_name(), mode == kRaw ? std::string(input.rest()) : mended(input.rest()));
    (void)seal.check();
    return;
  }
  folder.write("a", "a");
  folder.write("b/c", "c");
  std::vector<Observation> seen;
  std::int64_t latest = 0;
  for (const std::string path : {"a", "b", "b/c", "nowhere", ""}) {
    seen.push_back({path, path.size() % 2 == 0, stat_file(folder / path)});
    latest = std::max({latest, seen.back().stat.mtime_ns, seen.back().stat.ctime_ns});
  }
  seen.back() = seen.front();
  require(seal.write(seen, {5, 17}, latest + kLater).has_value(), "a seal can be written");
  const auto outcome = seal.check();
  require(outcome && outcome->tasks == 5 && outcome->saved_ms == 17, "what was sealed holds");

  const std::string good = read_file(folder / seal_name()).value();
  std::string damaged = good;
  while (!input.empty()) damaged[input.number() % damaged.size()] = static_cast<char>(input.byte());
  folder.write(seal_name(), damaged);
  require(!seal.check() || damaged == good, "a damaged seal does not hold");
  folder.write(seal_name(), good);
  folder.write("a", "other");
  require(!seal.check(), "a file that changed breaks the seal");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
