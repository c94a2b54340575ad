// `devtask clean`: takes away what tasks made here, as the next run would before it makes it anew. Sources
// are never touched: only what is recorded is, and, for a task that is named and keeps its outputs local (a
// virtual environment), what its output patterns match. What is not removed is not forgotten: a task that
// only edits sources or creates some is as up to date as it was. Results of units are all that there is of a
// task with units, and forgotten.
#include <algorithm>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "exec/in_hand.h"
#include "exec/outputs.h"
#include "os/stop.h"

namespace devtask {
namespace {

// Something of it may lie here. Told without its lock, so that nobody waits for a task that makes nothing.
bool has_products(const Journal& journal, const PlannedTask& task) {
  if (task.has_outputs()) return true;
  const auto last = journal.last_success(task.id);
  const auto attempt = journal.unfinished(task.id);
  return (last && std::ranges::any_of(last->result.outputs, &OutputEntry::is_owned)) ||
         (attempt && !attempt->made.empty());
}

// How many files are gone; none if there was nothing to forget.
Result<std::optional<std::size_t>> clean(Session& session, const PlannedTask& task, const Tell& tell) {
  const std::string& root = session.root();
  Journal& journal = session.journal();
  const StopRequest stop;
  auto lock = lock_task(session.state(), task, session.environment(), stop, tell);
  if (!lock) return tl::unexpected(lock.error());
  journal.refresh();
  if (task.units) {
    const auto forgotten = session.units().forget(task.units->log);
    if (!forgotten) return tl::unexpected(forgotten.error());
    return *forgotten ? std::optional<std::size_t>(0) : std::nullopt;
  }
  RemovedOutputs outputs;
  if (task.task->cache == CacheMode::kLocal) {
    outputs = remove_outputs(root, scan_outputs(root, task.outputs->globs), task.outputs->globs);
  } else {
    if (!journal.last_success(task.id) && !journal.unfinished(task.id)) return std::nullopt;
    auto stock = clear_the_way(session.state(), root, task, journal, tell);
    if (!stock) return tl::unexpected(stock.error());
    // With the folders that have become empty because something was moved out of the way.
    std::vector<OutputEntry> gone = std::move(stock->owned);
    std::ranges::move(stock->doubtful, std::back_inserter(gone));
    outputs = remove_outputs(root, gone, task.outputs->globs);
  }
  if (outputs.failed) return failure(std::move(*outputs.failed));
  if (auto forgotten = journal.forget(task.id); !forgotten) return tl::unexpected(forgotten.error());
  if (auto removed = remove_file(session.state().out(task.id)); !removed)
    return tl::unexpected(removed.error());
  return outputs.files;
}

}  // namespace

Result<ExitCode> command_clean(const Invocation& invocation) {
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  auto opened = Session::open(invocation, Session::Mode::kWork);
  if (!opened) return tl::unexpected(opened.error());
  Session& session = **opened;
  const bool named = !invocation.words.empty();
  auto request = named ? read_request(session.project(), invocation.words, {}, session.caller())
                       : Result<Request>(everything(session.project(), session.member()));
  if (!request) return tl::unexpected(request.error());
  auto plan = make_plan(session.project(), *request);
  if (!plan) return tl::unexpected(plan.error());
  const Tell tell = [&](Diagnostic note) { report(note, invocation.options); };
  std::size_t tasks = 0, files = 0, kept = 0;
  for (const PlannedTask& task : plan->tasks) {
    if (!task.requested) continue;
    if (task.task->cache == CacheMode::kLocal && !named) {
      kept += session.journal().last_success(task.id) ? 1 : 0;
      continue;
    }
    if (!task.units && !has_products(session.journal(), task)) continue;
    if (auto created = session.state().create(); !created) return tl::unexpected(created.error());
    const auto removed = clean(session, task, tell);
    if (!removed) return tl::unexpected(removed.error());
    if (!*removed) continue;
    files += **removed;
    ++tasks;
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
