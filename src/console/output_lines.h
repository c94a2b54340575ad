// Turns a task's output, which comes in pieces of any size, into whole lines.
// Unaware of: what is printed, and where.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "console/terminal_text.h"

namespace devtask {

enum class LineStyle {
  kRaw,      // bytes as they came
  kNoColor,  // bytes as they came, without escape sequences
  kClean,    // LineCleaner, with colours
  kCleanNoColor,
};

class OutputLines {
 public:
  // `line` ends in '\n', but for parts of a raw line too long to be held.
  using Print = std::function<void(std::string_view line)>;

  explicit OutputLines(LineStyle style);

  // Prints the lines that are complete now and holds the rest.
  void feed(std::string_view bytes, const Print& print);
  // Prints what is held, with a newline after it.
  void finish(const Print& print);
  // What is held, as one line for a status row; "" if nothing is.
  std::string held() const;

 private:
  void print_line(std::string_view line, const Print& print);
  void limit_held(const Print& print);
  bool clean() const { return style_ == LineStyle::kClean || style_ == LineStyle::kCleanNoColor; }

  LineStyle style_;
  LineCleaner cleaner_;
  std::string held_;
  std::string scratch_;
};

}  // namespace devtask
