// Content by digest, and results of actions by key: the two halves of a cache.
// Implementations: LocalStore (disk, shared by checkouts); a remote one comes later; fakes in tests.
// Every failure is a value: the caller warns and goes on, a cache never fails a task. All calls are
// thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "action/action_result.h"
#include "base/digest.h"
#include "base/result.h"

namespace devtask {

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Copies the file's bytes in and returns the digest of exactly the bytes that were copied.
  virtual Result<Digest> put_file(const std::string& path) = 0;
  virtual Result<Digest> put_bytes(std::string_view bytes) = 0;
  // Creates or replaces `path` (its folder exists) with the blob and the mode; the bytes are checked against
  // the digest while copied, and on any failure nothing is at `path` that was not there before.
  virtual Result<void> get_file(const Digest& digest, const std::string& path, std::uint32_t mode) = 0;
  virtual Result<std::string> get_bytes(const Digest& digest) = 0;  // checked against the digest
  // Hands the content on in pieces, the same in the end; on failure what was handed on may be wrong.
  virtual Result<void> read(const Digest& digest, const std::function<void(std::string_view)>& piece) = 0;
  virtual bool contains(const Digest& digest) = 0;
};

class ActionCache {
 public:
  virtual ~ActionCache() = default;

  // nullopt: a miss. Also a miss: a result of an unknown version, or one that names a blob that is not there.
  virtual Result<std::optional<ActionResult>> find(const Digest& key) = 0;
  // All blobs of `result` must have been put before. `fingerprint` is the blob whose digest is the key; put
  // it too.
  virtual Result<void> store(const Digest& key, const ActionResult& result) = 0;
  // What was put and stored may be written later, together. Returns when that has been done; on failure some
  // of it is not there any more.
  virtual Result<void> flush() { return {}; }
};

}  // namespace devtask
