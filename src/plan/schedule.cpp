#include "plan/schedule.h"

#include <algorithm>

namespace devtask {
namespace {

enum class Need : char { kNothing, kRepair, kInPlace };

}  // namespace

Schedule make_schedule(const Plan& plan, const std::vector<TaskState>& states) {
  std::vector<Need> needs(plan.tasks.size(), Need::kNothing);
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    if (plan.tasks[i].requested) needs[i] = Need::kInPlace;
  }
  Schedule schedule;
  // Dependents come after their dependencies, so that going backwards every need is known when a task is
  // reached.
  for (TaskIndex i = plan.tasks.size(); i-- > 0;) {
    const Need need = needs[i];
    if (need == Need::kNothing) continue;
    const PlannedTask& task = plan.tasks[i];
    const TaskState& state = states[i];
    Need of_deps = Need::kRepair;
    if (task.is_group()) {
      of_deps = need;
    } else if (state.verdict == Verdict::kUpToDate) {
      schedule.up_to_date.push_back(i);
    } else if (state.verdict == Verdict::kCached) {
      if (need == Need::kInPlace || state.was_here) schedule.restore.push_back(i);
    } else if (need == Need::kInPlace) {
      schedule.run.push_back(i);
      of_deps = Need::kInPlace;
    }
    if (plan.only) continue;
    for (const auto* list : {&task.deps, &task.after}) {
      for (const TaskIndex dep : *list) needs[dep] = std::max(needs[dep], of_deps);
    }
  }
  for (auto* list : {&schedule.up_to_date, &schedule.restore, &schedule.run})
    std::reverse(list->begin(), list->end());
  return schedule;
}

std::vector<TaskIndex> awaited(const Plan& plan, const Schedule& schedule, TaskIndex index) {
  std::vector<TaskIndex> result;
  std::vector<char> seen(plan.tasks.size(), 0);
  std::vector<TaskIndex> open{index};
  while (!open.empty()) {
    const TaskIndex at = open.back();
    open.pop_back();
    for (const auto* list : {&plan.tasks[at].deps, &plan.tasks[at].after}) {
      for (const TaskIndex dep : *list) {
        if (seen[dep] != 0 || !(plan.is_brought_up_to_date(dep) || plan.tasks[dep].is_group())) continue;
        seen[dep] = 1;
        if (std::binary_search(schedule.run.begin(), schedule.run.end(), dep)) {
          result.push_back(dep);
        } else if (plan.tasks[dep].is_group()) {
          open.push_back(dep);
        }
      }
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace devtask
