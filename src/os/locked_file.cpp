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

}  // namespace

Result<LockedFile> LockedFile::open(const std::string& path, std::uint32_t mode) {
  while (true) {
    LockedFile file;
    file.path_ = path;
    file.fd_ = Fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, mode));
    if (!file.fd_) return os_failure("open", path, errno);
    while (::flock(file.fd_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) return os_failure("lock", path, errno);
    }
    struct stat held {};
    struct stat named {};
    if (::fstat(file.fd_.get(), &held) != 0) return os_failure("look at", path, errno);
    if (!S_ISREG(held.st_mode)) return os_failure("lock", path, EINVAL);
    if (::stat(path.c_str(), &named) == 0 && named.st_ino == held.st_ino && named.st_dev == held.st_dev) {
      file.size_ = static_cast<std::uint64_t>(held.st_size);
      return file;
    }
  }
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
