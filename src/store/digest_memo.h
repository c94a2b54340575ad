// `.devtask/memo`: path, size, mtime, ctime, inode → digest, so that a file that looks the same is not read
// again.
//
// A flat mapped file of entries in the order in which paths were looked up when it was written: find() tries
// the entry after the last hit first (no search at all in a run that asks the same questions), else an index
// built on demand. The file is a record log (store/record_log.h) whose payloads are entries, one after the
// other, little-endian:
//
//   u64 size | i64 mtime ns | i64 ctime ns | u64 inode | u64 device | 32 bytes digest | u32 length of path |
//   u32 age | path | zero bytes up to a multiple of 8
//
// The first record holds the paths in order, later ones what came or changed since; of two entries the later
// is right. The age counts how often the file was written anew since the entry was last asked for; old ones
// are dropped.
//
// An entry is only trusted if the file's ctime was at least 2 s older than the moment of hashing (a file
// system with coarse times could hide a later edit), by our clock and by that of the file system with the
// memo; others are not written. Paths inside the project are
// relative to its root, others (programs) absolute.
//
// find() and remember() are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace devtask {

// What identifies one state of a file without reading it. Nanoseconds since the epoch.
struct FileIdentity {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;

  bool operator==(const FileIdentity&) const = default;
};

class DigestMemo {
 public:
  // A missing or broken file is an empty memo.
  explicit DigestMemo(const std::string& path);
  ~DigestMemo();

  // Where a sequence of lookups is; one per thread, so that each walks the entries in order.
  struct Cursor {
    std::size_t next = 0;
    std::uint32_t number = 0;  // of the cursor, given at its first miss
  };
  std::optional<Digest> find(std::string_view path, const FileIdentity& identity, Cursor& cursor) const;
  // `hashed_at_ns`: the clock before the file was opened for hashing. `identity` must have been the same
  // before and after.
  void remember(std::string_view path, const FileIdentity& identity, const Digest& digest,
                std::int64_t hashed_at_ns);

  // Appends what is new, or writes the file anew when more than a quarter would lie outside the order. Does
  // nothing if there is nothing new. Not at the same time as find() or remember().
  Result<void> save();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devtask
