// Checks that need all tasks of the project: names, pools, dependencies, cycles, outputs.
// Unaware of: files, TOML.
#pragma once

#include <vector>

#include "config/complaints.h"
#include "config/draft.h"

namespace devtask {

// Complains, and completes the tasks: the names of members' pools become qualified. `tasks` keeps its order.
// `complete` is false if some file could not be read: then unknown names are let pass.
void validate(std::vector<TaskDraft>& tasks, const PoolDrafts& pools, bool complete, Complaints& complaints);

}  // namespace devtask
