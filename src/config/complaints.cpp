#include "config/complaints.h"

#include <algorithm>
#include <tuple>

namespace devtask {

std::vector<Diagnostic> Complaints::sorted(std::span<const std::shared_ptr<const SourceFile>> files) const {
  const auto place = [&](const Diagnostic& diagnostic) {
    if (!diagnostic.span || !diagnostic.span->file)
      return std::tuple<std::ptrdiff_t, std::uint32_t, std::uint32_t>(-1, 0, 0);
    const auto file = std::find(files.begin(), files.end(), diagnostic.span->file);
    return std::tuple(file - files.begin(), diagnostic.span->line, diagnostic.span->column);
  };
  std::vector<Diagnostic> sorted = diagnostics_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
  return sorted;
}

}  // namespace devtask
