// A complaint as data. Text is made of it in one place (`render`), and nothing below `cli/` prints it.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/source.h"

namespace devtask {

enum class Severity { kError, kWarning, kNote };

// Message style: lower case, names in backticks; what was found, what was expected. `help` says what to do.
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string message;
  std::optional<Span> span;
  std::string help;                // empty: nothing to advise
  std::vector<std::string> notes;  // one line each

  Diagnostic&& at(Span where) && {
    span = std::move(where);
    return std::move(*this);
  }
  Diagnostic&& advise(std::string text) && {
    help = std::move(text);
    return std::move(*this);
  }
  Diagnostic&& note(std::string text) && {
    notes.push_back(std::move(text));
    return std::move(*this);
  }
};

template <class... A>
Diagnostic error(fmt::format_string<A...> format, A&&... args) {
  return {Severity::kError, fmt::format(format, std::forward<A>(args)...), std::nullopt, {}, {}};
}
template <class... A>
Diagnostic warning(fmt::format_string<A...> format, A&&... args) {
  return {Severity::kWarning, fmt::format(format, std::forward<A>(args)...), std::nullopt, {}, {}};
}
template <class... A>
Diagnostic note(fmt::format_string<A...> format, A&&... args) {
  return {Severity::kNote, fmt::format(format, std::forward<A>(args)...), std::nullopt, {}, {}};
}

// "error: message", then file:line:column with the source line and a caret, then help and notes; every line
// ends in '\n'. Control characters are escaped, so that nothing but text is said to a terminal. `color` adds
// ANSI colours. Tabs in the source line are kept so that the caret stays under its place.
std::string render(const Diagnostic& diagnostic, bool color);

}  // namespace devtask
