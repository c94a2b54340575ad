#include "os/stream.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace devtask {
namespace {

tl::unexpected<Diagnostic> os_failure(std::string_view what, std::string_view path, int reason) {
  return failure("cannot {} `{}`: {}", what, path, std::strerror(reason));
}

// Returns an errno, 0 on success.
int rename_unless_taken(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without that flag, such as NFS.
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  ::unlink(from.c_str());
  return 0;
}

}  // namespace

Result<FileReader> FileReader::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  FileReader reader;
  reader.fd_ = Fd(::open(path.c_str(), kFlags | O_NOATIME));
  if (!reader.fd_ && errno == EPERM) reader.fd_ = Fd(::open(path.c_str(), kFlags));
  if (!reader.fd_) return os_failure("open", path, errno);
  struct stat stat {};
  if (::fstat(reader.fd_.get(), &stat) != 0) return os_failure("look at", path, errno);
  if (!S_ISREG(stat.st_mode)) return failure("cannot read `{}`: it is not a regular file", path);
  reader.path_ = path;
  reader.size_ = static_cast<std::uint64_t>(stat.st_size);
  return reader;
}

Result<std::size_t> FileReader::read(char* buffer, std::size_t capacity) {
  std::size_t done = 0;
  // At the end nothing is asked once more. A file of /proc has no size.
  while (done < capacity && (size_ == 0 || at_ < size_)) {
    const ssize_t got = ::read(fd_.get(), buffer + done, capacity - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_failure("read", path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
    at_ += static_cast<std::size_t>(got);
  }
  return done;
}

NewFile::NewFile(NewFile&& other) noexcept
    : fd_(std::move(other.fd_)), temporary_(std::exchange(other.temporary_, {})) {}

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<NewFile> NewFile::create(const std::string& folder) {
  static std::atomic<std::uint64_t> counter{0};
  // A process in another container can have the same number, and a dead one can have left its files.
  constexpr int kAttempts = 100;
  NewFile file;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string name = join_path(folder, fmt::format(".devtask-{}-{}~", ::getpid(), counter.fetch_add(1)));
    file.fd_ = Fd(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.fd_) {
      file.temporary_ = std::move(name);
      return file;
    }
    if (errno != EEXIST) break;
  }
  return os_failure("create a file in", folder, errno);
}

Result<NewFile> NewFile::create_beside(const std::string& path) {
  const std::string_view parent = parent_folder(path);
  return create(parent.empty() ? (path.starts_with('/') ? "/" : ".") : std::string(parent));
}

Result<void> NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return os_failure("write", temporary_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

bool NewFile::clone(const FileReader& source) { return ::ioctl(fd_.get(), FICLONE, source.fd()) == 0; }

Result<void> NewFile::finish(std::uint32_t mode) {
  if (!fd_) return {};
  if (::fchmod(fd_.get(), mode) != 0) return os_failure("change the mode of", temporary_, errno);
  const int fd = fd_.release();
  // Network file systems report a failed write here. After EINTR the descriptor is closed all the same.
  if (::close(fd) != 0 && errno != EINTR) return os_failure("write", temporary_, errno);
  return {};
}

Result<bool> NewFile::publish_new(const std::string& path, std::uint32_t mode) {
  if (auto finished = finish(mode); !finished) return tl::unexpected(finished.error());
  const int reason = rename_unless_taken(temporary_, path);
  if (reason == EEXIST) return false;
  if (reason != 0) return os_failure("create", path, reason);
  temporary_.clear();
  return true;
}

Result<void> NewFile::publish(const std::string& path, std::uint32_t mode) {
  if (auto finished = finish(mode); !finished) return finished;
  int reason = rename_unless_taken(temporary_, path);
  if (reason == EEXIST) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return os_failure("replace", path, errno);
    reason = ::rename(temporary_.c_str(), path.c_str()) == 0 ? 0 : errno;
  }
  if (reason != 0) return os_failure("create", path, reason);
  temporary_.clear();
  return {};
}

Result<void> write_new_file(const std::string& path, std::string_view bytes, std::uint32_t mode) {
  auto file = NewFile::create_beside(path);
  if (!file) return tl::unexpected(file.error());
  if (auto written = file->write(bytes); !written) return written;
  return file->publish(path, mode);
}

bool set_modified(const std::string& path, std::int64_t mtime_ns) {
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  timespec times[2] = {};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = mtime_ns / kNanosecondsPerSecond;
  times[1].tv_nsec = mtime_ns % kNanosecondsPerSecond;
  return ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace devtask
