#include "exec/out_file.h"

#include <limits>

#include "os/file.h"
#include "os/process.h"
#include "os/stream.h"

namespace devtask {

Result<void> write_out_file(const std::string& path, const std::optional<Digest>& seen) {
  const FileStat before = stat_file(path);
  if (before.kind == FileKind::kFolder) {
    if (auto removed = remove_tree(path); !removed) return removed;
  }
  const auto written = write_if_changed(path, seen ? seen->hex() + "\n" : std::string());
  if (!written) return tl::unexpected(written.error());
  if (*written && before.kind == FileKind::kRegular) make_time_differ(path, before.mtime_ns);
  if (!*written) mend_time(path);
  return {};
}

std::int64_t mend_time(const std::string& path) {
  const FileStat found = stat_file(path);
  if (found.mtime_ns >= 0 && found.mtime_ns < std::numeric_limits<std::int64_t>::max()) return found.mtime_ns;
  set_modified(path, now_ns());
  return stat_file(path).mtime_ns;
}

}  // namespace devtask
