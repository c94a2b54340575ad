#include "migrate/migration_tool.h"

#include <algorithm>

#include "exec/local_executor.h"
#include "exec/outputs.h"
#include "migrate/database_url.h"
#include "migrate/python_package.h"
#include "migrate/round_trip.h"
#include "os/file.h"
#include "plan/environment.h"
#include "plan/steps.h"

namespace devtask {
namespace {

constexpr std::size_t kLinesShown = 40;

std::vector<std::string> to_list(const Variables& variables) {
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) list.push_back(fmt::format("{}={}", name, value));
  return list;
}

Result<void> write_request(const PluginRequest& request, const std::string& folder) {
  if (auto removed = remove_file(folder + "/result.json"); !removed) return removed;
  return write_file(folder + "/request.json", to_json(request, folder + "/result.json"), 0600);
}

Result<std::optional<PluginAnswer>> read_answer(const std::string& folder) {
  const std::string file = folder + "/result.json";
  if (stat_file(file).kind == FileKind::kAbsent) return std::nullopt;
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  auto answer = answer_from_json(*text);
  if (!answer) return tl::unexpected(answer.error());
  return std::optional(std::move(*answer));
}

// By the revisions there are; where there are none yet, by the models.
bool is_python(const MigrationJob& job, const std::string& tree) {
  const std::string newest = newest_revision(job.versions_below(tree));
  if (!newest.empty()) return newest == "head";
  return std::ranges::any_of(scan_outputs(tree, job.migrations.models.globs),
                             [](const OutputEntry& each) { return each.path.ends_with(".py"); });
}

// Runs `action`, with the plug-in told of `folder`.
Result<ToolOutcome> execute(const MigrationJob& job, Action action, const std::string& folder) {
  ToolOutcome outcome;
  LocalExecutor executor(job.stop);
  const auto ended = executor.run(action, {[&](std::string_view text) { outcome.output += text; }, -1});
  if (auto alive = job.databases.check(); !alive) return tl::unexpected(alive.error());
  if (!ended) return tl::unexpected(ended.error());
  if (ended->end == ExecutionResult::End::kStopped) return failure("interrupted");
  outcome.exit_status = ended->exit_status;
  auto answer = read_answer(folder);
  if (!answer) return tl::unexpected(answer.error());
  outcome.answer = std::move(*answer);
  return outcome;
}

}  // namespace

Result<ToolOutcome> run_tool(const MigrationJob& job, const ToolCall& call) {
  const std::string& folder = call.database.folder();
  PluginRequest request = call.request;
  request.dialect = job.dialect.name;
  request.url = call.database.url();
  request.around = job.dialect.around;
  if (auto written = write_request(request, folder); !written) return tl::unexpected(written.error());

  Variables variables = to_variables(job.environment);
  std::string& python_path = variables["PYTHONPATH"];
  std::string folders = job.plugin;
  if (!call.tree.empty()) folders += ":" + package_root(call.tree, job.migrations.models);
  python_path = python_path.empty() ? folders : folders + ":" + python_path;
  variables["DEVTASK_MIGRATE"] = folder + "/request.json";
  variables[job.migrations.url_env] = call.database.url();

  Values values;
  values.set("root", {join_path(job.root, job.migrations.scope->base)}, false);
  values.set("dialect", {job.dialect.name}, false);
  values.set("name", {call.name}, false);
  values.set("revision", {call.revision}, false);
  values.set("extra", {}, true);
  Action action;
  action.label = job.migrations.name;
  for (PlannedStep& step : plan_steps(Task(), call.steps, values))
    action.steps.push_back({std::move(step.argv)});
  action.env = to_list(variables);
  action.secrets = secrets_of_database_url(call.database.url());
  std::ranges::sort(action.secrets, std::greater<>(), &std::string::size);
  action.folder = join_path(call.tree.empty() ? job.root : call.tree, job.migrations.dir.value);
  if (stat_followed(action.folder).kind != FileKind::kFolder)
    action.folder = join_path(job.root, job.migrations.dir.value);
  auto outcome = execute(job, std::move(action), folder);
  if (outcome && outcome->exit_status == 0 && !outcome->answer &&
      is_python(job, call.tree.empty() ? job.root : call.tree)) {
    outcome->answer.emplace();
    outcome->answer->state = ToolOutcome::kNotLoaded;
    outcome->answer->message =
        "the plug-in was not loaded, and nobody saw which database was used: does the command start Python "
        "with -I, -S or -E, or elsewhere?";
  }
  return outcome;
}

Result<PluginAnswer> run_plugin(const MigrationJob& job, PluginRequest request, const std::string& folder) {
  request.dialect = job.dialect.name;
  request.around = job.dialect.around;
  if (auto written = write_request(request, folder); !written) return tl::unexpected(written.error());
  Variables variables = to_variables(job.environment);
  variables["PYTHONPATH"] = job.plugin;
  variables["DEVTASK_MIGRATE"] = folder + "/request.json";
  variables["PYTHONDONTWRITEBYTECODE"] = "1";
  Action action;
  action.label = job.migrations.name;
  action.steps.push_back({{"python3", "-m", "devtask_migrate"}});
  action.env = to_list(variables);
  action.secrets = secrets_of_database_url(request.url);
  action.folder = job.root;
  auto outcome = execute(job, std::move(action), folder);
  if (!outcome) return tl::unexpected(outcome.error());
  if (!outcome->answer || !outcome->answer->done())
    return tl::unexpected(tool_failure(job, fmt::format("`{}` failed", request.action), *outcome));
  return std::move(*outcome->answer);
}

Diagnostic tool_failure(const MigrationJob& job, std::string_view what, const ToolOutcome& outcome) {
  const auto& answer = outcome.answer;
  Diagnostic problem = error("{}: {}", job.dialect.name, what);
  if (answer && !answer->message.empty()) problem.message += ": " + answer->message;
  if (answer && answer->state == "refused") return problem;
  const std::string& text = outcome.output.empty() && answer ? answer->traceback : outcome.output;
  std::vector<std::string> lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (lines.size() > kLinesShown) lines.erase(lines.begin(), lines.end() - kLinesShown);
  problem.notes = std::move(lines);
  if (outcome.exit_status != 0) problem.notes.push_back(fmt::format("exit status {}", outcome.exit_status));
  return problem;
}

}  // namespace devtask
