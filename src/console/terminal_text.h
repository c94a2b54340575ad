// Text that a terminal interprets: escape sequences, widths in columns, what is safe to print above a status
// area. Unaware of: terminals themselves, tasks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace devtask {

// Removes ANSI escape sequences (CSI, OSC and other strings, single-character ones).
std::string strip_ansi(std::string_view text);

// `text` between SGR `codes` ("32", "1;31") and a reset; `text` alone if `color` is off or it is empty.
std::string paint(std::string_view text, std::string_view codes, bool color);

// Columns that valid UTF-8 takes on a terminal. Escape sequences take none.
std::size_t display_width(std::string_view text);
// At most `columns` wide, "…" for what was cut; colours of what was cut do not leak out.
std::string truncate_to_width(std::string_view text, std::size_t columns);

// Makes the lines of one stream fit to be printed at any time and next to others: colours are kept (or
// dropped), every other escape sequence and control character is dropped, what a carriage return overwrites
// is gone, bytes that are not UTF-8 become U+FFFD. A colour that is still on at a line's end is ended there
// and set again in the next line.
class LineCleaner {
 public:
  explicit LineCleaner(bool color) : color_(color) {}

  // `line` without its newline. False: nothing visible came of it but an erased progress bar, print no line.
  bool clean(std::string_view line, std::string& result);

 private:
  void note_sgr(std::string_view sequence);

  bool color_;
  bool overwriting_ = false;  // a carriage return came, the next visible character starts the line anew
  std::string active_;        // the SGR sequences since the last reset
};

// One line of unknown text (a label, a reason) without control characters and escape sequences.
std::string plain_line(std::string_view text);

}  // namespace devtask
