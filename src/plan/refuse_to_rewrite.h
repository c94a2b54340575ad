// Whether a plan can do `--check` and `--staged`: with them nothing is rewritten in place.
#pragma once

#include "base/result.h"
#include "plan/plan.h"

namespace devtask {

// What was asked for has to be something that can be checked: a task with `edits = true`, or a group with
// one. What else is in a group runs as ever, so that nobody takes it for done.
Result<void> refuse_to_rewrite(const Plan& plan, const Request& request);

}  // namespace devtask
