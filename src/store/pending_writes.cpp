#include "store/pending_writes.h"

#include <algorithm>
#include <chrono>
#include <system_error>

namespace devtask {
namespace {

// How long what came first waits for company.
constexpr std::chrono::milliseconds kDelay{50};
constexpr std::size_t kWriteFrom = 4 << 20;
constexpr std::size_t kMost = 16 << 20;
constexpr std::size_t kEntryBytes = 200;  // what an entry takes besides its text, roughly

}  // namespace

PendingWrites::~PendingWrites() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PendingWrites::add(const std::function<void(Batch&)>& change) {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [&] { return pending_.bytes < kMost; });
  const bool first = pending_.empty();
  change(pending_);
  pending_.bytes += kEntryBytes;
  if (!thread_.joinable() && !start()) pending_ = {};
  if (first || pending_.bytes >= kWriteFrom) wake_.notify_one();
}

bool PendingWrites::start() {
  try {
    thread_ = std::thread([this] { work(); });
    return true;
  } catch (const std::system_error& refused) {
    if (!failed_) failed_ = error("cannot start a thread: {}", refused.what());
    return false;
  }
}

void PendingWrites::add_blob(const Digest& digest, Blob blob) {
  add([&](Batch& batch) {
    batch.bytes += blob.kept.bytes.size();
    batch.blobs.insert_or_assign(digest, std::move(blob));
  });
}

void PendingWrites::add_result(const Digest& key, Stored result) {
  add([&](Batch& batch) {
    batch.bytes += result.text.size();
    batch.results.insert_or_assign(key, std::move(result));
  });
}

void PendingWrites::add_use(const Digest& key, std::int64_t used_ms) {
  add([&](Batch& batch) { batch.uses.insert_or_assign(key, used_ms); });
}

// The newer first.
template <class Map>
const typename Map::mapped_type* PendingWrites::look(Map Batch::*map, const Digest& digest) const {
  for (const Batch* batch : {&pending_, &writing_}) {
    const auto found = (batch->*map).find(digest);
    if (found != (batch->*map).end()) return &found->second;
  }
  return nullptr;
}

std::optional<KeptContent> PendingWrites::blob(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const Blob* const found = look(&Batch::blobs, digest);
  return found != nullptr ? std::optional(found->kept) : std::nullopt;
}

bool PendingWrites::has_blob(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  return look(&Batch::blobs, digest) != nullptr;
}

std::optional<std::string> PendingWrites::result(const Digest& key) const {
  const std::lock_guard lock(mutex_);
  const Stored* const found = look(&Batch::results, key);
  return found != nullptr ? std::optional(found->text) : std::nullopt;
}

void PendingWrites::wait_for_all(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t last = batches_begun_ + (pending_.empty() ? 0 : 1);
  at_once_ = std::max(at_once_, last);
  wake_.notify_one();
  written_.wait(lock, [&] { return batches_done_ >= last; });
}

void PendingWrites::write_uses() {
  std::unique_lock lock(mutex_);
  if (!pending_.uses.empty() || !writing_.uses.empty()) wait_for_all(lock);
}

Result<void> PendingWrites::flush() {
  std::unique_lock lock(mutex_);
  wait_for_all(lock);
  if (!failed_) return {};
  Diagnostic failed = std::move(*failed_);
  failed_.reset();
  return failure(std::move(failed));
}

void PendingWrites::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || !pending_.empty(); });
    if (pending_.empty()) return;
    wake_.wait_for(lock, kDelay,
                   [&] { return stop_ || at_once_ > batches_begun_ || pending_.bytes >= kWriteFrom; });
    writing_ = std::exchange(pending_, {});
    ++batches_begun_;
    written_.notify_all();  // there is room again
    lock.unlock();
    auto done = write_(writing_);
    lock.lock();
    if (!done && !failed_) failed_ = std::move(done.error());
    writing_ = {};
    ++batches_done_;
    written_.notify_all();
  }
}

}  // namespace devtask
