// `devtask TASK`: plan, look, and hand over to the build.
#include <algorithm>

#include "cli/commands.h"
#include "cli/look.h"
#include "cli/report.h"
#include "cli/session.h"
#include "cli/tools.h"
#include "console/console.h"
#include "exec/local_executor.h"
#include "os/parallel.h"
#include "os/process.h"
#include "os/stop.h"

namespace devtask {
namespace {

void report_problems(const Evaluation& evaluation, const Schedule& schedule, const Options& options) {
  for (const Diagnostic& each : evaluation.warnings) report(each, options);
  for (const TaskIndex index : schedule.run) {
    if (const auto& problem = evaluation.states[index].problem) report(*problem, options);
  }
}

ExitCode build(Session& session, const Plan& plan, Evaluation evaluation, const Invocation& invocation,
               StopRequest& stop) {
  const Options& options = invocation.options;
  ConsoleOptions looks = console_options(options);
  BuildOptions build;
  build.ninja = find_ninja(invocation.environment);
  build.shim = shim_path();
  build.jobs = options.jobs > 0 ? options.jobs : static_cast<int>(core_count());
  build.keep_going = options.keep_going;
  build.replay_up_to_date = options.output_logs == OutputLogs::kFull;
  build.tell_up_to_date = build.replay_up_to_date || options.verbosity > 1;
  build.environment = own_environment();
  looks.prefix = build.jobs > 1;
  Console console(std::move(looks));
  LocalExecutor executor(build.shim, stop);
  const RunnerParts parts{plan,    session.evaluator(), session.environment(), executor, session.journal(),
                          session.action_cache(), session.blob_store(), console, stop, session.state()};
  return run_build(parts, std::move(evaluation.states), build);
}

}  // namespace

Result<ExitCode> command_run(const Invocation& invocation) {
  const Options& options = invocation.options;
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  if (invocation.words.empty()) return failure(error("no task is named").advise("`devtask list` shows the tasks"));
  StopRequest stop;
  const bool looking = options.dry_run || options.status;
  auto session = Session::open(options, invocation.environment, looking ? Session::Mode::kLook : Session::Mode::kWork);
  if (!session) return tl::unexpected(session.error());
  auto request = read_request((*session)->project(), invocation.words, options.extra);
  if (!request) return tl::unexpected(request.error());
  request->force = options.force;
  request->only = options.only;
  auto plan = make_plan((*session)->project(), *request);
  if (!plan) return tl::unexpected(plan.error());

  Evaluation evaluation = (*session)->evaluator().evaluate(*plan);
  const Schedule schedule = make_schedule(*plan, evaluation.states);
  report_problems(evaluation, schedule, options);
  if (options.dry_run || options.status) {
    print(options.status && schedule.nothing_to_do() ? "up to date\n" : plan_text(*plan, evaluation, schedule));
    return options.status && !schedule.nothing_to_do() ? ExitCode::kTaskFailed : ExitCode::kDone;
  }
  if (!schedule.run.empty()) {
    if (auto ninja = find_ninja(invocation.environment); !ninja) return tl::unexpected(ninja.error());
  }
  adopt_orphans();
  const SignalWatch signals(stop);
  const ExitCode code = build(**session, *plan, std::move(evaluation), invocation, stop);
  keep_memo(**session, options);
  if (LocalStore* store = (*session)->store(); store != nullptr && !schedule.run.empty()) {
    if (auto collected = store->gc_if_due(); !collected) {
      Diagnostic problem = collected.error();
      problem.severity = Severity::kWarning;
      report(problem, options);
    }
  }
  return code;
}

}  // namespace devtask
