#include "cli/commands.h"

#include <algorithm>
#include <array>

#include "base/escape.h"
#include "cli/report.h"
#include "config/keys.h"

namespace devtask {
namespace {

constexpr std::array kCommands = {
    Command{"run", "TASK… [-- ARGS…]", "Run tasks (the verb can be left out)", command_run},
    Command{"watch", "TASK… [-- ARGS…]", "Run tasks, and again what is stale whenever something changes",
            command_watch},
    Command{"list", "[--json]", "Show the tasks", command_list},
    Command{"graph", "[--format dot|mermaid|json] [TASK…]", "Show what depends on what", command_graph},
    Command{"why", "TASK", "Say why a task would run", command_why},
    Command{"migrate", "[check|drift] [--dialect D]… [-m NAME]",
            "Write the next database revisions, or check them", command_migrate, migrate_options},
    Command{"upgrade", "[--dialect D] [--to REV] [--sql] [-y]",
            "Bring your own database to the newest revision", command_upgrade, upgrade_options},
    Command{"downgrade", "[--dialect D] [--to REV] [-y]", "Take your own database back, by one revision",
            command_downgrade, upgrade_options},
    Command{"cache", "stats|gc|verify|clean", "Look after the shared cache", command_cache},
    Command{"clean", "[TASK…]", "Remove what tasks made here, and forget that they ran", command_clean},
    Command{"hook", "install [TASK]|uninstall",
            "Run a task (format) on what is staged before each git commit", command_hook},
    Command{"ninja", "-- ARGS…", "Call Ninja on the whole project's graph", command_ninja},
    Command{"init", "", "Write a commented tasks.toml to start from", command_init},
    Command{"help", "[reference|schema]", "Show this text, every key of tasks.toml, or their JSON schema",
            command_help},
    Command{"migrate-step", "STEP NAME DIALECT", "", command_migrate_step},
    Command{"ninja-exec", "ID…", "", command_exec},
    Command{"ninja-refresh", "", "", command_refresh},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

Result<void> refuse_options(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word.size() > 1 && word.starts_with('-')) {
      return failure(
          error("unknown option `{}`", escape_line(word))
              .advise("options for a task's own command come after `--`; `devtask --help` shows devtask's"));
    }
  }
  return {};
}

Result<ExitCode> command_help(const Invocation& invocation) {
  const std::string topic = invocation.words.empty() ? std::string() : invocation.words[0];
  if (topic == "reference" || topic == "schema") {
    print(topic == "reference" ? reference_page() : json_schema());
    return ExitCode::kDone;
  }
  const auto all = commands();
  const auto asked = std::ranges::find(all, topic, &Command::name);
  if (asked != all.end() && asked->options != nullptr) {
    print(fmt::format("usage: devtask {} {}\n{}\n\n{}\n`devtask --help` shows the options of all commands.\n",
                      asked->name, asked->synopsis, asked->summary, asked->options()));
    return ExitCode::kDone;
  }
  std::string text =
      "devtask: runs a project's tasks, and only what has really changed\n\n"
      "usage: devtask [OPTIONS] TASK [ARGS…] [-- EXTRA…]\n       devtask [OPTIONS] COMMAND …\n\nCommands:\n";
  for (const Command& command : commands()) {
    if (command.summary.empty()) continue;
    text +=
        fmt::format("  {:<44}  {}\n", fmt::format("{} {}", command.name, command.synopsis), command.summary);
  }
  text += "\n" + options_help();
  text +=
      "\nEvery option has an environment variable: DEVTASK_JOBS=4 is -j 4.\n"
      "Exit status: 0 done, 1 a task failed, 2 wrong use, 4 no tests, 124 a task's time limit, 130 "
      "interrupted.\n";
  print(text);
  return ExitCode::kDone;
}

}  // namespace devtask
