// What names look like. The rules are also written in the JSON schema.
// Unaware of: diagnostics.
#pragma once

#include <string>
#include <string_view>

namespace devtask {

inline constexpr std::string_view kTaskNameRule = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
inline constexpr std::string_view kPlaceholderNameRule = "[A-Za-z_][A-Za-z0-9_-]*";
inline constexpr std::string_view kVariableNameRule = "[A-Za-z_][A-Za-z0-9_]*";

bool is_task_name(std::string_view text);         // also of pools, members and aliases
bool is_placeholder_name(std::string_view text);  // arguments and axes
bool is_variable_name(std::string_view text);
bool is_variable_pattern(std::string_view text);  // a name with `*` and `?` in it
bool is_tool_name(std::string_view text);         // a program, without a folder

// For messages: control characters and bytes that are not UTF-8 escaped.
std::string shown(std::string_view name);

}  // namespace devtask
