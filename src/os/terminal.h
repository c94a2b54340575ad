// Terminals: is there one, how large, and writing to it whole.
// Unaware of: colours, environment variables (console/ decides by them).
#pragma once

#include <string_view>

namespace devtask {

struct TerminalSize {
  int columns = 80;
  int rows = 24;

  bool operator==(const TerminalSize&) const = default;
};

bool is_terminal(int fd);
// 80x24 if `fd` is no terminal or its size is unknown.
TerminalSize terminal_size(int fd);
// All of `bytes`. A descriptor that some child has made non-blocking is waited for. False if nobody reads any
// more or the device is full.
bool write_all(int fd, std::string_view bytes);

}  // namespace devtask
