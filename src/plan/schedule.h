// From what is stale to what is done: which tasks are restored, which go to Ninja, which need nothing.
// Pure.
#pragma once

#include <vector>

#include "plan/evaluate.h"
#include "plan/plan.h"

namespace devtask {

struct Schedule {
  // Each in plan order, groups left out.
  std::vector<TaskIndex> up_to_date;
  std::vector<TaskIndex> restore;
  std::vector<TaskIndex> run;  // some may turn out to be up to date when their dependencies have run

  bool nothing_to_do() const { return restore.empty() && run.empty(); }
};

// What the requested tasks need: a task that runs needs its dependencies in place; one that is restored needs
// none of them; a dependency that has been in this checkout before and was damaged is put back if the cache
// has it.
Schedule make_schedule(const Plan& plan, const std::vector<TaskState>& states);

// Tasks of `run` that must have ended before `index` may start: its dependencies, seen through groups.
std::vector<TaskIndex> awaited(const Plan& plan, const Schedule& schedule, TaskIndex index);

}  // namespace devtask
