// Plain Ninja on the whole project: `devtask ninja -- ARGS`, and the two commands that Ninja calls back.
#include <algorithm>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "cli/tools.h"
#include "console/console.h"
#include "exec/local_executor.h"
#include "exec/out_file.h"
#include "os/process.h"
#include "os/stop.h"

namespace devtask {

Result<ExitCode> command_refresh(const Invocation& invocation) {
  auto session = Session::open(invocation, Session::Mode::kWork);
  if (!session) return tl::unexpected(session.error());
  if (auto refreshed = refresh_manifests(**session); !refreshed) return tl::unexpected(refreshed.error());
  keep_memo(**session, invocation.options);
  return ExitCode::kDone;
}

Result<ExitCode> command_ninja(const Invocation& invocation) {
  auto session = Session::open(invocation, Session::Mode::kWork);
  if (!session) return tl::unexpected(session.error());
  auto ninja = find_ninja(invocation.environment);
  if (!ninja) return tl::unexpected(ninja.error());
  if (auto refreshed = refresh_manifests(**session); !refreshed) return tl::unexpected(refreshed.error());
  keep_memo(**session, invocation.options);
  std::vector<std::string> argv = {"ninja", "-f", std::string(kStateName) + "/build.ninja"};
  argv.insert(argv.end(), invocation.words.begin(), invocation.words.end());
  argv.insert(argv.end(), invocation.options.extra.begin(), invocation.options.extra.end());
  return failure(become_program(*ninja, argv, (*session)->root()));
}

// Its dependencies have been brought up to date by Ninja before. What they left is in their `out` files: a
// dependency that always runs has no other record.
Result<ExitCode> command_exec(const Invocation& invocation) {
  auto session = Session::open(invocation, Session::Mode::kWork);
  if (!session) return tl::unexpected(session.error());
  auto whole = make_plan((*session)->project(), everything((*session)->project()));
  if (!whole) return tl::unexpected(whole.error());
  StopRequest stop;
  adopt_orphans();
  const auto signals = SignalWatch::start(stop);
  if (!signals) return tl::unexpected(signals.error());
  ConsoleOptions looks = console_options(invocation.options);
  looks.live = false;
  for (const std::string& id : invocation.words) {
    const PlannedTask* found = whole->find(id);
    if (found == nullptr) return failure("there is no task with the id `{}`", id);
    Request request;
    request.targets.push_back({found->label, {}});
    auto plan = make_plan((*session)->project(), request);
    if (!plan) return tl::unexpected(plan.error());
    std::vector<TaskState> states(plan->tasks.size());
    TaskIndex index = 0;
    for (TaskIndex i = 0; i < plan->tasks.size(); ++i) {
      states[i] = (*session)->evaluator().evaluate_task(*plan, i, states);
      if (plan->tasks[i].id == id) index = i;
      if (states[i].seen || plan->tasks[i].id == id) continue;
      const auto out = read_file((*session)->state().out(plan->tasks[i].id));
      if (out) states[i].seen = Digest::from_hex(std::string_view(*out).substr(0, out->find('\n')));
    }
    if (auto created = (*session)->state().create(); !created) return tl::unexpected(created.error());
    Console console(looks);
    LocalExecutor executor(stop);
    const RunnerParts parts{*plan,
                            (*session)->evaluator(),
                            (*session)->environment(),
                            executor,
                            (*session)->journal(),
                            (*session)->action_cache(),
                            (*session)->blob_store(),
                            (*session)->memo(),
                            console,
                            stop,
                            (*session)->state(),
                            invocation.profile,
                            &(*session)->units()};
    TaskRunner runner(parts, std::move(states));
    const Outcome outcome = runner.bring_up_to_date(index);
    runner.flush_cache();
    keep_memo(**session, invocation.options);
    switch (outcome) {
      case Outcome::kUpToDate:
      case Outcome::kRestored:
      case Outcome::kRan:
        if (auto written = write_out_file((*session)->state().out(id), runner.seen(index)); !written) {
          return tl::unexpected(written.error());
        }
        break;
      case Outcome::kTimedOut:
        return ExitCode::kTimeLimit;
      case Outcome::kCancelled:
        kill_descendants();
        return ExitCode::kInterrupted;
      case Outcome::kFailed:
      case Outcome::kSkipped:
        return ExitCode::kTaskFailed;
    }
  }
  return ExitCode::kDone;
}

}  // namespace devtask
