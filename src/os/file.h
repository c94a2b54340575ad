// Files and folders. Paths are bytes; every failure names the path and the reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace devtask {

// An owned file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

enum class FileKind : std::uint8_t { kAbsent, kRegular, kFolder, kLink, kOther };

// lstat: symbolic links are not followed. Times in nanoseconds since the epoch.
struct FileStat {
  FileKind kind = FileKind::kAbsent;
  std::uint32_t mode = 0;  // permission bits (07777)
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;

  bool operator==(const FileStat&) const = default;
};

// `folder` is an open folder or kCwd; anything that cannot be looked at (ENOENT, ENOTDIR, EACCES, ELOOP) is
// kAbsent.
inline constexpr int kCwd = -100;  // AT_FDCWD
FileStat stat_file(const char* path, int folder = kCwd);
inline FileStat stat_file(const std::string& path) { return stat_file(path.c_str()); }
FileStat stat_followed(const char* path, int folder = kCwd);  // follows links
inline FileStat stat_followed(const std::string& path) { return stat_followed(path.c_str()); }
FileStat stat_open(const Fd& file);

// For stat_file and list_folder; an invalid descriptor on failure, `errno` says why.
Fd open_folder(const std::string& path);

struct FolderEntry {
  std::string name;
  FileKind kind = FileKind::kOther;
};
// Sorted by name, without "." and "..".
Result<std::vector<FolderEntry>> list_folder(const std::string& path);
// The same of an open folder, once; `path` is for messages.
Result<std::vector<FolderEntry>> list_folder(const Fd& folder, const std::string& path);

Result<std::string> read_file(const std::string& path);
Result<Digest> hash_file(const std::string& path);                         // O_NOATIME where allowed
Result<std::string> read_head(const std::string& path, std::size_t most);  // at most so many bytes
Result<std::string> read_link(const std::string& path);
Result<std::string> real_path(const std::string& path);

// Temporary name in the same folder, then rename. The old file stays on failure.
Result<void> write_file(const std::string& path, std::string_view bytes, std::uint32_t mode = 0644);
// As write_file, but leaves a file that has these bytes alone. Returns whether it was written.
Result<bool> write_if_changed(const std::string& path, std::string_view bytes, std::uint32_t mode = 0644);
Result<void> make_folders(const std::string& path, std::uint32_t mode = 0755);  // like mkdir -p
// A new one whose name begins with `prefix`, and that only we can enter.
Result<std::string> make_unique_folder(const std::string& prefix);
std::uint64_t free_bytes(const std::string& folder);  // that we may use; 0 if that cannot be found out
Result<void> make_link(const std::string& target, const std::string& path);  // replaces what is there
Result<void> set_mode(const std::string& path, std::uint32_t mode);
Result<void> rename_file(const std::string& from, const std::string& to);
Result<void> remove_file(const std::string& path);  // fine if absent; not a folder
Result<void> remove_tree(const std::string& path);  // fine if absent; never follows links
bool remove_folder_if_empty(const std::string& path);

// How far the clock that gives the files in that folder their times (a server's, perhaps, and it may tick
// slowly) is behind ours, in nanoseconds; 0 if it is not. Touches the folder, which has to be one that we may
// write to.
Result<std::int64_t> clock_lag(const std::string& folder);
// Moves the modification time on if it is within the same second as `old_mtime_ns`.
void make_time_differ(const std::string& path, std::int64_t old_mtime_ns);

bool is_executable_file(const std::string& path);  // follows links
bool is_own(const std::string& path);              // of the user we act for; links are not followed

// A whole file mapped for reading.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  static Result<MappedFile> open(const std::string& path);
  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// An advisory lock (flock) on a file that is created if needed, held until destroyed.
// The lock belongs to the open file: children that inherit `fd()` hold it too, until unlock() is called here.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) noexcept = default;
  ~FileLock();
  static Result<FileLock> acquire(const std::string& path);                     // waits
  static Result<std::optional<FileLock>> try_acquire(const std::string& path);  // nullopt: somebody has it
  int fd() const { return fd_.get(); }
  Result<void> write_content(std::string_view bytes);  // replaces the lock file's content
  void unlock();

 private:
  Fd fd_;
};

// Whether `name` is that of a temporary file of a process that is no longer there.
bool is_leftover(std::string_view name);
// Removes such files from a folder.
void remove_leftovers(const std::string& folder);
// A name in the folder of `path` that nobody else uses, for writing before a rename.
std::string temporary_name(const std::string& path);

std::string current_folder();
std::string join_path(std::string_view folder,
                      std::string_view path);           // `path` alone if absolute; "" folder is fine
std::string_view parent_folder(std::string_view path);  // "" if there is no '/'
std::string_view file_name(std::string_view path);

}  // namespace devtask
