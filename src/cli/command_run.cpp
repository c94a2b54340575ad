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
                          session.state(),
                          invocation.profile};
  return run_build(parts, std::move(evaluation.states), build);
}

// Everything that decides about a run and is not on disk. Variables that change with every command are left
// out; none of them reaches a task.
Digest question_of(const Invocation& invocation, const ProjectPlace& project) {
  std::string text = own_executable() + '\n' + project.root + '\n' + project.member + '\n';
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

// Next time it is enough that everything still looks the same. Without it the next run looks more closely, no
// more.
void seal_outcome(Session& session, const SealPlace& place, const FileStat& journal, SealContents contents,
                  std::int64_t looked_ns) {
  contents.journal = journal;
  for (const auto* list : {&session.project().files, &session.project().folders}) {
    for (const std::string& path : *list) {
      contents.observations.push_back({path.empty() ? "." : path, true, false,
                                       stat_followed(join_path(session.root(), path)), std::nullopt});
    }
  }
  contents.observations.push_back(
      {own_executable(), true, false, stat_followed(own_executable()), std::nullopt});
  (void)write_seal(place, contents, looked_ns);
}

// The answer of the seal, if everything is as it was.
bool answer_from_seal(const Seal& seal, const SealPlace& place, const Options& options,
                      std::int64_t looked_ns) {
  if (!seal.holds()) return false;
  if (options.status) {
    print("up to date\n");
    return true;
  }
  if (seal.is_worn()) (void)write_seal(place, seal.contents(), looked_ns);
  announce_nothing(seal.outcome(), options);
  return true;
}

// `devtask test -k retry`: behind a task that takes arguments these are hardly meant for devtask, and its own
// -k and -n would make something else of them, silently.
Result<void> refuse_tool_options(const Project& project, const Request& request, const Options& options) {
  const std::string name = request.targets.front().name.substr(0, request.targets.front().name.find('@'));
  const Task* task = project.find(name);
  if (task == nullptr || task->args.empty()) return {};
  const std::vector<std::string> typed = behind_first_word(options);
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
  const auto project = project_place(options);
  if (!project) return tl::unexpected(project.error());
  const bool plain = !options.force && options.verbosity <= 0 && options.output_logs != OutputLogs::kFull &&
                     !options.dry_run;
  const bool looking = options.dry_run || options.status;
  const StateFolder state(project->root);
  if (auto usable = state.check(); !usable && !looking) return tl::unexpected(usable.error());
  const SealPlace place{state.seals(), project->root, state.journal(), question_of(invocation, *project)};
  const std::int64_t looked_ns = now_ns();
  std::optional<Seal> seal;
  if (plain) {
    const ProfileSpan span(invocation.profile, "compare with the seal");
    seal = Seal::compare(place);
    if (seal && answer_from_seal(*seal, place, options, looked_ns)) return ExitCode::kDone;
  }
  const FileStat journal = stat_followed(state.journal());  // before it is read
  StopRequest stop;
  auto session = Session::open(invocation, looking ? Session::Mode::kLook : Session::Mode::kWork);
  if (!session) return tl::unexpected(session.error());
  ProfileSpan planning(invocation.profile, "plan");
  auto request = read_request((*session)->project(), invocation.words, options.extra, (*session)->member());
  if (!request) return tl::unexpected(request.error());
  if (auto meant = refuse_tool_options((*session)->project(), *request, options); !meant) {
    return tl::unexpected(meant.error());
  }
  request->force = options.force;
  request->only = options.only;
  auto plan = make_plan((*session)->project(), *request);
  if (!plan) return tl::unexpected(plan.error());
  planning.end();

  ProfileSpan evaluating(invocation.profile, "evaluate");
  Evaluation evaluation =
      (*session)->evaluator().evaluate(*plan, {EvaluationOptions::Keep::kStale, seal ? &*seal : nullptr});
  const Schedule schedule = make_schedule(*plan, evaluation.states);
  evaluating.end();
  report_problems(evaluation, schedule, options);
  if (looking) {
    print(options.status && schedule.nothing_to_do() ? "up to date\n"
                                                     : plan_text(*plan, evaluation, schedule));
    return options.status && !schedule.nothing_to_do() ? ExitCode::kTaskFailed : ExitCode::kDone;
  }
  if (!schedule.run.empty()) {
    if (auto ninja = find_ninja(invocation.environment); !ninja) return tl::unexpected(ninja.error());
  }
  if (plain && (*session)->silent() && evaluation.seal) {
    seal_outcome(**session, place, journal, std::move(*evaluation.seal), looked_ns);
  }
  adopt_orphans();
  const auto signals = SignalWatch::start(stop);
  if (!signals) return tl::unexpected(signals.error());
  const ExitCode code = build(**session, *plan, std::move(evaluation), invocation, stop);
  const ProfileSpan closing(invocation.profile, "save what was learned");
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
