#include "base/diagnostic.h"

#include <algorithm>

#include "base/escape.h"

namespace devtask {
namespace {

struct Paint {
  bool on;
  std::string operator()(std::string_view code, std::string_view text) const {
    return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
};

std::string_view line_of(std::string_view text, std::uint32_t line) {
  for (std::uint32_t at = 1; at < line; ++at) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) return {};
    text.remove_prefix(newline + 1);
  }
  std::string_view found = text.substr(0, text.find('\n'));
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

// Length of the control character that `text` begins with, 0 if it begins with another. U+0080 to U+009F are
// some, too.
std::size_t control_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  return text.size() > 1 && byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0 ? 2 : 0;
}

// What people wrote stands in messages and is shown above its caret, and must not speak to the terminal.
template <class Replace>
std::string without_controls(std::string_view text, Replace replace) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t control = control_length(text);
    const std::size_t length = std::max<std::size_t>(control, 1);
    shown += control > 0 ? replace(text.substr(0, length)) : std::string(text.substr(0, length));
    text.remove_prefix(length);
  }
  return shown;
}

std::string one_line(std::string_view text) {
  return without_controls(text, [](std::string_view control) {
    return control.size() == 1 ? escape_line(control)
                               : escape_line(control.substr(0, 1)) + escape_line(control.substr(1));
  });
}

// As many columns as before: tabs stay.
std::string source_line(std::string_view text) {
  return without_controls(text,
                          [](std::string_view control) { return control == "\t" ? "\t" : "\xef\xbf\xbd"; });
}

// Blanks as wide as the text before the caret: tabs stay tabs, a multi-byte character is one column.
std::string blanks_under(std::string_view before) {
  std::string blanks;
  for (const char byte : before) {
    if ((static_cast<unsigned char>(byte) & 0xc0) == 0x80) continue;
    blanks += byte == '\t' ? '\t' : ' ';
  }
  return blanks;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

}  // namespace

std::string render(const Diagnostic& diagnostic, bool color) {
  const Paint paint{color};
  const auto [word, code] = [&]() -> std::pair<std::string_view, std::string_view> {
    switch (diagnostic.severity) {
      case Severity::kError:
        return {"error:", "1;31"};
      case Severity::kWarning:
        return {"warning:", "1;33"};
      case Severity::kNote:
        break;
    }
    return {"note:", "1;36"};
  }();
  std::string text = fmt::format("{} {}\n", paint(code, word), one_line(diagnostic.message));
  if (diagnostic.span && diagnostic.span->file) {
    const Span& span = *diagnostic.span;
    const std::string number = std::to_string(span.line);
    const std::string margin(number.size(), ' ');
    text += fmt::format("{} {} {}:{}:{}\n", margin, paint("36", "-->"), one_line(span.file->path), span.line,
                        span.column);
    const std::string_view line = line_of(span.file->text, span.line);
    if (!line.empty()) {
      const std::size_t start = std::min<std::size_t>(span.column > 0 ? span.column - 1 : 0, line.size());
      const std::string_view marked = line.substr(start, span.length);
      text += fmt::format("{} {} {}\n", paint("36", number), paint("36", "|"), source_line(line));
      text += fmt::format("{} {} {}{}\n", margin, paint("36", "|"), blanks_under(line.substr(0, start)),
                          paint(code, std::string(std::max<std::size_t>(columns(marked), 1), '^')));
    }
  }
  if (!diagnostic.help.empty())
    text += fmt::format("  {} {}\n", paint("1;32", "help:"), one_line(diagnostic.help));
  for (const std::string& line : diagnostic.notes)
    text += fmt::format("  {} {}\n", paint("36", "note:"), one_line(line));
  return text;
}

}  // namespace devtask
