#include "exec/in_hand.h"

#include "base/escape.h"
#include "exec/outputs.h"

namespace devtask {

std::vector<std::string> task_marks(const StateFolder& state, const PlannedTask& task) {
  return {"DEVTASK_LOCK=" + state.lock(task.lock_id)};
}

Result<TaskLock> lock_task(const StateFolder& state, const PlannedTask& task, const Environment& environment,
                           const StopRequest& stop, const Tell& tell) {
  const std::string path = state.lock(task.lock_id);
  const std::string within = ":" + environment.caller(kWithin) + ":";
  if (within.find(":" + path + ":") != std::string::npos) {
    return failure(error("task `{}` is asked for by a devtask that it has started itself", task.label));
  }
  if (stat_file(state.path).kind == FileKind::kAbsent) {  // somebody has removed it meanwhile
    if (auto created = state.create(); !created) return tl::unexpected(created.error());
  }
  return TaskLock::acquire(path, task_marks(state, task), stop, [&](int pid) {
    tell(note("waiting for another devtask (process {}) that has `{}` in hand", pid, task.label));
  });
}

Result<void> move_aside(const StateFolder& state, const std::string& root, const PlannedTask& task,
                        const std::vector<OutputEntry>& entries, std::string_view what, const Tell& tell) {
  if (entries.empty()) return {};
  const auto moved = set_aside(root, state.aside(task.id), entries);
  if (!moved) return tl::unexpected(moved.error());
  if (moved->paths.empty()) return {};
  const std::string others =
      moved->paths.size() > 1 ? fmt::format(" and {} more", moved->paths.size() - 1) : "";
  tell(note("`{}`{} {}: moved to {}/aside/{}/{}", escape_line(moved->paths.front()), others, what, kStateName,
            task.id, file_name(moved->folder)));
  return {};
}

Result<Ownership> clear_the_way(const StateFolder& state, const std::string& root, const PlannedTask& task,
                                const Journal& journal, const Tell& tell) {
  Ownership ownership = take_stock(root, task, journal);
  if (auto moved = move_aside(state, root, task, ownership.doubtful, "may be what a killed run left", tell);
      !moved)
    return tl::unexpected(moved.error());
  if (journal.unfinished(task.id)) clear_leftovers(root, task.outputs->globs);
  return ownership;
}

}  // namespace devtask
