// Files read and written piece by piece, so that memory stays flat whatever their size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/file.h"

namespace devtask {

// A regular file, from its beginning to the end it had when it was opened. Does not count as an access where
// that is allowed (O_NOATIME).
class FileReader {
 public:
  static Result<FileReader> open(const std::string& path);

  std::uint64_t size() const { return size_; }  // when it was opened
  // Fills the buffer unless the file ends before; returns the bytes read.
  Result<std::size_t> read(char* buffer, std::size_t capacity);
  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
};

// A file that has a temporary name until it is complete, and is gone if it never is.
class NewFile {
 public:
  NewFile() = default;
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  // In `folder`, which exists, or in that of `path`. The temporary name ends in '~', so that no task takes it
  // for an input.
  static Result<NewFile> create(const std::string& folder);
  static Result<NewFile> create_beside(const std::string& path);

  Result<void> write(std::string_view bytes);
  // Takes over the whole content of `source` without copying it (FICLONE). False if the file system cannot.
  bool clone(const FileReader& source);
  const std::string& temporary() const { return temporary_; }
  // What has been written so far.
  Result<FileReader> reopen() const { return FileReader::open(temporary_); }
  // Gives it its mode and name. Where that name is taken, returns false and leaves what is there. After a
  // failure it can be tried again.
  Result<bool> publish_new(const std::string& path, std::uint32_t mode);
  // Gives it its mode and name, in place of what is there. That is removed first: ext4 writes a file out when
  // another one is renamed over it, which costs more than everything else here together.
  Result<void> publish(const std::string& path, std::uint32_t mode);

 private:
  Result<void> finish(std::uint32_t mode);

  Fd fd_;
  std::string temporary_;  // "" once published
};

// Creates or replaces a file that is complete when it appears.
Result<void> write_new_file(const std::string& path, std::string_view bytes, std::uint32_t mode);

// Sets the time of last change, in nanoseconds since the epoch. False if the file is not there or not ours.
bool set_modified(const std::string& path, std::int64_t mtime_ns);

}  // namespace devtask
