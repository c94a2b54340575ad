#include "os/locked_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace devtask {
namespace {

tl::unexpected<Diagnostic> os_failure(std::string_view what, std::string_view path, int reason) {
  return failure("cannot {} `{}`: {}", what, path, std::strerror(reason));
}

bool is_named(const struct stat& held, const std::string& path) {
  struct stat named {};
  return ::stat(path.c_str(), &named) == 0 && named.st_ino == held.st_ino && named.st_dev == held.st_dev;
}

}  // namespace

LockedFile::Lock::~Lock() {
  if (fd_ >= 0) ::flock(fd_, LOCK_UN);
}

Result<LockedFile::Lock> LockedFile::lock() {
  while (true) {
    if (!fd_) fd_ = Fd(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, mode_));
    if (!fd_) return os_failure("open", path_, errno);
    while (::flock(fd_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) return os_failure("lock", path_, errno);
    }
    Lock held(fd_.get());
    struct stat stat {};
    if (::fstat(fd_.get(), &stat) != 0) return os_failure("look at", path_, errno);
    if (!S_ISREG(stat.st_mode)) return os_failure("lock", path_, EINVAL);
    if (is_named(stat, path_)) {
      size_ = static_cast<std::uint64_t>(stat.st_size);
      return held;
    }
    held.fd_ = -1;
    fd_.reset();
  }
}

bool LockedFile::unchanged() const {
  struct stat stat {};
  return fd_ && ::fstat(fd_.get(), &stat) == 0 && static_cast<std::uint64_t>(stat.st_size) == size_ &&
         is_named(stat, path_);
}

Result<std::string> LockedFile::read(std::uint64_t offset, std::uint64_t length) const {
  std::string bytes(offset < size_ ? std::min(length, size_ - offset) : 0, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        ::pread(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_failure("read", path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Result<void> LockedFile::append(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::write(fd_.get(), bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int reason = errno;
      if (auto cut = truncate(size_); !cut) return cut;
      return os_failure("write", path_, reason);
    }
    done += static_cast<std::size_t>(written);
  }
  size_ += bytes.size();
  return {};
}

Result<void> LockedFile::truncate(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return os_failure("shorten", path_, errno);
  size_ = size;
  return {};
}

}  // namespace devtask
