// Paths as texts, relative or absolute. Unaware of: the disk, links.
#pragma once

#include <string_view>

namespace devtask {

// Below the folder, at any depth. Everything but "" is below "".
inline bool is_below(std::string_view path, std::string_view folder) {
  if (folder.empty()) return !path.empty();
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace devtask
