#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"

namespace devtask {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string as_dot(const Plan& plan) {
  std::string text = "digraph tasks {\n  rankdir = LR;\n  node [shape = box];\n";
  for (const PlannedTask& task : plan.tasks) {
    text += "  " + quoted(task.label) + (task.is_group() ? " [style = dashed]" : "") + ";\n";
  }
  for (const PlannedTask& task : plan.tasks) {
    for (const TaskIndex dep : task.deps)
      text += "  " + quoted(plan.tasks[dep].label) + " -> " + quoted(task.label) + ";\n";
  }
  return text + "}\n";
}

// Mermaid's node ids are plain words: numbers, with the label in quotes.
std::string as_mermaid(const Plan& plan) {
  std::string text = "graph LR\n";
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    std::string label;
    for (const char c : plan.tasks[i].label) label += c == '"' ? std::string("#quot;") : std::string(1, c);
    text += fmt::format("  t{}[\"{}\"]\n", i, label);
  }
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    for (const TaskIndex dep : plan.tasks[i].deps) text += fmt::format("  t{} --> t{}\n", dep, i);
  }
  return text;
}

std::string as_json(const Plan& plan) {
  nlohmann::ordered_json tasks = nlohmann::ordered_json::array();
  for (const PlannedTask& task : plan.tasks) {
    nlohmann::ordered_json deps = nlohmann::ordered_json::array(), outputs = nlohmann::ordered_json::array();
    for (const TaskIndex dep : task.deps) deps.push_back(plan.tasks[dep].label);
    for (const auto& pattern : task.outputs->written) outputs.push_back(pattern.value);
    tasks.push_back({{"task", task.label}, {"group", task.is_group()}, {"deps", deps}, {"outputs", outputs}});
  }
  return nlohmann::ordered_json{{"tasks", tasks}}.dump(2, ' ', false,
                                                       nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace

Result<ExitCode> command_graph(const Invocation& invocation) {
  std::string format = "dot";
  std::vector<std::string> names;
  for (std::size_t i = 0; i < invocation.words.size(); ++i) {
    const std::string& word = invocation.words[i];
    if (word == "--format" && i + 1 < invocation.words.size()) {
      format = invocation.words[++i];
    } else if (word.starts_with("--format=")) {
      format = word.substr(sizeof "--format=" - 1);
    } else {
      names.push_back(word);
    }
  }
  if (auto refused = refuse_options(names); !refused) return tl::unexpected(refused.error());
  const auto writer = format == "dot"       ? as_dot
                      : format == "mermaid" ? as_mermaid
                      : format == "json"    ? as_json
                                            : nullptr;
  if (writer == nullptr)
    return failure(error("unknown format `{}`", escape_line(format)).advise("write dot, mermaid or json"));
  auto session = Session::open(invocation, Session::Mode::kLook);
  if (!session) return tl::unexpected(session.error());
  const Project& project = (*session)->project();
  const std::string& member = (*session)->member();
  auto request = names.empty() ? Result<Request>(everything(project, member))
                               : read_request(project, names, {}, (*session)->caller());
  if (!request) return tl::unexpected(request.error());
  auto plan = make_plan(project, *request);
  if (!plan) return tl::unexpected(plan.error());
  print(writer(*plan));
  return ExitCode::kDone;
}

}  // namespace devtask
