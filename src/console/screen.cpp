#include "console/screen.h"

#include <utility>

namespace devtask {
namespace {

constexpr std::string_view kEraseBelow = "\r\x1b[J";
constexpr std::string_view kEraseRestOfRow = "\x1b[K";

// Each row erases only what it does not overwrite, so that a redraw does not flicker.
std::string draw(const std::vector<std::string>& area) {
  std::string text = "\r";
  for (std::size_t i = 0; i < area.size(); ++i) {
    if (i > 0) text += '\n';
    text.append(area[i]).append(kEraseRestOfRow);
  }
  text += "\x1b[J";
  if (area.size() > 1) text += "\x1b[" + std::to_string(area.size() - 1) + "A";
  return text + '\r';
}

}  // namespace

void Screen::print(Stream stream, std::string_view lines) {
  if (lines.empty()) return;
  pending_bytes_ += lines.size();
  if (pending_.empty() || pending_.back().stream != stream) pending_.push_back({stream, {}});
  pending_.back().text.append(lines);
}

void Screen::flush(const std::vector<std::string>& area) {
  if (area_shown_ && (!pending_.empty() || area.empty())) {
    // One write where possible: a terminal draws between two.
    if (pending_.empty() || pending_.front().stream != Stream::kErr) {
      pending_.insert(pending_.begin(), {Stream::kErr, {}});
    }
    pending_.front().text.insert(0, kEraseBelow);
  }
  if (!area.empty()) print(Stream::kErr, draw(area));
  area_shown_ = !area.empty();
  for (const Piece& piece : pending_) write(piece.stream, piece.text);
  pending_.clear();
  pending_bytes_ = 0;
}

void Screen::write(Stream stream, std::string_view text) {
  const Write& writer = stream == Stream::kOut ? out_ : err_;
  if (writer) writer(text);
}

}  // namespace devtask
