#include "exec/task_runner.h"

#include <algorithm>
#include <set>

#include "base/escape.h"
#include "exec/in_hand.h"
#include "exec/outputs.h"
#include "exec/ownership.h"
#include "exec/state_folder.h"
#include "exec/task_capture.h"
#include "os/file.h"
#include "os/process.h"
#include "plan/damage.h"

namespace devtask {
namespace {

std::string command_text(const PlannedTask& task) {
  std::string text;
  for (const PlannedStep& step : task.steps) text += (text.empty() ? "" : "\n") + step.shown;
  return text;
}

}  // namespace

std::function<void(const std::function<void(std::string_view)>&)> replay_of(BlobStore& blobs,
                                                                            const Digest& log) {
  return [&blobs, log](const std::function<void(std::string_view)>& piece) { (void)blobs.read(log, piece); };
}

TaskRunner::TaskRunner(RunnerParts parts, std::vector<TaskState> states)
    : parts_(std::move(parts)),
      root_(parts_.plan.project->root),
      states_(std::move(states)),
      exit_statuses_(states_.size(), 0),
      slots_(parts_.state.slots()),
      tell_([this](Diagnostic note) { parts_.events.on(Notice{std::move(note)}); }) {}

Outcome TaskRunner::bring_up_to_date(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const ProfileSpan span(parts_.profile, task.label, "task");
  if (task.units) {
    UnitRun& run = begin_units(index);
    for (std::size_t batch = 0; batch < batches(index); ++batch) run_batch(run, batch);
    return finish_units(run);
  }
  if (!settle_dependencies(index)) return Outcome::kSkipped;
  auto held = lock(task);
  if (!held) {
    if (parts_.stop.stopping()) return fail(index, Outcome::kCancelled, {}, 130);
    warn(held.error());
    return fail(index, Outcome::kFailed, {}, 1);
  }
  parts_.journal.refresh();
  TaskState state = look(index);
  if (state.problem) {
    warn(*state.problem);
    return fail(index, Outcome::kFailed, {}, 1);
  }
  switch (state.verdict) {
    case Verdict::kUpToDate:
      publish(index, std::move(state));
      return Outcome::kUpToDate;
    case Verdict::kCached:
      if (restore_locked(index, state)) {
        publish(index, std::move(state));
        return Outcome::kRestored;
      }
      state.verdict = Verdict::kStale;
      break;
    case Verdict::kWaiting:
      warn(error("task `{}` was reached before its dependency `{}`", task.label,
                 parts_.plan.tasks[state.waits_for].label));
      return fail(index, Outcome::kFailed, {}, 70);
    case Verdict::kStale:
      break;
  }
  return run(index, std::move(state), *held);
}

TaskState TaskRunner::look(TaskIndex index) {
  const ProfileSpan span(parts_.profile, "look");
  { const std::scoped_lock lock(mutex_); }  // its dependencies were published before
  return parts_.evaluator.evaluate_task(parts_.plan, index, states_);
}

// Nobody brings groups up to date, and a task that Ninja spared has not been looked at since its own
// dependencies ran. False: one of them failed.
bool TaskRunner::settle_dependencies(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const auto is_known = [&](TaskIndex dep) {
    if (!parts_.plan.is_brought_up_to_date(dep) && !parts_.plan.tasks[dep].is_group()) return true;
    const std::scoped_lock lock(mutex_);
    return states_[dep].seen.has_value();
  };
  const auto has_failed = [&](TaskIndex dep) {
    const std::scoped_lock lock(mutex_);
    return exit_statuses_[dep] != 0;
  };
  bool succeeded_all = true;
  for (const auto* list : {&task.read_deps, &task.after}) {
    for (const TaskIndex dep : *list) {
      if (is_known(dep)) continue;
      // One thread for all of them: what is published once is read without a lock from then on.
      const std::scoped_lock settling(settling_);
      if (is_known(dep)) continue;
      if (has_failed(dep)) {
        succeeded_all = false;
      } else if (parts_.plan.tasks[dep].is_group()) {
        succeeded_all = settle_dependencies(dep) && succeeded_all;
        publish(dep, look(dep));
      } else {
        const Outcome outcome = bring_up_to_date(dep);
        succeeded_all = succeeded(outcome) && succeeded_all;
        const std::scoped_lock lock(mutex_);
        settled_.emplace_back(dep, outcome);
      }
    }
  }
  return succeeded_all;
}

std::vector<std::pair<TaskIndex, Outcome>> TaskRunner::take_settled() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(settled_, {});
}

std::vector<TaskIndex> TaskRunner::unsettle() {
  std::vector<TaskIndex> waiting;
  for (TaskIndex index = 0; index < states_.size(); ++index) {
    TaskState& state = states_[index];
    if (state.verdict != Verdict::kUpToDate && state.verdict != Verdict::kCached) continue;
    const auto& deps = parts_.plan.tasks[index].read_deps;
    const auto gone = std::ranges::find_if(deps, [&](TaskIndex dep) {
      return !states_[dep].seen &&
             (parts_.plan.is_brought_up_to_date(dep) || parts_.plan.tasks[dep].is_group());
    });
    if (gone == deps.end()) continue;
    state.stale_anyway = state.verdict == Verdict::kCached;
    state.verdict = Verdict::kWaiting;
    state.waits_for = *gone;
    state.seen.reset();
    waiting.push_back(index);
  }
  return waiting;
}

std::optional<Outcome> TaskRunner::restore(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const ProfileSpan span(parts_.profile, task.label, "task");
  auto held = lock(task);
  if (held && task.units) {
    TaskState state = states_[index];
    if (take_cached_units(task, state)) {
      TaskFinished finished;
      finished.task = task.label;
      finished.outcome = Outcome::kRestored;
      finished.duration = state.result->duration;
      finished.why = state.why;
      publish(index, std::move(state));
      parts_.events.on(std::move(finished));
      tell_units(index);
      return Outcome::kRestored;
    }
  } else if (held) {
    parts_.journal.refresh();
    if (is_in_place(task, states_[index])) return Outcome::kUpToDate;
    if (restore_locked(index, states_[index])) return Outcome::kRestored;
  }
  const std::scoped_lock lock(mutex_);
  states_[index].verdict = Verdict::kStale;
  if (task.task->cache != CacheMode::kLocal) states_[index].seen.reset();
  return std::nullopt;
}

// Another run may have put it there since it was looked at, and dependents may read it by now: a second time
// would be a change under their hands.
bool TaskRunner::is_in_place(const PlannedTask& task, const TaskState& state) {
  if (parts_.journal.last_key(task.id) != state.key || parts_.journal.unfinished(task.id)) return false;
  const auto last = parts_.journal.last_success(task.id);
  if (!last || last->result.outputs_digest() != state.result->outputs_digest()) return false;
  Tree tree(root_, parts_.memo);
  return first_damage(last->result, tree).empty();
}

bool TaskRunner::restore_locked(TaskIndex index, const TaskState& state) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const auto ownership = clear_the_way(task);
  if (!ownership) return false;  // told when it runs
  const auto others = in_the_way(root_, ownership->foreign, *state.result);
  if (auto moved = move_aside(parts_.state, root_, task, others,
                              fmt::format("is not what `{}` made", task.label), tell_);
      !moved) {
    warn(std::move(moved.error()));
    return false;
  }
  // Should this end half-way, what it has put there is known to be devtask's.
  StartedEntry attempt;
  attempt.ended = true;  // nothing but what follows can come of it
  for (const auto* list : {&state.result->outputs, &ownership->owned}) {
    for (const OutputEntry& entry : *list) attempt.made.push_back(entry.path);
  }
  if (auto started = parts_.journal.start(task.id, attempt); !started) {
    warn(std::move(started.error()));
    return false;
  }
  ProfileSpan restoring(parts_.profile, "restore");
  auto restored = restore_outputs(root_, task.outputs->globs, *state.result, ownership->owned, *parts_.blobs);
  restoring.end();
  if (!restored) {
    warn_of_cache(std::move(restored.error()), fmt::format("cannot restore `{}` from the cache", task.label));
    return false;
  }
  if (auto committed = parts_.journal.commit(task.id, *state.key, *state.result); !committed) {
    warn(std::move(committed.error()));
  }
  TaskFinished finished;
  finished.task = task.label;
  finished.outcome = Outcome::kRestored;
  finished.duration = state.result->duration;
  finished.why = state.why;
  if (state.result->log) finished.replay = replay_of(*parts_.blobs, *state.result->log);
  parts_.events.on(std::move(finished));
  return true;
}

Result<Ownership> TaskRunner::clear_the_way(const PlannedTask& task) {
  return devtask::clear_the_way(parts_.state, root_, task, parts_.journal, tell_);
}

Result<TaskLock> TaskRunner::lock(const PlannedTask& task) {
  return lock_task(parts_.state, task, parts_.environment, parts_.stop, tell_);
}

Action TaskRunner::make_action(const PlannedTask& task) const {
  return make_action(task, task.steps, task.values);
}

Action TaskRunner::make_action(const PlannedTask& task, const std::vector<PlannedStep>& steps,
                               const Values& values) const {
  Action action;
  action.label = task.label;
  for (const PlannedStep& step : steps) action.steps.push_back({step.argv});
  const Variables visible = parts_.environment.visible(*task.task, values, root_, task.outputs->globs);
  for (const auto& [name, value] : visible) action.env.push_back(name + "=" + value);
  action.env.push_back("DEVTASK=" + own_executable());
  action.env.push_back("DEVTASK_ROOT=" + join_path(root_, task.task->scope->base));
  action.env.push_back("DEVTASK_TASK=" + task.local_name());
  for (std::string& mark : task_marks(parts_.state, task)) action.env.push_back(std::move(mark));
  const std::string outer = parts_.environment.caller(kWithin);
  action.env.push_back(std::string(kWithin) + "=" + (outer.empty() ? "" : outer + ":") +
                       parts_.state.lock(task.lock_id));
  action.secrets = parts_.environment.secrets(*task.task, visible);
  action.folder = join_path(root_, task.dir);
  action.timeout = task.task->timeout;
  action.interactive = task.task->interactive;
  return action;
}

Outcome TaskRunner::run(TaskIndex index, TaskState state, TaskLock& lock) {
  const PlannedTask& task = parts_.plan.tasks[index];
  if (auto linked = linked_outputs(root_, task.label, *task.outputs); !linked.empty()) {
    for (Diagnostic& each : linked) warn(std::move(each));
    return fail(index, Outcome::kFailed, {}, 1);
  }
  Capture capture(TaskLog(parts_.state.log(task.id)));
  if (state.key || task.has_outputs()) {
    capture.attempt.key = state.key.value_or(Digest());
    Ownership ownership;
    if (task.task->cache != CacheMode::kLocal) {
      auto stock = clear_the_way(task);
      if (!stock) {
        warn(std::move(stock.error()));
        return fail(index, Outcome::kFailed, {}, 1);
      }
      ownership = std::move(*stock);
      capture.foreign = look_at(root_, std::move(ownership.foreign));
      for (const Foreign& each : capture.foreign) capture.attempt.foreign.push_back(each.entry.path);
    }
    if (auto started = parts_.journal.start(task.id, capture.attempt); !started) {
      warn(std::move(started.error()));
      return fail(index, Outcome::kFailed, {}, 1);
    }
    remove_outputs(root_, ownership.owned, task.outputs->globs);
    capture.watched = task.task->cache != CacheMode::kLocal;
  }
  for (const std::string& path : task.outputs->globs.literals()) {
    if (const std::string_view folder = parent_folder(path); !folder.empty())
      (void)make_folders(join_path(root_, folder));
  }

  if (state.key) capture.dependency_stats = dependency_stats(task);
  for (const auto& [dep, result] : read_results(task)) {
    if (parts_.plan.tasks[dep].task->cache == CacheMode::kLocal || !capture.beside.empty()) continue;
    capture.beside = first_beside(root_, parts_.plan.tasks[dep], *result);
  }
  capture.creates_before = scan_outputs(root_, task.creates->globs);
  parts_.events.on(TaskStarted{task.label, state.why, command_text(task), task.task->interactive});
  const Slots::Slot slot = slots_.take();
  Action action = make_action(task);
  action.env.push_back(slot_variable(slot));
  ExecutionHooks hooks;
  hooks.lock_fd = lock.fd();
  hooks.output = [&](std::string_view bytes) {
    capture.log.append(bytes);
    parts_.events.on(TaskOutput{task.label, std::string(bytes)});
  };
  ProfileSpan running(parts_.profile, "command");
  auto executed = parts_.executor.run(action, hooks);
  running.end();
  if (!executed) {
    warn(std::move(executed.error()));
    return fail(index, Outcome::kFailed, std::move(capture), 127);
  }
  capture.duration = executed->duration;
  switch (executed->end) {
    case ExecutionResult::End::kSucceeded:
      return take_in(index, state, capture);
    case ExecutionResult::End::kTimedOut:
      kill_marked_orphans(task_marks(parts_.state, task));
      return fail(index, Outcome::kTimedOut, std::move(capture), 124);
    case ExecutionResult::End::kStopped:
      return fail(index, Outcome::kCancelled, std::move(capture), 130);
    case ExecutionResult::End::kFailed:
      break;
  }
  if (executed->exit_status == 127) {
    const auto& folders = parts_.environment.search_path(*task.task, root_);
    for (const PlannedStep& step : task.steps) {
      for (const std::string& name : step.programs) {
        if (find_program(name, folders, join_path(root_, task.dir)).empty()) {
          warn(error("task `{}`: command not found: `{}`", task.label, escape_line(name))
                   .advise("install it, or name its folder in `path` of [project]"));
        }
      }
    }
  }
  return fail(index, Outcome::kFailed, std::move(capture), executed->exit_status);
}

Outcome TaskRunner::fail(TaskIndex index, Outcome outcome, Capture capture, int exit_status) {
  const PlannedTask& task = parts_.plan.tasks[index];
  note_left(task, capture);
  TaskFinished finished;
  finished.task = task.label;
  finished.outcome = outcome;
  finished.exit_status = exit_status;
  finished.duration = capture.duration;
  if (task.task->timeout) finished.time_limit = *task.task->timeout;
  if (outcome != Outcome::kCancelled) {
    TaskLog::Excerpt log = std::move(capture.log).keep();
    finished.log = std::move(log.text);
    finished.log_left_out = log.left_out;
    finished.log_path = std::move(log.path);
  }
  if (!capture.says_itself) finished.rerun = capture.rerun.empty() ? "devtask " + task.typed : capture.rerun;
  parts_.events.on(std::move(finished));
  const std::scoped_lock lock(mutex_);
  exit_statuses_[index] = exit_status;
  return outcome;
}

std::optional<Digest> TaskRunner::seen(TaskIndex index) {
  const std::scoped_lock lock(mutex_);
  return states_[index].seen;
}

void TaskRunner::publish(TaskIndex index, TaskState state) {
  const std::scoped_lock lock(mutex_);
  states_[index] = std::move(state);
}

void TaskRunner::warn(Diagnostic diagnostic) { parts_.events.on(Notice{std::move(diagnostic)}); }

void TaskRunner::flush_cache() {
  if (parts_.cache == nullptr) return;
  const ProfileSpan span(parts_.profile, "flush the cache");
  if (auto written = parts_.cache->flush(); !written) warn_of_cache(std::move(written.error()));
}

void TaskRunner::warn_of_cache(Diagnostic diagnostic, std::string_view what) {
  if (warned_of_cache_.exchange(true)) return;
  diagnostic.severity = Severity::kWarning;
  diagnostic.message = fmt::format("{}: {}", what, diagnostic.message);
  diagnostic.notes.emplace_back("tasks run as without a cache; further messages of this kind are left out");
  warn(std::move(diagnostic));
}

}  // namespace devtask
