// What a terminal shows after it got some bytes. Knows what Screen uses (CR, LF, EL, ED, CUU) and drops
// colours; any other sequence is shown as "<?>", so that a test sees it. No wrapping: text above the area may
// be as long as it likes.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace devtask {

class FakeTerminal {
 public:
  void write(std::string_view text) {
    while (!text.empty()) text.remove_prefix(take(text));
  }

  // All rows, scrolled ones too, blanks at their ends removed.
  std::string text() const {
    std::string result;
    for (const Row& row : rows_) {
      std::string line;
      for (const std::string& cell : row) line += cell;
      line.erase(line.find_last_not_of(' ') + 1);
      result += line + "\n";
    }
    while (result.ends_with("\n\n")) result.pop_back();
    return result == "\n" ? "" : result;
  }
  std::size_t row() const { return row_; }
  std::size_t column() const { return column_; }

 private:
  using Row = std::vector<std::string>;

  std::size_t take(std::string_view text) {
    if (text.starts_with("\x1b[")) return escape(text);
    if (text.front() == '\r') {
      column_ = 0;
    } else if (text.front() == '\n') {
      column_ = 0;
      if (++row_ == rows_.size()) rows_.emplace_back();
    } else {
      std::size_t length = 1;
      while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) ++length;
      put(std::string(text.substr(0, length)));
      return length;
    }
    return 1;
  }

  std::size_t escape(std::string_view text) {
    std::size_t end = 2;
    while (end < text.size() && !std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
    const std::string parameters(text.substr(2, end - 2));
    Row& row = rows_[row_];
    switch (text[end]) {
      case 'm':
        break;
      case 'K':
        row.resize(std::min(row.size(), column_));
        break;
      case 'J':
        row.resize(std::min(row.size(), column_));
        rows_.resize(row_ + 1);
        break;
      case 'A':
        row_ -= std::min(row_, static_cast<std::size_t>(std::stoi(parameters)));
        break;
      default:
        put("<?>");
    }
    return end + 1;
  }

  void put(std::string cell) {
    Row& row = rows_[row_];
    if (row.size() <= column_) row.resize(column_ + 1, " ");
    row[column_++] = std::move(cell);
  }

  std::vector<Row> rows_ = {{}};
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

}  // namespace devtask
