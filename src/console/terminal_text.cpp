#include "console/terminal_text.h"

#include <utf8proc.h>

#include <algorithm>

namespace devtask {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
// A program that never resets its colours must not make the prefix of its lines grow for ever.
constexpr std::size_t kMaxActive = 256;

bool between(char c, unsigned char first, unsigned char last) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= first && byte <= last;
}

// OSC, DCS and their like last until BEL or ESC '\'; one that is not closed swallows its line and no more.
std::size_t string_length(std::string_view text) {
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] == '\a') return i + 1;
    if (text[i] == '\n') return i;
    if (text[i] == kEscape) return i + 1 < text.size() && text[i + 1] == '\\' ? i + 2 : i;
  }
  return text.size();
}

// Length of the escape sequence that `text` starts with (ECMA-48, 5.4 and 5.6); a malformed one ends before
// the first byte that cannot belong to it.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  std::size_t i = 1;
  if (text[i] == '[') {
    for (++i; i < text.size() && between(text[i], 0x30, 0x3f);) ++i;
  } else if (std::string_view("]PX^_").find(text[i]) != std::string_view::npos) {
    return string_length(text);
  }
  const bool csi = text[1] == '[';
  while (i < text.size() && between(text[i], 0x20, 0x2f)) ++i;
  if (i < text.size() && between(text[i], csi ? 0x40 : 0x30, 0x7e)) ++i;
  return i;
}

bool is_sgr(std::string_view sequence) {
  return sequence.size() >= 3 && sequence[1] == '[' && sequence.back() == 'm' &&
         std::all_of(sequence.begin() + 2, sequence.end() - 1,
                     [](char c) { return between(c, '0', '9') || c == ';' || c == ':'; });
}

// EL: erases from the cursor (nothing or 0), to the cursor (1) or the line (2).
bool is_erase_line(std::string_view sequence) {
  return sequence.size() >= 3 && sequence[1] == '[' && sequence.back() == 'K';
}

// CHA to the first column, which some programs write for a carriage return.
bool is_line_start(std::string_view sequence) {
  return sequence == "\x1b[G" || sequence == "\x1b[0G" || sequence == "\x1b[1G";
}

struct Character {
  utf8proc_int32_t code = 0;  // negative: not UTF-8
  std::size_t length = 1;
};

Character next_character(std::string_view text) {
  Character result;
  const auto length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &result.code);
  if (length <= 0) return {-1, 1};
  result.length = static_cast<std::size_t>(length);
  return result;
}

bool is_control(utf8proc_int32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

std::size_t width_of(utf8proc_int32_t code) {
  if (code < 0) return 1;
  if (is_control(code)) return 0;
  return static_cast<std::size_t>(std::max(utf8proc_charwidth(code), 0));
}

}  // namespace

std::string strip_ansi(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find(kEscape), text.size());
    result.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(escape_length(text));
  }
  return result;
}

std::string paint(std::string_view text, std::string_view codes, bool color) {
  if (!color || text.empty()) return std::string(text);
  std::string result = "\x1b[";
  result.append(codes).append("m").append(text).append(kReset);
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    if (text.front() == kEscape) {
      text.remove_prefix(escape_length(text));
      continue;
    }
    const Character character = next_character(text);
    width += width_of(character.code);
    text.remove_prefix(character.length);
  }
  return width;
}

std::string truncate_to_width(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string result;
  bool styled = false;
  std::size_t width = 0;
  while (!text.empty()) {
    std::size_t length = 0;
    if (text.front() == kEscape) {
      length = escape_length(text);
      styled = true;
    } else {
      const Character character = next_character(text);
      width += width_of(character.code);
      if (width > columns - 1) break;
      length = character.length;
    }
    result.append(text.substr(0, length));
    text.remove_prefix(length);
  }
  result.append("…");
  if (styled) result.append(kReset);
  return result;
}

bool LineCleaner::clean(std::string_view line, std::string& result) {
  result = active_;
  overwriting_ = false;
  bool visible = false;
  bool erased = false;
  while (!line.empty()) {
    const char c = line.front();
    if (c == kEscape) {
      const std::size_t length = escape_length(line);
      const std::string_view sequence = line.substr(0, length);
      if (is_sgr(sequence)) {
        note_sgr(sequence);
        if (color_ && !overwriting_) result.append(sequence);
      } else if (is_erase_line(sequence) && (overwriting_ || sequence[2] == '2')) {
        erased = erased || visible || overwriting_;
        visible = false;
        result = active_;
      } else if (is_line_start(sequence)) {
        overwriting_ = true;
      }
      line.remove_prefix(length);
      continue;
    }
    const Character character = next_character(line);
    if (c == '\r') {
      overwriting_ = true;
    } else if (c == '\t' || !is_control(character.code) || character.code < 0) {
      if (overwriting_) result = active_;
      overwriting_ = false;
      visible = true;
      result.append(character.code < 0 ? kReplacement : line.substr(0, character.length));
    }
    line.remove_prefix(character.length);
  }
  if (!visible) {
    result.clear();
    return !erased;
  }
  if (color_ && result.find(kEscape) != std::string::npos && !result.ends_with(kReset)) result.append(kReset);
  return true;
}

void LineCleaner::note_sgr(std::string_view sequence) {
  if (!color_) return;
  const std::string_view parameters = sequence.substr(2, sequence.size() - 3);
  const bool reset = parameters.empty() || parameters == "0";
  if (reset || parameters.starts_with("0;") || active_.size() > kMaxActive) active_.clear();
  if (!reset) active_.append(sequence);
}

std::string plain_line(std::string_view text) {
  std::string spaced(text);
  // Two lines in one must not run together.
  std::replace(spaced.begin(), spaced.end(), '\n', ' ');
  std::replace(spaced.begin(), spaced.end(), '\r', ' ');
  std::replace(spaced.begin(), spaced.end(), '\t', ' ');
  std::string result;
  LineCleaner(false).clean(spaced, result);
  return result;
}

}  // namespace devtask
