#include "cli/report.h"

#include <cstdlib>

#include "os/terminal.h"

namespace devtask {
namespace {

constexpr int kStandardOutput = 1;
constexpr int kStandardError = 2;

std::optional<std::string> variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

void print(std::string_view text) { write_all(kStandardOutput, text); }

ConsoleOptions console_options(const Options& options) {
  const TerminalFacts terminal{is_terminal(kStandardOutput), is_terminal(kStandardError),
                               terminal_size(kStandardError)};
  ConsoleOptions console = choose_console_options(variable, options.color, terminal);
  console.verbosity = options.verbosity;
  console.output_logs = options.output_logs;
  console.current_size = [] { return terminal_size(kStandardError); };
  console.out = print;
  console.err = [](std::string_view text) { write_all(kStandardError, text); };
  return console;
}

void say(std::string_view text, const Options& options) {
  if (options.verbosity >= 0) write_all(kStandardError, fmt::format("devtask: {}\n", text));
}

void report(const Diagnostic& diagnostic, const Options& options) {
  write_all(kStandardError, render(diagnostic, console_options(options).color));
}

}  // namespace devtask
