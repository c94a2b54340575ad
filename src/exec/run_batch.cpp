// One process for some units, and what came of each if only its exit status says so.
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/escape.h"
#include "base/replace_all.h"
#include "base/unified_diff.h"
#include "exec/division.h"
#include "exec/edit_watch.h"
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
constexpr int kExitWouldChange = 1;

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
  const std::string label = batch_label(run, batch);
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
    const bool first = batch == 0 && !std::exchange(run.explained, true);
    const std::string why = first ? run.state.why : fmt::format("{} of these files", units.size());
    parts_.events.on(TaskStarted{label, why, command, false});
  }
  TaskLog log(parts_.state.log(batch_id(task.lock_id, batch)));
  ExecutionHooks hooks;
  hooks.lock_fd = run.lock->fd();
  hooks.output = [&](std::string_view bytes) {
    log.append(bytes);
    // What it does to copies is of no use to people.
    if (shown && copies == nullptr) parts_.events.on(TaskOutput{label, std::string(bytes)});
  };
  Ended ended;
  ended.units = units.size();
  const ProfileSpan running(parts_.profile, label, "command");
  auto executed = parts_.executor.run(action, hooks);
  ended.started = executed.has_value();
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
  if (ended.end == ExecutionResult::End::kTimedOut) {
    std::vector<std::string> marks = task_marks(parts_.state, task);
    marks.push_back(slot_variable(slot));  // of the others that share the units nothing
    kill_marked_orphans(marks);
  }
  const std::scoped_lock lock(run.mutex);
  if (ended.end == ExecutionResult::End::kTimedOut || ended.end == ExecutionResult::End::kStopped)
    run.end = ended.end;
  return ended;
}

// Of several processes each has its line. `passed`: what it was given.
void TaskRunner::tell_ended(const UnitRun& run, std::size_t batch, const Ended& ended, bool passed) {
  if (run.batches.size() == 1) return;
  const PlannedTask& task = parts_.plan.tasks[run.index];
  TaskFinished finished;
  finished.task = batch_label(run, batch);
  finished.outcome = passed                                         ? Outcome::kRan
                     : ended.end == ExecutionResult::End::kTimedOut ? Outcome::kTimedOut
                     : ended.end == ExecutionResult::End::kStopped  ? Outcome::kCancelled
                                                                    : Outcome::kFailed;
  finished.exit_status = ended.exit_status;
  finished.duration = ended.duration;
  if (task.task->timeout) finished.time_limit = *task.task->timeout;
  parts_.events.on(std::move(finished));
}

// Before each line of output, so without the files that were asked for.
std::string TaskRunner::batch_label(const UnitRun& run, std::size_t batch) const {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  if (run.batches.size() == 1) return task.label;
  const std::string row = task.row.empty() ? "" : "@" + task.row;
  return fmt::format("{}{} {}/{}", task.task->name, row, batch + 1, run.batches.size());
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
  const std::string folder = parts_.state.scratch(batch_id(task.lock_id, batch));
  return ScratchTree::make(root_, folder, std::move(files), {task.dir, task.task->scope->base});
}

// Only the exit status says something, and what became of the copies.
void TaskRunner::run_divided(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch) {
  Division division(units);
  bool first = true;
  for (auto group = division.next(); !group.empty() && !parts_.stop.stopping(); group = division.next()) {
    try_group(run, division, group, batch, first);
    first = false;
  }
}

void TaskRunner::try_group(UnitRun& run, Division& division, const std::vector<std::size_t>& group,
                           std::size_t batch, bool shown) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  std::optional<ScratchTree> copies;
  if (task.works_on_copies()) {
    auto made = copy_units(run, group, batch);
    if (!made) return warn(std::move(made.error()));
    copies.emplace(std::move(*made));
  }
  const std::string& root = copies ? copies->path() : root_;
  std::vector<std::string> files, names;
  std::vector<FileStat> before;
  for (const std::size_t unit : group) {
    files.push_back(join_path(root, run.units->units[unit].path));
    names.push_back(argument(run.units->units[unit], task.dir));
    before.push_back(stat_followed(files.back()));
  }
  std::optional<EditWatch> watch;
  if (task.rewrites()) watch.emplace(files, task.steps);
  const Ended ended = execute(run, group, batch, shown, "", copies ? &*copies : nullptr);
  if (watch) watch->tool_ended();
  const bool passed = ended.end == ExecutionResult::End::kSucceeded;
  if (shown) tell_ended(run, batch, ended, passed);
  std::vector<std::size_t> judged = group;
  if (passed || (ended.started && ended.end == ExecutionResult::End::kFailed)) {
    Division::Said said = said_of(ended.log, names, {"./", join_path(root_, task.dir) + "/"});
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (stat_followed(files[i]) != before[i]) said[i].clear();
    }
    judged = division.tried(group, passed ? 0 : ended.exit_status, said);
  }
  // Those that come up again are then what they are now, whoever made them so.
  if (watch && judged.size() < group.size()) look_again(run, group, judged);
  if (judged.empty()) return;
  auto changes = passed && copies ? copies->changes() : std::vector<ScratchTree::Change>();
  if (!changes) return warn(std::move(changes.error()));
  take_outcomes(run, judged, ended, *changes);
  keep_units(run, judged, root, watch ? &*watch : nullptr);
}

// Content and time of those files of the group that are not yet judged.
void TaskRunner::look_again(UnitRun& run, const std::vector<std::size_t>& group,
                            const std::vector<std::size_t>& judged) {
  const std::set<std::size_t> done(judged.begin(), judged.end());
  for (const std::size_t index : group) {
    UnitState& unit = run.units->units[index];
    const std::string path = join_path(root_, unit.path);
    const FileStat stat = stat_followed(path);
    if (done.contains(index) || stat == unit.content) continue;
    if (const auto now = hash_file(path)) {
      unit.executable = is_executable_unit(stat_file(path));
      unit.own = unit_content(*now, unit.executable);
      unit.content = stat;
    }
  }
}

void TaskRunner::take_outcomes(UnitRun& run, const std::vector<std::size_t>& judged, const Ended& ended,
                               const std::vector<ScratchTree::Change>& changes) {
  if (ended.end == ExecutionResult::End::kStopped) return;
  const PlannedTask& task = parts_.plan.tasks[run.index];
  const bool passed = ended.end == ExecutionResult::End::kSucceeded;
  const bool would_change = task.runs_check_steps() && ended.exit_status == kExitWouldChange;
  const std::scoped_lock lock(run.mutex);
  for (const std::size_t unit : judged) {
    UnitOutcome outcome;
    outcome.what = passed         ? UnitOutcome::What::kPassed
                   : would_change ? UnitOutcome::What::kWouldChange
                                  : UnitOutcome::What::kFailed;
    const std::string& path = run.units->units[unit].path;
    const auto change = std::ranges::lower_bound(changes, path, {}, &ScratchTree::Change::path);
    if (change != changes.end() && change->path == path) take_change(task, *change, outcome);
    run.durations[unit] = ended.duration / ended.units;
    run.outcomes[unit] = std::move(outcome);
  }
  if (passed || would_change) return;
  run.exit_status = ended.exit_status;
  // Whoever reads it must know which file it is about.
  const std::string& path = run.units->units[judged.front()].path;
  if (ended.units == 1 && ended.log.find(file_name(path)) == std::string::npos)
    run.failed_log += escape_line(path) + ":\n";
  run.failed_log += ended.log;
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
