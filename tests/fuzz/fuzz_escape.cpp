// Escaping for lines, for the shell, for Ninja and for file names: what was written is what is read.
#include <utf8proc.h>

#include <algorithm>
#include <optional>

#include "action/escaped_text.h"
#include "base/digest.h"
#include "base/escape.h"
#include "input.h"
#include "ninja/manifest.h"
#include "plan/plan.h"
#include "require.h"

namespace devtask {
namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &code);
    if (length <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
  return true;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
}

// One word as POSIX shells read it, as far as shell_quote() writes: plain characters, '…' and \'. nullopt:
// not one word.
std::optional<std::string> word_of_shell(std::string_view text) {
  std::string word;
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    any = true;
    if (text[i] == '\'') {
      const std::size_t end = text.find('\'', i + 1);
      if (end == std::string_view::npos) return std::nullopt;
      word += text.substr(i + 1, end - i - 1);
      i = end;
    } else if (text[i] == '\\') {
      if (++i == text.size()) return std::nullopt;
      word += text[i];
    } else if (std::isalnum(static_cast<unsigned char>(text[i])) != 0 ||
               std::string_view("@%_-+=:,./").find(text[i]) != std::string_view::npos) {
      word += text[i];
    } else {
      return std::nullopt;
    }
  }
  return any ? std::optional(word) : std::nullopt;
}

// As Ninja reads a path on a build line (its lexer): `$` escapes, a blank, `:` and `|` end it.
std::optional<std::string> path_of_ninja(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$') {
      if (++i == text.size() || std::string_view("$ :").find(text[i]) == std::string_view::npos)
        return std::nullopt;
    } else if (std::string_view(" :").find(text[i]) != std::string_view::npos) {
      return std::nullopt;
    }
    path += text[i];
  }
  return path;
}

void check_lines(const std::string& bytes) {
  const std::string line = escape_line(bytes);
  require(!has_control(line), "an escaped line has no control characters", line);
  require(is_utf8(line), "an escaped line is UTF-8");
  require(unescape_line(line) == bytes, "what was escaped is read back");
  require(!is_plain(bytes) || line == bytes, "plain text is not escaped");
  std::string appended = "x";
  append_escaped(appended, bytes);
  require(appended == "x" + line, "both ways of escaping agree");
  if (const auto read = unescape_line(bytes)) {
    require(unescape_line(escape_line(*read)) == read, "what was read can be escaped again");
  }
}

void check_names(const std::string& one, const std::string& other) {
  const std::string id = file_id(one);
  constexpr std::size_t kLongestId = 200;
  require(!id.empty() && id.size() <= kLongestId && id != "." && id != "..", "an id is the name of a file",
          id);
  require(std::all_of(id.begin(), id.end(),
                      [](unsigned char c) {
                        return std::isalnum(c) != 0 || std::string_view("_.@,=-+").find(
                                                           static_cast<char>(c)) != std::string_view::npos;
                      }),
          "an id has safe characters only", id);
  require((one == other) == (id == file_id(other)), "different labels have different ids", id);
}

void check(std::string_view text) {
  const std::vector<std::string> halves = split(text, "\n");
  const std::string bytes(text);
  check_lines(bytes);
  require(word_of_shell(shell_quote(bytes)) == bytes, "a shell reads a quoted word as it was",
          shell_quote(bytes));
  require(path_of_ninja(ninja_path(bytes)) == bytes, "Ninja reads a path as it was", ninja_path(bytes));
  require(ninja_value(bytes).find('\n') == std::string::npos, "a value for Ninja is one line");
  check_names(halves.front(), halves.back());
  if (const auto digest = Digest::from_hex(text))
    require(digest->hex() == text, "a digest is written as it was read");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
