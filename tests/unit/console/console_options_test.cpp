#include "console/console_options.h"

#include <gtest/gtest.h>

#include <map>

namespace devtask {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

constexpr TerminalFacts kTerminal{true, true, {100, 30}};
constexpr TerminalFacts kPipes{false, false, {}};

// The switches that are on, in the order of ConsoleOptions.
std::string chosen(Variables variables, TerminalFacts terminal = kTerminal,
                   ColorChoice choice = ColorChoice::kAuto) {
  variables.try_emplace("TERM", "xterm-256color");
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  const ConsoleOptions options = choose_console_options(lookup, choice, terminal);
  std::string text;
  if (options.color) text += "color ";
  if (options.output_color) text += "output_color ";
  if (options.live) text += "live ";
  if (options.github_actions) text += "github ";
  if (options.grouped) text += "grouped ";
  if (options.prefix) text += "prefix ";
  return text;
}

TEST(ChooseConsoleOptions, IsLiveAndColouredOnATerminal) {
  EXPECT_EQ(chosen({}), "color output_color live prefix ");
  EXPECT_EQ(chosen({}, kPipes), "prefix ");
}

TEST(ChooseConsoleOptions, LooksAtEachStream) {
  EXPECT_EQ(chosen({}, {false, true, {}}), "color live prefix ");
  EXPECT_EQ(chosen({}, {true, false, {}}), "output_color prefix ");
}

TEST(ChooseConsoleOptions, TakesTheTerminalsSize) {
  const auto none = [](std::string_view) { return std::optional<std::string>(); };
  EXPECT_EQ(choose_console_options(none, ColorChoice::kAuto, kTerminal).size, (TerminalSize{100, 30}));
}

TEST(ChooseConsoleOptions, ObeysNoColor) {
  EXPECT_EQ(chosen({{"NO_COLOR", "1"}}), "live prefix ");
  EXPECT_EQ(chosen({{"NO_COLOR", ""}}), "color output_color live prefix ");
  EXPECT_EQ(chosen({{"NO_COLOR", "1"}, {"FORCE_COLOR", "1"}}, kPipes), "prefix ");
}

TEST(ChooseConsoleOptions, ObeysForcedColour) {
  EXPECT_EQ(chosen({{"FORCE_COLOR", "3"}}, kPipes), "color output_color prefix ");
  EXPECT_EQ(chosen({{"CLICOLOR_FORCE", "1"}}, kPipes), "color output_color prefix ");
  EXPECT_EQ(chosen({{"CLICOLOR_FORCE", "0"}}, kPipes), "prefix ");
  EXPECT_EQ(chosen({{"FORCE_COLOR", "0"}}), "live prefix ");
}

TEST(ChooseConsoleOptions, PutsTheFlagFirst) {
  EXPECT_EQ(chosen({{"NO_COLOR", "1"}}, kPipes, ColorChoice::kAlways), "color output_color prefix ");
  EXPECT_EQ(chosen({{"FORCE_COLOR", "1"}}, kTerminal, ColorChoice::kNever), "live prefix ");
}

TEST(ChooseConsoleOptions, NeitherRedrawsNorColoursADumbTerminal) {
  EXPECT_EQ(chosen({{"TERM", "dumb"}}), "prefix ");
  EXPECT_EQ(chosen({{"TERM", ""}}), "prefix ");
  EXPECT_EQ(chosen({{"TERM", "dumb"}, {"FORCE_COLOR", "1"}}), "color output_color prefix ");
}

TEST(ChooseConsoleOptions, GroupsInContinuousIntegration) {
  EXPECT_EQ(chosen({{"CI", "true"}}, kPipes), "grouped prefix ");
  EXPECT_EQ(chosen({{"CI", "true"}}), "color output_color grouped prefix ");
  EXPECT_EQ(chosen({{"CI", "false"}}), "color output_color live prefix ");
  EXPECT_EQ(chosen({{"CI", "true"}, {"GITHUB_ACTIONS", "true"}}, kPipes), "github grouped ");
}

}  // namespace
}  // namespace devtask
