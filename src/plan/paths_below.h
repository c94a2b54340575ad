// Paths as a task's own file says them: a member's are told relative to its folder, so that the member alone
// and as a part have the same keys.
#pragma once

#include <string>
#include <string_view>

namespace devtask {

inline std::string_view below_base(std::string_view path, const std::string& base) {
  if (!base.empty() && path.size() > base.size() && path.starts_with(base) && path[base.size()] == '/') {
    path.remove_prefix(base.size() + 1);
  }
  return path;
}

}  // namespace devtask
