#include "base/unified_diff.h"

#include <dtl/dtl.hpp>
#include <sstream>
#include <vector>

namespace devtask {
namespace {

// What ends without a newline differs from what ends with one, and says so.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      lines.back() += "\n\\ No newline at end of file";
      break;
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace

std::string unified_diff(std::string_view path, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const std::vector<std::string> old_lines = lines_of(before), new_lines = lines_of(after);
  dtl::Diff<std::string> diff(old_lines, new_lines);
  diff.compose();
  diff.composeUnifiedHunks();
  auto hunks = diff.getUniHunks();
  for (auto& hunk : hunks) {  // an empty range is named by the line before it, as patch wants it
    if (hunk.b == 0) --hunk.a;
    if (hunk.d == 0) --hunk.c;
  }
  std::ostringstream text;
  text << "--- a/" << path << "\n+++ b/" << path << '\n';
  dtl::Diff<std::string>::printUnifiedFormat(hunks, text);
  return text.str();
}

}  // namespace devtask
