// The few rows at the bottom of the screen that say what is going on: a pure function of what is known.
// Unaware of: cursors, threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "os/terminal.h"

namespace devtask {

struct RunningTask {
  std::string label;
  std::chrono::milliseconds elapsed{0};
  std::string tail;  // the line it is writing now, plain
};

struct RunStatus {
  std::vector<RunningTask> running;  // the longest running first
  std::size_t finished = 0;
  std::size_t total = 0;  // 0: not known
  std::size_t restored = 0;
  std::size_t failed = 0;
  std::chrono::milliseconds elapsed{0};
};

// At most 8 rows, fewer on a low screen, none wider than size.columns - 1 (a full row would wrap somewhere).
std::vector<std::string> status_rows(const RunStatus& status, TerminalSize size, bool color);

}  // namespace devtask
