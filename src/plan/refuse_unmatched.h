// Whether there is what was asked for: a mistyped path and a run without any test are no success.
#pragma once

#include <vector>

#include "base/result.h"
#include "plan/evaluate.h"
#include "plan/plan.h"
#include "plan/units.h"

namespace devtask {

// Of a task whose dependencies have run.
Result<void> refuse_unmatched(const PlannedTask& task, const UnitStates& units);

// Before anything runs: of all but those for which another task may still make such files.
Result<void> refuse_unmatched(const Plan& plan, const std::vector<TaskState>& states);

}  // namespace devtask
