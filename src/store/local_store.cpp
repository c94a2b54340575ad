#include "store/local_store.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "os/file.h"
#include "store/blob_folder.h"
#include "store/garbage.h"
#include "store/result_index.h"

namespace devtask {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr hours kGrace{1};
// A result used more often is not marked again: a run that only hits shall write next to nothing.
constexpr minutes kRefresh{10};
constexpr hours kCollectAfter{24};
constexpr hours kTemporaryAge{24};
constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;

// Names of numbers in the index.
constexpr std::string_view kStoredBytes = "stored-bytes";  // on disk, to what could be known without looking
constexpr std::string_view kCollectedAt = "collected-at";  // unix milliseconds

constexpr std::string_view kCacheTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is devtask's cache. It can be removed; see https://bford.info/cachedir/\n";

}  // namespace

class LocalStore::Impl {
 public:
  Impl(std::string folder, CacheLimits limits, bool read_only, Clock clock)
      : folder_(std::move(folder)),
        limits_(limits),
        read_only_(read_only),
        clock_(std::move(clock)),
        blobs_(join_path(folder_, "v1"), read_only),
        index_(join_path(folder_, "v1"), read_only) {}

  std::int64_t now_ms() const {
    return std::chrono::duration_cast<milliseconds>(clock_().time_since_epoch()).count();
  }
  std::int64_t now_ns() const { return now_ms() * kNanosecondsPerMillisecond; }
  BlobFolder& blobs() { return blobs_; }

  Result<std::optional<ActionResult>> find(const Digest& key) {
    auto found = index_.find(key);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return std::nullopt;
    auto result = result_from_text((*found)->text);
    if (!result) return std::nullopt;
    const std::int64_t now = now_ms();
    const bool recent = (*found)->used_ms <= now && now - (*found)->used_ms < milliseconds(kRefresh).count();
    if (!recent && !read_only_) {
      bool still_there = true;
      const auto marked = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
        still_there = writer.set_used(key, now);
        return {};
      });
      // A cache that cannot be written to can still be read. Then nobody's gc takes the result away either,
      // mostly.
      if (marked && !still_there) return std::nullopt;
    }
    for (const Digest& blob : blobs_of(*result)) {
      if (!blobs_.contains(blob)) return std::nullopt;
    }
    return std::move(*result);
  }

  Result<void> store(const Digest& key, const ActionResult& result) {
    const std::string text = to_text(result);
    // What cannot be read back must not be written.
    if (auto readable = result_from_text(text); !readable) return failure(readable.error());
    write_tag();
    const std::int64_t now = now_ms();
    return index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      for (const Digest& blob : blobs_of(result)) {
        if (!blobs_.touch(blob, now * kNanosecondsPerMillisecond)) {
          return failure("a result is not stored, because its blob {} is not in the cache", blob.hex());
        }
      }
      // The text behind the key; without it the result is as good, and only `why` has less to say.
      blobs_.touch(key, now * kNanosecondsPerMillisecond);
      writer.put(key, text, now);
      const std::int64_t stored =
          writer.number(kStoredBytes) + static_cast<std::int64_t>(blobs_.take_added_bytes());
      writer.set_number(kStoredBytes, stored);
      if (writer.number(kCollectedAt) == 0) writer.set_number(kCollectedAt, now);
      return {};
    });
  }

  Result<CacheStats> stats() {
    CacheStats stats;
    stats.folder = folder_;
    auto counted = index_.each([&](const ResultIndex::Row&) { ++stats.results; });
    if (!counted) return tl::unexpected(counted.error());
    for (const BlobFile& blob : blobs_.list()) {
      ++stats.blobs;
      stats.stored_bytes += blob.stored_bytes;
      stats.content_bytes += blobs_.content_bytes(blob);
    }
    return stats;
  }

  Result<GcReport> gc_if_due() {
    const auto stored = index_.number(kStoredBytes);
    if (!stored) return tl::unexpected(stored.error());
    const auto collected_at = index_.number(kCollectedAt);
    if (!collected_at) return tl::unexpected(collected_at.error());
    const bool full = *stored > 0 && static_cast<std::uint64_t>(*stored) > limits_.max_bytes;
    const std::int64_t age = now_ms() - *collected_at;
    const bool old = *collected_at != 0 && (age < 0 || age >= milliseconds(kCollectAfter).count());
    if (read_only_ || (!full && !old)) return GcReport{};
    CacheLimits limits = limits_;
    if (full) limits.max_bytes = limits.max_bytes / 10 * 9;
    return gc(limits);
  }

  Result<GcReport> gc(const CacheLimits& limits) {
    GcReport report;
    if (!exists()) return report;
    index_.use_newest();
    const std::int64_t now = now_ms();
    const CacheContents::Limits bounds{limits.max_bytes, now - milliseconds(limits.max_age).count(),
                                       now - milliseconds(kGrace).count()};
    // A time to come is a clock that went wrong; it must not keep a result for ever.
    auto corrected = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      writer.limit_used(now);
      return {};
    });
    if (!corrected) return tl::unexpected(corrected.error());

    // Looked at without a lock; what changes meanwhile is seen by its time of last use.
    CacheContents contents(blobs_.list());
    auto read = index_.each([&](const ResultIndex::Row& row) {
      const auto result = result_from_text(row.text);
      std::vector<Digest> names = result ? blobs_of(*result) : std::vector<Digest>();
      names.push_back(row.key);
      contents.add_result(row.key, row.used_ms, names);
    });
    if (!read) return tl::unexpected(read.error());

    if (auto removed = remove_results(contents.choose_results(bounds), contents, report); !removed) {
      return tl::unexpected(removed.error());
    }
    const std::int64_t grace_ns = bounds.grace_ms * kNanosecondsPerMillisecond;
    if (auto removed = remove_blobs(contents.unnamed_blobs(bounds), grace_ns, report); !removed) {
      return tl::unexpected(removed.error());
    }
    blobs_.remove_temporary_files((now - milliseconds(kTemporaryAge).count()) * kNanosecondsPerMillisecond);
    index_.remove_older();
    auto noted = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      writer.set_number(kStoredBytes,
                        static_cast<std::int64_t>(contents.stored_bytes() - report.bytes_freed));
      writer.set_number(kCollectedAt, now);
      return {};
    });
    if (!noted) return tl::unexpected(noted.error());
    return report;
  }

  Result<VerifyReport> verify() {
    VerifyReport report;
    if (!exists()) return report;
    index_.use_newest();
    const auto index_good = index_.check();
    if (!index_good) return tl::unexpected(index_good.error());
    if (!*index_good) report.problems.push_back("the index is broken, a new one will be begun");
    for (const BlobFile& blob : blobs_.list()) {
      ++report.blobs_checked;
      const auto checked = blobs_.check(blob);
      if (checked || blobs_.look(blob).used_ns == 0) continue;
      report.problems.push_back(checked.error().message);
      if (!read_only_) blobs_.remove(blob);
    }
    std::vector<Digest> broken;
    auto read = index_.each([&](const ResultIndex::Row& row) {
      ++report.results_checked;
      const std::string problem = problem_of(row);
      if (problem.empty()) return;
      report.problems.push_back(fmt::format("result {} {}", row.key.hex(), problem));
      broken.push_back(row.key);
    });
    if (!read) return tl::unexpected(read.error());
    if (broken.empty() || read_only_) return report;
    auto removed = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      for (const Digest& key : broken) writer.remove(key);
      return {};
    });
    if (!removed) return tl::unexpected(removed.error());
    return report;
  }

  Result<void> clean() {
    if (!exists()) return {};
    index_.use_newest();
    auto removed = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      writer.remove_all();
      writer.set_number(kStoredBytes, 0);
      return {};
    });
    if (!removed) return removed;
    GcReport report;
    constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::max();
    if (auto gone = remove_blobs(blobs_.list(), kAnyTime, report); !gone) return gone;
    blobs_.remove_temporary_files((now_ms() - milliseconds(kGrace).count()) * kNanosecondsPerMillisecond);
    index_.remove_older();
    return index_.compact();
  }

 private:
  bool exists() const { return stat_followed(join_path(folder_, "v1")).kind == FileKind::kFolder; }

  // A cache without the tag works as well, so a failure is not told.
  void write_tag() {
    const std::string path = join_path(folder_, "CACHEDIR.TAG");
    if (read_only_ || tag_written_.exchange(true) || stat_file(path).kind != FileKind::kAbsent) return;
    if (make_folders(folder_, 0700)) (void)write_file(path, kCacheTag);
  }

  // "" if there is none.
  std::string problem_of(const ResultIndex::Row& row) {
    const auto result = result_from_text(row.text);
    if (!result)
      return row.text.empty() ? "does not match its checksum" : "cannot be read: " + result.error().message;
    for (const Digest& blob : blobs_of(*result)) {
      if (!blobs_.contains(blob)) return fmt::format("names blob {}, which is not there", blob.hex());
    }
    return {};
  }

  // In batches, so that no other process waits long for the index.
  Result<void> remove_results(const std::vector<CacheContents::Choice>& chosen, CacheContents& contents,
                              GcReport& report) {
    constexpr std::size_t kBatch = 500;
    for (std::size_t begin = 0; begin < chosen.size(); begin += kBatch) {
      const std::size_t end = std::min(begin + kBatch, chosen.size());
      std::vector<Digest> removed;
      auto done = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
        removed.clear();
        for (std::size_t i = begin; i < end; ++i) {
          if (writer.remove_if_used(chosen[i].key, chosen[i].used_ms)) removed.push_back(chosen[i].key);
        }
        return {};
      });
      if (!done) return done;
      for (const Digest& key : removed) contents.removed(key);
      report.results_removed += removed.size();
    }
    return {};
  }

  // Those that were not used since `before_ns`, as seen while nobody can store a result.
  Result<void> remove_blobs(const std::vector<BlobFile>& unnamed, std::int64_t before_ns, GcReport& report) {
    constexpr std::size_t kBatch = 200;
    for (std::size_t begin = 0; begin < unnamed.size(); begin += kBatch) {
      const std::size_t end = std::min(begin + kBatch, unnamed.size());
      auto done = index_.change([&](ResultIndex::Writer&) -> Result<void> {
        for (std::size_t i = begin; i < end; ++i) {
          const BlobFile blob = blobs_.look(unnamed[i]);
          if (blob.used_ns == 0 || blob.used_ns >= before_ns || !blobs_.remove(blob)) continue;
          ++report.blobs_removed;
          report.bytes_freed += blob.stored_bytes;
        }
        return {};
      });
      if (!done) return done;
    }
    return {};
  }

  const std::string folder_;
  const CacheLimits limits_;
  const bool read_only_;
  const Clock clock_;
  BlobFolder blobs_;
  ResultIndex index_;
  std::atomic<bool> tag_written_{false};
};

LocalStore::LocalStore(std::string folder, CacheLimits limits, bool read_only, Clock clock)
    : impl_(std::make_unique<Impl>(std::move(folder), limits, read_only, std::move(clock))) {}
LocalStore::~LocalStore() = default;

Result<Digest> LocalStore::put_file(const std::string& path) {
  return impl_->blobs().put_file(path, impl_->now_ns());
}
Result<Digest> LocalStore::put_bytes(std::string_view bytes) {
  return impl_->blobs().put_bytes(bytes, impl_->now_ns());
}
Result<void> LocalStore::get_file(const Digest& digest, const std::string& path, std::uint32_t mode) {
  return impl_->blobs().get_file(digest, path, mode);
}
Result<std::string> LocalStore::get_bytes(const Digest& digest) { return impl_->blobs().get_bytes(digest); }
Result<void> LocalStore::read(const Digest& digest, const std::function<void(std::string_view)>& piece) {
  return impl_->blobs().read(digest, piece);
}
bool LocalStore::contains(const Digest& digest) { return impl_->blobs().contains(digest); }
Result<std::optional<ActionResult>> LocalStore::find(const Digest& key) { return impl_->find(key); }
Result<void> LocalStore::store(const Digest& key, const ActionResult& result) {
  return impl_->store(key, result);
}
Result<CacheStats> LocalStore::stats() { return impl_->stats(); }
Result<GcReport> LocalStore::gc(CacheLimits limits) { return impl_->gc(limits); }
Result<GcReport> LocalStore::gc_if_due() { return impl_->gc_if_due(); }
Result<VerifyReport> LocalStore::verify() { return impl_->verify(); }
Result<void> LocalStore::clean() { return impl_->clean(); }

}  // namespace devtask
