// `devtask watch TASK`: runs it, then waits for changes and runs again what is stale. A change says only that
// it is time to look: what is stale is decided by content, as ever, so that what devtask and the tasks write
// themselves, or a touch, starts nothing.
#include <algorithm>
#include <map>
#include <set>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/task_run.h"
#include "os/folder_watch.h"
#include "os/process.h"
#include "os/stop.h"
#include "plan/refuse_unmatched.h"
#include "plan/tree.h"

namespace devtask {
namespace {

// A change is followed by others soon, or by none.
constexpr std::chrono::milliseconds kQuiet{30}, kMost{1000};
// Runs without a pause, and without a change between two of them, that one change may cause: a task that
// changes what it reads would never end.
constexpr int kMostRounds = 5;
// Then it waits so long, and twice as long after each run.
using Pause = std::chrono::milliseconds;
constexpr Pause kFirstPause{5000};

std::string with_commas(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string counted(std::size_t number, std::string_view one) {
  return fmt::format("{} {}{}", with_commas(number), one, number == 1 ? "" : "s");
}

class TaskWatch {
 public:
  TaskWatch(const Invocation& invocation, std::string root, FolderWatch& folders, StopRequest& stop)
      : options_(invocation.options),
        invocation_{options_, invocation.environment, invocation.words, invocation.profile},
        root_(std::move(root)),
        folders_(folders),
        stop_(stop) {}

  Result<ExitCode> watch() {
    FolderWatch::Changes changes;
    std::optional<Pause> waits_longer;
    for (int round = 0; !stop_.stopping(); ++round) {
      auto run = look();
      if (!run) {
        if (!has_run_) return tl::unexpected(run.error());
        tell(run.error());
      } else if (const auto meant = refuse_unmatched(run->plan, run->evaluation.states); !meant) {
        tell(meant.error());
        if (!has_run_) return ExitCode::kNoTests;
        run->session.reset();
      } else {
        const auto due = first_due(*run);
        // Not by a task: a series of changes takes longer than a run.
        if (folders_.has_more()) round = 0;
        if (round < kMostRounds && (due || !has_run_)) {
          announce(*run, changes);
          changes = FolderWatch::Changes();
          if (build(*run) == ExitCode::kInterrupted) return ExitCode::kInterrupted;
          add(changes, folders_.take());
          continue;
        }
        if (due && !waits_longer) {
          tell(warning("`{}` is stale again after each run: what it reads changes while it runs",
                       run->plan.tasks[*due].label)
                   .advise("it runs again after the next change, and now and then"));
        }
        // Perhaps it was somebody else each time.
        waits_longer = due ? waits_longer.value_or(kFirstPause / 2) * 2 : std::optional<Pause>();
        say_mended(*run);
        say_once();
        run->session.reset();
      }
      changes = FolderWatch::Changes();
      if (add(changes, folders_.next(stop_, kQuiet, kMost, waits_longer))) {
        waits_longer.reset();
        round = -1;
      } else {
        round = kMostRounds - 2;  // once more
      }
    }
    return ExitCode::kDone;
  }

 private:
  // What an instance was last run with.
  struct Tried {
    Digest own, deps;
    std::string why;
    bool succeeded = false;
    bool unknown = false;  // see has_unknown_key()
  };

  // Everything, and all of it is watched before it is looked at for the last time.
  Result<TaskRun> look() {
    said_before_ = std::exchange(said_, {});
    while (true) {
      auto run = look_once();
      if (!run) return run;
      auto news = watch_all(*run);
      if (!news) return tl::unexpected(news.error());
      if (!*news || stop_.stopping()) return run;
    }
  }

  Result<TaskRun> look_once() {
    const Tell teller = [this](Diagnostic said) { tell(std::move(said)); };
    auto run = TaskRun::prepare(invocation_, Session::Mode::kWork, teller);
    if (!run) return run;
    Plan& plan = run->plan;
    for (const PlannedTask& task : plan.tasks) {
      if (!task.task->interactive) continue;
      return failure(error("task `{}` is interactive: it cannot be watched", task.label)
                         .advise(fmt::format("devtask {}", task.label)));
    }
    for (PlannedTask& task : plan.tasks) {
      const auto tried = tried_.find(task.id);
      task.settled = task.always_runs() && tried != tried_.end() && tried->second.succeeded;
    }
    bool is_settled = false;
    while (!is_settled) {  // each time fewer tasks are
      run->look(invocation_, nullptr);
      looked_at_ = run->evaluation.looked_at;
      is_settled = true;
      for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
        PlannedTask& task = plan.tasks[i];
        if (!task.always_runs()) continue;
        own_[task.id] = own_facts(*run, task);
        if (!task.settled) continue;
        task.settled = run->evaluation.states[i].verdict == Verdict::kUpToDate &&
                       std::ranges::none_of(task.deps, [&](TaskIndex dep) { return will_run(*run, dep); }) &&
                       !is_news(*run, i);
        is_settled = is_settled && task.settled;
      }
    }
    run->tell_problems(teller);
    return run;
  }

  // Of a task that always runs, what can be known of it.
  Digest own_facts(TaskRun& run, const PlannedTask& task) {
    std::string text;
    for (const PlannedStep& step : task.steps) text += step.key + '\n';
    if (task.inputs == nullptr) return sha256(text);
    Tree tree(run.session->root(), run.session->memo());
    std::vector<const TreeFile*> looked;
    const auto files = tree.list({task.inputs, &task.task->scope->ignore, {}}, looked);
    tree.read(files);
    for (const TreeFile* file : files)
      text += fmt::format("{}\n{}{} {}\n", file->path, file->mode_fact(), file->target, file->digest.hex());
    LookedAt places = tree.looked_at();
    std::ranges::move(places.folders, std::back_inserter(looked_at_.folders));
    looked_at_.files += places.files;
    return sha256(text);
  }

  static Digest deps_facts(const TaskRun& run, const PlannedTask& task) {
    std::string text;
    for (const TaskIndex dep : task.deps) {
      const auto& seen = run.evaluation.states[dep].seen;
      text += seen ? seen->hex() : "nothing";
    }
    return sha256(text);
  }

  // With what the last look made of it.
  static bool will_run(const TaskRun& run, TaskIndex index) {
    const PlannedTask& task = run.plan.tasks[index];
    const Verdict verdict = run.evaluation.states[index].verdict;
    if (task.always_runs()) return !task.settled;
    return verdict == Verdict::kStale || verdict == Verdict::kWaiting;
  }

  // Of a task that always runs: whether it would be another run than the last one.
  bool is_news(const TaskRun& run, TaskIndex index) {
    const PlannedTask& task = run.plan.tasks[index];
    const auto tried = tried_.find(task.id);
    if (tried == tried_.end() || tried->second.own != own_[task.id]) return true;
    const Digest deps = deps_facts(run, task);
    if (just_run_) tried->second.deps = deps;  // not known before they had run
    return tried->second.deps != deps;
  }

  // True: some of it was not watched before.
  Result<bool> watch_all(const TaskRun& run) {
    const Project& project = run.session->project();
    std::set<std::string> all(looked_at_.folders.begin(), looked_at_.folders.end());
    for (const std::string& path : project.files) all.emplace(parent_folder(join_path(project.root, path)));
    for (const std::string& path : project.folders) all.insert(join_path(project.root, path));
    bool news = false;
    for (const std::string& folder : all) {
      // Nor the folders above the project, in which much goes on that is none of its business.
      if ((folder + "/").starts_with(run.session->state().path + "/") ||
          (project.root + "/").starts_with(folder == "/" ? folder : folder + "/")) {
        if (folder != project.root) continue;
      }
      const auto added = folders_.add(folder);
      if (!added) return added;
      news = news || *added;
    }
    return news;
  }

  // A task that has to run, and would not do again what it has just done.
  std::optional<TaskIndex> first_due(const TaskRun& run) {
    const auto is_due = [&](TaskIndex index) {
      const PlannedTask& task = run.plan.tasks[index];
      const TaskState& state = run.evaluation.states[index];
      if (state.verdict == Verdict::kWaiting) return false;
      if (task.always_runs()) return is_news(run, index);
      if (has_run_ && state.units && state.verdict == Verdict::kStale && state.key) {
        return std::ranges::any_of(state.units->units, [](const UnitState& unit) {
          return unit.what == UnitState::What::kStale && !unit.tried;
        });
      }
      const auto attempt = run.session->journal().unfinished(task.id);
      const bool failed =
          has_run_ && state.verdict == Verdict::kStale && attempt && attempt->key == state.key;
      const auto tried = tried_.find(task.id);
      return !failed && (tried == tried_.end() || tried->second.own != facts(state) ||
                         tried->second.why != why_now(state));
    };
    std::optional<TaskIndex> due;
    for (const auto* list : {&run.schedule.run, &run.schedule.restore}) {
      for (const TaskIndex index : *list) {
        if (is_due(index) && !due) due = index;
      }
    }
    just_run_ = false;
    return due;
  }

  // `--only`, and what its dependencies made is not known: no record says that it has succeeded.
  static bool has_unknown_key(const TaskState& state) {
    return state.verdict == Verdict::kStale && !state.key;
  }

  // Its key, or of that as much as is known.
  static Digest facts(const TaskState& state) {
    if (!has_unknown_key(state)) return state.key.value_or(Digest());
    std::string text = state.own != nullptr ? state.own->facts.text_with({}) : std::string();
    if (state.units) {
      for (const UnitState& unit : state.units->units)
        text += fmt::format("\n{} {} {}", unit.own.hex(), unit.beside.hex(), unit.name);
    }
    return sha256(text);
  }

  static std::string why_now(const TaskState& state) {
    return state.problem ? state.problem->message : state.why;
  }

  ExitCode build(TaskRun& run) {
    std::map<std::string, Tried> tried;
    for (const PlannedTask& task : run.plan.tasks) {
      if (task.settled) tried[task.id] = tried_[task.id];
    }
    for (const auto* list : {&run.schedule.run, &run.schedule.restore}) {
      for (const TaskIndex index : *list) {
        const PlannedTask& task = run.plan.tasks[index];
        const TaskState& state = run.evaluation.states[index];
        if (task.always_runs()) {
          tried[task.id] = {own_[task.id], deps_facts(run, task), {}};
        } else {
          tried[task.id] = {facts(state), {}, why_now(state), false, has_unknown_key(state)};
        }
      }
    }
    has_run_ = just_run_ = true;
    const auto code = run.build(invocation_, stop_);
    if (!code) tell(code.error());
    for (const PlannedTask& task : run.plan.tasks) {
      const auto outcome = run.outcomes.find(task.label);
      if (outcome == run.outcomes.end() || !succeeded(outcome->second)) continue;
      if (task.always_runs()) {
        tried[task.id].succeeded = true;
      } else if (!tried[task.id].unknown) {
        tried.erase(task.id);  // if it is stale again, it is so for another reason
      }
    }
    tried_ = std::move(tried);
    options_.force = false;
    failed_ = code.value_or(ExitCode::kUsage) != ExitCode::kDone;
    return code.value_or(ExitCode::kUsage);
  }

  // Which file it was, if it is one that the tasks read.
  void announce(const TaskRun& run, const FolderWatch::Changes& changes) {
    const Project& project = run.session->project();
    std::vector<std::string> paths;
    for (const std::string& path : changes.paths) {
      if (!path.starts_with(project.root + "/")) continue;
      const std::string relative = path.substr(project.root.size() + 1);
      const bool is_read = std::ranges::any_of(run.plan.tasks, [&](const PlannedTask& task) {
        return ((task.inputs != nullptr && task.inputs->matches(relative)) ||
                (task.units && task.units->patterns->globs.matches(relative)) ||
                std::ranges::find(task.task->unit_inputs, file_name(relative)) !=
                    task.task->unit_inputs.end()) &&
               !task.task->scope->ignore.matches(relative);
      });
      if (is_read || std::ranges::find(project.files, relative) != project.files.end())
        paths.push_back(escape_line(relative));
    }
    if (changes.everything) return say("very much has changed", options_);
    if (paths.size() == 1) say(paths[0] + " changed", options_);
    if (paths.size() > 1)
      say(fmt::format("{} and {} more changed", paths[0], with_commas(paths.size() - 1)), options_);
  }

  // What failed does so no more, and nothing had to run for that: it was removed, or is as it was before.
  void say_mended(const TaskRun& run) {
    if (!failed_ || !run.schedule.nothing_to_do()) return;
    failed_ = false;
    say("everything is up to date", options_);
  }

  void say_once() {
    if (std::exchange(said_waiting_, true)) return;
    say(fmt::format("watching {} in {}, Ctrl-C stops", counted(looked_at_.files, "file"),
                    counted(folders_.folders(), "folder")),
        options_);
  }

  // Whether there are any.
  bool add(FolderWatch::Changes& changes, Result<FolderWatch::Changes> more) {
    if (!more) {
      tell(more.error());
      return false;
    }
    const bool any = more->any();
    changes.paths.merge(more->paths);
    changes.everything = changes.everything || more->everything;
    return any;
  }

  // What was told at the last look is not told again.
  void tell(const Diagnostic& said) {
    const std::string text = render(said, false);
    // A file that was not read as it should be is not among those of the project.
    if (said.span && said.span->file)
      (void)folders_.add(std::string(parent_folder(join_path(root_, said.span->file->path))));
    if (said_.insert(text).second && !said_before_.contains(text)) report(said, options_);
  }

  Options options_;
  const Invocation invocation_;
  const std::string root_;  // of the project
  FolderWatch& folders_;
  StopRequest& stop_;
  LookedAt looked_at_;
  std::map<std::string, Digest> own_;   // of tasks that always run, by id
  std::map<std::string, Tried> tried_;  // in the last run
  std::set<std::string> said_, said_before_;
  bool has_run_ = false, just_run_ = false, failed_ = false, said_waiting_ = false;
};

}  // namespace

Result<ExitCode> command_watch(const Invocation& invocation) {
  const Options& options = invocation.options;
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  if (invocation.words.empty()) return failure(error("no task is named").advise("devtask watch TASK"));
  if (options.dry_run || options.status)
    return failure("`watch` runs tasks: it goes with neither --dry-run nor --status");
  if (options.check || options.staged)
    return failure("what `watch` runs may change files: it goes with neither --check nor --staged");
  const auto project = project_place(options);
  if (!project) return tl::unexpected(project.error());
  StopRequest stop;
  adopt_orphans();
  const auto signals = SignalWatch::start(stop);
  if (!signals) return tl::unexpected(signals.error());
  auto folders = FolderWatch::start();
  if (!folders) return tl::unexpected(folders.error());
  return TaskWatch(invocation, project->root, *folders, stop).watch();
}

}  // namespace devtask
