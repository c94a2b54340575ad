// What the console is to look like, and how the environment decides it.
// Unaware of: the process's environment and terminals (facts come in).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "os/terminal.h"

namespace devtask {

enum class OutputLogs { kFull, kNewOnly, kErrorsOnly, kNone };
enum class ColorChoice { kAuto, kAlways, kNever };

struct ConsoleOptions {
  bool color = false;           // devtask's own lines, on standard error
  bool output_color = false;    // tasks' output, on standard output; escape sequences are stripped without it
  bool live = false;            // standard error is a terminal that can redraw; never in CI
  bool github_actions = false;  // ::group:: and ::error at the start of a line; implies grouped
  bool grouped = false;         // a task's output is printed whole when it ends, not streamed (CI)
  // Lines of output carry "task │ ", unless the run has only one task whose output is shown.
  bool prefix = false;
  // -1 quiet: of devtask's own lines only errors and failures; 0; 1 commands; 2 also what is up to date.
  int verbosity = 0;
  OutputLogs output_logs = OutputLogs::kNewOnly;
  TerminalSize size;                                           // at the start
  std::function<TerminalSize()> current_size;                  // asked before each redraw; may be empty
  std::function<void(std::string_view)> out;                   // standard output
  std::function<void(std::string_view)> err;                   // standard error
  std::function<std::chrono::steady_clock::time_point()> now;  // empty: the steady clock
  bool redraw_thread = true;  // false: only redraw() draws the live area again (tests)
};

struct TerminalFacts {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  TerminalSize size;
};

// Value of an environment variable, nullopt if it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

// Colour, from the strongest: `choice` (--color), NO_COLOR, CLICOLOR_FORCE and FORCE_COLOR, TERM=dumb, a
// terminal. CI and GITHUB_ACTIONS: grouped and never live. Leaves verbosity, output_logs and the functions
// alone.
ConsoleOptions choose_console_options(const EnvironmentLookup& environment, ColorChoice choice,
                                      const TerminalFacts& terminal);

}  // namespace devtask
