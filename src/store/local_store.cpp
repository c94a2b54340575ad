#include "store/local_store.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <unordered_set>

#include "os/file.h"
#include "store/blob_folder.h"
#include "store/cache_places.h"
#include "store/garbage.h"
#include "store/pending_writes.h"
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

  Result<Digest> put_file(const std::string& path) { return blobs_.put_file(path, now_ns(), add_row()); }
  Result<Digest> put_bytes(std::string_view bytes) { return blobs_.put_small(bytes, now_ns(), add_row()); }

  Result<void> get_file(const Digest& digest, const std::string& path, std::uint32_t mode) {
    pending_.write_uses();
    const auto row = row_of(digest);
    if (!row) return tl::unexpected(row.error());
    if (!*row) return blobs_.get_file(digest, path, mode);
    const auto content = content_of(**row, digest);
    if (!content) return failure(broken_row(digest, content.error()));
    return write_new_file(path, *content, mode);
  }

  Result<std::string> get_bytes(const Digest& digest) {
    std::string content;
    if (auto done = read(digest, [&](std::string_view bytes) { content += bytes; }); !done) {
      return tl::unexpected(done.error());
    }
    return content;
  }

  Result<void> read(const Digest& digest, const std::function<void(std::string_view)>& piece) {
    pending_.write_uses();
    const auto row = row_of(digest);
    if (!row) return tl::unexpected(row.error());
    if (!*row) return blobs_.read(digest, piece);
    const auto content = content_of(**row, digest);
    if (!content) return failure(broken_row(digest, content.error()));
    piece(*content);
    return {};
  }

  bool contains(const Digest& digest) {
    return pending_.has_blob(digest) || blobs_.contains(digest) || index_.has_blob(digest).value_or(false);
  }

  Result<std::optional<ActionResult>> find(const Digest& key) {
    if (const auto text = pending_.result(key)) {
      auto result = result_from_text(*text);
      return result && has_all(blobs_of(*result)) ? std::optional(std::move(*result)) : std::nullopt;
    }
    std::optional<ActionResult> result;
    const auto found = index_.find(key, [&](const std::string& text) {
      if (auto read = result_from_text(text)) result = std::move(*read);
      return result ? blobs_of(*result) : std::vector<Digest>();
    });
    if (!found) return tl::unexpected(found.error());
    if (!result) return std::nullopt;
    const bool all_there = std::ranges::all_of((*found)->blobs, [&](const Digest& blob) {
      return blobs_.contains(blob) || pending_.has_blob(blob);
    });
    if (!all_there) return std::nullopt;
    const std::int64_t now = now_ms();
    const std::int64_t used = (*found)->used_ms;
    const bool recent = used <= now && now - used < milliseconds(kRefresh).count();
    if (!recent && !read_only_) pending_.add_use(key, now);
    return result;
  }

  Result<void> store(const Digest& key, const ActionResult& result) {
    if (read_only_) return failure("the cache `{}` is open for reading only", folder_);
    std::string text = to_text(result);
    // What cannot be read back must not be written.
    if (auto readable = result_from_text(text); !readable) return failure(readable.error());
    std::vector<Digest> blobs = blobs_of(result);
    for (const Digest& blob : blobs) {
      if (!contains(blob)) return without_blob(blob);
    }
    pending_.add_result(key, {std::move(text), std::move(blobs), now_ms()});
    return {};
  }

  Result<void> flush() { return pending_.flush(); }

  Result<CacheStats> stats() {
    CacheStats stats;
    stats.folder = folder_;
    if (auto written = flush(); !written) return tl::unexpected(written.error());
    if (auto there = exists(); !there) return tl::unexpected(there.error());
    auto counted = index_.each([&](const ResultIndex::Row&) { ++stats.results; });
    if (!counted) return tl::unexpected(counted.error());
    counted = index_.each_blob([&](const ResultIndex::BlobRow& row) {
      ++stats.blobs;
      stats.stored_bytes += row.stored_bytes;
      stats.content_bytes += row.content_bytes;
    });
    if (!counted) return tl::unexpected(counted.error());
    for (const BlobFile& blob : blobs_.list()) {
      ++stats.blobs;
      stats.stored_bytes += blob.stored_bytes;
      stats.content_bytes += blobs_.content_bytes(blob);
    }
    return stats;
  }

  Result<GcReport> gc_if_due() {
    if (auto written = flush(); !written) return tl::unexpected(written.error());
    const auto stored = index_.number(kStoredBytes);
    if (!stored) return tl::unexpected(stored.error());
    const auto collected_at = index_.number(kCollectedAt);
    if (!collected_at) return tl::unexpected(collected_at.error());
    const bool full = *stored > 0 && static_cast<std::uint64_t>(*stored) > limits_.max_bytes;
    const std::int64_t now = now_ms();
    const bool old = *collected_at != 0 &&
                     (*collected_at > now || *collected_at <= now - milliseconds(kCollectAfter).count());
    if (read_only_ || (!full && !old)) return GcReport{};
    CacheLimits limits = limits_;
    if (full) limits.max_bytes = limits.max_bytes / 10 * 9;
    return gc(limits);
  }

  Result<GcReport> gc(const CacheLimits& limits) {
    GcReport report;
    if (auto written = flush(); !written) return tl::unexpected(written.error());
    const auto there = exists();
    if (!there) return tl::unexpected(there.error());
    if (!*there) return report;
    index_.use_newest();
    const std::int64_t now = now_ms();
    const CacheContents::Limits bounds{limits.max_bytes, now - milliseconds(limits.max_age).count(),
                                       now - milliseconds(kGrace).count()};
    // A time to come is a clock that went wrong; it must not keep a result or a blob for ever.
    auto corrected = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      writer.limit_used(now);
      return {};
    });
    if (!corrected) return tl::unexpected(corrected.error());

    // Looked at without a lock; what changes meanwhile is seen by its time of last use.
    std::vector<BlobFile> blobs = blobs_.list();
    for (const BlobFile& blob : blobs) {
      if (blob.used_ns > now_ns()) blobs_.refresh(blob, now_ns());
    }
    auto read = index_.each_blob([&](const ResultIndex::BlobRow& row) {
      blobs.push_back({row.digest, false, row.stored_bytes, row.used_ms * kNanosecondsPerMillisecond, true});
    });
    if (!read) return tl::unexpected(read.error());
    CacheContents contents(std::move(blobs));
    read = index_.each([&](const ResultIndex::Row& row) {
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
    remove_leftovers(folder_);
    index_.remove_older();
    auto noted = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      writer.set_number(kStoredBytes,
                        static_cast<std::int64_t>(contents.stored_bytes() - report.bytes_freed));
      writer.set_number(kCollectedAt, now);
      return {};
    });
    if (!noted) return tl::unexpected(noted.error());
    if (auto compacted = index_.compact(); !compacted) return tl::unexpected(compacted.error());
    return report;
  }

  Result<VerifyReport> verify() {
    VerifyReport report;
    if (read_only_) return failure("the cache `{}` is open for reading only", folder_);
    if (auto written = flush(); !written) return tl::unexpected(written.error());
    for (WrongPlace& place : wrong_places(folder_)) {
      if (place.is_ours && remove_file(place.path)) {
        report.problems.push_back(std::move(place.problem.message));
      } else {
        report.left.push_back(std::move(place.problem));
      }
    }
    // What is behind such a place may come back: nothing is missing because it is not there now.
    if (!report.left.empty() || !has_folder()) return report;
    index_.use_newest();
    const auto index_good = index_.check();
    if (!index_good) return tl::unexpected(index_good.error());
    if (!*index_good) {
      report.problems.push_back("the index is broken, a new one is begun");
      if (auto begun = begin_index(); !begun) return tl::unexpected(begun.error());
    }
    for (const std::string& path : blobs_.obstacles())
      tell(report, fmt::format("`{}` is in the place of a blob", path), remove_tree(path));
    for (const BlobFile& blob : blobs_.list()) {
      ++report.blobs_checked;
      const auto checked = blobs_.check(blob);
      if (checked || blobs_.look(blob).used_ns == 0) continue;
      tell(report, checked.error().message, blobs_.remove(blob));
    }
    auto rows = check_rows(report);
    if (!rows) return tl::unexpected(rows.error());
    std::vector<Digest> suspects;
    auto read = index_.each([&](const ResultIndex::Row& row) {
      ++report.results_checked;
      const auto is_there = [&](const Digest& blob) {
        return rows->good.contains(blob) || blobs_.contains(blob);
      };
      if (!problem_of(row.text, is_there).empty()) suspects.push_back(row.key);
    });
    if (!read) return tl::unexpected(read.error());
    // Others may have stored or collected since the blobs were listed: a result is judged as it is now.
    std::vector<std::pair<Digest, std::int64_t>> broken;  // with the time of its last use
    for (const Digest& key : suspects) {
      const auto found = index_.find(key, [](const std::string& text) {
        const auto result = result_from_text(text);
        return result ? blobs_of(*result) : std::vector<Digest>();
      });
      if (!found) return tl::unexpected(found.error());
      if (!*found) continue;
      const auto is_there = [&](const Digest& blob) {
        const bool is_row = std::ranges::find((*found)->blobs, blob) == (*found)->blobs.end();
        return (is_row && !rows->broken.contains(blob)) || blobs_.contains(blob);
      };
      const std::string problem = problem_of((*found)->text, is_there);
      if (problem.empty()) continue;
      report.problems.push_back(fmt::format("result {} {}", key.hex(), problem));
      broken.emplace_back(key, (*found)->used_ms);
    }
    if (broken.empty()) return report;
    auto removed = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      for (const auto& [key, used_ms] : broken) writer.remove_if_used(key, used_ms);
      return {};
    });
    if (!removed) return tl::unexpected(removed.error());
    return report;
  }

  Result<void> clean() {
    if (auto written = flush(); !written) return written;
    const auto there = exists();
    if (!there) return tl::unexpected(there.error());
    if (!*there) return {};
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
  Result<void> begin_index() {
    auto begun = index_.change([](ResultIndex::Writer&) { return Result<void>(); });
    if (begun) index_.remove_older();
    return begun;
  }

  bool has_folder() const { return stat_followed(join_path(folder_, "v1")).kind == FileKind::kFolder; }

  // Whether there is a cache. Fails if none can be.
  Result<bool> exists() const {
    auto wrong = wrong_places(folder_);
    if (wrong.empty()) return has_folder();
    Diagnostic problem = std::move(wrong.front().problem);
    if (wrong.front().is_ours) problem.help = "`devtask cache verify` removes it";
    return failure(std::move(problem));
  }

  // `mended`: what was wrong has been removed.
  static void tell(VerifyReport& report, std::string problem, const Result<void>& mended) {
    if (mended) {
      report.problems.push_back(std::move(problem));
    } else {
      report.left.push_back(error("{}", problem).note(mended.error().message));
    }
  }

  // A cache without the tag works as well, so a failure is not told.
  void write_tag() {
    const std::string path = join_path(folder_, "CACHEDIR.TAG");
    if (read_only_ || tag_written_.exchange(true) || stat_file(path).kind != FileKind::kAbsent) return;
    if (make_folders(folder_, 0700)) (void)write_file(path, kCacheTag);
  }

  tl::unexpected<Diagnostic> without_blob(const Digest& blob) const {
    return failure("a result is not stored, because its blob {} is not in the cache", blob.hex());
  }

  BlobFolder::Rows add_row() {
    return [this](const Digest& digest, KeptContent kept) {
      pending_.add_blob(digest, {std::move(kept), now_ms()});
    };
  }

  bool has_all(const std::vector<Digest>& blobs) {
    return std::ranges::all_of(blobs, [&](const Digest& blob) { return contains(blob); });
  }

  // Pending or in the index.
  Result<std::optional<KeptContent>> row_of(const Digest& digest) {
    if (auto kept = pending_.blob(digest)) return kept;
    return index_.blob(digest);
  }

  Result<void> remove_row(const Digest& digest) {
    return index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      writer.remove_blob(digest);
      return {};
    });
  }

  // Removes it, so that the next put makes it anew; says what was wrong.
  Diagnostic broken_row(const Digest& digest, const Diagnostic& why) {
    (void)remove_row(digest);  // what cannot be removed is found to be broken again
    return error("blob {} of the cache is broken: {}", digest.hex(), why.message);
  }

  // All that is pending, in one transaction. What was found to be there when it was stored may be gone now:
  // such a result is left out, and the failure says so.
  Result<void> write(const PendingWrites::Batch& batch) {
    write_tag();
    const auto added_files = static_cast<std::int64_t>(blobs_.take_added_bytes());
    std::optional<Digest> missing;
    auto changed = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
      std::int64_t added = added_files;
      for (const auto& [digest, blob] : batch.blobs) {
        if (writer.put_blob(digest, blob.kept, blob.used_ms))
          added += static_cast<std::int64_t>(blob.kept.bytes.size());
      }
      std::int64_t first_ms = 0;
      for (const auto& [key, stored] : batch.results) {
        first_ms = stored.used_ms;
        const auto touch = [&, now = stored.used_ms](const Digest& blob) {
          return batch.blobs.contains(blob) || blobs_.touch(blob, now * kNanosecondsPerMillisecond) ||
                 writer.touch_blob(blob, now);
        };
        const auto gone = std::ranges::find_if_not(stored.blobs, touch);
        if (gone != stored.blobs.end()) {
          missing = *gone;
          continue;
        }
        // The text behind the key; without it the result is as good, and only `why` has less to say.
        touch(key);
        writer.put(key, stored.text, stored.used_ms);
      }
      for (const auto& [key, used_ms] : batch.uses) writer.set_used(key, used_ms);
      if (added != 0) writer.set_number(kStoredBytes, writer.number(kStoredBytes) + added);
      if (first_ms != 0 && writer.number(kCollectedAt) == 0) writer.set_number(kCollectedAt, first_ms);
      return {};
    });
    if (changed && missing) return without_blob(*missing);
    return changed;
  }

  struct CheckedRows {
    std::unordered_set<Digest, DigestHash> good, broken;
  };
  Result<CheckedRows> check_rows(VerifyReport& report) {
    CheckedRows rows;
    auto listed = index_.each_blob([&](const ResultIndex::BlobRow& row) { rows.good.insert(row.digest); });
    if (!listed) return tl::unexpected(listed.error());
    report.blobs_checked += rows.good.size();
    for (const Digest& digest : rows.good) {
      const auto kept = index_.blob(digest);
      if (!kept) return tl::unexpected(kept.error());
      if (!*kept) continue;
      const auto content = content_of(**kept, digest);
      if (content) continue;
      tell(report, fmt::format("blob {} is broken: {}", digest.hex(), content.error().message),
           remove_row(digest));
      rows.broken.insert(digest);
    }
    for (const Digest& digest : rows.broken) rows.good.erase(digest);
    return rows;
  }

  // "" if there is none.
  static std::string problem_of(std::string_view text, const std::function<bool(const Digest&)>& is_there) {
    const auto result = result_from_text(text);
    if (!result)
      return text.empty() ? "does not match its checksum" : "cannot be read: " + result.error().message;
    for (const Digest& blob : blobs_of(*result)) {
      if (!is_there(blob)) return fmt::format("names blob {}, which is not there", blob.hex());
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
      auto done = index_.change([&](ResultIndex::Writer& writer) -> Result<void> {
        for (std::size_t i = begin; i < end; ++i) {
          const BlobFile blob = unnamed[i].is_row ? unnamed[i] : blobs_.look(unnamed[i]);
          const bool removed =
              blob.is_row
                  ? writer.remove_blob_unused_since(blob.digest, before_ns / kNanosecondsPerMillisecond)
                  : blob.used_ns != 0 && blob.used_ns < before_ns && blobs_.remove(blob).has_value();
          if (!removed) continue;
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
  PendingWrites pending_{[this](const PendingWrites::Batch& batch) { return write(batch); }};  // ends first
};

LocalStore::LocalStore(std::string folder, CacheLimits limits, bool read_only, Clock clock)
    : impl_(std::make_unique<Impl>(std::move(folder), limits, read_only, std::move(clock))) {}
LocalStore::~LocalStore() = default;

Result<Digest> LocalStore::put_file(const std::string& path) { return impl_->put_file(path); }
Result<Digest> LocalStore::put_bytes(std::string_view bytes) { return impl_->put_bytes(bytes); }
Result<void> LocalStore::get_file(const Digest& digest, const std::string& path, std::uint32_t mode) {
  return impl_->get_file(digest, path, mode);
}
Result<std::string> LocalStore::get_bytes(const Digest& digest) { return impl_->get_bytes(digest); }
Result<void> LocalStore::read(const Digest& digest, const std::function<void(std::string_view)>& piece) {
  return impl_->read(digest, piece);
}
bool LocalStore::contains(const Digest& digest) { return impl_->contains(digest); }
Result<std::optional<ActionResult>> LocalStore::find(const Digest& key) { return impl_->find(key); }
Result<void> LocalStore::store(const Digest& key, const ActionResult& result) {
  return impl_->store(key, result);
}
Result<void> LocalStore::flush() { return impl_->flush(); }
Result<CacheStats> LocalStore::stats() { return impl_->stats(); }
Result<GcReport> LocalStore::gc(CacheLimits limits) { return impl_->gc(limits); }
Result<GcReport> LocalStore::gc_if_due() { return impl_->gc_if_due(); }
Result<VerifyReport> LocalStore::verify() { return impl_->verify(); }
Result<void> LocalStore::clean() { return impl_->clean(); }

}  // namespace devtask
