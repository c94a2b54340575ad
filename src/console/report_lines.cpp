#include "console/report_lines.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "console/byte_size.h"
#include "console/duration.h"
#include "console/terminal_text.h"

namespace devtask {
namespace {

constexpr std::string_view kDim = "2";
constexpr std::string_view kBold = "1";
constexpr std::string_view kRed = "31";
constexpr std::string_view kBoldRed = "1;31";
constexpr std::string_view kGreen = "32";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kCyan = "36";

std::string mark(std::string_view sign, std::string_view codes, LineLook look) {
  return look.marks ? paint(sign, codes, look.color) + " " : "";
}

std::string painted_label(std::string_view label, bool color) {
  return paint(plain_line(label), label_color(label), color);
}

// The limit where it is known; a command that ran into it took at least that long.
std::string limit_text(const TaskFinished& event) {
  return fmt::format("time limit of {} exceeded",
                     format_duration(event.time_limit.count() > 0 ? event.time_limit : event.duration));
}

struct OutcomeLook {
  std::string_view sign;
  std::string_view mark_codes;
  std::string_view text_codes;
};

OutcomeLook outcome_look(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUpToDate:
      return {"✓", kDim, kDim};
    case Outcome::kRestored:
      return {"↺", kCyan, kDim};
    case Outcome::kRan:
      return {"✓", kGreen, {}};
    case Outcome::kFailed:
    case Outcome::kTimedOut:
      return {"✗", kRed, kRed};
    case Outcome::kSkipped:
      return {"-", kYellow, kYellow};
    case Outcome::kCancelled:
      return {"✗", kYellow, kYellow};
  }
  return {};
}

std::string styled(std::string_view text, std::string_view codes, bool color) {
  return paint(text, codes, color && !codes.empty());
}

}  // namespace

std::string_view label_color(std::string_view label) {
  // Cyan, magenta, yellow, green and the bright ones; red means failure and dark blue is hard to read.
  static constexpr std::array<std::string_view, 9> kColors = {"36", "35", "33", "32", "94",
                                                              "96", "95", "93", "92"};
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : label) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  // The low bits of FNV alone barely differ between names that differ in one character.
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
  hash ^= hash >> 13;
  return kColors[hash % kColors.size()];
}

std::string output_prefix(std::string_view label, bool color) {
  return paint(plain_line(label) + " │", label_color(label), color) + " ";
}

std::string started_line(const TaskStarted& event, LineLook look) {
  std::string line = mark("›", kDim, look) + painted_label(event.task, look.color);
  if (!event.why.empty()) line += ": " + paint(plain_line(event.why), kDim, look.color);
  return line + "\n";
}

std::string command_lines(const TaskStarted& event, LineLook look) {
  std::string result;
  std::string_view rest = event.command;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    result += mark("›", kDim, look) + painted_label(event.task, look.color) + ": " +
              paint("$ " + plain_line(rest.substr(0, end)), kDim, look.color) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return result;
}

std::string outcome_text(const TaskFinished& event) {
  const std::string duration = format_duration(event.duration);
  switch (event.outcome) {
    case Outcome::kUpToDate:
      return "up to date";
    case Outcome::kRestored:
      return fmt::format("restored from the cache (saved {})", duration);
    case Outcome::kRan:
      return fmt::format("done in {}", duration);
    case Outcome::kFailed:
      if (event.exit_status == 0) return fmt::format("failed after {}", duration);
      return fmt::format("failed with exit status {} after {}", event.exit_status, duration);
    case Outcome::kTimedOut:
      return limit_text(event);
    case Outcome::kSkipped:
      return fmt::format("not run, because {} failed", plain_line(event.blocked_by));
    case Outcome::kCancelled:
      return "interrupted";
  }
  return "";
}

std::string finished_line(const TaskFinished& event, LineLook look) {
  const OutcomeLook outcome = outcome_look(event.outcome);
  return mark(outcome.sign, outcome.mark_codes, look) + painted_label(event.task, look.color) + ": " +
         styled(outcome_text(event), outcome.text_codes, look.color) + "\n";
}

std::string failure_header(const TaskFinished& event, bool color) {
  const std::string reason = event.outcome == Outcome::kTimedOut
                                 ? limit_text(event)
                                 : fmt::format("exit status {}", event.exit_status);
  return paint(fmt::format("--- {} failed ({}) ---", plain_line(event.task), reason), kBoldRed, color) + "\n";
}

std::string left_out_line(const TaskFinished& event, bool color) {
  const std::string where = event.log_path.empty() ? "" : ", all of it is in " + plain_line(event.log_path);
  return paint(fmt::format("({} before this are left out{})", format_bytes(event.log_left_out), where), kDim,
               color) +
         "\n";
}

std::string rerun_line(const TaskFinished& event, bool color) {
  return "rerun: " + paint(plain_line(event.rerun), kBold, color) + "\n";
}

std::string summary_line(const RunFinished& event, LineLook look) {
  const bool bad = event.failed + event.skipped + event.cancelled > 0;
  const std::string name =
      mark(bad ? "✗" : "✓", bad ? kRed : kGreen, look) + paint("devtask", kBold, look.color) + ": ";
  if (!bad && event.ran + event.restored == 0) {
    if (event.up_to_date == 0) return name + "nothing to do\n";
    const std::string saved =
        event.saved.count() > 0 ? ", saved " + format_duration(event.saved) : std::string();
    return fmt::format("{}everything is up to date ({} task{}{})\n", name, event.up_to_date,
                       event.up_to_date == 1 ? "" : "s", saved);
  }
  std::string parts;
  const auto add = [&](std::size_t count, std::string_view what, std::string_view codes) {
    if (count == 0) return;
    if (!parts.empty()) parts += ", ";
    parts += styled(fmt::format("{} {}", count, what), codes, look.color);
  };
  add(event.ran, "ran", {});
  add(event.restored, "restored", {});
  add(event.up_to_date, "up to date", {});
  add(event.failed, "failed", kRed);
  add(event.skipped, "not run", kYellow);
  add(event.cancelled, "interrupted", kYellow);
  return fmt::format("{}{} in {}\n", name, parts, format_duration(event.duration));
}

}  // namespace devtask
