// Taking a task in hand, to run, restore or clean it: its lock, and the way cleared of what an attempt left.
// Unaware of: keys, the cache.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "exec/ownership.h"
#include "exec/state_folder.h"
#include "exec/task_lock.h"
#include "plan/environment.h"
#include "plan/plan.h"

namespace devtask {

// In a task's environment: the lock files of it and of those that it runs within. A devtask that a task
// starts must not wait for that task: it would wait for itself.
inline constexpr char kWithin[] = "DEVTASK_WITHIN";

// Gets notes.
using Tell = std::function<void(Diagnostic)>;

// What tells the processes of this lock's holder from all others, also when they have left its process group.
std::vector<std::string> task_marks(const StateFolder& state, const PlannedTask& task);

// Waits for another devtask, which is told. Refused to a devtask that the task has started itself.
Result<TaskLock> lock_task(const StateFolder& state, const PlannedTask& task, const Environment& environment,
                           const StopRequest& stop, const Tell& tell);

// Into a folder of its own below `aside`. `what`: why, behind "`PATH`".
Result<void> move_aside(const StateFolder& state, const std::string& root, const PlannedTask& task,
                        const std::vector<OutputEntry>& entries, std::string_view what, const Tell& tell);

// take_stock(), and what a killed attempt may have left is moved out of the way, which is told. The lock is
// held.
Result<Ownership> clear_the_way(const StateFolder& state, const std::string& root, const PlannedTask& task,
                                const Journal& journal, const Tell& tell);

}  // namespace devtask
