#include "plan/seal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "os/parallel.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTSEAL01";
constexpr std::int64_t kYoung_ns = 2'000'000'000;
constexpr std::size_t kMostSeals = 8;
constexpr std::size_t kPerBlock = 256;

// As it stands in the file, before the path.
struct Entry {
  std::uint64_t size, inode, device;
  std::int64_t mtime_ns, ctime_ns;
  std::uint32_t mode, kind, follow, path_length;
};
static_assert(sizeof(Entry) == 56);

struct Head {
  char magic[8];
  std::uint64_t checksum;
  std::uint8_t question[32];
  std::uint64_t tasks;
  std::int64_t saved_ms;
  std::uint64_t count;
};
static_assert(sizeof(Head) == 72);
constexpr std::size_t kUnchecked = offsetof(Head, question);

bool still_so(const Entry& entry, const char* path, const Fd& root) {
  const FileStat now = entry.follow != 0 ? stat_followed(path, root.get()) : stat_file(path, root.get());
  if (static_cast<std::uint32_t>(now.kind) != entry.kind) return false;
  return now.size == entry.size && now.inode == entry.inode && now.device == entry.device &&
         now.mtime_ns == entry.mtime_ns && now.ctime_ns == entry.ctime_ns && now.mode == entry.mode;
}

}  // namespace

Seal::Seal(std::string folder, std::string root, Digest question)
    : folder_(std::move(folder)), root_(std::move(root)), question_(question) {}

std::optional<SealedOutcome> Seal::check() const {
  const auto file = MappedFile::open(join_path(folder_, question_.hex().substr(0, 16)));
  if (!file || file->bytes().size() < sizeof(Head)) return std::nullopt;
  const std::string_view bytes = file->bytes();
  Head head;
  std::memcpy(&head, bytes.data(), sizeof head);
  const bool good = std::string_view(head.magic, sizeof head.magic) == kMagic &&
                    std::memcmp(head.question, question_.bytes.data(), sizeof head.question) == 0 &&
                    XXH3_64bits(bytes.data() + kUnchecked, bytes.size() - kUnchecked) == head.checksum;
  if (!good) return std::nullopt;
  std::vector<std::size_t> starts;
  starts.reserve(head.count);
  for (std::size_t at = sizeof head; at < bytes.size();) {
    Entry entry;
    std::memcpy(&entry, bytes.data() + at, sizeof entry);
    starts.push_back(at);
    at += sizeof entry + entry.path_length + 1;
  }
  const Fd root = open_folder(root_);
  std::atomic<bool> same{static_cast<bool>(root)};
  parallel_for(starts.size(), kPerBlock, [&](std::size_t i) {
    if (!same.load(std::memory_order_relaxed)) return;
    Entry entry;
    std::memcpy(&entry, bytes.data() + starts[i], sizeof entry);
    if (!still_so(entry, bytes.data() + starts[i] + sizeof entry, root)) same = false;
  });
  if (!same) return std::nullopt;
  return SealedOutcome{head.tasks, head.saved_ms};
}

Result<void> Seal::write(const std::vector<Observation>& observations, const SealedOutcome& outcome,
                         std::int64_t looked_ns) const {
  Head head{};
  std::memcpy(head.magic, kMagic.data(), sizeof head.magic);
  std::memcpy(head.question, question_.bytes.data(), sizeof head.question);
  head.tasks = outcome.tasks;
  head.saved_ms = outcome.saved_ms;
  head.count = observations.size();
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  for (const Observation& seen : observations) {
    if (std::max(seen.stat.mtime_ns, seen.stat.ctime_ns) > looked_ns - kYoung_ns) return {};
    const Entry entry{seen.stat.size,
                      seen.stat.inode,
                      seen.stat.device,
                      seen.stat.mtime_ns,
                      seen.stat.ctime_ns,
                      seen.stat.mode,
                      static_cast<std::uint32_t>(seen.stat.kind),
                      seen.follow ? 1U : 0U,
                      static_cast<std::uint32_t>(seen.path.size())};
    bytes.append(reinterpret_cast<const char*>(&entry), sizeof entry);
    bytes.append(seen.path.c_str(), seen.path.size() + 1);
  }
  head.checksum = XXH3_64bits(bytes.data() + kUnchecked, bytes.size() - kUnchecked);
  std::memcpy(bytes.data(), &head, sizeof head);
  if (auto made = make_folders(folder_, 0700); !made) return made;
  if (const auto others = list_folder(folder_); others && others->size() >= kMostSeals) {
    for (const FolderEntry& other : *others) (void)remove_file(join_path(folder_, other.name));
  }
  return write_file(join_path(folder_, question_.hex().substr(0, 16)), bytes, 0600);
}

}  // namespace devtask
