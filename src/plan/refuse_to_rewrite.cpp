#include "plan/refuse_to_rewrite.h"

#include <algorithm>

namespace devtask {
namespace {

bool has_editor(const Plan& plan, const PlannedTask& group) {
  return std::ranges::any_of(group.deps, [&](TaskIndex dep) {
    const PlannedTask& task = plan.tasks[dep];
    return task.is_group() ? has_editor(plan, task) : task.task->edits_units();
  });
}

Result<void> refuse(const Plan& plan, const PlannedTask& task, std::string_view option) {
  const auto cannot = [&](std::string_view why, std::string_view advice) {
    return failure(error("`{}` cannot do `{}`: {}", task.task->name, option, why)
                       .at(task.task->where)
                       .advise(std::string(advice)));
  };
  if (task.rewrites())
    return cannot("it has `edits`, but no `units`", "name its files in `units`, and write `edits = true`");
  if (task.task->edits_units() && task.task->reports)
    return cannot("it reports tests", "leave out `{{report}}`");
  if (!task.requested || task.task->edits_units()) return {};
  if (task.is_group() && has_editor(plan, task)) return {};
  return cannot(task.is_group() ? "nothing in this group has `edits = true`" : "it has no `edits = true`",
                "that is for tasks that rewrite their `units`, as formatters do");
}

}  // namespace

Result<void> refuse_to_rewrite(const Plan& plan, const Request& request) {
  if (!request.check && !request.given) return {};
  for (const PlannedTask& task : plan.tasks) {
    if (auto meant = refuse(plan, task, request.given ? "--staged" : "--check"); !meant) return meant;
  }
  return {};
}

}  // namespace devtask
