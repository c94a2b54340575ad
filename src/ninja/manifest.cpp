#include "ninja/manifest.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/escape.h"
#include "exec/state_folder.h"

namespace devtask {
namespace {

// Where no task and no file of the project can have the same name.
constexpr char kDirty[] = ".devtask/dirty";
constexpr char kAlways[] = ".devtask/always";
constexpr char kAll[] = ".devtask/all";
constexpr char kList[] = ".devtask/list";

std::string out_path(const PlannedTask& task) { return std::string(kStateName) + "/out/" + task.id; }

std::string paths(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& path : all) text += " " + ninja_path(path);
  return text;
}

// Ninja has no way to write these in a path.
bool can_be_said(std::string_view path) {
  return path.find_first_of(std::string_view("\n\r|\0", 4)) == std::string_view::npos;
}

// Outputs named without wildcards: targets that CMake and people can ask for.
std::vector<std::string> named_outputs(const PlannedTask& task) {
  std::vector<std::string> named = task.outputs->globs.literals();
  std::erase_if(named, [](const std::string& path) { return !can_be_said(path); });
  return named;
}

std::string commands(const PlannedTask& task) {
  std::string text;
  for (const PlannedStep& step : task.steps) text += (text.empty() ? "" : " && ") + step.shown;
  return text;
}

std::string pool_of(const PlannedTask& task) {
  if (task.task->interactive) return "console";
  return task.task->pool.empty() ? std::string() : "pool_" + file_id(task.task->pool);
}

// `generator`: only devtask decides, Ninja needs no command hashes. `restat`: an unchanged result stops
// there.
void add_rule(std::string& text, const std::string& command) {
  text += "rule devtask\n  command = " + command + "\n  description = $why\n  generator = 1\n  restat = 1\n";
}

void add_pools(std::string& text, const Plan& plan) {
  for (const auto& [name, depth] : plan.project->pools) {
    text += fmt::format("pool pool_{}\n  depth = {}\n", file_id(name), depth);
  }
}

struct Edge {
  std::vector<std::string> outputs, implicit_outputs, inputs, order_only;
  std::vector<std::string> ids;
  std::string why, command, pool;
};

void add_edge(std::string& text, const Edge& edge) {
  text += "build" + paths(edge.outputs);
  if (!edge.implicit_outputs.empty()) text += " |" + paths(edge.implicit_outputs);
  text += ": devtask" + paths(edge.inputs);
  if (!edge.order_only.empty()) text += " ||" + paths(edge.order_only);
  text += "\n  task =";
  for (const std::string& id : edge.ids) text += " " + ninja_value(shell_quote(id));
  text += "\n  why = " + ninja_value(edge.why) + "\n";
  if (!edge.pool.empty()) text += "  pool = " + edge.pool + "\n";
  text += "  cmd = " + ninja_value(edge.command) + "\n";
}

// An edge for each process that gets a share of the units; `edge`, which collects, waits for them.
void add_batches(std::string& text, Edge& edge, std::size_t batches) {
  std::vector<std::string> outs;
  for (std::size_t batch = 0; batch < batches; ++batch) {
    Edge each = edge;
    each.outputs = {batch_id(edge.outputs.front(), batch)};
    each.ids = {batch_id(edge.ids.front(), batch)};
    add_edge(text, each);
    outs.push_back(std::move(each.outputs.front()));
  }
  edge.inputs.insert(edge.inputs.end(), outs.begin(), outs.end());
  if (std::ranges::find(edge.inputs, kDirty) == edge.inputs.end()) edge.inputs.emplace_back(kDirty);
}

}  // namespace

std::string ninja_path(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (c == '$' || c == ' ' || c == ':') text += '$';
    text += c;
  }
  return text;
}

std::string ninja_value(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '$') text += '$';
    text += c == '\n' || c == '\r' || c == '\0' ? ' ' : c;
  }
  return text;
}

std::vector<Chain> make_chains(const Plan& plan, const Schedule& schedule) {
  std::map<TaskIndex, std::vector<TaskIndex>> before;
  std::map<TaskIndex, std::size_t> dependents;
  for (const TaskIndex index : schedule.run) {
    before[index] = awaited(plan, schedule, index);
    for (const TaskIndex dep : before[index]) ++dependents[dep];
  }
  std::vector<Chain> chains;
  std::map<TaskIndex, std::size_t> ends_chain;  // last task of a chain, its index in chains
  for (const TaskIndex index : schedule.run) {
    const auto& deps = before[index];
    const auto tail =
        deps.size() == 1 && dependents[deps[0]] == 1 ? ends_chain.find(deps[0]) : ends_chain.end();
    if (tail != ends_chain.end() && !plan.tasks[index].units && !plan.tasks[deps[0]].units &&
        pool_of(plan.tasks[index]).empty() && pool_of(plan.tasks[deps[0]]).empty()) {
      const std::size_t chain = tail->second;
      chains[chain].push_back(index);
      ends_chain.erase(tail);
      ends_chain[index] = chain;
    } else {
      ends_chain[index] = chains.size();
      chains.push_back({index});
    }
  }
  return chains;
}

std::string run_manifest(const Plan& plan, const std::vector<TaskState>& states, const Schedule& schedule,
                         const std::vector<Chain>& chains, const ManifestOptions& options) {
  std::string text =
      "# One run of devtask: what is stale, and what is downstream of it.\nninja_required_version = 1.5\n";
  text += "builddir = " + ninja_value(options.builddir) + "\n";
  add_pools(text, plan);
  // `exec`: the shell that Ninja starts becomes the shim instead of waiting for it.
  add_rule(text, "exec " + ninja_value(shell_quote(options.shim)) + " $task");
  text += "build " + std::string(kDirty) + ": phony\n";
  std::vector<std::string> ends;
  for (const Chain& chain : chains) {
    Edge edge;
    bool dirty = false;
    for (const TaskIndex index : chain) {
      const PlannedTask& task = plan.tasks[index];
      const TaskState& state = states[index];
      edge.ids.push_back(task.id);
      if (edge.why.empty()) edge.why = task.label + (state.why.empty() ? "" : ": " + state.why);
      edge.command += (edge.command.empty() ? "" : " && ") + commands(task);
      edge.pool = pool_of(task);
      // A task that only waits is Ninja's to spare, unless it would be stale anyway or follows an edit of its
      // inputs.
      dirty = dirty || state.verdict != Verdict::kWaiting || state.stale_anyway || !task.after.empty();
    }
    edge.outputs = {out_path(plan.tasks[chain.back()])};  // the others are nobody else's dependencies
    for (const TaskIndex dep : awaited(plan, schedule, chain.front()))
      edge.inputs.push_back(out_path(plan.tasks[dep]));
    if (dirty) edge.inputs.emplace_back(kDirty);
    if (plan.tasks[chain.front()].units) add_batches(text, edge, options.batches(chain.front()));
    add_edge(text, edge);
    ends.push_back(out_path(plan.tasks[chain.back()]));
  }
  text += "build " + std::string(kAll) + ": phony" + paths(ends) + "\ndefault " + kAll + "\n";
  return text;
}

namespace {

// Dependencies of a task in the whole graph, seen through groups.
std::vector<std::string> dependency_outs(const Plan& plan, TaskIndex index) {
  std::vector<std::string> outs;
  std::set<TaskIndex> seen;
  std::vector<TaskIndex> open(plan.tasks[index].deps.rbegin(), plan.tasks[index].deps.rend());
  while (!open.empty()) {
    const TaskIndex dep = open.back();
    open.pop_back();
    if (!seen.insert(dep).second) continue;
    if (plan.tasks[dep].is_group()) {
      open.insert(open.end(), plan.tasks[dep].deps.rbegin(), plan.tasks[dep].deps.rend());
    } else {
      outs.push_back(out_path(plan.tasks[dep]));
    }
  }
  return outs;
}

// An output that is called like a task is the target already, and the task's edge makes it.
std::string phony(const std::string& name, const std::vector<std::string>& targets,
                  const std::set<std::string>& taken) {
  if (!can_be_said(name) || taken.contains(name)) return {};
  return "build " + ninja_path(name) + ": phony" + paths(targets) + "\n";
}

// Every name a person may give: labels, and for a matrix or an alias the task's name for all of it.
void add_names(std::string& text, const Plan& plan) {
  std::map<std::string, std::vector<std::string>> groups;
  std::set<std::string> taken;
  for (const PlannedTask& task : plan.tasks) {
    for (std::string& path : named_outputs(task)) taken.insert(std::move(path));
  }
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    const PlannedTask& task = plan.tasks[i];
    text +=
        phony(task.label, task.is_group() ? dependency_outs(plan, i) : std::vector{out_path(task)}, taken);
    for (const std::string& alias : task.task->aliases) groups[alias].push_back(task.label);
    if (task.label != task.task->name) groups[task.task->name].push_back(task.label);
  }
  for (auto& [name, labels] : groups) {
    std::erase_if(labels, [&](const std::string& label) { return !can_be_said(label); });
    if (plan.find(name) == nullptr) text += phony(name, labels, taken);
  }
}

}  // namespace

std::string project_manifest(const Plan& plan, const std::vector<TaskState>& states,
                             const ManifestOptions& options, const std::string& devtask) {
  const std::string manifest = std::string(kStateName) + "/build.ninja";
  std::string text =
      "# Written by devtask, and refreshed by itself before every build. Look, do not edit.\n"
      "ninja_required_version = 1.5\n";
  text += "builddir = " + ninja_value(options.builddir) + "\n";
  add_pools(text, plan);
  add_rule(text, "exec " + ninja_value(shell_quote(options.shim)) + " $task");
  text +=
      "rule refresh\n  command = exec " + ninja_value(shell_quote(devtask)) +
      " ninja-refresh\n  description = devtask: looking for what is stale\n  generator = 1\n  restat = 1\n";
  text += "rule list\n  command = exec " + ninja_value(shell_quote(devtask)) +
          " list\n  description = devtask: tasks of this project\n  pool = console\n";
  text += fmt::format(
      "build {0}: phony\nbuild {1}: phony\nbuild {2}: refresh | {0}\nbuild {3}: list | {0}\ndefault {3}\n",
      kAlways, kDirty, manifest, kList);
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    const PlannedTask& task = plan.tasks[i];
    const TaskState& state = states[i];
    if (task.is_group()) continue;
    Edge edge;
    edge.outputs = {out_path(task)};
    edge.implicit_outputs = named_outputs(task);
    edge.inputs = dependency_outs(plan, i);
    const bool stale = state.verdict == Verdict::kStale || state.verdict == Verdict::kCached ||
                       (state.verdict == Verdict::kWaiting && state.stale_anyway);
    if (stale) edge.inputs.emplace_back(kDirty);
    edge.ids = {task.id};
    edge.why = task.label + (state.why.empty() ? "" : ": " + state.why);
    edge.command = commands(task);
    edge.pool = pool_of(task);
    add_edge(text, edge);
  }
  add_names(text, plan);
  return text;
}

std::string sources_manifest(const Plan& plan, const std::vector<TaskState>& states) {
  std::string text =
      "# Every source of every task, for `ninja -f .devtask/sources.ninja -t graph|inputs|query`.\n"
      "ninja_required_version = 1.5\nrule task\n  command = $cmd\n";
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    const PlannedTask& task = plan.tasks[i];
    if (task.is_group()) continue;
    std::vector<std::string> inputs = dependency_outs(plan, i);
    if (states[i].own != nullptr) {
      for (const Observation& input : states[i].own->inputs) {
        if (!input.follow && can_be_said(input.path)) inputs.push_back(input.path);
      }
    }
    text += "build " + ninja_path(out_path(task));
    if (const auto named = named_outputs(task); !named.empty()) text += " |" + paths(named);
    text += ": task" + paths(inputs) + "\n  cmd = " + ninja_value(commands(task)) + "\n";
  }
  add_names(text, plan);
  return text;
}

}  // namespace devtask
