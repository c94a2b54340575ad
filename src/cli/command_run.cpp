// `devtask TASK`: plan, look, and hand over to the build.
#include <algorithm>

#include "base/escape.h"
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
  LocalExecutor executor(stop);
  const RunnerParts parts{plan,
                          session.evaluator(),
                          session.environment(),
                          executor,
                          session.journal(),
                          session.action_cache(),
                          session.blob_store(),
                          session.memo(),
                          console,
                          stop,
                          session.state()};
  return run_build(parts, std::move(evaluation.states), build);
}

// Everything that decides about a run and is not on disk. Variables that change with every command are left
// out; none of them reaches a task.
Digest question_of(const Invocation& invocation, const std::string& root) {
  std::string text = own_executable() + '\n' + root + '\n';
  for (const auto* list : {&invocation.words, &invocation.options.extra}) {
    for (const std::string& word : *list) text += word + '\0';
    text += '\n';
  }
  text += invocation.options.only ? "only\n" : "\n";
  for (const auto& [name, value] : invocation.environment) {
    if (name != "_" && name != "SHLVL" && name != "PWD" && name != "OLDPWD")
      text += name + '=' + value + '\0';
  }
  return sha256(text);
}

void announce_nothing(const SealedOutcome& outcome, const Options& options) {
  Console console(console_options(options));
  RunStarted started;
  started.tasks = started.up_to_date = outcome.tasks;
  console.on(started);
  RunFinished finished;
  finished.up_to_date = outcome.tasks;
  finished.saved = std::chrono::milliseconds(outcome.saved_ms);
  console.on(finished);
}

// Nothing had to be done: next time it is enough that everything still looks the same.
void seal_outcome(Session& session, const Seal& seal, const Plan& plan, const Evaluation& evaluation,
                  std::int64_t looked_ns) {
  SealedOutcome outcome;
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    if (plan.tasks[i].is_group() || !evaluation.states[i].result) continue;
    ++outcome.tasks;
    outcome.saved_ms += evaluation.states[i].result->duration.count();
  }
  std::vector<Observation> observations = evaluation.observations;
  for (const auto* list : {&session.project().files, &session.project().folders}) {
    for (const std::string& path : *list) {
      observations.push_back(
          {path.empty() ? "." : path, true, stat_followed(join_path(session.root(), path))});
    }
  }
  for (const std::string& path : {session.state().path + "/journal", own_executable()}) {
    observations.push_back({path, true, stat_followed(path)});
  }
  (void)seal.write(observations, outcome, looked_ns);  // without it the next run looks more closely, no more
}

// `devtask test -k retry`: behind a task that takes arguments these are hardly meant for devtask, and its own
// -k and -n would make something else of them, silently.
Result<void> refuse_tool_options(const Project& project, const Request& request, const Options& options) {
  const std::string name = request.targets.front().name.substr(0, request.targets.front().name.find('@'));
  const Task* task = project.find(name);
  if (task == nullptr || task->args.empty()) return {};
  const auto& typed = options.behind_first;
  const auto found = std::find_if(typed.begin(), typed.end(), [](const std::string& word) {
    return word == "-k" || word == "-n" || word == "-x" || word == "-s";
  });
  if (found == typed.end()) return {};
  std::string meant = "devtask " + request.targets.front().name;
  for (auto word = typed.begin(); word != found; ++word) meant += " " + shell_quote(*word);
  meant += " --";
  for (auto word = found; word != typed.end(); ++word) meant += " " + shell_quote(*word);
  return failure(
      error("`{}` behind task `{}` could be meant for the task's command or for devtask", *found, name)
          .advise(fmt::format("did you mean: {} (devtask's own options go before the task)", meant)));
}

}  // namespace

Result<ExitCode> command_run(const Invocation& invocation) {
  const Options& options = invocation.options;
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  if (invocation.words.empty())
    return failure(error("no task is named").advise("`devtask list` shows the tasks"));
  auto root = project_root(options);
  if (!root) return tl::unexpected(root.error());
  const bool plain = !options.force && options.verbosity <= 0 && options.output_logs != OutputLogs::kFull &&
                     !options.dry_run;
  const Seal seal(StateFolder(*root).seals(), *root, question_of(invocation, *root));
  if (plain) {
    if (const auto outcome = seal.check()) {
      if (options.status) {
        print("up to date\n");
      } else {
        announce_nothing(*outcome, options);
      }
      return ExitCode::kDone;
    }
  }
  const std::int64_t looked_ns = now_ns();
  StopRequest stop;
  const bool looking = options.dry_run || options.status;
  auto session =
      Session::open(options, invocation.environment, looking ? Session::Mode::kLook : Session::Mode::kWork);
  if (!session) return tl::unexpected(session.error());
  auto request = read_request((*session)->project(), invocation.words, options.extra);
  if (!request) return tl::unexpected(request.error());
  if (auto meant = refuse_tool_options((*session)->project(), *request, options); !meant) {
    return tl::unexpected(meant.error());
  }
  request->force = options.force;
  request->only = options.only;
  auto plan = make_plan((*session)->project(), *request);
  if (!plan) return tl::unexpected(plan.error());

  Evaluation evaluation = (*session)->evaluator().evaluate(*plan);
  const Schedule schedule = make_schedule(*plan, evaluation.states);
  report_problems(evaluation, schedule, options);
  if (options.dry_run || options.status) {
    print(options.status && schedule.nothing_to_do() ? "up to date\n"
                                                     : plan_text(*plan, evaluation, schedule));
    return options.status && !schedule.nothing_to_do() ? ExitCode::kTaskFailed : ExitCode::kDone;
  }
  if (!schedule.run.empty()) {
    if (auto ninja = find_ninja(invocation.environment); !ninja) return tl::unexpected(ninja.error());
  }
  const bool may_seal = plain && !looking && schedule.nothing_to_do() && evaluation.warnings.empty() &&
                        (*session)->silent() && !evaluation.observations.empty();
  if (may_seal) seal_outcome(**session, seal, *plan, evaluation, looked_ns);
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
