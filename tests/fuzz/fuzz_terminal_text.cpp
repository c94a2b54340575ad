// Output of tasks on its way to a terminal: nothing but colours and text comes through, whatever the pieces.
// First a width and the length of pieces (a byte each), then the output.
#include <utf8proc.h>

#include <algorithm>

#include "console/output_lines.h"
#include "console/terminal_text.h"
#include "console/workflow_command.h"
#include "input.h"
#include "require.h"

namespace devtask {
namespace {

// Columns of text without escape sequences; -1 if something in it is not to be printed.
int columns_of_plain(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &code);
    if (length <= 0 || (code < 0x20 && code != '\t') || (code >= 0x7f && code < 0xa0)) return -1;
    if (code != '\t') columns += std::max(utf8proc_charwidth(code), 0);
    text.remove_prefix(static_cast<std::size_t>(length));
  }
  return columns;
}

// Text with colours taken out; "\x1b" is left where something else than a colour was.
std::string without_colors(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    if (text.starts_with("\x1b[")) {
      const std::size_t end = text.find_first_not_of("0123456789;:", 2);
      if (end != std::string_view::npos && text[end] == 'm') {
        text.remove_prefix(end + 1);
        continue;
      }
    }
    plain += text.front();
    text.remove_prefix(1);
  }
  return plain;
}

void check_cleaner(std::string_view text) {
  for (const bool color : {false, true}) {
    LineCleaner cleaner(color);
    for (const std::string& line : split(text, "\n")) {
      std::string cleaned;
      const bool printed = cleaner.clean(line, cleaned);
      require(printed || cleaned.empty(), "what is not printed is empty");
      require(columns_of_plain(color ? without_colors(cleaned) : cleaned) >= 0,
              "a clean line has text and colours only", cleaned);
      require(!color || cleaned.find('\x1b') == std::string::npos || cleaned.ends_with("\x1b[0m"),
              "a line's colours end with it", cleaned);
      std::string again;
      LineCleaner(color).clean(cleaned, again);
      require(again == cleaned, "cleaning what is clean changes nothing", cleaned);
    }
  }
}

std::string printed(std::string_view text, std::size_t piece, LineStyle style) {
  std::string all;
  OutputLines lines(style);
  const auto print = [&](std::string_view line) {
    require(line.ends_with('\n'), "lines end with a newline");
    all += line;
  };
  while (!text.empty()) {
    lines.feed(text.substr(0, piece), print);
    require(columns_of_plain(lines.held()) >= 0, "what is held is shown as plain text");
    text.remove_prefix(std::min(piece, text.size()));
  }
  lines.finish(print);
  require(lines.held().empty(), "in the end nothing is held");
  return all;
}

// As the runner of GitHub Actions reads it.
std::string message_of(const std::string& command) {
  std::string message;
  for (std::size_t i = command.find("::", 2) + 2; i < command.size(); ++i) {
    if (command[i] != '%') {
      message += command[i];
      continue;
    }
    const std::string code = command.substr(i + 1, 2);
    require(code == "25" || code == "0D" || code == "0A", "only three characters are escaped", command);
    message += code == "25" ? '%' : code == "0D" ? '\r' : '\n';
    i += 2;
  }
  return message;
}

void check(Input input) {
  const std::size_t columns = input.byte() % 100, piece = input.byte() % 64 + 1U;
  const std::string text(input.rest());

  const std::string stripped = strip_ansi(text);
  require(stripped.find('\x1b') == std::string::npos, "no escape sequence is left", stripped);
  require(strip_ansi(stripped) == stripped, "stripping twice changes nothing");
  const std::string line = plain_line(text);
  require(columns_of_plain(line) >= 0 && line.find('\t') == std::string::npos, "a plain line is plain", line);
  require(plain_line(line) == line, "a plain line stays as it is", line);
  require(static_cast<int>(display_width(line)) == columns_of_plain(line), "widths agree", line);
  require(display_width(truncate_to_width(line, columns)) <= columns, "what is cut fits", line);
  require(display_width(truncate_to_width(text, columns)) <= columns, "whatever is cut fits");

  check_cleaner(text);
  for (const LineStyle style :
       {LineStyle::kRaw, LineStyle::kNoColor, LineStyle::kClean, LineStyle::kCleanNoColor}) {
    // A line longer than what is held of a progress bar may lose drawings, so there pieces matter.
    constexpr std::size_t kHeld = 4096;
    if (text.size() > kHeld) break;
    const std::string whole = printed(text, text.size(), style);
    require(printed(text, piece, style) == whole, "pieces do not matter");
    if (style == LineStyle::kRaw) {
      require(whole == text + (text.empty() || text.ends_with('\n') ? "" : "\n"), "raw output is as it came");
    }
  }

  const std::string command = workflow_command("error", {}, text);
  require(command.find('\n') == command.size() - 1, "a workflow command is one line", command);
  require(message_of(command.substr(0, command.size() - 1)) == text, "a message is read as it was", command);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
