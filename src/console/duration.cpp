#include "console/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace devtask {
namespace {

std::string minutes_and_up(std::int64_t seconds) {
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  const std::int64_t minutes = seconds / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

}  // namespace

std::string format_duration(std::chrono::milliseconds duration) {
  const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
  if (ms < 1000) return fmt::format("{} ms", ms);
  // Rounded first: 59.96 s is a minute and not "60.0 s".
  const std::int64_t tenths = (ms + 50) / 100;
  if (tenths >= 600) return minutes_and_up((ms + 500) / 1000);
  if (ms % 1000 == 0) return fmt::format("{} s", ms / 1000);
  return fmt::format("{}.{} s", tenths / 10, tenths % 10);
}

std::string format_elapsed(std::chrono::milliseconds duration) {
  const std::int64_t seconds = std::max<std::int64_t>(duration.count(), 0) / 1000;
  return seconds < 60 ? fmt::format("{} s", seconds) : minutes_and_up(seconds);
}

}  // namespace devtask
