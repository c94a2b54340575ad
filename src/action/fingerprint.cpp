#include "action/fingerprint.h"

#include <algorithm>

#include "action/escaped_text.h"

namespace devtask {
namespace {

constexpr std::string_view kHeader = "devtask-fingerprint 1\n";

// The first bytes of a line as a number that sorts as they do: most comparisons end here, without following a
// pointer.
std::uint64_t sort_prefix(std::string_view line) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | (i < line.size() ? static_cast<unsigned char>(line[i]) : 0U);
  }
  return prefix;
}

}  // namespace

void Fingerprint::add(std::string_view kind, std::string_view name, std::string_view value) {
  starts_.push_back(lines_.size());
  lines_ += kind;
  lines_ += ' ';
  append_escaped(lines_, name);
  lines_ += '\t';
  append_escaped(lines_, value);
  lines_ += '\n';
}

struct Fingerprint::Line {
  std::uint64_t prefix;
  std::string_view text;
  bool operator<(const Line& other) const {
    return prefix != other.prefix ? prefix < other.prefix : text < other.text;
  }
};

void Fingerprint::append_lines(std::vector<Line>& lines) const {
  lines.reserve(lines.size() + starts_.size());
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    const std::size_t end = i + 1 < starts_.size() ? starts_[i + 1] : lines_.size();
    const std::string_view line = std::string_view(lines_).substr(starts_[i], end - starts_[i]);
    lines.push_back({sort_prefix(line), line});
  }
}

std::string Fingerprint::text() const { return text_with(Fingerprint()); }

std::string Fingerprint::text_with(const Fingerprint& more) const {
  std::vector<Line> lines;
  append_lines(lines);
  more.append_lines(lines);
  if (!std::is_sorted(lines.begin(), lines.end())) std::sort(lines.begin(), lines.end());
  std::string text;
  text.reserve(kHeader.size() + lines_.size() + more.lines_.size());
  text += kHeader;
  for (const Line& line : lines) text += line.text;
  return text;
}

}  // namespace devtask
