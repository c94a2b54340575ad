#include "console/workflow_command.h"

namespace devtask {
namespace {

// The rules are those of actions/toolkit, core/src/command.ts: escapeData and escapeProperty.
std::string escape(std::string_view text, bool property) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '%':
        result += "%25";
        break;
      case '\r':
        result += "%0D";
        break;
      case '\n':
        result += "%0A";
        break;
      case ':':
        result += property ? "%3A" : ":";
        break;
      case ',':
        result += property ? "%2C" : ",";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace

std::string workflow_command(std::string_view name,
                             std::initializer_list<std::pair<std::string_view, std::string>> properties,
                             std::string_view message) {
  std::string result("::");
  result.append(name);
  char separator = ' ';
  for (const auto& [key, value] : properties) {
    if (value.empty()) continue;
    result += separator;
    result.append(key).append("=").append(escape(value, true));
    separator = ',';
  }
  result.append("::").append(escape(message, false)).append("\n");
  return result;
}

}  // namespace devtask
