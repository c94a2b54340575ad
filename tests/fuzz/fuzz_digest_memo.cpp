// The digest memo: a file (two bytes: its length; a byte: how many of its records are mended), then what is
// done with it. It never has a digest for a file that was not remembered with it.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "input.h"
#include "mended_log.h"
#include "require.h"
#include "scratch_folder.h"
#include "store/digest_memo.h"
#include "store/record_log.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTMEMO01";
constexpr std::int64_t kLongAgo = 1'000'000'000;

using Known = std::tuple<std::string, std::uint64_t, std::string>;  // path, size, digest

const std::vector<std::string>& paths() {
  static const std::vector<std::string> all{"a",     "b",           "src/main.cpp", "", std::string(300, 'x'),
                                            "a b\n", "/usr/bin/env"};
  return all;
}

// The other fields follow from the size, so that it tells identities apart.
FileIdentity identity(std::uint8_t number) {
  const auto time = static_cast<std::int64_t>(number % 8);
  return {number % 8U, time, time, 7, 7};
}

// What the file claims, read by a second way.
void add_claims(const std::string& path, std::set<Known>& known) {
  constexpr std::size_t kEntry = 80, kDigest = 40, kLength = 72;
  RecordLog log(path, kMagic);
  const RecordLog::Contents contents = log.read();
  for (std::string_view payload : contents.payloads) {
    while (payload.size() >= kEntry) {
      std::uint64_t size = 0;
      std::uint32_t length = 0;
      std::memcpy(&size, payload.data(), sizeof size);
      std::memcpy(&length, payload.data() + kLength, sizeof length);
      const std::size_t padded = (length + std::size_t{7}) & ~std::size_t{7};
      if (padded > payload.size() - kEntry) break;
      known.emplace(payload.substr(kEntry, length), size, payload.substr(kDigest, 32));
      payload.remove_prefix(kEntry + padded);
    }
  }
}

std::string bytes_of(const Digest& digest) { return {digest.bytes.begin(), digest.bytes.end()}; }

void check(Input input) {
  static const ScratchFolder folder;
  const std::string path = folder / "memo";
  const std::size_t length = input.number();
  const std::uint8_t records = input.byte();
  folder.write("memo", mended_log(input.take(length), kMagic, records));
  std::set<Known> known;
  add_claims(path, known);

  auto memo = std::make_unique<DigestMemo>(path);
  DigestMemo::Cursor cursor;
  // What was remembered last, and how often the file was saved since: an entry that nobody asks for grows
  // old.
  constexpr int kOld = 3;
  std::map<std::string, std::pair<FileIdentity, int>> latest;
  const auto save = [&] {
    require(memo->save().has_value(), "it can be saved");
    for (auto& [name, remembered] : latest) ++remembered.second;
  };
  for (int steps = 0; !input.empty() && steps < 200; ++steps) {
    const std::uint8_t what = input.byte();
    const std::string& file = paths()[what / 4 % paths().size()];
    const std::uint8_t number = input.byte();
    switch (what % 4) {
      case 0: {  // as evaluating does: what is not known is read and remembered
        const FileIdentity now = identity(number);
        if (const auto found = memo->find(file, now, cursor)) {
          require(known.contains({file, now.size, bytes_of(*found)}), "a digest is that of its file", file);
          break;
        }
        const auto last = latest.find(file);
        require(last == latest.end() || last->second.first != now || last->second.second >= kOld,
                "what was remembered is known", file);
        const Digest digest = sha256(file + std::to_string(number));
        memo->remember(file, now, digest, kLongAgo * 10);
        known.emplace(file, now.size, bytes_of(digest));
        latest[file] = {now, 0};
        break;
      }
      case 1: {  // too young to be trusted
        const FileIdentity young{99, kLongAgo, kLongAgo, 7, 7};
        memo->remember(file, young, sha256("young"), kLongAgo + 1);
        require(memo->find(file, young, cursor) != sha256("young"), "what is too young is not remembered");
        break;
      }
      case 2:
        save();
        break;
      case 3:
        save();
        memo = std::make_unique<DigestMemo>(path);
        cursor = {};
        break;
    }
  }
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
