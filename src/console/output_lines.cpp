#include "console/output_lines.h"

#include <utility>

namespace devtask {
namespace {

// A line longer than this is not held: memory, and nobody reads it.
constexpr std::size_t kMaxHeld = std::size_t{1} << 20;
// A progress bar draws itself thousands of times into one line; older drawings are dropped from here on.
constexpr std::size_t kProgressHeld = 4096;

}  // namespace

OutputLines::OutputLines(LineStyle style) : style_(style), cleaner_(style == LineStyle::kClean) {}

void OutputLines::feed(std::string_view bytes, const Print& print) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      held_.append(bytes);
      limit_held(print);
      return;
    }
    if (held_.empty()) {
      print_line(bytes.substr(0, newline), print);
    } else {
      held_.append(bytes.substr(0, newline));
      print_line(std::exchange(held_, {}), print);
    }
    bytes.remove_prefix(newline + 1);
  }
}

void OutputLines::finish(const Print& print) {
  if (!held_.empty()) print_line(std::exchange(held_, {}), print);
}

std::string OutputLines::held() const {
  std::string_view visible = held_;
  while (!visible.empty() && visible.back() == '\r') visible.remove_suffix(1);
  if (const std::size_t start = visible.rfind('\r'); start != std::string_view::npos) {
    visible.remove_prefix(start + 1);
  }
  return plain_line(visible.substr(0, kProgressHeld));
}

void OutputLines::limit_held(const Print& print) {
  if (clean() && held_.size() > kProgressHeld) {
    // The last carriage return may be followed by nothing yet, then the drawing before it is still to be
    // seen.
    const std::size_t last = held_.find_last_not_of('\r');
    const std::size_t start = last == std::string::npos ? last : held_.rfind('\r', last);
    // Keeps the carriage return itself: it tells an erased progress bar from an empty line.
    if (start != std::string::npos) held_.erase(0, start);
  }
  if (held_.size() <= kMaxHeld) return;
  if (style_ == LineStyle::kRaw) {
    print(std::exchange(held_, {}));
  } else {
    finish(print);
  }
}

void OutputLines::print_line(std::string_view line, const Print& print) {
  if (clean()) {
    if (!cleaner_.clean(line, scratch_)) return;
  } else if (style_ == LineStyle::kNoColor) {
    scratch_ = strip_ansi(line);
  } else {
    scratch_.assign(line);
  }
  scratch_ += '\n';
  print(scratch_);
}

}  // namespace devtask
