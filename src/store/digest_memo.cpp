#include "store/digest_memo.h"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <deque>
#include <limits>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "os/file.h"
#include "store/record_log.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTMEMO01";
constexpr std::int64_t kRacyNs = 2'000'000'000;
constexpr std::uint32_t kMaxAge = 4;
// How many entries behind the expected one are tried before the index is made: files that were removed leave
// gaps.
constexpr std::size_t kLookAhead = 8;
// Below that a quarter of stale entries costs nothing.
constexpr std::size_t kRewriteFrom = 64;

struct EntryHead {
  FileIdentity identity;
  Digest digest;
  std::uint32_t path_length;
  std::uint32_t age;
};
static_assert(sizeof(EntryHead) == 80 && std::is_trivially_copyable_v<EntryHead>);

constexpr std::size_t padded(std::size_t length) { return (length + 7) & ~std::size_t{7}; }

void append_entry(std::string& bytes, const EntryHead& head, std::string_view path) {
  bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
  bytes += path;
  bytes.append(padded(path.size()) - path.size(), '\0');
}

// The entries of the mapped file, addressed by a running number; the first `in_order` are those of the first
// record.
class Entries {
 public:
  explicit Entries(RecordLog::Contents contents) : contents_(std::move(contents)) {
    for (const std::string_view payload : contents_.payloads) {
      std::string_view rest = payload;
      while (rest.size() >= sizeof(EntryHead)) {
        const std::size_t room = rest.size() - sizeof(EntryHead);
        const std::size_t length = head_at(rest.data()).path_length;
        if (padded(length) > room) break;
        starts_.push_back(rest.data());
        rest.remove_prefix(sizeof(EntryHead) + padded(length));
      }
      if (payload.data() == contents_.payloads.front().data()) in_order_ = starts_.size();
    }
  }

  std::size_t size() const { return starts_.size(); }
  std::size_t in_order() const { return in_order_; }
  EntryHead head(std::size_t number) const { return head_at(starts_[number]); }
  std::string_view path(std::size_t number) const {
    return {starts_[number] + sizeof(EntryHead), head_at(starts_[number]).path_length};
  }
  bool has_path(std::size_t number, std::string_view path) const {
    std::uint32_t length = 0;
    std::memcpy(&length, starts_[number] + offsetof(EntryHead, path_length), sizeof length);
    return length == path.size() &&
           std::memcmp(starts_[number] + sizeof(EntryHead), path.data(), length) == 0;
  }
  // Compared where it lies.
  std::optional<Digest> digest_if(std::size_t number, const FileIdentity& identity) const {
    static_assert(std::has_unique_object_representations_v<FileIdentity>);
    const char* const entry = starts_[number];
    if (std::memcmp(entry + offsetof(EntryHead, identity), &identity, sizeof identity) != 0)
      return std::nullopt;
    Digest digest;
    std::memcpy(digest.bytes.data(), entry + offsetof(EntryHead, digest), sizeof digest.bytes);
    return digest;
  }

 private:
  static EntryHead head_at(const char* entry) {
    EntryHead head;
    std::memcpy(static_cast<void*>(&head), entry, sizeof head);
    return head;
  }

  RecordLog::Contents contents_;
  std::vector<const char*> starts_;
  std::size_t in_order_ = 0;
};

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// Entry numbers by path: open addressing over a power of two.
class PathIndex {
 public:
  PathIndex() = default;
  // Of two entries with one path the later stays.
  PathIndex(const Entries& entries, std::size_t begin, std::size_t end) {
    if (begin == end) return;
    slots_.resize(std::bit_ceil(2 * (end - begin)));
    for (std::size_t number = begin; number < end; ++number) {
      slots_[slot_of(entries, entries.path(number))] = static_cast<std::uint32_t>(number + 1);
    }
  }
  std::size_t find(const Entries& entries, std::string_view path) const {
    if (slots_.empty()) return kNone;
    const std::uint32_t found = slots_[slot_of(entries, path)];
    return found == 0 ? kNone : found - 1;
  }

 private:
  // That of the path, or the free one where it would be.
  std::size_t slot_of(const Entries& entries, std::string_view path) const {
    std::size_t slot = XXH3_64bits(path.data(), path.size()) & (slots_.size() - 1);
    while (slots_[slot] != 0 && !entries.has_path(slots_[slot] - 1, path))
      slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }

  std::vector<std::uint32_t> slots_;  // 1 + number of the entry, 0: free
};

// Where among the entries in order a path was looked for in vain: before which of them, by which cursor, as
// how manieth.
using Place = std::tuple<std::size_t, std::uint32_t, std::size_t>;

// What this process knows of a path beyond the mapped file.
struct Fresh {
  enum class State { kMissed, kUnsaved, kSaved };
  std::string path;
  State state = State::kMissed;
  FileIdentity identity;
  Digest digest;
  std::int64_t hashed_at_ns = 0;
  Place place{kNone, 0, 0};  // kNone: remembered without having been looked for
};

struct PathHash {
  std::size_t operator()(std::string_view path) const { return XXH3_64bits(path.data(), path.size()); }
};

}  // namespace

class DigestMemo::Impl {
 public:
  explicit Impl(const std::string& path)
      : folder_(parent_folder(path)),
        log_(path, kMagic),
        entries_(log_.read()),
        later_(entries_, entries_.in_order(), entries_.size()),
        outside_order_(entries_.size() - entries_.in_order()),
        asked_for_(entries_.size()) {}

  std::optional<Digest> find(std::string_view path, const FileIdentity& identity, Cursor& cursor) const {
    const std::size_t expected = near(path, cursor.next);
    if (expected != kNone) {
      cursor.next = expected + 1;
      if (auto digest = use(expected, identity)) return digest;
    }
    if (const std::size_t later = later_.find(entries_, path); later != kNone) {
      if (auto digest = use(later, identity)) return digest;
    } else if (expected == kNone) {
      const std::size_t elsewhere = in_order().find(entries_, path);
      if (elsewhere != kNone) {
        cursor.next = elsewhere + 1;
        if (auto digest = use(elsewhere, identity)) return digest;
      }
    }
    return find_fresh(path, identity, cursor);
  }

  void remember(std::string_view path, const FileIdentity& identity, const Digest& digest,
                std::int64_t hashed_at_ns) {
    if (is_racy(identity, hashed_at_ns) || path.size() > std::numeric_limits<std::uint32_t>::max()) return;
    const std::lock_guard lock(mutex_);
    const auto found = fresh_by_path_.find(path);
    Fresh& fresh = found == fresh_by_path_.end() ? add_fresh(path) : *found->second;
    if (std::get<0>(fresh.place) == kNone) fresh.place = {entries_.in_order(), 0, fresh_.size()};
    fresh.state = Fresh::State::kUnsaved;
    fresh.identity = identity;
    fresh.digest = digest;
    fresh.hashed_at_ns = hashed_at_ns;
  }

  Result<void> save() {
    const std::lock_guard lock(mutex_);
    const auto is_unsaved = [](const Fresh& fresh) { return fresh.state == Fresh::State::kUnsaved; };
    if (std::ranges::none_of(fresh_, is_unsaved)) return {};
    if (auto measured = measure_lag(); !measured) return measured;
    for (Fresh& fresh : fresh_) {
      if (is_unsaved(fresh) && !is_settled(fresh)) fresh.state = Fresh::State::kMissed;
    }
    const auto unsaved = static_cast<std::size_t>(std::count_if(fresh_.begin(), fresh_.end(), is_unsaved));
    if (unsaved == 0) return {};
    const std::size_t outside = outside_order_ + unsaved;
    const bool anew =
        entries_.in_order() == 0 || (outside >= kRewriteFrom && outside > entries_.in_order() / 4);
    const auto written = anew ? write_anew() : append_unsaved();
    if (!written) return written;
    outside_order_ = anew ? 0 : outside;
    for (Fresh& fresh : fresh_) {
      if (is_unsaved(fresh)) fresh.state = Fresh::State::kSaved;
    }
    return {};
  }

 private:
  static bool is_racy(const FileIdentity& identity, std::int64_t hashed_at_ns) {
    return hashed_at_ns - kRacyNs < identity.ctime_ns;
  }

  Result<void> measure_lag() const {
    if (lag_) return {};
    const auto lag = clock_lag(folder_);
    if (!lag) return tl::unexpected(lag.error());
    lag_ = *lag;
    return {};
  }

  // Whether it was old enough by the file system's clock, too. That is only looked at where it matters, as it
  // changes a time.
  bool is_settled(const Fresh& fresh) const {
    if (fresh.state == Fresh::State::kSaved) return true;
    return measure_lag() && !is_racy(fresh.identity, fresh.hashed_at_ns - *lag_);
  }

  // The entry in order that has the path, if it is at `from` or a little behind.
  std::size_t near(std::string_view path, std::size_t from) const {
    const std::size_t end = std::min(entries_.in_order(), from + kLookAhead);
    for (std::size_t number = from; number < end; ++number) {
      if (entries_.has_path(number, path)) return number;
    }
    return kNone;
  }

  std::optional<Digest> use(std::size_t number, const FileIdentity& identity) const {
    asked_for_[number].store(1, std::memory_order_relaxed);
    return entries_.digest_if(number, identity);
  }

  const PathIndex& in_order() const {
    std::call_once(in_order_made_, [this] { in_order_index_ = PathIndex(entries_, 0, entries_.in_order()); });
    return in_order_index_;
  }

  std::optional<Digest> find_fresh(std::string_view path, const FileIdentity& identity,
                                   Cursor& cursor) const {
    const std::lock_guard lock(mutex_);
    const auto found = fresh_by_path_.find(path);
    if (found == fresh_by_path_.end()) {
      if (cursor.number == 0) cursor.number = ++cursors_;
      add_fresh(path).place = {cursor.next, cursor.number, fresh_.size()};
      return std::nullopt;
    }
    const Fresh& fresh = *found->second;
    if (fresh.state == Fresh::State::kMissed || fresh.identity != identity) return std::nullopt;
    return is_settled(fresh) ? std::optional(fresh.digest) : std::nullopt;
  }

  Fresh& add_fresh(std::string_view path) const {
    Fresh& fresh = fresh_.emplace_back();
    fresh.path = path;
    fresh_by_path_.emplace(fresh.path, &fresh);
    return fresh;
  }

  // An entry that is to be written.
  struct Item {
    Place place;
    std::string_view path;
    const Fresh* fresh;  // null: the entry `number` as it is
    std::size_t number;
    bool operator<(const Item& other) const {
      return std::tie(place, path) < std::tie(other.place, other.path);
    }
  };

  void append_item(std::string& bytes, const Item& item) const {
    if (item.fresh != nullptr) {
      const auto length = static_cast<std::uint32_t>(item.path.size());
      append_entry(bytes, {item.fresh->identity, item.fresh->digest, length, 0}, item.path);
      return;
    }
    EntryHead head = entries_.head(item.number);
    head.age = asked_for_[item.number].load(std::memory_order_relaxed) != 0 ? 0 : head.age + 1;
    if (head.age < kMaxAge) append_entry(bytes, head, item.path);
  }

  Result<void> append_unsaved() {
    std::vector<Item> items;
    for (const Fresh& fresh : fresh_) {
      if (fresh.state == Fresh::State::kUnsaved) items.push_back({fresh.place, fresh.path, &fresh, kNone});
    }
    std::string bytes = in_file_form(std::move(items));
    return log_.append({bytes});
  }

  std::string in_file_form(std::vector<Item> items) const {
    constexpr std::size_t kUsualPath = 80;
    if (!std::is_sorted(items.begin(), items.end())) std::sort(items.begin(), items.end());
    std::string bytes;
    bytes.reserve(items.size() * (sizeof(EntryHead) + kUsualPath));
    for (const Item& item : items) append_item(bytes, item);
    return bytes;
  }

  // The old order with what changed in its place and what is new where it was missed. What other processes
  // appended since this one began is lost, which costs them a hash.
  Result<void> write_anew() {
    std::vector<Item> items;
    items.reserve(entries_.size() + fresh_.size());
    std::vector<const Fresh*> replaced(entries_.size());  // by number
    for (const Fresh& fresh : fresh_) {
      if (fresh.state == Fresh::State::kMissed) continue;
      const std::string& path = fresh.path;
      const std::size_t in_place = in_order().find(entries_, path);
      const std::size_t later = later_.find(entries_, path);
      if (later != kNone) replaced[later] = &fresh;
      if (in_place != kNone) replaced[in_place] = &fresh;
      if (in_place == kNone && later == kNone) items.push_back({fresh.place, path, &fresh, kNone});
    }
    constexpr std::uint32_t kAfterInserted = std::numeric_limits<std::uint32_t>::max();
    for (std::size_t number = 0; number < entries_.size(); ++number) {
      const std::string_view path = entries_.path(number);
      const std::size_t later = later_.find(entries_, path);
      const bool ordered = number < entries_.in_order();
      // An entry outside the order stands where the path has its place, if it has one there.
      if (!ordered && (later != number || in_order().find(entries_, path) != kNone)) continue;
      if (ordered && later != kNone && asked_for_[number].load() != 0) asked_for_[later].store(1);
      items.push_back({{std::min(number, entries_.in_order()), ordered ? kAfterInserted : 0, number},
                       path,
                       replaced[number],
                       later == kNone ? number : later});
    }
    const std::string bytes = in_file_form(std::move(items));
    return log_.rewrite([&](const RecordLog::Contents&) { return std::vector<std::string_view>{bytes}; });
  }

  const std::string folder_;
  RecordLog log_;
  const Entries entries_;
  const PathIndex later_;  // entries outside the order
  mutable std::once_flag in_order_made_;
  mutable PathIndex in_order_index_;
  std::size_t outside_order_;  // entries of the file that are
  mutable std::vector<std::atomic<std::uint8_t>> asked_for_;

  mutable std::mutex mutex_;  // guards what follows
  mutable std::uint32_t cursors_ = 0;
  mutable std::optional<std::int64_t> lag_;  // of the file system's clock
  mutable std::deque<Fresh> fresh_;          // in the order in which they came
  mutable std::unordered_map<std::string_view, Fresh*, PathHash> fresh_by_path_;
};

DigestMemo::DigestMemo(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
DigestMemo::~DigestMemo() = default;

std::optional<Digest> DigestMemo::find(std::string_view path, const FileIdentity& identity,
                                       Cursor& cursor) const {
  return impl_->find(path, identity, cursor);
}
void DigestMemo::remember(std::string_view path, const FileIdentity& identity, const Digest& digest,
                          std::int64_t hashed_at_ns) {
  impl_->remember(path, identity, digest, hashed_at_ns);
}
Result<void> DigestMemo::save() { return impl_->save(); }

}  // namespace devtask
