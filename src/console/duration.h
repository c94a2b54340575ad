// Durations as people read them.
#pragma once

#include <chrono>
#include <string>

namespace devtask {

// "850 ms", "12.3 s", "4 min 05 s", "1 h 02 min". Exactly whole seconds have no tenth ("5 s"), so that a
// limit reads as it was written. Negative durations count as none.
std::string format_duration(std::chrono::milliseconds duration);
// For clocks that tick on a screen: whole seconds that have passed, "0 s", "59 s", "1 min 00 s".
std::string format_elapsed(std::chrono::milliseconds duration);

}  // namespace devtask
