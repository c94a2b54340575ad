// Paths as a task's own file says them: a member's are told relative to its folder, so that the member alone
// and as a part have the same keys.
#pragma once

#include <string>
#include <string_view>

#include "base/is_below.h"

namespace devtask {

inline std::string_view below_base(std::string_view path, const std::string& base) {
  if (!base.empty() && is_below(path, base)) path.remove_prefix(base.size() + 1);
  return path;
}

}  // namespace devtask
