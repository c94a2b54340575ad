// One function per command, each in a file of its own (command_NAME.cpp), and the one table of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "event/profile.h"
#include "ninja/build.h"
#include "plan/environment.h"

namespace devtask {

// What a command gets. `words` are those behind the verb.
struct Invocation {
  const Options& options;
  const Variables& environment;
  std::vector<std::string> words;
  Profile* profile = nullptr;  // null: nobody asks where the time goes
};

// A failure is a wrong use or a wrong configuration: it is reported, and the exit code is 2.
using CommandFunction = Result<ExitCode> (*)(const Invocation&);

struct Command {
  std::string_view name;
  std::string_view synopsis;  // behind the name
  std::string_view summary;   // empty: hidden
  CommandFunction function;
  std::string (*options)() = nullptr;  // its own ones as text, for --help; null: it has none
};

std::span<const Command> commands();

Result<ExitCode> command_run(const Invocation& invocation);
Result<ExitCode> command_watch(const Invocation& invocation);
Result<ExitCode> command_staged(const Invocation& invocation);  // `devtask TASK --staged`
Result<ExitCode> command_hook(const Invocation& invocation);
Result<ExitCode> command_list(const Invocation& invocation);
Result<ExitCode> command_graph(const Invocation& invocation);
Result<ExitCode> command_why(const Invocation& invocation);
Result<ExitCode> command_cache(const Invocation& invocation);
Result<ExitCode> command_clean(const Invocation& invocation);
Result<ExitCode> command_ninja(const Invocation& invocation);
Result<ExitCode> command_init(const Invocation& invocation);
Result<ExitCode> command_exec(const Invocation& invocation);  // for plain Ninja: `ninja-exec ID…`
Result<ExitCode> command_refresh(
    const Invocation& invocation);  // for plain Ninja: writes .devtask/build.ninja
Result<ExitCode> command_migrate(const Invocation& invocation);
Result<ExitCode> command_upgrade(const Invocation& invocation);
Result<ExitCode> command_downgrade(const Invocation& invocation);
Result<ExitCode> command_migrate_step(
    const Invocation& invocation);  // for tasks of migrations: `migrate-step STEP NAME DIALECT`
std::string migrate_options();
std::string upgrade_options();
Result<ExitCode> command_help(const Invocation& invocation);
Result<ExitCode> command_task_help(const Invocation& invocation);  // `devtask TASK --help`

// A word that looks like an option but is none of the command's.
Result<void> refuse_options(const std::vector<std::string>& words);

}  // namespace devtask
