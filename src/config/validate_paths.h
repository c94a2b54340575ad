// Checks of what tasks write against what others write and read.
#pragma once

#include <vector>

#include "config/complaints.h"
#include "config/draft.h"
#include "config/task_graph.h"

namespace devtask {

// Two tasks (or two rows of one matrix) with one output, and inputs that are outputs of a task that is no
// dependency. Time grows with the number of patterns, not with that of pairs of tasks: only outputs in the
// same folders are compared.
void validate_paths(const std::vector<TaskDraft>& tasks, TaskGraph& graph, Complaints& complaints);

}  // namespace devtask
