#include "console/status_area.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "console/duration.h"
#include "console/report_lines.h"
#include "console/terminal_text.h"

namespace devtask {
namespace {

constexpr std::size_t kMaxTasks = 6;
constexpr std::size_t kMaxLabel = 32;
constexpr std::size_t kMinTail = 8;  // less of a line says nothing
constexpr std::array<std::string_view, 10> kSpinner = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::chrono::milliseconds kSpinnerStep{100};

std::string padding(std::size_t wanted, std::size_t width) {
  std::string blanks;
  if (wanted > width) blanks.resize(wanted - width, ' ');
  return blanks;
}

// Two blank columns before the spinner: the cursor rests there.
std::vector<std::string> task_rows(const RunStatus& status, std::size_t shown, std::size_t columns,
                                   bool color) {
  std::size_t label_width = 0;
  std::size_t elapsed_width = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    label_width = std::max(label_width, display_width(status.running[i].label));
    elapsed_width = std::max(elapsed_width, format_elapsed(status.running[i].elapsed).size());
  }
  const std::size_t around = 2 + 1 + 1 + 2 + elapsed_width;
  label_width = std::min({label_width, kMaxLabel, columns > around ? columns - around : 1});

  std::vector<std::string> rows;
  for (std::size_t i = 0; i < shown; ++i) {
    const RunningTask& task = status.running[i];
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(task.elapsed / kSpinnerStep, 0));
    const std::string label = truncate_to_width(task.label, label_width);
    const std::string elapsed = format_elapsed(task.elapsed);
    std::string row = "  " + paint(kSpinner[step % kSpinner.size()], "36", color) + " " +
                      paint(label, label_color(task.label), color) +
                      padding(label_width, display_width(label)) + "  " +
                      padding(elapsed_width, elapsed.size()) + elapsed;
    if (!task.tail.empty() && display_width(row) + 2 + kMinTail <= columns) {
      row += "  " + paint(task.tail, "2", color);
    }
    rows.push_back(truncate_to_width(row, columns));
  }
  return rows;
}

std::string status_row(const RunStatus& status, bool color) {
  std::string row;
  if (status.total > 0) {
    row = paint(fmt::format("[{}/{}]", std::min(status.finished, status.total), status.total), "1", color) +
          " ";
  }
  const std::string dot = paint(" · ", "2", color);
  if (!status.running.empty()) row += fmt::format("{} running", status.running.size()) + dot;
  if (status.restored > 0) row += fmt::format("{} restored", status.restored) + dot;
  if (status.failed > 0) row += paint(fmt::format("{} failed", status.failed), "31", color) + dot;
  return row + format_elapsed(status.elapsed);
}

}  // namespace

std::vector<std::string> status_rows(const RunStatus& status, TerminalSize size, bool color) {
  const auto columns = static_cast<std::size_t>(std::max(size.columns - 1, 1));
  // The status line, the line of "more", and one of the text above must stay visible.
  const auto room = static_cast<std::size_t>(std::max(size.rows - 3, 0));
  const std::size_t shown = std::min({status.running.size(), kMaxTasks, room});

  std::vector<std::string> rows = task_rows(status, shown, columns, color);
  const std::size_t more = status.running.size() - shown;
  if (more > 0 && shown > 0) {
    rows.push_back(truncate_to_width("  " + paint(fmt::format("… and {} more", more), "2", color), columns));
  }
  rows.push_back(truncate_to_width(status_row(status, color), columns));
  return rows;
}

}  // namespace devtask
