#include "cli/task_run.h"

#include <algorithm>
#include <mutex>

#include "base/escape.h"
#include "cli/look.h"
#include "cli/report.h"
#include "cli/tools.h"
#include "console/console.h"
#include "exec/local_executor.h"
#include "os/parallel.h"
#include "os/process.h"

namespace devtask {
namespace {

// `devtask test -k retry`: behind a task that takes arguments these are hardly meant for devtask, and its own
// -k and -n would make something else of them, silently.
Result<void> refuse_tool_options(const Project& project, const Request& request, const Options& options) {
  const std::string name = request.targets.front().name.substr(0, request.targets.front().name.find('@'));
  const Task* task = project.find(name);
  if (task == nullptr || (task->args.empty() && !task->units)) return {};
  const std::vector<std::string> typed = behind_first_word(options);
  const auto found = std::find_if(typed.begin(), typed.end(), [](const std::string& word) {
    return word == "-k" || word == "-n" || word == "-x" || word == "-s";
  });
  if (found == typed.end()) return {};
  const std::string own = "devtask " + *found + " " + request.targets.front().name;
  std::string meant = "devtask " + request.targets.front().name;
  for (auto word = typed.begin(); word != found; ++word) meant += " " + shell_quote(*word);
  meant += " --";
  for (auto word = found; word != typed.end(); ++word) meant += " " + shell_quote(*word);
  return failure(
      error("`{}` behind task `{}` could be meant for the task's command or for devtask", *found, name)
          .advise(fmt::format("did you mean: {}, or devtask's own: {} …", meant, own)));
}

// Hands events on, and keeps how tasks ended.
class OutcomeSink : public EventSink {
 public:
  OutcomeSink(EventSink& next, std::map<std::string, Outcome>& outcomes) : next_(next), outcomes_(outcomes) {}

  void on(const Event& event) override {
    if (const auto* finished = std::get_if<TaskFinished>(&event)) {
      const std::scoped_lock lock(mutex_);
      outcomes_[finished->task] = finished->outcome;
    }
    next_.on(event);
  }

 private:
  EventSink& next_;
  std::mutex mutex_;
  std::map<std::string, Outcome>& outcomes_;
};

ExitCode run_with_console(TaskRun& run, const Invocation& invocation, Result<std::string> ninja,
                          StopRequest& stop) {
  const Options& options = invocation.options;
  ConsoleOptions looks = console_options(options);
  BuildOptions build;
  build.ninja = std::move(ninja);
  build.shim = shim_path();
  build.jobs = options.jobs > 0 ? options.jobs : static_cast<int>(core_count());
  build.keep_going = options.keep_going || options.check;  // each check says something else
  build.replay_up_to_date = options.output_logs == OutputLogs::kFull;
  build.tell_up_to_date = build.replay_up_to_date || options.verbosity > 1;
  build.environment = own_environment();
  looks.prefix = build.jobs > 1;
  Console console(std::move(looks));
  OutcomeSink events(console, run.outcomes);
  std::vector<std::pair<std::string, JUnitReport>> tests;
  std::mutex tests_mutex;
  LocalExecutor executor(stop);
  Session& session = *run.session;
  std::function<void(std::vector<std::pair<std::string, JUnitReport>>)> keep_tests;
  if (!options.junit.empty()) {
    keep_tests = [&](std::vector<std::pair<std::string, JUnitReport>> results) {
      const std::scoped_lock lock(tests_mutex);
      std::ranges::move(results, std::back_inserter(tests));
    };
  }
  const RunnerParts parts{run.plan,
                          session.evaluator(),
                          session.environment(),
                          executor,
                          session.journal(),
                          session.action_cache(),
                          session.blob_store(),
                          session.memo(),
                          events,
                          stop,
                          session.state(),
                          invocation.profile,
                          &session.units(),
                          static_cast<std::size_t>(build.jobs),
                          options.slowest,
                          options.verbosity > 0,
                          keep_tests};
  ExitCode code = run_build(parts, std::move(run.evaluation.states), build);
  if (options.junit.empty()) return code;
  std::ranges::sort(tests, {}, [](const auto& unit) { return unit.first; });
  if (auto written = write_file(join_path(start_folder(options), options.junit), merge_junit(tests));
      !written) {
    report(written.error(), options);
    if (code == ExitCode::kDone) code = ExitCode::kTaskFailed;
  }
  return code;
}

}  // namespace

// Of each unit in a report that `--junit` has written.
Result<UnitDurations> read_durations(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  const auto report = read_junit(*text);
  if (!report) {
    return failure(error("`{}` is no JUnit report", path)
                       .note(report.error().message)
                       .advise("give it what `devtask --junit FILE` has written"));
  }
  UnitDurations durations;
  for (const TestCase& test : report->cases) durations[test.suite] += test.duration;
  return durations;
}

Result<TaskRun> TaskRun::prepare(const Invocation& invocation, Session::Mode mode, const Tell& tell,
                                 std::shared_ptr<GivenFiles> given) {
  const Options& options = invocation.options;
  TaskRun run;
  auto session = Session::open(invocation, mode, tell);
  if (!session) return tl::unexpected(session.error());
  run.session = std::move(*session);
  const ProfileSpan planning(invocation.profile, "plan");
  const Project& project = run.session->project();
  auto request = read_request(project, invocation.words, options.extra, run.session->caller());
  if (!request) return tl::unexpected(request.error());
  if (auto meant = refuse_tool_options(project, *request, options); !meant)
    return tl::unexpected(meant.error());
  request->force = options.force;
  request->only = options.only;
  request->units = options.units;
  if (!options.durations.empty()) {
    auto durations = read_durations(join_path(start_folder(options), options.durations));
    if (!durations) return tl::unexpected(durations.error());
    request->units.durations = std::move(*durations);
  }
  request->check = options.check;
  request->given = std::move(given);
  auto plan = make_plan(project, *request);
  if (!plan) return tl::unexpected(plan.error());
  run.plan = std::move(*plan);
  return run;
}

void TaskRun::look(const Invocation& invocation, const Seal* seal) {
  const ProfileSpan evaluating(invocation.profile, "evaluate");
  evaluation = session->evaluator().evaluate(plan, {EvaluationOptions::Keep::kStale, seal});
  schedule = make_schedule(plan, evaluation.states);
}

void TaskRun::tell_problems(const Tell& tell) const {
  for (const Diagnostic& each : evaluation.warnings) tell(each);
  for (const TaskIndex index : schedule.run) {
    if (const auto& problem = evaluation.states[index].problem) tell(*problem);
  }
}

ExitCode TaskRun::show(const Options& options) const {
  const bool idle = options.status && schedule.nothing_to_do();
  print(idle ? "up to date\n" : plan_text(plan, evaluation, schedule));
  return options.status && !idle ? ExitCode::kTaskFailed : ExitCode::kDone;
}

Result<ExitCode> TaskRun::build(const Invocation& invocation, StopRequest& stop) {
  auto ninja = find_ninja(invocation.environment);
  const bool runs_something = !schedule.run.empty();
  if (runs_something && !ninja) return tl::unexpected(ninja.error());
  const ExitCode code = run_with_console(*this, invocation, std::move(ninja), stop);
  const ProfileSpan closing(invocation.profile, "save what was learned");
  keep_memo(*session, invocation.options);
  if (LocalStore* store = session->store(); store != nullptr && runs_something) {
    if (auto collected = store->gc_if_due(); !collected) {
      Diagnostic problem = collected.error();
      problem.severity = Severity::kWarning;
      report(problem, invocation.options);
    }
  }
  return code;
}

}  // namespace devtask
