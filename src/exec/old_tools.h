// Environments of pinned tools (config/pin_tools.h) for pins that no task has any more.
// Unaware of: how they are made.
#pragma once

#include "config/project.h"
#include "exec/state_folder.h"
#include "plan/plan.h"
#include "store/journal.h"

namespace devtask {

// If `made` is a task that has just made such an environment, those that no task of the project makes are
// removed and forgotten, but for the last few. What cannot be removed stays: it is in nobody's way.
void remove_old_tools(const Project& project, const PlannedTask& made, const StateFolder& state,
                      Journal& journal);

}  // namespace devtask
