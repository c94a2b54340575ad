#include "plan/refuse_unmatched.h"

#include <algorithm>

namespace devtask {
namespace {

bool may_be_made(const Plan& plan, const PlannedTask& task) {
  const GlobList& wanted = task.units->patterns->globs;
  return std::ranges::any_of(plan.tasks, [&](const PlannedTask& other) {
    return &other != &task &&
           (wanted.may_overlap(other.outputs->globs) || wanted.may_overlap(other.creates->globs));
  });
}

}  // namespace

Result<void> refuse_unmatched(const PlannedTask& task, const UnitStates& units) {
  if (!units.unmatched.empty()) return failure(error("{}", units.unmatched).advise(units.help));
  if (!units.nothing || !task.task->reports) return {};
  return failure(error("task `{}` has no tests: nothing matches its `units`", task.task->name)
                     .at(task.task->units->written.front().where));
}

Result<void> refuse_unmatched(const Plan& plan, const std::vector<TaskState>& states) {
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    const PlannedTask& task = plan.tasks[i];
    if (!states[i].units || (states[i].verdict == Verdict::kWaiting && may_be_made(plan, task))) continue;
    if (auto meant = refuse_unmatched(task, *states[i].units); !meant) return meant;
  }
  return {};
}

}  // namespace devtask
