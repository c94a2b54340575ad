// A file that several processes append to and now and then replace by renaming another one over it. Opened
// for reading and writing, and read and written under an exclusive lock (flock). The lock belongs to the open
// file: it does not keep a copy that a fork made out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "os/file.h"

namespace devtask {

class LockedFile {
 public:
  explicit LockedFile(std::string path, std::uint32_t mode = 0644) : path_(std::move(path)), mode_(mode) {}

  // Holds the lock until it is destroyed.
  class Lock {
   public:
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&& other) noexcept {
      std::swap(fd_, other.fd_);
      return *this;
    }
    ~Lock();

   private:
    friend class LockedFile;
    explicit Lock(int fd) : fd_(fd) {}
    int fd_;
  };
  // Waits for the lock on the file that `path` names while it is held, and creates it if there is none. The
  // file stays open afterwards, so that the next lock costs little; one that was replaced is noticed.
  Result<Lock> lock();
  // Without a lock: whether the open file is still what `path` names and as long as when it was last held.
  bool unchanged() const;

  // What follows is for the holder of the lock.
  std::uint64_t size() const { return size_; }
  // Shorter if the file ends before. Without the lock for what is never written twice.
  Result<std::string> read(std::uint64_t offset, std::uint64_t length) const;
  // One write at the end. On failure (a full disk) the file is as long as before.
  Result<void> append(std::string_view bytes);
  Result<void> truncate(std::uint64_t size);

 private:
  std::string path_;
  std::uint32_t mode_;
  Fd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace devtask
