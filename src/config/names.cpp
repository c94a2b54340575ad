#include "config/names.h"

#include <algorithm>

#include "base/escape.h"

namespace devtask {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_task_name(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.front() != '-' && all_of(text, "_.-");
}

bool is_placeholder_name(std::string_view text) {
  return !text.empty() && (is_letter(text.front()) || text.front() == '_') && all_of(text, "_-");
}

bool is_variable_name(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && all_of(text, "_");
}

bool is_variable_pattern(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && all_of(text, "_*?");
}

bool is_tool_name(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string_view::npos &&
         text.find('\0') == std::string_view::npos;
}

std::string shown(std::string_view name) { return escape_line(name); }

}  // namespace devtask
