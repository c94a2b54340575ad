#include "config/messages.h"

#include <fmt/format.h>

namespace devtask {

std::string name_list(std::span<const std::string> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += "`" + names[i] + "`";
  }
  return text;
}

std::string place_text(const Span& where) {
  return fmt::format("{}:{}:{}", where.file ? where.file->path : "?", where.line, where.column);
}

std::string name_in_deps(const Task& reader, const std::string& qualified) {
  const std::string prefix = reader.name.substr(0, reader.name.size() - reader.local.size());
  if (qualified.starts_with(prefix)) return qualified.substr(prefix.size());
  return qualified.find(':') == std::string::npos ? ":" + qualified : qualified;
}

}  // namespace devtask
