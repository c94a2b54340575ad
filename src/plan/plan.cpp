#include "plan/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/escape.h"
#include "base/suggest.h"
#include "config/matrix.h"
#include "config/paths.h"
#include "os/file.h"
#include "plan/output_makers.h"
#include "plan/refuse_to_rewrite.h"
#include "plan/steps.h"
#include "store/unit_log.h"

namespace devtask {
namespace {

std::vector<std::string> task_names(const Project& project) {
  std::vector<std::string> names;
  for (const Task& task : project.tasks) {
    names.push_back(task.name);
    names.insert(names.end(), task.aliases.begin(), task.aliases.end());
  }
  return names;
}

tl::unexpected<Diagnostic> unknown_task(const Project& project, std::string_view name) {
  std::string help = did_you_mean(name, task_names(project));
  if (help.empty()) help = "`devtask list` shows the tasks";
  return failure(error("there is no task `{}`", escape_line(name)).advise(std::move(help)));
}

// In a label, which stands before every line of output.
constexpr std::size_t kMostPathsShown = 2;

// "schema@sqlite" → task and the row of its matrix; without '@' all rows.
struct Selection {
  const Task* task = nullptr;
  std::optional<std::string> row;
};

Result<Selection> select(const Project& project, std::string_view name) {
  if (const Task* task = project.find(name)) return Selection{task, std::nullopt};
  const std::size_t at = name.find('@');
  const Task* task = at == std::string_view::npos ? nullptr : project.find(name.substr(0, at));
  if (task == nullptr) return unknown_task(project, name);
  const std::string row(name.substr(at + 1));
  if (task->matrix.empty())
    return failure("task `{}` has no matrix to choose `{}` from", task->name, escape_line(row));
  std::vector<std::string> rows;
  for (const MatrixRow& each : matrix_rows(task->matrix)) rows.push_back(each.label());
  if (std::find(rows.begin(), rows.end(), row) == rows.end()) {
    constexpr std::size_t kMostShown = 12;
    const std::size_t shown = std::min(rows.size(), kMostShown);
    return failure(error("the matrix of task `{}` has no `{}`", task->name, escape_line(row))
                       .advise(fmt::format(
                           "it has `{}`{}",
                           fmt::join(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(shown), "`, `"),
                           shown < rows.size() ? " and more" : "")));
  }
  return Selection{task, row};
}

// Builds the list of instances, dependencies first.
class Planner {
 public:
  Planner(const Project& project, const Request& request, Plan& plan)
      : project_(project), request_(request), plan_(plan), outputs_(project, plan.owned) {}

  Result<void> run() {
    plan_.tasks.reserve(project_.tasks.size());
    for (const Request::Target& target : request_.targets) {
      auto added = add_named(target.name, &target);
      if (!added) return tl::unexpected(added.error());
    }
    // Those that come to the end of the list meanwhile have their turn later: a chain may be deeper than the
    // stack.
    for (TaskIndex i = 0; i < plan_.tasks.size(); ++i) {
      if (auto added = add_dependencies(i); !added) return added;
    }
    order_edits();
    order_families();
    if (auto sorted = sort(); !sorted) return sorted;
    if (auto apart = refuse_twins(); !apart) return apart;
    for (TaskIndex i = 0; i < plan_.tasks.size(); ++i) find_read_deps(i);
    return {};
  }

 private:
  Result<std::vector<TaskIndex>> add_named(std::string_view name, const Request::Target* target) {
    auto selection = select(project_, name);
    if (!selection) return tl::unexpected(selection.error());
    std::vector<TaskIndex> added;
    for (const MatrixRow& row : matrix_rows(selection->task->matrix)) {
      if (selection->row && *selection->row != row.label()) continue;
      auto index = add(*selection->task, row, target);
      if (!index) return tl::unexpected(index.error());
      added.push_back(*index);
    }
    return added;
  }

  Result<TaskIndex> add(const Task& task, const MatrixRow& row, const Request::Target* target) {
    PlannedTask planned;
    planned.task = &task;
    planned.row = row.values.empty() ? std::string() : row.label();
    planned.label = task.name + (planned.row.empty() ? "" : "@" + planned.row);
    planned.lock_id = file_id(planned.label);
    if (target == nullptr && task.args.empty()) {  // its label is complete
      if (const auto known = by_id_.find(planned.lock_id); known != by_id_.end()) return known->second;
    }
    planned.values.set("root", {join_path(project_.root, task.scope->base)}, false);
    planned.values.set("task", {task.local}, false);
    for (const ToolSpec& tool : task.tools) {
      if (tool.args) planned.values.set(tool.name + "-args", *tool.args, true);
    }
    for (const auto& [axis, value] : row.values) planned.values.set(axis, {value}, false);
    if (auto given = give_arguments(planned, target); !given) return tl::unexpected(given.error());
    if (auto chosen = choose_units(planned, target); !chosen) return tl::unexpected(chosen.error());
    planned.id = file_id(planned.label);
    planned.typed = planned.label;
    if (const auto& units = planned.units; units && units->chosen.size() > kMostPathsShown) {
      planned.label = fmt::format("{} {} and {} more", planned.task->name,
                                  shell_quote(units->chosen[0].text()), units->chosen.size() - 1);
    }

    if (const auto known = by_id_.find(planned.id); known != by_id_.end()) {
      PlannedTask& twin = plan_.tasks[known->second];
      twin.requested = twin.requested || target != nullptr;
      twin.forced = twin.forced || (target != nullptr && request_.force);
      return known->second;
    }
    planned.requested = target != nullptr;
    planned.forced = target != nullptr && request_.force;
    if (auto filled = fill_patterns(planned, row); !filled) return tl::unexpected(filled.error());
    if (const Step* step = swallows_extra(task, planned.values)) {
      return failure(
          error("what comes after `--` would be part of the comment or here-document that ends the last step "
                "of task `{}`",
                task.name)
              .advise("write `{{extra}}` into the step where it belongs")
              .at(step->where));
    }
    if (const Step* step = hides_placeholder(task)) {
      return failure(error("task `{}` has a placeholder in a here-document whose end is quoted, where the "
                           "shell fills in nothing",
                           task.name)
                         .advise("write the end without quotes: `<<EOF`")
                         .at(step->where));
    }
    planned.steps = plan_steps(task, task.run, planned.values);
    if (planned.units) planned.units->check = plan_steps(task, task.check, planned.values);
    planned.dir = task.dir.value;

    const TaskIndex index = plan_.tasks.size();
    by_id_.emplace(planned.id, index);
    plan_.tasks.push_back(std::move(planned));
    return index;
  }

  Result<void> add_dependencies(TaskIndex index) {
    const Task& task = *plan_.tasks[index].task;
    for (const auto& dep : task.deps) {
      const std::string name = plan_.tasks[index].values.expand(dep.value);
      auto added = add_named(name, nullptr);
      if (!added) return failure(std::move(added.error()).at(dep.where));
      auto& deps = plan_.tasks[index].deps;
      for (const TaskIndex each : *added) {
        if (std::find(deps.begin(), deps.end(), each) == deps.end()) deps.push_back(each);
      }
    }
    return {};
  }

  Result<void> give_arguments(PlannedTask& planned, const Request::Target* target) {
    const Task& task = *planned.task;
    std::vector<std::string> words = target != nullptr ? target->words : std::vector<std::string>();
    std::string typed;
    std::size_t used = 0;
    for (const ArgSpec& arg : task.args) {
      std::vector<std::string> given;
      while (used < words.size() && (arg.many || given.empty())) given.push_back(words[used++]);
      for (const std::string& word : given) typed += " " + shell_quote(word);
      if (given.empty()) {
        if (!arg.defaults) {
          return failure(error("task `{}` needs its argument `{}`{}", task.name, arg.name,
                               arg.help.empty() ? "" : " (" + arg.help + ")")
                             .advise(fmt::format("devtask {} <{}>", task.name, arg.name)));
        }
        given = *arg.defaults;
      }
      planned.values.set(arg.name, std::move(given), arg.many);
    }
    if (task.units && target != nullptr) {
      for (const std::string& word : words) typed += " " + shell_quote(word);
    }
    if (task.edits_units())
      typed += std::string(request_.given ? " --staged" : "") + (request_.check ? " --check" : "");
    if (target != nullptr && !request_.extra.empty()) {
      typed += " --";
      for (const std::string& word : request_.extra) typed += " " + shell_quote(word);
      planned.values.set("extra", request_.extra, true);
    } else {
      planned.values.set("extra", {}, true);
    }
    planned.label += typed;
    return {};
  }

  // With other arguments for its command the results are others, and kept apart.
  Result<void> choose_units(PlannedTask& planned, const Request::Target* target) {
    const Task& task = *planned.task;
    if (!task.units) return {};
    planned.lock_id = file_id(task.family + (planned.row.empty() ? "" : "@" + planned.row));
    planned.units.emplace();
    if (task.edits_units()) {
      planned.units->checks = request_.check;
      planned.units->given = request_.given;
    }
    planned.units->log = planned.lock_id;
    planned.units->shares_log = std::ranges::count(project_.tasks, task.family, &Task::family) > 1;
    if (target != nullptr && !request_.extra.empty()) {
      std::string extra;
      for (const std::string& word : request_.extra) extra += word + '\0';
      planned.units->log += kOtherArguments + sha256(extra).hex().substr(0, 16);
    }
    // Filled in for each batch; until then, and in keys, they stand for themselves.
    for (const char* name : {"units", "report", "plugins"}) {
      planned.values.set(name, {fmt::format("{{{{{}}}}}", name)}, std::string_view(name) == "units");
    }
    if (target == nullptr) return {};
    planned.units->filter = request_.units;
    for (const std::string& word : target->words) {
      const std::size_t part = word.find("::");
      planned.units->chosen.push_back(
          {word.substr(0, part), part == std::string::npos ? "" : word.substr(part)});
    }
    return {};
  }

  Result<void> fill_patterns(PlannedTask& planned, const MatrixRow& row) {
    const Task& task = *planned.task;
    const auto filled = [&](const Patterns& patterns) -> Result<const Patterns*> {
      if (row.values.empty() || patterns.written.empty()) return &patterns;
      auto expanded = expand_patterns(patterns, row);
      if (!expanded) return tl::unexpected(expanded.error());
      plan_.owned.push_back(std::make_shared<const Patterns>(std::move(*expanded)));
      return plan_.owned.back().get();
    };
    if (task.inputs) {
      auto inputs = filled(*task.inputs);
      if (!inputs) return tl::unexpected(inputs.error());
      planned.inputs = &(*inputs)->globs;
    }
    if (task.units) {
      auto units = filled(*task.units);
      if (!units) return tl::unexpected(units.error());
      planned.units->patterns = *units;
      for (const auto& each : task.family_units) {
        auto family = filled(*each);
        if (!family) return tl::unexpected(family.error());
        planned.units->family.push_back(*family);
      }
    }
    for (const auto& [from, to] :
         {std::pair(&task.outputs, &planned.outputs), std::pair(&task.creates, &planned.creates),
          std::pair(&task.edits, &planned.edits)}) {
      auto patterns = filled(*from);
      if (!patterns) return tl::unexpected(patterns.error());
      *to = *patterns;
    }
    if (task.witness) {
      auto witness = expand_axes(task.witness->value, row);
      if (!witness) return tl::unexpected(witness.error());
      planned.witness = std::move(*witness);
    }
    for (const auto& each : task.commit.value_or(std::vector<Placed<std::string>>())) {
      auto path = expand_axes(each.value, row);
      if (!path) return tl::unexpected(path.error());
      planned.commit_paths.push_back(std::move(*path));
    }
    return {};
  }

  bool reaches(TaskIndex from, TaskIndex to) const {
    std::vector<TaskIndex> open{from};
    std::set<TaskIndex> seen;
    while (!open.empty()) {
      const TaskIndex at = open.back();
      open.pop_back();
      if (at == to) return true;
      if (!seen.insert(at).second) continue;
      for (const auto* list : {&plan_.tasks[at].deps, &plan_.tasks[at].after}) {
        open.insert(open.end(), list->begin(), list->end());
      }
    }
    return false;
  }

  // A task that rewrites files runs before the tasks of this request that read them, unless it needs them
  // itself. Of two that rewrite the same files the first one that was named is the first.
  void order_edits() {
    for (TaskIndex editor = 0; editor < plan_.tasks.size(); ++editor) {
      const GlobList& edited = plan_.tasks[editor].edits->globs;
      const auto& units = plan_.tasks[editor].units;
      if (edited.empty() || (units && units->checks)) continue;
      for (TaskIndex reader = 0; reader < plan_.tasks.size(); ++reader) {
        PlannedTask& task = plan_.tasks[reader];
        const bool reads = (task.inputs != nullptr && task.inputs->may_overlap(edited)) ||
                           (task.units && task.units->patterns->globs.may_overlap(edited));
        const bool later = task.edits->globs.empty() || editor < reader;
        if (reader != editor && reads && later && !reaches(editor, reader)) task.after.push_back(editor);
      }
    }
  }

  // Tasks that share the results of their units: one after the other, so that each file runs once.
  void order_families() {
    std::unordered_map<std::string_view, std::vector<TaskIndex>> families;
    for (TaskIndex index = 0; index < plan_.tasks.size(); ++index) {
      if (!plan_.tasks[index].units) continue;
      std::vector<TaskIndex>& family = families[plan_.tasks[index].lock_id];
      for (const TaskIndex other : family) {
        if (!reaches(other, index) && !reaches(index, other)) plan_.tasks[index].after.push_back(other);
      }
      family.push_back(index);
    }
  }

  // Dependencies before dependents; otherwise the order in which they were asked for.
  Result<void> sort() {
    std::vector<TaskIndex> order;
    std::vector<char> state(plan_.tasks.size(), 0);
    // A stack of its own: a chain of dependencies may be deeper than the thread's stack allows.
    struct Frame {
      TaskIndex task;
      std::size_t next = 0;
    };
    for (TaskIndex start = 0; start < plan_.tasks.size(); ++start) {
      std::vector<Frame> stack;
      if (state[start] == 0) stack.push_back({start});
      state[start] = std::max<char>(state[start], 1);
      while (!stack.empty()) {
        Frame& frame = stack.back();
        const PlannedTask& task = plan_.tasks[frame.task];
        if (frame.next == task.deps.size() + task.after.size()) {
          state[frame.task] = 2;
          order.push_back(frame.task);
          stack.pop_back();
          continue;
        }
        const std::size_t next = frame.next++;
        const TaskIndex dep = next < task.deps.size() ? task.deps[next] : task.after[next - task.deps.size()];
        if (state[dep] == 1) {
          return failure("tasks `{}` and `{}` each have to run before the other", task.label,
                         plan_.tasks[dep].label);
        }
        if (state[dep] == 0) {
          state[dep] = 1;
          stack.push_back({dep});
        }
      }
    }
    std::vector<TaskIndex> place(order.size());
    std::vector<PlannedTask> sorted;
    sorted.reserve(order.size());
    for (TaskIndex i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      sorted.push_back(std::move(plan_.tasks[order[i]]));
    }
    for (PlannedTask& task : sorted) {
      for (auto* list : {&task.deps, &task.after}) {
        for (TaskIndex& index : *list) index = place[index];
      }
    }
    plan_.tasks = std::move(sorted);
    return {};
  }

  // Two instances of a task with other arguments write the same outputs: one of them would be lost.
  Result<void> refuse_twins() const {
    std::unordered_map<std::string_view, const PlannedTask*> writers;
    for (const PlannedTask& task : plan_.tasks) {
      if (task.outputs->written.empty() || task.is_group()) continue;
      const auto [twin, added] = writers.try_emplace(task.lock_id, &task);
      if (added) continue;
      return failure(error("`{}` and `{}` write the same outputs", twin->second->label, task.label)
                         .advise("ask for one after the other, in two commands")
                         .at(task.task->where));
    }
    return {};
  }

  void find_read_deps(TaskIndex index) {
    PlannedTask& task = plan_.tasks[index];
    task.read_deps = task.deps;
    if (!task.outputs->globs.empty()) task.made_by_deps.push_back(&task.outputs->globs);
    std::vector<OutputMakers::Maker> makers;
    if (task.inputs != nullptr) makers = outputs_.makers(*task.inputs);
    if (task.units) {
      for (OutputMakers::Maker& maker : outputs_.makers(task.units->patterns->globs)) {
        if (std::ranges::find(makers, maker.outputs, &OutputMakers::Maker::outputs) == makers.end())
          makers.push_back(std::move(maker));
      }
    }
    for (const OutputMakers::Maker& maker : makers) {
      const bool whole = maker.task == task.task || maker.task->cache == CacheMode::kLocal;
      task.makers.push_back({maker.outputs, file_id(maker.label), whole});
    }
    const bool searches_project = !task.task->scope->path.empty();
    if (makers.empty() && !searches_project && task.deps.empty()) return;
    // Everything it depends on, at any distance.
    std::vector<TaskIndex> open = task.deps;
    std::set<TaskIndex> below;
    while (!open.empty()) {
      const TaskIndex at = open.back();
      open.pop_back();
      if (!below.insert(at).second) continue;
      const auto& deps = plan_.tasks[at].deps;
      open.insert(open.end(), deps.begin(), deps.end());
    }
    for (const TaskIndex dep : below) {
      const PlannedTask& maker = plan_.tasks[dep];
      if (maker.outputs->globs.empty()) continue;
      task.made_by_deps.push_back(&maker.outputs->globs);
      const bool is_read = std::any_of(makers.begin(), makers.end(), [&](const OutputMakers::Maker& each) {
        return each.task == maker.task;
      });
      const bool has_programs = std::any_of(
          task.task->scope->path.begin(), task.task->scope->path.end(),
          [&](const std::string& folder) { return maker.outputs->globs.matches(join_path(folder, "x")); });
      if ((is_read || has_programs) &&
          std::find(task.read_deps.begin(), task.read_deps.end(), dep) == task.read_deps.end()) {
        task.read_deps.push_back(dep);
      }
    }
  }

  const Project& project_;
  const Request& request_;
  Plan& plan_;
  OutputMakers outputs_;
  std::unordered_map<std::string, TaskIndex> by_id_;
};

}  // namespace

std::string file_id(std::string_view label) {
  constexpr std::size_t kLongest = 100;
  std::string id;
  bool safe = label.size() <= kLongest && !label.empty() && label.front() != '.';
  for (const char c : label) {
    // "a:b" and "a__b" are not the same task.
    if ((c == ':' || c == '_') && id.ends_with('_')) safe = false;
    if (c == ':') {
      id += "__";
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("_.@,=-").find(c) != std::string_view::npos) {
      id += c;
    } else {
      safe = false;
      id += '_';
    }
  }
  // '+' is not among the safe characters, so that no label can pass for a shortened one.
  return safe ? id : id.substr(0, 40) + "+" + sha256(label).hex().substr(0, 16);
}

namespace {

std::string qualify(const std::string& word, std::string_view member) {
  if (word.starts_with(':')) return word.substr(1);
  const bool is_qualified = word.substr(0, word.find('@')).find(':') != std::string::npos;
  return is_qualified ? word : std::string(member) + word;
}

}  // namespace

namespace {

// "test_a.py::TestX", typed in `folder`, relative to the root.
Result<std::string> unit_word(const Project& project, const std::string& word, const std::string& folder) {
  const std::size_t part = word.find("::");
  std::string path = word.substr(0, part);
  const std::string inside = project.root + "/";
  const bool absolute = path.starts_with(inside);
  if (absolute) path.erase(0, inside.size());
  auto placed = place_path(absolute ? "" : folder, path);
  if (!placed) {
    placed.error().message = fmt::format("`{}`: {}", escape_line(word), placed.error().message);
    return placed;
  }
  if (placed->ends_with('/')) placed->pop_back();
  return *placed + (part == std::string::npos ? "" : word.substr(part));
}

}  // namespace

Result<Request> read_request(const Project& project, const std::vector<std::string>& words,
                             const std::vector<std::string>& extra, const Caller& caller) {
  Request request;
  request.extra = extra;
  std::size_t at = 0;
  while (at < words.size()) {
    const std::string name = qualify(words[at], caller.member);
    auto selection = select(project, name);
    if (!selection) {
      if (name != words[at] && select(project, words[at]))
        selection.error().help = fmt::format("`:{}` is a task of the root", words[at]);
      if (request.targets.empty()) return tl::unexpected(selection.error());
      const std::string& previous = request.targets.back().name;
      return failure(
          std::move(selection.error())
              .note(fmt::format(
                  "task `{}` takes no {}arguments; what comes after `--` goes to its command", previous,
                  project.find(previous) && !project.find(previous)->args.empty() ? "more " : "")));
    }
    Request::Target target{name, {}};
    ++at;
    std::size_t most = 0;
    for (const ArgSpec& arg : selection->task->args) most = arg.many ? words.size() : most + 1;
    while (at < words.size() && target.words.size() < most) target.words.push_back(words[at++]);
    // Paths keep their form from here on: relative to the root. A folder that is called like a task is
    // `./NAME`.
    while (selection->task->units && at < words.size() &&
           !select(project, qualify(words[at], caller.member))) {
      auto path = unit_word(project, words[at++], caller.folder);
      if (!path) return tl::unexpected(path.error());
      target.words.push_back(std::move(*path));
    }
    request.targets.push_back(std::move(target));
  }
  return request;
}

Request everything(const Project& project, std::string_view member) {
  Request request;
  for (const Task& task : project.tasks) {
    if (!task.name.starts_with(member)) continue;
    const bool complete = std::all_of(task.args.begin(), task.args.end(),
                                      [](const ArgSpec& arg) { return arg.defaults.has_value(); });
    if (complete) request.targets.push_back({task.name, {}});
  }
  return request;
}

bool PlannedTask::may_make(const OutputEntry& entry) const {
  const std::vector<std::string>& roots = outputs->globs.roots();
  return outputs->globs.matches(entry.path) ||
         (entry.kind == OutputEntry::Kind::kDir &&
          std::find(roots.begin(), roots.end(), entry.path) != roots.end());
}

const PlannedTask* Plan::find(std::string_view label) const {
  for (const PlannedTask& task : tasks) {
    if (task.label == label || task.id == label) return &task;
  }
  return nullptr;
}

Result<Plan> make_plan(const Project& project, const Request& request) {
  Plan plan;
  plan.project = &project;
  plan.only = request.only;
  if (auto planned = Planner(project, request, plan).run(); !planned) return tl::unexpected(planned.error());
  if (auto meant = refuse_to_rewrite(plan, request); !meant) return tl::unexpected(meant.error());
  return plan;
}

}  // namespace devtask
