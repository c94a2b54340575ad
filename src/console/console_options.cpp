#include "console/console_options.h"

namespace devtask {
namespace {

// "Set and not empty" for NO_COLOR (no-color.org); the others may also be switched off with a word.
bool is_set(const std::optional<std::string>& value) { return value && !value->empty(); }
bool is_off(const std::optional<std::string>& value) { return value == "0" || value == "false"; }
bool is_on(const std::optional<std::string>& value) { return is_set(value) && !is_off(value); }

}  // namespace

ConsoleOptions choose_console_options(const EnvironmentLookup& environment, ColorChoice choice,
                                      const TerminalFacts& terminal) {
  const auto term = environment("TERM");
  const bool can_draw = is_set(term) && term != "dumb";

  ConsoleOptions options;
  const auto color_for = [&](bool is_terminal) {
    if (choice != ColorChoice::kAuto) return choice == ColorChoice::kAlways;
    if (is_set(environment("NO_COLOR"))) return false;
    if (is_on(environment("CLICOLOR_FORCE")) || is_on(environment("FORCE_COLOR"))) return true;
    if (is_off(environment("FORCE_COLOR"))) return false;
    return is_terminal && can_draw;
  };
  options.color = color_for(terminal.err_is_terminal);
  options.output_color = color_for(terminal.out_is_terminal);
  options.github_actions = is_on(environment("GITHUB_ACTIONS"));
  options.grouped = options.github_actions || is_on(environment("CI"));
  // A group has a heading, and `::error` of a tool only works at the start of a line.
  options.prefix = !options.github_actions;
  options.live = terminal.err_is_terminal && can_draw && !options.grouped;
  options.size = terminal.size;
  return options;
}

}  // namespace devtask
