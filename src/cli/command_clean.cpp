// `devtask clean`: takes away what tasks made here. Sources are never touched: only recorded outputs are,
// and, for a task that is named and keeps its outputs local (a virtual environment), what its output patterns
// match.
#include <set>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "exec/outputs.h"
#include "exec/task_lock.h"
#include "os/stop.h"

namespace devtask {
Result<ExitCode> command_clean(const Invocation& invocation) {
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  auto opened = Session::open(invocation, Session::Mode::kWork);
  if (!opened) return tl::unexpected(opened.error());
  Session& session = **opened;
  const bool named = !invocation.words.empty();
  auto request = named ? read_request(session.project(), invocation.words, {}, session.member())
                       : Result<Request>(everything(session.project(), session.member()));
  if (!request) return tl::unexpected(request.error());
  auto plan = make_plan(session.project(), *request);
  if (!plan) return tl::unexpected(plan.error());
  StopRequest stop;
  std::size_t tasks = 0, files = 0, kept = 0;
  for (const PlannedTask& task : plan->tasks) {
    if (!task.requested) continue;
    const auto last = session.journal().last_success(task.id);
    const bool local = task.task->cache == CacheMode::kLocal;
    if (local && !named) {
      kept += last ? 1 : 0;
      continue;
    }
    if (!last && !local && !session.journal().unfinished(task.id)) continue;
    if (auto created = session.state().create(); !created) return tl::unexpected(created.error());
    auto lock = TaskLock::acquire(session.state().lock(task.lock_id), {}, stop, {});
    if (!lock) return tl::unexpected(lock.error());
    std::vector<OutputEntry> made;
    if (local) {
      made = scan_outputs(session.root(), task.outputs->globs);
    } else if (last) {
      for (const OutputEntry& entry : last->result.outputs) {
        // Where its outputs no longer are, only what is as the task has left it.
        if (entry.is_owned() && (task.may_make(entry) || is_in_place(session.root(), entry)))
          made.push_back(entry);
      }
    }
    files += remove_outputs(session.root(), made, nullptr);
    ++tasks;
    if (auto forgotten = session.journal().forget(task.id); !forgotten)
      return tl::unexpected(forgotten.error());
    if (auto removed = remove_file(session.state().out(task.id)); !removed)
      return tl::unexpected(removed.error());
  }
  std::string text = fmt::format("removed {} {} of {} {}\n", files, files == 1 ? "file" : "files", tasks,
                                 tasks == 1 ? "task" : "tasks");
  if (kept > 0)
    text += fmt::format("kept {} local {} (name it to remove it: devtask clean TASK)\n", kept,
                        kept == 1 ? "result" : "results");
  print(text);
  return ExitCode::kDone;
}

}  // namespace devtask
