// The project's own commands, run on a scratch database, with the plug-in inside where they are Python.
// Unaware of: what the commands are to achieve.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/project.h"
#include "migrate/migration_job.h"
#include "migrate/plugin_call.h"

namespace devtask {

struct ToolCall {
  const std::vector<Step>& steps;
  const ScratchDatabase& database;
  PluginRequest request;  // its url and dialect are filled in
  std::string name = {}, revision = {};
  // Absolute: whose code is meant, if not the project's as it is on disk.
  std::string tree = {};
};

struct ToolOutcome {
  int exit_status = 0;
  std::string output;                  // standard output and error, passwords masked
  std::optional<PluginAnswer> answer;  // none: the plug-in was not reached

  // Of a tool in Python, although the command ended well: the answer says so.
  bool is_unwatched() const { return answer && answer->state == kNotLoaded; }
  bool failed() const { return exit_status != 0 || (answer && !answer->done()); }

  static constexpr std::string_view kNotLoaded = "not loaded";
};

// Fails if a command cannot be started, on a stop request, and if the server has ended meanwhile.
Result<ToolOutcome> run_tool(const MigrationJob& job, const ToolCall& call);
// The plug-in alone, for what needs none of the project's commands.
Result<PluginAnswer> run_plugin(const MigrationJob& job, PluginRequest request, const std::string& folder);

// What went wrong, with the last of what the command said. `what`: "cannot compare the models".
Diagnostic tool_failure(const MigrationJob& job, std::string_view what, const ToolOutcome& outcome);

}  // namespace devtask
