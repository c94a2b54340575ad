// One process for some units, and what came of each if only its exit status says so.
#include <algorithm>
#include <filesystem>

#include "base/escape.h"
#include "base/unified_diff.h"
#include "exec/in_hand.h"
#include "exec/scratch_tree.h"
#include "exec/unit_run.h"
#include "os/file.h"
#include "os/process.h"
#include "plan/steps.h"

namespace devtask {
namespace {

// Of checking programs (black, isort, prettier, clang-format, ruff): a file is not as it should be. With
// others they say that they could not do their work.
constexpr int kWouldChange = 1;

void replace_all(std::string& text, const std::string& old, const std::string& by) {
  for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + by.size()))
    text.replace(at, old.size(), by);
}

// As a step in `folder` names it. A name that begins like an option, or like a file of options, does not.
std::string argument(const UnitState& unit, const std::string& folder) {
  std::string path =
      folder.empty() ? unit.path : std::filesystem::path(unit.path).lexically_relative(folder).string();
  if (path.starts_with('-') || path.starts_with('@')) path.insert(0, "./");
  return path + unit.name.substr(unit.path.size());
}

}  // namespace

TaskRunner::Ended TaskRunner::execute(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch,
                                      bool shown, const std::string& report, const ScratchTree* copies) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  const std::string& root = copies != nullptr ? copies->path() : root_;
  Values values = task.values;
  values.set("root", {join_path(root, task.task->scope->base)}, false);
  std::vector<std::string> words;
  for (const std::size_t unit : units) words.push_back(argument(run.units->units[unit], task.dir));
  values.set("units", std::move(words), true);
  values.set("report", {report}, false);
  values.set("plugins", {parts_.state.plugins()}, false);
  const std::vector<PlannedStep> steps =
      plan_steps(*task.task, task.runs_check_steps() ? task.task->check : task.task->run, values);
  const std::string label = run.batches.size() > 1
                                ? fmt::format("{} {}/{}", task.label, batch + 1, run.batches.size())
                                : task.label;
  const Slots::Slot slot = slots_.take();
  Action action = make_action(task, steps, values);
  action.folder = join_path(root, task.dir);
  action.env.push_back(slot_variable(slot));
  // To git the copies are in no repository; in the one around them they would be ignored, and left as they
  // are.
  if (copies != nullptr) action.env.push_back("GIT_CEILING_DIRECTORIES=" + std::string(parent_folder(root)));
  if (shown) {
    std::string command;
    for (const PlannedStep& step : steps) command += (command.empty() ? "" : "\n") + step.shown;
    const std::string why = batch == 0 ? run.state.why : fmt::format("{} of these files", units.size());
    parts_.events.on(TaskStarted{label, why, command, false});
  }
  TaskLog log(parts_.state.log(task.lock_id + "." + std::to_string(batch)));
  ExecutionHooks hooks;
  hooks.lock_fd = run.lock->fd();
  hooks.output = [&](std::string_view bytes) {
    log.append(bytes);
    // What it does to copies is of no use to people.
    if (shown && copies == nullptr) parts_.events.on(TaskOutput{label, std::string(bytes)});
  };
  Ended ended;
  const ProfileSpan running(parts_.profile, label, "command");
  auto executed = parts_.executor.run(action, hooks);
  if (executed) {
    ended.end = executed->end;
    ended.exit_status = executed->exit_status;
    ended.duration = executed->duration;
  } else {
    warn(std::move(executed.error()));
  }
  ended.secrets = std::move(action.secrets);
  ended.log = std::move(log).keep().text;
  if (copies != nullptr) replace_all(ended.log, copies->path(), root_);
  if (shown && run.batches.size() > 1) {
    TaskFinished finished;
    finished.task = label;
    finished.outcome = ended.end == ExecutionResult::End::kSucceeded  ? Outcome::kRan
                       : ended.end == ExecutionResult::End::kTimedOut ? Outcome::kTimedOut
                       : ended.end == ExecutionResult::End::kStopped  ? Outcome::kCancelled
                                                                      : Outcome::kFailed;
    finished.exit_status = ended.exit_status;
    finished.duration = ended.duration;
    if (task.task->timeout) finished.time_limit = *task.task->timeout;
    parts_.events.on(std::move(finished));
  }
  if (ended.end == ExecutionResult::End::kTimedOut) kill_marked_orphans(task_marks(root_, task));
  const std::scoped_lock lock(run.mutex);
  if (ended.end == ExecutionResult::End::kTimedOut || ended.end == ExecutionResult::End::kStopped)
    run.end = ended.end;
  return ended;
}

// The files of the units, apart from the checkout; where the steps start is real, too, so that `..` stays
// inside.
Result<ScratchTree> TaskRunner::copy_units(const UnitRun& run, const std::vector<std::size_t>& units,
                                           std::size_t batch) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  std::vector<ScratchFile> files;
  for (const std::size_t unit : units) {
    ScratchFile file{run.units->units[unit].path};
    if (task.units->given) {
      auto given = task.units->given->find(file.path);
      if (!given) return failure("`{}` is not given", file.path);
      file.content = std::move(given->content);
      file.mode = given->mode;
    }
    files.push_back(std::move(file));
  }
  const std::string folder = parts_.state.scratch(task.lock_id + "." + std::to_string(batch));
  return ScratchTree::make(root_, folder, std::move(files), {task.dir, task.task->scope->base});
}

// Only the exit status says something, and what became of the copies: what fails together is divided until
// each failure stands alone. Files that are named in the output are looked at apart from the others first.
void TaskRunner::run_divided(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch,
                             bool shown) {
  if (parts_.stop.stopping()) return;
  const PlannedTask& task = parts_.plan.tasks[run.index];
  std::optional<ScratchTree> copies;
  if (task.units && task.works_on_copies()) {
    auto made = copy_units(run, units, batch);
    if (!made) return warn(std::move(made.error()));
    copies.emplace(std::move(*made));
  }
  std::optional<EditWatch> watch;
  if (task.rewrites()) {
    std::vector<std::string> files;
    for (const std::size_t unit : units) files.push_back(join_path(root_, run.units->units[unit].path));
    watch.emplace(files, task.steps);
  }
  const Ended ended = execute(run, units, batch, shown, "", copies ? &*copies : nullptr);
  if (watch) watch->tool_ended();
  const bool passed = ended.end == ExecutionResult::End::kSucceeded;
  if (passed || units.size() == 1 || ended.end != ExecutionResult::End::kFailed) {
    auto changes = passed && copies ? copies->changes() : std::vector<ScratchTree::Change>();
    if (!changes) return warn(std::move(changes.error()));
    const bool would_change = task.runs_check_steps() && ended.exit_status == kWouldChange;
    {
      const std::scoped_lock lock(run.mutex);
      for (const std::size_t unit : units) {
        run.durations[unit] = ended.duration / units.size();
        if (ended.end == ExecutionResult::End::kStopped) continue;
        UnitOutcome outcome;
        outcome.what = passed         ? UnitOutcome::What::kPassed
                       : would_change ? UnitOutcome::What::kWouldChange
                                      : UnitOutcome::What::kFailed;
        run.outcomes[unit] = std::move(outcome);
      }
      for (const std::size_t unit : units) {
        const auto change =
            std::ranges::find(*changes, run.units->units[unit].path, &ScratchTree::Change::path);
        if (change != changes->end()) take_change(task, *change, *run.outcomes[unit]);
      }
      if (!passed && !would_change) {
        run.exit_status = ended.exit_status;
        // Whoever reads it must know which file it is about.
        const std::string& path = run.units->units[units.front()].path;
        if (units.size() == 1 && ended.log.find(file_name(path)) == std::string::npos)
          run.failed_log += escape_line(path) + ":\n";
        run.failed_log += ended.log;
      }
    }
    keep_units(run, units, copies ? copies->path() : root_, watch ? &*watch : nullptr);
    return;
  }
  std::vector<std::size_t> named, others;
  for (const std::size_t unit : units) {
    const std::string& path = run.units->units[unit].path;
    (ended.log.find(file_name(path)) != std::string::npos ? named : others).push_back(unit);
  }
  if (named.empty() || others.empty()) {
    const std::vector<std::size_t>& all = named.empty() ? others : named;
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    const std::vector<std::size_t> first(all.begin(), middle), second(middle, all.end());
    run_divided(run, first, batch, false);
    run_divided(run, second, batch, false);
    return;
  }
  run_divided(run, others, batch, false);
  run_divided(run, named, batch, false);
}

void TaskRunner::tell_files(const PlannedTask& task, const UnitRun* run, const UnitStates& units) {
  FilesReported told;
  told.task = task.label;
  told.checked = task.units->checks;
  for (std::size_t i = 0; i < units.units.size(); ++i) {
    const UnitOutcome* outcome = run != nullptr && run->outcomes[i] ? &*run->outcomes[i] : nullptr;
    const std::string& path = units.units[i].path;
    if (outcome == nullptr) {
      ++told.known;
    } else if (outcome->what == UnitOutcome::What::kWouldChange) {
      told.would_change.push_back({path, outcome->diff});
    } else if (outcome->what == UnitOutcome::What::kFailed) {
      told.failed.push_back({path, outcome->reason});
    } else if (outcome->what == UnitOutcome::What::kNotRun) {
      ++told.not_run;
    } else {
      ++told.clean;
    }
  }
  if (told.checked || !told.failed.empty()) parts_.events.on(std::move(told));
}

// What a tool made of a copy.
void TaskRunner::take_change(const PlannedTask& task, const ScratchTree::Change& change,
                             UnitOutcome& outcome) const {
  if (!change.after) {
    outcome.what = UnitOutcome::What::kFailed;
    outcome.reason = "it was removed";
    return;
  }
  if (*change.after == change.before) return;  // other permissions do not count
  if (task.units->checks) {
    outcome.what = UnitOutcome::What::kWouldChange;
    if (parts_.diffs) outcome.diff = unified_diff(change.path, change.before, *change.after);
  } else {
    task.units->given->put(change.path, *change.after);
  }
}

}  // namespace devtask
