#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "os/process.h"

namespace devtask {
namespace {

tl::unexpected<Diagnostic> os_failure(std::string_view what, std::string_view path) {
  return failure("cannot {} `{}`: {}", what, path, std::strerror(errno));
}

FileKind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileKind::kRegular;
    case S_IFDIR:
      return FileKind::kFolder;
    case S_IFLNK:
      return FileKind::kLink;
    default:
      return FileKind::kOther;
  }
}

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// A time that 64 bits cannot hold is the first or the last that they can.
std::int64_t nanoseconds_of(const statx_timestamp& time) {
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  if (time.tv_sec < kFirst / kNanosecondsPerSecond) return kFirst;
  if (time.tv_sec >= kLast / kNanosecondsPerSecond) return kLast;
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

FileStat stat_with(int folder, const char* path, int flags) {
  struct statx raw;
  FileStat stat;
  const unsigned mask = STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_MTIME | STATX_CTIME | STATX_INO;
  if (::statx(folder, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, mask, &raw) != 0) return stat;
  stat.kind = kind_of(raw.stx_mode);
  stat.mode = raw.stx_mode & 07777;
  stat.size = raw.stx_size;
  stat.mtime_ns = nanoseconds_of(raw.stx_mtime);
  stat.ctime_ns = nanoseconds_of(raw.stx_ctime);
  stat.inode = raw.stx_ino;
  stat.device = static_cast<std::uint64_t>(raw.stx_dev_major) << 32 | raw.stx_dev_minor;
  return stat;
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return os_failure("write", path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Reading must not dirty the inode (relatime does after every touch); only the owner may ask for that.
Result<Fd> open_for_reading(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOATIME);
  if (fd < 0 && errno == EPERM) fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return os_failure("open", path);
  return Fd(fd);
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

FileStat stat_file(const char* path, int folder) { return stat_with(folder, path, AT_SYMLINK_NOFOLLOW); }
FileStat stat_followed(const char* path, int folder) { return stat_with(folder, path, 0); }
FileStat stat_open(const Fd& file) { return stat_with(file.get(), "", AT_EMPTY_PATH); }

Fd open_folder(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Through getdents64 and not readdir: no allocation and no fstat for each folder, and the descriptor stays
// ours.
Result<std::vector<FolderEntry>> list_folder(const Fd& folder, const std::string& path) {
  constexpr std::size_t kBuffer = 32 * 1024;
  alignas(dirent64) thread_local char buffer[kBuffer];
  std::vector<FolderEntry> entries;
  while (true) {
    const ssize_t got = ::getdents64(folder.get(), buffer, kBuffer);
    if (got < 0) return os_failure("list", path);
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      FileKind kind = FileKind::kOther;
      switch (entry->d_type) {
        case DT_REG:
          kind = FileKind::kRegular;
          break;
        case DT_DIR:
          kind = FileKind::kFolder;
          break;
        case DT_LNK:
          kind = FileKind::kLink;
          break;
        case DT_UNKNOWN:
          kind = stat_file(entry->d_name, folder.get()).kind;
          break;  // some file systems
        default:
          break;
      }
      entries.push_back({std::string(name), kind});
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
  return entries;
}

Result<std::vector<FolderEntry>> list_folder(const std::string& path) {
  const Fd folder = open_folder(path);
  if (!folder) return os_failure("list", path);
  return list_folder(folder, path);
}

Result<std::string> read_file(const std::string& path) {
  auto fd = open_for_reading(path);
  if (!fd) return tl::unexpected(fd.error());
  std::string bytes;
  const FileStat stat = stat_with(fd->get(), "", AT_EMPTY_PATH);
  if (stat.kind == FileKind::kFolder) {
    errno = EISDIR;
    return os_failure("read", path);
  }
  constexpr std::size_t kChunk = 64 * 1024;
  std::size_t used = 0;
  bytes.resize(stat.size + 1);
  while (true) {
    if (used == bytes.size()) bytes.resize(used + kChunk);
    const ssize_t got = ::read(fd->get(), bytes.data() + used, bytes.size() - used);
    if (got < 0) {
      if (errno == EINTR) continue;
      return os_failure("read", path);
    }
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

Result<Digest> hash_file(const std::string& path) {
  auto fd = open_for_reading(path);
  if (!fd) return tl::unexpected(fd.error());
  constexpr std::size_t kChunk = 256 * 1024;
  thread_local Sha256 hash;
  thread_local std::unique_ptr<char[]> buffer;
  if (!buffer) buffer = std::make_unique<char[]>(kChunk);
  while (true) {
    const ssize_t got = ::read(fd->get(), buffer.get(), kChunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      hash.finish();
      return os_failure("read", path);
    }
    if (got == 0) return hash.finish();
    hash.update({buffer.get(), static_cast<std::size_t>(got)});
  }
}

Result<std::string> read_head(const std::string& path, std::size_t most) {
  auto fd = open_for_reading(path);
  if (!fd) return tl::unexpected(fd.error());
  std::string bytes(most, '\0');
  const ssize_t got = ::read(fd->get(), bytes.data(), bytes.size());
  if (got < 0) return os_failure("read", path);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

Result<std::string> read_link(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return os_failure("read link", path);
  target.resize(static_cast<std::size_t>(length));
  return target;
}

Result<std::string> real_path(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return os_failure("resolve", path);
  std::string result = resolved;
  ::free(resolved);
  return result;
}

// ".devtask-PID-N~" (os/stream.h), whole.
bool is_leftover(std::string_view name) {
  constexpr std::string_view kPrefix = ".devtask-";
  if (!name.starts_with(kPrefix) || !name.ends_with('~')) return false;
  pid_t pid = 0;
  std::uint64_t number = 0;
  const char* end = name.data() + name.size() - 1;
  const auto first = std::from_chars(name.data() + kPrefix.size(), end, pid);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return false;
  const auto second = std::from_chars(first.ptr + 1, end, number);
  if (second.ec != std::errc() || second.ptr != end) return false;
  return pid > 1 && ::kill(pid, 0) != 0 && errno == ESRCH;
}

void remove_leftovers(const std::string& folder) {
  const auto entries = list_folder(folder);
  if (!entries) return;
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != FileKind::kFolder && is_leftover(entry.name))
      (void)remove_file(join_path(folder, entry.name));
  }
}

std::string temporary_name(const std::string& path) {
  static std::atomic<std::uint64_t> counter{1ULL << 32};  // os/stream counts from 0
  const std::string_view folder = parent_folder(path);
  return join_path(folder.empty() && path.starts_with('/') ? "/" : folder,
                   fmt::format(".devtask-{}-{}~", ::getpid(), counter.fetch_add(1)));
}

Result<void> write_file(const std::string& path, std::string_view bytes, std::uint32_t mode) {
  const std::string temporary = temporary_name(path);
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return os_failure("create", path);
  auto written = write_all(fd.get(), bytes, temporary);
  fd.reset();
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = os_failure("write", path);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<bool> write_if_changed(const std::string& path, std::string_view bytes, std::uint32_t mode) {
  if (stat_file(path).size == bytes.size()) {
    const auto old = read_file(path);
    if (old && *old == bytes) return false;
  }
  if (auto written = write_file(path, bytes, mode); !written) return tl::unexpected(written.error());
  return true;
}

Result<void> make_folders(const std::string& path, std::uint32_t mode) {
  if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == ENOENT) {
    const std::string parent(parent_folder(path));
    if (!parent.empty()) {
      if (auto made = make_folders(parent, mode); !made) return made;
      if (::mkdir(path.c_str(), mode) == 0) return {};
    }
  }
  if (errno == EEXIST && stat_followed(path).kind == FileKind::kFolder) return {};
  return os_failure("create folder", path);
}

Result<std::string> make_unique_folder(const std::string& prefix) {
  std::string path = prefix + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return os_failure("create folder", prefix + '*');
  return path;
}

std::uint64_t free_bytes(const std::string& folder) {
  struct statvfs found {};
  if (::statvfs(folder.c_str(), &found) != 0) return 0;
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

Result<void> make_link(const std::string& target, const std::string& path) {
  const std::string temporary = temporary_name(path);
  if (::symlink(target.c_str(), temporary.c_str()) != 0) return os_failure("create link", path);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto failed = os_failure("create link", path);
    ::unlink(temporary.c_str());
    return failed;
  }
  return {};
}

Result<void> set_mode(const std::string& path, std::uint32_t mode) {
  if (::chmod(path.c_str(), mode) != 0) return os_failure("change the mode of", path);
  return {};
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return os_failure("rename", from);
  return {};
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) return os_failure("remove", path);
  return {};
}

Result<void> remove_tree(const std::string& path) {
  const FileKind kind = stat_file(path).kind;
  if (kind == FileKind::kAbsent) return {};
  if (kind != FileKind::kFolder) return remove_file(path);
  auto entries = list_folder(path);
  if (!entries) return tl::unexpected(entries.error());
  for (const FolderEntry& entry : *entries) {
    if (auto removed = remove_tree(join_path(path, entry.name)); !removed) return removed;
  }
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return os_failure("remove folder", path);
  return {};
}

bool remove_folder_if_empty(const std::string& path) { return ::rmdir(path.c_str()) == 0; }

void make_time_differ(const std::string& path, std::int64_t old_mtime_ns) {
  const std::int64_t second = old_mtime_ns / kNanosecondsPerSecond;
  const std::int64_t now_ns = stat_file(path).mtime_ns;
  if (now_ns / kNanosecondsPerSecond != second) return;
  const bool coarse = now_ns % kNanosecondsPerSecond == 0;  // FAT has every other second
  const timespec times[2] = {{0, UTIME_OMIT}, {second + (coarse ? 2 : 1), 0}};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);
}

Result<std::int64_t> clock_lag(const std::string& folder) {
  if (::utimensat(AT_FDCWD, folder.c_str(), nullptr, 0) != 0) return os_failure("touch", folder);
  return std::max<std::int64_t>(0, now_ns() - stat_followed(folder).ctime_ns);
}

bool is_executable_file(const std::string& path) {
  return stat_followed(path).kind == FileKind::kRegular && ::access(path.c_str(), X_OK) == 0;
}

bool is_own(const std::string& path) {
  struct stat found;
  return ::lstat(path.c_str(), &found) == 0 && found.st_uid == ::geteuid();
}

MappedFile::MappedFile(MappedFile&& other) noexcept : data_(other.data_), size_(other.size_) {
  other.data_ = nullptr;
  other.size_ = 0;
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  auto fd = open_for_reading(path);
  if (!fd) return tl::unexpected(fd.error());
  MappedFile file;
  const FileStat stat = stat_with(fd->get(), "", AT_EMPTY_PATH);
  if (stat.size == 0) return file;
  void* data = ::mmap(nullptr, stat.size, PROT_READ, MAP_PRIVATE, fd->get(), 0);
  if (data == MAP_FAILED) return os_failure("map", path);
  file.data_ = static_cast<const char*>(data);
  file.size_ = stat.size;
  return file;
}

FileLock::~FileLock() = default;

namespace {

Result<Fd> open_lock(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return os_failure("open lock", path);
  return fd;
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path) {
  auto fd = open_lock(path);
  if (!fd) return tl::unexpected(fd.error());
  while (::flock(fd->get(), LOCK_EX) != 0) {
    if (errno != EINTR) return os_failure("lock", path);
  }
  FileLock lock;
  lock.fd_ = std::move(*fd);
  return lock;
}

Result<std::optional<FileLock>> FileLock::try_acquire(const std::string& path) {
  auto fd = open_lock(path);
  if (!fd) return tl::unexpected(fd.error());
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    return os_failure("lock", path);
  }
  FileLock lock;
  lock.fd_ = std::move(*fd);
  return lock;
}

Result<void> FileLock::write_content(std::string_view bytes) {
  if (::ftruncate(fd_.get(), 0) != 0 ||
      (!bytes.empty() && ::pwrite(fd_.get(), bytes.data(), bytes.size(), 0) < 0)) {
    return failure("cannot write a lock file: {}", std::strerror(errno));
  }
  return {};
}

void FileLock::unlock() {
  if (fd_) ::flock(fd_.get(), LOCK_UN);
  fd_.reset();
}

std::string current_folder() {
  char* folder = ::getcwd(nullptr, 0);
  if (folder == nullptr) return "/";
  std::string result = folder;
  ::free(folder);
  return result;
}

std::string join_path(std::string_view folder, std::string_view path) {
  if (folder.empty() || path.starts_with('/')) return std::string(path);
  if (path.empty()) return std::string(folder);
  std::string joined;
  joined.reserve(folder.size() + 1 + path.size());
  joined += folder;
  if (!folder.ends_with('/')) joined += '/';
  joined += path;
  return joined;
}

std::string_view parent_folder(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace devtask
