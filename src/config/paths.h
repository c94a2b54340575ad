// Paths and patterns as people write them, made relative to the project root.
// Unaware of: the disk, tasks.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace devtask {

// Nothing to resolve in it: true of most patterns of a project.
bool is_plain_path(std::string_view text);
// `text`, written in the tasks.toml of folder `base` ("" is the root), relative to the root, with `.` and
// `..` resolved. A trailing slash stays. "" is the root itself. `base` is taken as it is: escape it for
// patterns. Failures (without a place): absolute, outside the project, `..` behind a wildcard or placeholder.
Result<std::string> place_path(std::string_view base, std::string_view text);

// Two opening braces that are not the escape of four.
bool has_placeholder(std::string_view text);
// So that the text stands for itself in a pattern, or in a template.
std::string escape_glob(std::string_view text);
std::string escape_template(std::string_view text);

// A pattern without the mark of exclusion.
inline std::string_view without_exclamation(std::string_view pattern) {
  return pattern.starts_with('!') ? pattern.substr(1) : pattern;
}

}  // namespace devtask
