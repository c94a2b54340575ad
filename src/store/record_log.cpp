#include "store/record_log.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <random>

namespace devtask {
namespace {

static_assert(std::endian::native == std::endian::little, "the formats of devtask are little-endian");

constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kHeaderBytes = 16;

struct RecordHead {
  std::uint32_t length;
  std::uint32_t reserved;
  std::uint64_t checksum;
};
static_assert(sizeof(RecordHead) == 16);

constexpr std::uint64_t padded(std::uint64_t length) { return (length + 7) & ~std::uint64_t{7}; }

void append_record(std::string& bytes, std::string_view payload) {
  const RecordHead head{static_cast<std::uint32_t>(payload.size()), 0,
                        XXH3_64bits(payload.data(), payload.size())};
  bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
  bytes += payload;
  bytes.append(padded(payload.size()) - payload.size(), '\0');
}

// Calls `each` with the payloads of the good records at the start of `bytes`; returns how many bytes those
// records take.
template <class Each>
std::uint64_t each_good_record(std::string_view bytes, Each each) {
  std::uint64_t good = 0;
  while (bytes.size() - good >= sizeof(RecordHead)) {
    RecordHead head;
    std::memcpy(&head, bytes.data() + good, sizeof head);
    const std::uint64_t room = bytes.size() - good - sizeof head;
    if (head.reserved != 0 || padded(head.length) > room) break;
    const std::string_view payload = bytes.substr(good + sizeof head, head.length);
    const std::string_view padding(payload.data() + payload.size(), padded(head.length) - head.length);
    if (padding.find_first_not_of('\0') != std::string_view::npos) break;
    if (XXH3_64bits(payload.data(), payload.size()) != head.checksum) break;
    each(payload);
    good += sizeof head + padded(head.length);
  }
  return good;
}

// 0 never names a file.
std::uint64_t new_generation() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32 | random()) | 1U;
}

std::uint64_t generation_of(std::string_view header) {
  std::uint64_t generation = 0;
  std::memcpy(&generation, header.data() + kMagicBytes, sizeof generation);
  return generation;
}

}  // namespace

RecordLog::RecordLog(std::string path, std::string_view magic)
    : file_(path), path_(std::move(path)), magic_(magic) {
  magic_.resize(kMagicBytes, '\0');
}

std::string RecordLog::header_text(std::uint64_t generation) const {
  std::string header = magic_;
  header.append(reinterpret_cast<const char*>(&generation), sizeof generation);
  return header;
}

RecordLog::Contents RecordLog::parse(MappedFile file, std::uint64_t from) const {
  Contents contents;
  contents.file = std::move(file);
  const std::string_view bytes = contents.file.bytes();
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(magic_)) {
    contents.damaged = !bytes.empty();
    return contents;
  }
  const std::uint64_t start = std::max<std::uint64_t>(from, kHeaderBytes);
  contents.from_start = start == kHeaderBytes;
  contents.good_bytes = start + each_good_record(bytes.substr(start), [&](std::string_view payload) {
                          contents.payloads.push_back(payload);
                        });
  contents.damaged = contents.good_bytes < bytes.size();
  return contents;
}

RecordLog::Contents RecordLog::read() {
  seen_ = 0;
  return read_new();
}

RecordLog::Contents RecordLog::read_new() {
  if (nothing_new()) {
    Contents nothing;
    nothing.good_bytes = seen_;
    nothing.from_start = false;
    return nothing;
  }
  auto file = MappedFile::open(path_);
  if (!file) file = MappedFile();
  const std::string_view bytes = file->bytes();
  const bool ours = bytes.size() >= kHeaderBytes && bytes.starts_with(magic_);
  const bool continued = ours && generation_of(bytes) == generation_ && bytes.size() >= seen_;
  Contents contents = parse(std::move(*file), continued ? seen_ : 0);
  generation_ = ours ? generation_of(contents.file.bytes()) : 0;
  seen_ = good_ = contents.good_bytes;
  return contents;
}

// The generation tells a file that was begun anew in place.
bool RecordLog::nothing_new() const {
  if (seen_ == 0 || seen_ != file_.size() || !file_.unchanged()) return false;
  const auto header = file_.read(0, kHeaderBytes);
  return header && header->size() == kHeaderBytes && generation_of(*header) == generation_;
}

Result<void> RecordLog::append(const std::vector<std::string_view>& payloads) {
  std::string bytes;
  for (const std::string_view payload : payloads) {
    if (payload.size() >= std::numeric_limits<std::uint32_t>::max()) {
      return failure("a record of {} bytes is too large for `{}`", payload.size(), path_);
    }
    append_record(bytes, payload);
  }
  const auto lock = file_.lock();
  if (!lock) return tl::unexpected(lock.error());
  auto header = file_.read(0, kHeaderBytes);
  if (!header) return tl::unexpected(header.error());
  if (header->size() < kHeaderBytes || !header->starts_with(magic_)) {
    if (auto cut = file_.truncate(0); !cut) return cut;
    generation_ = new_generation();
    good_ = seen_ = kHeaderBytes;
    bytes.insert(0, header_text(generation_));
  } else {
    if (generation_of(*header) != generation_ || good_ > file_.size()) {
      generation_ = generation_of(*header);
      good_ = kHeaderBytes;
      seen_ = 0;
    }
    // Others have appended, or died while they did.
    if (good_ < file_.size()) {
      auto tail = file_.read(good_, file_.size() - good_);
      if (!tail) return tl::unexpected(tail.error());
      good_ += each_good_record(*tail, [](std::string_view) {});
      if (good_ < file_.size()) {
        if (auto cut = file_.truncate(good_); !cut) return cut;
      }
    }
  }
  if (auto written = file_.append(bytes); !written) {
    // The header of a new file may be missing now.
    generation_ = 0;
    return written;
  }
  // What others appended before remains to be read.
  if (seen_ == good_) seen_ = file_.size();
  good_ = file_.size();
  return {};
}

Result<void> RecordLog::rewrite(const std::function<std::vector<std::string_view>(const Contents&)>& choose) {
  const auto lock = file_.lock();
  if (!lock) return tl::unexpected(lock.error());
  auto file = MappedFile::open(path_);
  if (!file) return tl::unexpected(file.error());
  const Contents old = parse(std::move(*file), 0);
  const std::uint64_t generation = new_generation();
  std::string bytes = header_text(generation);
  for (const std::string_view payload : choose(old)) append_record(bytes, payload);
  if (auto written = write_file(path_, bytes); !written) return written;
  generation_ = generation;
  good_ = seen_ = bytes.size();
  return {};
}

}  // namespace devtask
