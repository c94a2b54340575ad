// Two streams that may be one terminal, and rows kept below everything that is printed.
//
// The cursor rests at the start of the area. So taking the area away is "erase to the end of the screen",
// which is right after a resize too, when nobody knows how many rows the old one takes. The cursor is never
// hidden: nobody could show it again after SIGKILL. Unaware of: tasks, time, threads (the caller serialises).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace devtask {

enum class Stream { kOut, kErr };

class Screen {
 public:
  using Write = std::function<void(std::string_view)>;

  Screen(Write out, Write err) : out_(std::move(out)), err_(std::move(err)) {}

  // Whole lines, held until flush().
  void print(Stream stream, std::string_view lines);
  std::size_t pending_bytes() const { return pending_bytes_; }

  // Prints what is held, then `area` (may be empty) in place of the area that is there.
  void flush(const std::vector<std::string>& area);

 private:
  struct Piece {
    Stream stream;
    std::string text;
  };
  void write(Stream stream, std::string_view text);

  Write out_;
  Write err_;
  std::vector<Piece> pending_;
  std::size_t pending_bytes_ = 0;
  bool area_shown_ = false;
};

}  // namespace devtask
