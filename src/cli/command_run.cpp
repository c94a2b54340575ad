// `devtask TASK`: plan, look, and hand over to the build.
#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "cli/task_run.h"
#include "config/migration_tasks.h"
#include "console/console.h"
#include "os/process.h"
#include "os/stop.h"
#include "plan/refuse_unmatched.h"

namespace devtask {
namespace {

// Everything that decides about a run and is not on disk. Variables that change with every command are left
// out; none of them is in a task's key.
Digest question_of(const Invocation& invocation, const ProjectPlace& project) {
  std::string text =
      own_executable() + '\n' + project.root + '\n' + project.member + '\n' + project.folder + '\n';
  for (const auto* list : {&invocation.words, &invocation.options.extra}) {
    for (const std::string& word : *list) text += word + '\0';
    text += '\n';
  }
  text += invocation.options.only ? "only\n" : "\n";
  for (const auto& [name, value] : invocation.environment) {
    static constexpr std::array<std::string_view, 6> kOfNoAccount{
        "_", "SHLVL", "PWD", "OLDPWD", migration_variables::kName, migration_variables::kResults};
    if (std::ranges::find(kOfNoAccount, name) == kOfNoAccount.end()) text += name + '=' + value + '\0';
  }
  return sha256(text);
}

void announce_nothing(const Seal& seal, const Options& options) {
  const SealedOutcome& outcome = seal.outcome();
  Console console(console_options(options));
  RunStarted started;
  started.tasks = started.up_to_date = outcome.tasks;
  console.on(started);
  for (const Seal::Task& task : seal.tasks()) {
    if (!task.tests) continue;
    TestsReported told;
    told.task = task.tests->label;
    told.passed = task.tests->tests.passed;
    told.skipped = task.tests->tests.skipped;
    told.expected_failures = task.tests->tests.expected_failures;
    told.units_cached = task.tests->units;
    told.saved = std::chrono::milliseconds(task.tests->saved_ms);
    console.on(told);
  }
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
  announce_nothing(seal, options);
  return true;
}

}  // namespace

Result<ExitCode> command_run(const Invocation& invocation) { return run_tasks(invocation, {}); }

Result<ExitCode> run_tasks(const Invocation& invocation, const Gate& gate) {
  const Options& options = invocation.options;
  if (options.watch) return command_watch(invocation);
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  if (invocation.words.empty())
    return failure(error("no task is named").advise("`devtask list` shows the tasks"));
  if (options.staged) return command_staged(invocation);
  const auto project = project_place(options);
  if (!project) return tl::unexpected(project.error());
  const bool plain = !options.force && options.verbosity <= 0 && options.output_logs != OutputLogs::kFull &&
                     !options.dry_run && options.junit.empty() && options.slowest == 0 &&
                     !options.units.any() && !options.check;
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
  const Tell tell = [&](Diagnostic said) { report(said, options); };
  auto run = TaskRun::prepare(invocation, looking ? Session::Mode::kLook : Session::Mode::kWork, tell);
  if (!run) return tl::unexpected(run.error());
  run->look(invocation, seal ? &*seal : nullptr);
  run->tell_problems(tell);
  if (auto meant = refuse_unmatched(run->plan, run->evaluation.states); !meant) {
    report(meant.error(), options);
    return ExitCode::kNoTests;
  }
  if (looking) return run->show(options);
  if (gate && !run->schedule.nothing_to_do()) {
    const auto open = gate(*run);
    if (!open) return tl::unexpected(open.error());
    if (!*open) return ExitCode::kDone;
  }
  if (plain && run->session->silent() && run->evaluation.seal) {
    seal_outcome(*run->session, place, journal, std::move(*run->evaluation.seal), looked_ns);
  }
  adopt_orphans();
  const auto signals = SignalWatch::start(stop);
  if (!signals) return tl::unexpected(signals.error());
  return run->build(invocation, stop);
}

}  // namespace devtask
