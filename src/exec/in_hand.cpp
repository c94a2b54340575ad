#include "exec/in_hand.h"

#include "base/escape.h"
#include "exec/outputs.h"

namespace devtask {
namespace {

Diagnostic as_note(Diagnostic diagnostic) {
  diagnostic.severity = Severity::kNote;
  return diagnostic;
}

}  // namespace

std::vector<std::string> task_marks(const std::string& root, const PlannedTask& task) {
  return {"DEVTASK_ROOT=" + join_path(root, task.task->scope->base), "DEVTASK_TASK=" + task.local_name()};
}

Result<TaskLock> lock_task(const StateFolder& state, const std::string& root, const PlannedTask& task,
                           const Environment& environment, const StopRequest& stop, const Tell& tell) {
  const std::string path = state.lock(task.lock_id);
  const std::string within = ":" + environment.caller(kWithin) + ":";
  if (within.find(":" + path + ":") != std::string::npos) {
    return failure(error("task `{}` is asked for by a devtask that it has started itself", task.label));
  }
  if (stat_file(state.path).kind == FileKind::kAbsent) {  // somebody has removed it meanwhile
    if (auto created = state.create(); !created) return tl::unexpected(created.error());
  }
  return TaskLock::acquire(path, task_marks(root, task), stop, [&](int pid) {
    tell(as_note(warning("waiting for another devtask (process {}) that has `{}` in hand", pid, task.label)));
  });
}

Result<Ownership> clear_the_way(const StateFolder& state, const std::string& root, const PlannedTask& task,
                                const Journal& journal, const Tell& tell) {
  Ownership ownership = take_stock(root, task, journal);
  if (!ownership.doubtful.empty()) {
    const auto moved = set_aside(root, state.aside(task.id), ownership.doubtful);
    if (!moved) return tl::unexpected(moved.error());
    const std::vector<std::string>& paths = moved->paths;
    if (!paths.empty()) {
      const std::string others = paths.size() > 1 ? fmt::format(" and {} more", paths.size() - 1) : "";
      tell(as_note(warning("`{}`{} may be what a killed run left: moved to {}/aside/{}/{}",
                           escape_line(paths.front()), others, kStateName, task.id,
                           file_name(moved->folder))));
    }
  }
  if (journal.unfinished(task.id)) clear_leftovers(root, task.outputs->globs);
  return ownership;
}

}  // namespace devtask
