#include "console/test_lines.h"

#include <fmt/format.h>

#include "console/duration.h"
#include "console/output_lines.h"
#include "console/terminal_text.h"
#include "console/workflow_command.h"

namespace devtask {
namespace {

constexpr std::string_view kDim = "2";
constexpr std::string_view kBold = "1";
constexpr std::string_view kRed = "31";
constexpr std::string_view kGreen = "32";
constexpr std::string_view kYellow = "33";

// "name: message", or what there is of it.
std::string what_failed(const TestsReported::Failure& failure) {
  const std::string message = plain_line(failure.message);
  return plain_line(failure.name) + (message.empty() ? "" : ": " + message);
}

std::string indented(std::string_view text, bool color) {
  std::string result;
  OutputLines lines(color ? LineStyle::kClean : LineStyle::kCleanNoColor);
  const auto print = [&](std::string_view line) { result.append("  ").append(line); };
  lines.feed(text, print);
  lines.finish(print);
  return result;
}

std::string slowest_lines(const TestsReported& event) {
  std::string result;
  for (const auto& [name, duration] : event.slowest) {
    result += fmt::format("{:>12}  {}\n", format_duration(duration), plain_line(name));
  }
  return result.empty() ? "" : "slowest:\n" + result;
}

// "tests/a.py:12" is a file and a line.
std::pair<std::string, std::string> place(const std::string& where) {
  const std::size_t colon = where.rfind(':');
  if (colon == std::string::npos || colon + 1 == where.size() ||
      where.find_first_not_of("0123456789", colon + 1) != std::string::npos) {
    return {where, ""};
  }
  return {where.substr(0, colon), where.substr(colon + 1)};
}

// " · 3 of 178 files ran, 175 from the cache (12 min 05 s saved)"
std::string files_text(const TestsReported& event) {
  const std::size_t files = event.units_ran + event.units_cached + event.units_not_run;
  if (files == 0) return "";
  std::string text = fmt::format(" · {} of {} file{} ran", event.units_ran, files, files == 1 ? "" : "s");
  if (event.units_cached > 0) {
    text += fmt::format(", {} from the cache", event.units_cached);
    if (event.saved.count() > 0) text += fmt::format(" ({} saved)", format_duration(event.saved));
  }
  if (event.units_not_run > 0) text += fmt::format(", {} not run", event.units_not_run);
  return text;
}

}  // namespace

std::string test_lines(const TestsReported& event, bool details, LineLook look) {
  std::string result = slowest_lines(event);
  for (const std::string& unit : event.not_run) {
    result += paint("not run:", kYellow, look.color) + " " + plain_line(unit) + "\n";
  }
  for (const TestsReported::Failure& failure : event.failures) {
    result += paint("failed:", kRed, look.color) + " " + paint(plain_line(failure.where), kBold, look.color) +
              " " + what_failed(failure) + "\n";
    if (details) result += indented(failure.detail, look.color);
  }
  if (!event.rerun.empty()) result += "rerun: " + paint(plain_line(event.rerun), kBold, look.color) + "\n";
  return result;
}

std::string tests_line(const TestsReported& event, std::string_view label, LineLook look) {
  const bool bad = event.failed + event.units_not_run > 0;
  std::string line = look.marks ? paint(bad ? "✗" : "✓", bad ? kRed : kGreen, look.color) + " " : "";
  if (!label.empty()) line += paint(plain_line(label), label_color(label), look.color) + ": ";
  const std::string failed = fmt::format("{} failed", event.failed);
  line += fmt::format("{}: {} passed, {}, {} skipped", paint("tests", kBold, look.color), event.passed,
                      event.failed > 0 ? paint(failed, kRed, look.color) : failed, event.skipped);
  if (event.expected_failures > 0) {
    line += fmt::format(" ({} expected failure{})", event.expected_failures,
                        event.expected_failures == 1 ? "" : "s");
  }
  return line + paint(files_text(event), kDim, look.color) + "\n";
}

std::string test_annotations(const TestsReported& event) {
  std::string result;
  for (const TestsReported::Failure& failure : event.failures) {
    const auto [file, line] = place(failure.where);
    result += workflow_command("error", {{"file", file}, {"line", line}}, what_failed(failure));
  }
  return result;
}

}  // namespace devtask
