#include "config/paths.h"

#include <algorithm>
#include <vector>

namespace devtask {
bool is_plain_path(std::string_view text) {
  char before = '/';
  for (const char c : text) {
    if (before == '/' && (c == '.' || c == '/')) return false;
    before = c;
  }
  return !text.empty();
}

Result<std::string> place_path(std::string_view base, std::string_view text) {
  if (text.empty()) return failure("the path is empty");
  if (text.starts_with('/')) {
    return failure(error("the absolute path `{}` is outside the project", text)
                       .advise("paths are relative to the folder of tasks.toml"));
  }
  std::string whole(base);
  if (!whole.empty()) whole += '/';
  whole += text;
  if (is_plain_path(text)) return whole;

  const auto base_parts =
      base.empty() ? 0u : static_cast<std::size_t>(std::count(base.begin(), base.end(), '/')) + 1;
  std::vector<std::string_view> parts;
  std::string_view last;
  for (std::string_view rest = whole; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    last = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (last.empty() || last == ".") continue;
    if (last != "..") {
      parts.push_back(last);
    } else if (parts.empty()) {
      return failure(
          error("`{}` is outside the project", text)
              .advise("paths are relative to the folder of tasks.toml and stay inside the project"));
    } else if (parts.size() > base_parts && parts.back().find_first_of("*?[{") != std::string_view::npos) {
      return failure(error("`..` comes after a wildcard or a placeholder in `{}`", text)
                         .advise("write the path without `..`"));
    } else {
      parts.pop_back();
    }
  }
  std::string placed;
  for (const std::string_view part : parts) {
    if (!placed.empty()) placed += '/';
    placed += part;
  }
  if (!placed.empty() && (whole.ends_with('/') || last == "." || last == "..")) placed += '/';
  return placed;
}

bool has_placeholder(std::string_view text) { return text.find("{{") != std::string_view::npos; }

std::string escape_glob(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("*?[]{},\\!").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string escape_template(std::string_view text) {
  std::string escaped;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("{{")) {
      escaped += "{{{{";
      at += 2;
    } else {
      escaped += text[at++];
    }
  }
  return escaped;
}

}  // namespace devtask
