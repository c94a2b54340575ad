#include "store/garbage.h"

#include <algorithm>

namespace devtask {
namespace {

constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;

}  // namespace

CacheContents::CacheContents(std::vector<BlobFile> blobs)
    : blobs_(std::move(blobs)), named_by_(blobs_.size()) {
  index_of_.reserve(blobs_.size());
  for (std::uint32_t i = 0; i < blobs_.size(); ++i) index_of_.emplace(blobs_[i].digest, i);
}

void CacheContents::add_result(const Digest& key, std::int64_t used_ms, const std::vector<Digest>& names) {
  Entry entry{key, used_ms, {}};
  for (const Digest& name : names) {
    const auto [begin, end] = index_of_.equal_range(name);
    for (auto found = begin; found != end; ++found) entry.blobs.push_back(found->second);
  }
  std::sort(entry.blobs.begin(), entry.blobs.end());
  entry.blobs.erase(std::unique(entry.blobs.begin(), entry.blobs.end()), entry.blobs.end());
  for (const std::uint32_t blob : entry.blobs) ++named_by_[blob];
  result_of_.emplace(key, static_cast<std::uint32_t>(results_.size()));
  results_.push_back(std::move(entry));
}

std::vector<CacheContents::Choice> CacheContents::choose_results(const Limits& limits) const {
  std::vector<const Entry*> by_use;
  by_use.reserve(results_.size());
  for (const Entry& entry : results_) by_use.push_back(&entry);
  std::sort(by_use.begin(), by_use.end(), [](const Entry* a, const Entry* b) {
    return a->used_ms != b->used_ms ? a->used_ms < b->used_ms : a->key < b->key;
  });
  std::vector<std::uint32_t> named_by = named_by_;
  const auto goes = [&](std::uint32_t blob) {
    return named_by[blob] == 0 && blobs_[blob].used_ns < limits.grace_ms * kNanosecondsPerMillisecond;
  };
  std::uint64_t bytes = stored_bytes();
  for (std::uint32_t blob = 0; blob < blobs_.size(); ++blob)
    bytes -= goes(blob) ? blobs_[blob].stored_bytes : 0;
  std::vector<Choice> chosen;
  for (const Entry* entry : by_use) {
    if (entry->used_ms >= limits.grace_ms) break;
    if (entry->used_ms >= limits.oldest_ms && bytes <= limits.max_bytes) break;
    chosen.push_back({entry->key, entry->used_ms});
    for (const std::uint32_t blob : entry->blobs) {
      --named_by[blob];
      bytes -= goes(blob) ? blobs_[blob].stored_bytes : 0;
    }
  }
  return chosen;
}

void CacheContents::removed(const Digest& key) {
  const auto found = result_of_.find(key);
  if (found == result_of_.end()) return;
  for (const std::uint32_t blob : results_[found->second].blobs) --named_by_[blob];
  results_[found->second].blobs.clear();
}

std::vector<BlobFile> CacheContents::unnamed_blobs(const Limits& limits) const {
  std::vector<BlobFile> unnamed;
  for (std::uint32_t i = 0; i < blobs_.size(); ++i) {
    if (named_by_[i] == 0 && blobs_[i].used_ns < limits.grace_ms * kNanosecondsPerMillisecond)
      unnamed.push_back(blobs_[i]);
  }
  return unnamed;
}

std::uint64_t CacheContents::stored_bytes() const {
  std::uint64_t bytes = 0;
  for (const BlobFile& blob : blobs_) bytes += blob.stored_bytes;
  return bytes;
}

}  // namespace devtask
