#include "os/copy_tree.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "os/file.h"

namespace devtask {
namespace {

tl::unexpected<Diagnostic> os_failure(std::string_view what, std::string_view path) {
  return failure("cannot {} `{}`: {}", what, path, std::strerror(errno));
}

Result<void> copy_file(const std::string& from, const std::string& to, std::uint32_t mode) {
  const Fd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return os_failure("open", from);
  const Fd copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!copy) return os_failure("create", to);
  if (::ioctl(copy.get(), FICLONE, source.get()) != 0) {
    constexpr std::size_t kPiece = 1 << 30;
    while (true) {
      const ssize_t sent = ::sendfile(copy.get(), source.get(), nullptr, kPiece);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return os_failure("write", to);
      if (sent == 0) break;
    }
  }
  if (::fchmod(copy.get(), mode) != 0) return os_failure("change the mode of", to);
  return {};
}

Result<void> copy_entry(const std::string& from, const std::string& to, const FileStat& stat) {
  switch (stat.kind) {
    case FileKind::kRegular:
      return copy_file(from, to, stat.mode);
    case FileKind::kLink: {
      const auto target = read_link(from);
      if (!target) return tl::unexpected(target.error());
      return make_link(*target, to);
    }
    case FileKind::kFolder:
      return make_folders(to, 0700);
    case FileKind::kAbsent:
    case FileKind::kOther:
      break;
  }
  return failure("cannot copy `{}`: it is neither a file nor a folder", from);
}

}  // namespace

Result<void> copy_tree(const std::string& from, const std::string& to, const std::optional<Account>& owner,
                       const StopRequest& stop) {
  if (stop.stopping()) return failure("interrupted");
  const FileStat stat = stat_file(from);
  if (auto copied = copy_entry(from, to, stat); !copied) return copied;
  if (stat.kind == FileKind::kFolder) {
    const auto entries = list_folder(from);
    if (!entries) return tl::unexpected(entries.error());
    for (const FolderEntry& entry : *entries) {
      auto copied = copy_tree(join_path(from, entry.name), join_path(to, entry.name), owner, stop);
      if (!copied) return copied;
    }
    if (auto set = set_mode(to, stat.mode); !set) return set;
  }
  return owner ? give_to(to, *owner) : Result<void>();
}

}  // namespace devtask
