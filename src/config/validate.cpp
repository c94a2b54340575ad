#include "config/validate.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/suggest.h"
#include "config/matrix.h"
#include "config/messages.h"
#include "config/names.h"
#include "config/task_graph.h"
#include "config/validate_paths.h"

namespace devtask {
namespace {

class Validator {
 public:
  Validator(std::vector<TaskDraft>& tasks, const PoolDrafts& pools, bool complete, Complaints& complaints)
      : tasks_(tasks), pools_(pools), complete_(complete), complaints_(complaints), graph_(tasks.size()) {}

  void run() {
    check_names();
    check_aliases();
    for (TaskDraft& draft : tasks_) check_pool(draft);
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (!tasks_[i].duplicate) check_deps(i);
    }
    check_cycles();
    show_distributions();
    if (complete_) validate_paths(tasks_, graph_, complaints_);
  }

 private:
  void check_names() {
    by_name_.reserve(tasks_.size());
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      Task& task = tasks_[i].task;
      const auto [first, added] = by_name_.try_emplace(task.name, i);
      if (added) continue;
      tasks_[i].duplicate = true;
      complaints_.add(error("task `{}` is defined twice", task.name)
                          .at(task.where)
                          .note("the first one is at " + place_text(tasks_[first->second].task.where)));
    }
  }

  void check_aliases() {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      const Task& task = tasks_[i].task;
      if (tasks_[i].duplicate) continue;
      for (std::size_t k = 0; k < task.aliases.size(); ++k) {
        const std::string& alias = task.aliases[k];
        const Span& where = tasks_[i].alias_places[k];
        if (const auto other = by_name_.find(alias); other != by_name_.end()) {
          complaints_.add(error("alias `{}` of task `{}` is the name of a task", alias, task.name)
                              .at(where)
                              .note("the task is at " + place_text(tasks_[other->second].task.where)));
          continue;
        }
        const auto [first, added] = by_alias_.try_emplace(alias, Alias{i, where});
        if (added) continue;
        const std::string& other = tasks_[first->second.task].task.name;
        complaints_.add(
            (first->second.task == i
                 ? error("task `{}` has the alias `{}` twice", task.name, alias)
                 : error("alias `{}` is used twice, by the tasks `{}` and `{}`", alias, other, task.name))
                .at(where)
                .note("the first one is at " + place_text(first->second.where)));
      }
    }
  }

  // A member's pool hides one of the root that has the same name.
  void check_pool(TaskDraft& draft) {
    Task& task = draft.task;
    if (task.pool.empty() && !draft.pool_place.file) return;
    const std::string prefix = task.name.substr(0, task.name.size() - task.local.size());
    if (const std::string own = prefix + task.pool; pools_.contains(own)) {
      task.pool = own;
      return;
    }
    if (pools_.contains(task.pool) || !complete_) return;
    std::vector<std::string> names;
    for (const auto& [name, depth] : pools_) names.push_back(name);
    std::string help = did_you_mean(task.pool, names);
    if (help.empty() && is_task_name(task.pool))
      help = fmt::format("define it: `{} = 1` in `[pools]`", task.pool);
    complaints_.add(
        error("unknown pool `{}` of task `{}`", task.pool, task.name).at(draft.pool_place).advise(help));
  }

  void check_deps(std::size_t index) {
    const Task& task = tasks_[index].task;
    for (std::size_t k = 0; k < task.deps.size(); ++k) {
      const Placed<Template>& dep = task.deps[k];
      const auto& parts = dep.value.parts();
      if (std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part.placeholder; })) {
        check_dep(index, k, parts.empty() ? "" : parts.front().text);
        continue;
      }
      for (const MatrixRow& row : matrix_rows(task.matrix)) {
        const auto value = [&](std::string_view axis) {
          const std::string* found = row.find(axis);
          return found == nullptr ? std::string() : *found;
        };
        if (!check_dep(index, k, dep.value.expand(value))) break;
      }
    }
  }

  // False, with a complaint, if there is no such task.
  bool check_dep(std::size_t index, std::size_t k, const std::string& text) {
    const Task& task = tasks_[index].task;
    const Span& where = task.deps[k].where;
    const std::size_t at = text.find('@');
    const std::string name = text.substr(0, at);
    const std::optional<std::size_t> found = find(name);
    if (!found) {
      if (!complete_) return true;
      complaints_.add(error("task `{}` depends on `{}`, which does not exist", task.name, name)
                          .at(where)
                          .advise(suggest(task, name)));
      return false;
    }
    const Task& dependency = tasks_[*found].task;
    if (*found == index) {
      complaints_.add(error("task `{}` depends on itself", task.name).at(where));
      return false;
    }
    if (at != std::string::npos && !check_row(task, dependency, text.substr(at + 1), where)) return false;
    graph_.add(index, *found, k);
    for (const ArgSpec& arg : dependency.args) {
      if (arg.defaults) continue;
      complaints_.add(error("task `{}` depends on `{}`, which cannot run without its argument `{}`",
                            task.name, dependency.name, arg.name)
                          .at(where)
                          .advise(fmt::format("give the argument a default: {}", place_text(arg.where))));
      return false;
    }
    return true;
  }

  bool check_row(const Task& task, const Task& dependency, const std::string& label, const Span& where) {
    std::vector<std::string>& labels = labels_[dependency.name];
    if (labels.empty()) {
      for (const MatrixRow& row : matrix_rows(dependency.matrix)) labels.push_back(row.label());
    }
    if (labels.empty()) return true;  // an axis without values was complained about
    if (std::find(labels.begin(), labels.end(), label) != labels.end() && !dependency.matrix.empty())
      return true;
    Diagnostic problem =
        error("task `{}` depends on `{}@{}`, which does not exist", task.name, dependency.name, label);
    if (dependency.matrix.empty()) {
      problem.help = fmt::format("task `{}` has no matrix", dependency.name);
    } else if (problem.help = did_you_mean(label, labels); problem.help.empty()) {
      constexpr std::size_t kShown = 12;
      const std::span<const std::string> first(labels.data(), std::min(labels.size(), kShown));
      problem.help = fmt::format("what can follow the `@`: {}", name_list(first));
    }
    complaints_.add(std::move(problem).at(where));
    return false;
  }

  std::optional<std::size_t> find(const std::string& name) const {
    if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    if (const auto found = by_alias_.find(name); found != by_alias_.end()) return found->second.task;
    return std::nullopt;
  }

  std::string suggest(const Task& task, const std::string& name) const {
    const auto written = [&](const std::string& qualified) { return name_in_deps(task, qualified); };
    std::vector<std::string> names;
    names.reserve(by_name_.size() + by_alias_.size());
    for (const TaskDraft& draft : tasks_) names.push_back(written(draft.task.name));
    for (const TaskDraft& draft : tasks_) {
      for (const std::string& alias : draft.task.aliases) names.push_back(written(alias));
    }
    return did_you_mean(written(name), names);
  }

  void show_distributions() {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (std::ranges::none_of(tasks_[i].task.tools, &ToolSpec::distributions)) continue;
      for (std::size_t k = 0; k < tasks_.size(); ++k) {
        Task& other = tasks_[k].task;
        if (other.cache == CacheMode::kLocal && !other.outputs.written.empty() && graph_.depends(i, k))
          other.shows_distributions = true;
      }
    }
  }

  void check_cycles() {
    for (const std::vector<std::size_t>& cycle : graph_.cycles()) {
      std::string text;
      for (const std::size_t i : cycle) text += tasks_[i].task.name + " → ";
      const Task& first = tasks_[cycle.front()].task;
      const std::size_t dep = graph_.label(cycle.front(), cycle[1 % cycle.size()]);
      complaints_.add(error("tasks depend on each other in a cycle: `{}{}`", text, first.name)
                          .at(first.deps[dep].where)
                          .advise("take out one of these dependencies"));
    }
  }

  struct Alias {
    std::size_t task;
    Span where;
  };

  std::vector<TaskDraft>& tasks_;
  const PoolDrafts& pools_;
  bool complete_;
  Complaints& complaints_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string, Alias> by_alias_;
  std::unordered_map<std::string, std::vector<std::string>>
      labels_;  // of the rows of tasks that were asked for
  TaskGraph graph_;
};

}  // namespace

void validate(std::vector<TaskDraft>& tasks, const PoolDrafts& pools, bool complete, Complaints& complaints) {
  Validator(tasks, pools, complete, complaints).run();
}

}  // namespace devtask
