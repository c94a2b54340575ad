// A file that several processes append to and now and then replace by renaming another one over it. Opened
// for reading and writing under an exclusive lock (flock), which ends when this is destroyed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/file.h"

namespace devtask {

class LockedFile {
 public:
  // Creates the file if there is none and waits for the lock. What is returned is the file that `path` names
  // while the lock is held: one that was replaced in the meantime is not it.
  static Result<LockedFile> open(const std::string& path, std::uint32_t mode = 0644);

  std::uint64_t size() const { return size_; }
  // Shorter if the file ends before.
  Result<std::string> read(std::uint64_t offset, std::uint64_t length) const;
  // One write at the end. On failure (a full disk) the file is as long as before.
  Result<void> append(std::string_view bytes);
  Result<void> truncate(std::uint64_t size);

 private:
  Fd fd_;
  std::string path_;
  std::uint64_t size_ = 0;
};

}  // namespace devtask
