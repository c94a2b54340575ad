#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "console/terminal_text.h"

namespace devtask {
namespace {

// What is typed: the name and its arguments.
std::string usage_of(const Task& task) {
  std::string text = task.name;
  for (const ArgSpec& arg : task.args) {
    const std::string name = arg.name + (arg.many ? "…" : "");
    text += arg.defaults ? " [" + name + "]" : " <" + name + ">";
  }
  if (task.units) text += " [paths…]";
  return text;
}

std::string deps_text(const Placed<Template>& dep) {
  return dep.value.expand([](std::string_view name) { return "{{" + std::string(name) + "}}"; });
}

std::string_view cache_word(const Task& task) {
  if (task.interactive || (!task.inputs && !task.units)) return "no";
  switch (task.cache) {
    case CacheMode::kYes:
      return "yes";
    case CacheMode::kLocal:
      return "local";
    case CacheMode::kNo:
      break;
  }
  return "no";
}

// true, false, or null where it cannot be said (groups follow their dependencies; tasks that need arguments).
nlohmann::json up_to_date(const Task& task, const Plan& plan, const Evaluation& evaluation) {
  nlohmann::json result = nullptr;
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    if (plan.tasks[i].task != &task) continue;
    const bool fresh = evaluation.states[i].verdict == Verdict::kUpToDate;
    result = result.is_null() ? fresh : result.get<bool>() && fresh;
  }
  return result;
}

std::string as_json(Session& session, const Plan& plan) {
  const Evaluation evaluation = session.evaluator().evaluate(plan);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Task& task : session.project().tasks) {
    nlohmann::ordered_json deps = nlohmann::ordered_json::array(), args = nlohmann::ordered_json::array();
    for (const auto& dep : task.deps) deps.push_back(deps_text(dep));
    for (const ArgSpec& arg : task.args) {
      args.push_back(
          {{"name", arg.name}, {"help", arg.help}, {"many", arg.many}, {"required", !arg.defaults}});
    }
    list.push_back({{"name", task.name},
                    {"description", task.description},
                    {"aliases", task.aliases},
                    {"deps", deps},
                    {"args", args},
                    {"hidden", task.hidden},
                    {"cache", cache_word(task)},
                    {"file", task.where.file ? task.where.file->path : ""},
                    {"line", task.where.line},
                    {"up_to_date", up_to_date(task, plan, evaluation)}});
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return a["name"].template get<std::string>() < b["name"].template get<std::string>();
  });
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<ExitCode> command_task_help(const Invocation& invocation) {
  auto session = Session::open(invocation, Session::Mode::kLook);
  if (!session) return tl::unexpected(session.error());
  auto request = read_request((*session)->project(), {invocation.words[0]}, {}, (*session)->caller());
  if (!request) return tl::unexpected(request.error());
  const std::string& asked = request->targets.front().name;
  const std::string name = asked.substr(0, asked.find('@'));
  const Task& task = *(*session)->project().find(name);
  std::string text = fmt::format("usage: devtask {} [-- EXTRA…]\n", usage_of(task));
  if (!task.description.empty()) text += "\n" + task.description + "\n";
  if (!task.args.empty()) text += "\nArguments:\n";
  for (const ArgSpec& arg : task.args) {
    std::string about = arg.help;
    if (arg.defaults)
      about += fmt::format("{}default: {}", about.empty() ? "" : "; ", fmt::join(*arg.defaults, " "));
    text += fmt::format("  {:<20}  {}\n", arg.name + (arg.many ? "…" : ""), about);
  }
  for (const MatrixAxis& axis : task.matrix)
    text += fmt::format("\nOne for each {}: {}\n", axis.name, fmt::join(axis.values, ", "));
  for (const std::string& alias : task.aliases) text += fmt::format("\nAlso called {}\n", alias);
  if (!task.deps.empty()) {
    text += "\nFirst:";
    for (const auto& dep : task.deps) text += " " + deps_text(dep);
    text += "\n";
  }
  print(text + "\nEXTRA goes to the task's own command. `devtask --help` shows devtask's options.\n");
  return ExitCode::kDone;
}

Result<ExitCode> command_list(const Invocation& invocation) {
  bool json = false;
  for (const std::string& word : invocation.words) {
    if (word != "--json")
      return failure(
          error("unknown word `{}` after `list`", escape_line(word)).advise("devtask list [--json]"));
    json = true;
  }
  auto session = Session::open(invocation, Session::Mode::kLook);
  if (!session) return tl::unexpected(session.error());
  const Project& project = (*session)->project();
  if (json) {
    auto plan = make_plan(project, everything(project));
    if (!plan) return tl::unexpected(plan.error());
    print(as_json(**session, *plan));
    return ExitCode::kDone;
  }
  std::vector<std::pair<std::string, std::string>> rows;  // how it is called, what it does
  const std::string& member = (*session)->member();
  for (const Task& task : project.tasks) {
    if (task.hidden || !task.name.starts_with(member)) continue;
    std::string about = task.description;
    for (const std::string& alias : task.aliases)
      about += (about.empty() ? "" : " ") + fmt::format("[alias {}]", alias);
    rows.emplace_back(usage_of(task).substr(member.size()), std::move(about));
  }
  for (const Migrations& migrations : project.migrations) {
    if (!migrations.name.starts_with(member)) continue;
    std::string dialects;
    for (const Dialect& each : migrations.dialects) dialects += (dialects.empty() ? "" : ", ") + each.name;
    const std::string which =
        project.migrations.size() > 1 ? " " + migrations.name.substr(member.size()) : "";
    rows.emplace_back("migrate" + which, fmt::format("Write or check database revisions ({})", dialects));
    rows.emplace_back("upgrade" + which, "Bring your own database to the newest revision");
  }
  std::ranges::sort(rows);
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, display_width(row.first));
  std::string text;
  for (const auto& [usage, about] : rows)
    text += usage + (about.empty() ? "" : std::string(width - display_width(usage) + 2, ' ') + about) + "\n";
  if (rows.empty()) text = "no tasks; `devtask init` shows how to declare some\n";
  print(text);
  return ExitCode::kDone;
}

}  // namespace devtask
