#include "console/file_lines.h"

#include <fmt/format.h>

#include "console/terminal_text.h"
#include "console/workflow_command.h"

namespace devtask {
namespace {

constexpr std::string_view kDim = "2";
constexpr std::string_view kBold = "1";
constexpr std::string_view kRed = "31";
constexpr std::string_view kGreen = "32";
constexpr std::string_view kYellow = "33";

}  // namespace

std::string would_change_lines(const FilesReported& event, bool color, LineStyle diffs) {
  std::string result;
  for (const FilesReported::File& file : event.would_change) {
    result += paint("would change:", kYellow, color) + " " + plain_line(file.path) + "\n";
    OutputLines lines(diffs);
    const auto print = [&](std::string_view line) { result += line; };
    lines.feed(file.text, print);
    lines.finish(print);
  }
  return result;
}

std::string failed_file_lines(const FilesReported& event, bool color) {
  std::string result;
  for (const FilesReported::File& file : event.failed) {
    result += paint("failed:", kRed, color) + " " + paint(plain_line(file.path), kBold, color) +
              (file.text.empty() ? "" : ": " + plain_line(file.text)) + "\n";
  }
  return result;
}

std::string files_line(const FilesReported& event, LineLook look) {
  const bool bad = event.would_change.size() + event.failed.size() + event.not_run > 0;
  std::string line = look.marks ? paint(bad ? "✗" : "✓", bad ? kRed : kGreen, look.color) + " " : "";
  line += paint(plain_line(event.task), label_color(event.task), look.color) + ": ";
  const std::size_t changed = event.would_change.size();
  line += fmt::format("{} file{} would change, ", changed, changed == 1 ? "" : "s");
  if (!event.failed.empty()) line += fmt::format("{} failed, ", event.failed.size());
  if (event.not_run > 0) line += fmt::format("{} not looked at, ", event.not_run);
  line += fmt::format("{} clean", event.clean + event.known);
  if (event.known > 0) line += paint(fmt::format(" ({} known before)", event.known), kDim, look.color);
  return line + "\n";
}

std::string file_annotations(const FilesReported& event) {
  std::string result;
  for (const auto& file : event.would_change) {
    result += workflow_command("error", {{"file", plain_line(file.path)}},
                               fmt::format("`{}` would change it", event.task));
  }
  for (const auto& file : event.failed) {
    result += workflow_command(
        "error", {{"file", plain_line(file.path)}},
        fmt::format("`{}` fails on it{}{}", event.task, file.text.empty() ? "" : ": ", file.text));
  }
  return result;
}

}  // namespace devtask
