#include "exec/out_file.h"

#include "os/file.h"

namespace devtask {

Result<void> write_out_file(const std::string& path, const std::optional<Digest>& seen) {
  const FileStat before = stat_file(path);
  const auto written = write_if_changed(path, seen ? seen->hex() + "\n" : std::string());
  if (!written) return tl::unexpected(written.error());
  if (*written && before.kind == FileKind::kRegular) make_time_differ(path, before.mtime_ns);
  return {};
}

}  // namespace devtask
