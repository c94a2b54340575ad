// Pieces of text that several complaints share.
#pragma once

#include <span>
#include <string>

#include "base/source.h"
#include "config/project.h"

namespace devtask {

// "`a`, `b` and `c`"
std::string name_list(std::span<const std::string> names);

// "tasks.toml:3:8"
std::string place_text(const Span& where);

// A qualified name as `reader` would write it in its `deps`: its own member's without prefix, the root's as
// ":name" in a member.
std::string name_in_deps(const Task& reader, const std::string& qualified);

}  // namespace devtask
