#include "base/template.h"

#include <algorithm>

namespace devtask {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), part);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
  Template result;
  std::string literal;
  std::size_t literal_start = 0;
  const auto flush = [&](std::size_t next) {
    if (!literal.empty()) result.parts_.push_back({false, std::move(literal), literal_start});
    literal.clear();
    literal_start = next;
  };
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at).starts_with("{{{{")) {
      literal += "{{";
      at += 4;
      continue;
    }
    if (!text.substr(at).starts_with("{{")) {
      literal += text[at++];
      continue;
    }
    const std::size_t close = text.find("}}", at + 2);
    if (close == std::string_view::npos) {
      return failure(error("`{{{{` without `}}}}`").advise("write `{{{{` for a literal `{{`"));
    }
    const std::string_view name = trim(text.substr(at + 2, close - at - 2));
    if (!is_name(name)) {
      return failure(error("`{}` is not the name of a placeholder", name)
                         .advise("a name has letters, digits, `_` and `-`; write `{{{{` for a literal `{{`"));
    }
    flush(close + 2);
    result.parts_.push_back({true, std::string(name), at});
    at = close + 2;
  }
  flush(at);
  return result;
}

std::string_view Template::sole_placeholder() const {
  return parts_.size() == 1 && parts_[0].placeholder ? std::string_view(parts_[0].text) : std::string_view();
}

std::string Template::expand(const std::function<std::string(std::string_view)>& value) const {
  std::string text;
  for (const Part& part : parts_) text += part.placeholder ? value(part.text) : part.text;
  return text;
}

}  // namespace devtask
