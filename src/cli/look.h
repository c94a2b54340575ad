// What would happen, as text: for --dry-run, --status and `why`.
#pragma once

#include <string>

#include "plan/evaluate.h"
#include "plan/schedule.h"

namespace devtask {

// One line a task that would do something, then a line that sums up.
std::string plan_text(const Plan& plan, const Evaluation& evaluation, const Schedule& schedule);
std::string why_text(const Plan& plan, const Evaluation& evaluation, TaskIndex index);

}  // namespace devtask
