// What two versions of a text differ in, for people and for `patch`.
// Unaware of: files, terminals.
#pragma once

#include <string>
#include <string_view>

namespace devtask {

// As `diff -u` has it, with three lines around each change; "" if there is none. `path` becomes `a/PATH` and
// `b/PATH`. Bytes are taken as they are.
std::string unified_diff(std::string_view path, std::string_view before, std::string_view after);

}  // namespace devtask
