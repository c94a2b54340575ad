#include "exec/task_runner.h"

#include <algorithm>
#include <set>

#include "base/escape.h"
#include "exec/outputs.h"
#include "exec/task_log.h"
#include "os/file.h"
#include "os/process.h"

namespace devtask {
namespace {

std::string rerun_command(const PlannedTask& task) { return "devtask " + task.label; }

std::string command_text(const PlannedTask& task) {
  std::string text;
  for (const PlannedStep& step : task.steps) text += (text.empty() ? "" : "\n") + step.shown;
  return text;
}

const OutputEntry* entry_of(const std::vector<OutputEntry>& entries, std::string_view path) {
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), path,
                       [](const OutputEntry& entry, std::string_view name) { return entry.path < name; });
  return found != entries.end() && found->path == path ? &*found : nullptr;
}

// What the last success made where the task's outputs no longer are, and nobody has changed since.
std::vector<OutputEntry> former_outputs(const std::string& root, const PlannedTask& task,
                                        const JournalEntry& last, const Journal& journal) {
  std::vector<OutputEntry> former;
  std::copy_if(last.result.outputs.begin(), last.result.outputs.end(), std::back_inserter(former),
               [&](const OutputEntry& entry) {
                 return entry.is_owned() && !task.may_make(entry) && is_in_place(root, entry);
               });
  if (former.empty()) return former;
  for (const std::string& id : journal.task_ids()) {
    const auto other = id == task.id ? nullptr : journal.last_success(id);
    if (!other) continue;
    std::erase_if(former, [&](const OutputEntry& entry) {
      return entry_of(other->result.outputs, entry.path) != nullptr;
    });
  }
  return former;
}

// What was written meanwhile has another mtime, or is another inode. (The ctime also changes when a hard link
// is made to it.) Content is compared besides.
bool is_same_file(const FileStat& before, const FileStat& after) {
  if (before.kind == FileKind::kFolder) return after.kind == FileKind::kFolder;
  return before.kind == after.kind && before.size == after.size && before.inode == after.inode &&
         before.mtime_ns == after.mtime_ns && (before.mode & 0100) == (after.mode & 0100);
}

// The cache has paths as the task's own file says them: a member alone and as a part share results.
ActionResult below(const std::string& base, ActionResult result) {
  if (base.empty()) return result;
  for (OutputEntry& entry : result.outputs) entry.path.erase(0, base.size() + 1);
  return result;
}

// An empty file that keeps a folder in version control.
bool is_placeholder(const OutputEntry& entry) {
  return entry.kind == OutputEntry::Kind::kFile && entry.size == 0 && file_name(entry.path).starts_with('.');
}

const Observation* observation_of(const std::vector<Observation>& all, std::string_view path) {
  const auto found =
      std::lower_bound(all.begin(), all.end(), path,
                       [](const Observation& seen, std::string_view name) { return seen.path < name; });
  return found != all.end() && found->path == path ? &*found : nullptr;
}

}  // namespace

// What lies in a task's outputs before a run. What the last success or a failed attempt put there is
// devtask's to clear away. What a killed attempt may have put there is moved aside: it must not be in the
// way, nor be lost. Everything else is somebody else's.
struct TaskRunner::Ownership {
  std::vector<OutputEntry> owned, doubtful, foreign;
};

// What was there before a run and is not devtask's.
struct TaskRunner::Foreign {
  OutputEntry entry;
  FileStat stat;
};

// What is known while a command runs and after it.
struct TaskRunner::Capture {
  Capture() = default;
  explicit Capture(TaskLog empty) : log(std::move(empty)) {}

  TaskLog log;  // masked
  std::chrono::milliseconds duration{0};
  std::vector<OutputEntry> creates_before;
  std::vector<Foreign> foreign;            // in its outputs, sorted by path
  StartedEntry attempt;                    // as it was noted
  bool watched = false;                    // `foreign` is known: a failure can say what the attempt left
  std::vector<FileStat> dependency_stats;  // before, of all outputs in read_results

  const Foreign* find_foreign(std::string_view path) const {
    const auto found =
        std::lower_bound(foreign.begin(), foreign.end(), path,
                         [](const Foreign& each, std::string_view name) { return each.entry.path < name; });
    return found != foreign.end() && found->entry.path == path ? &*found : nullptr;
  }
};

std::function<void(const std::function<void(std::string_view)>&)> replay_of(BlobStore& blobs,
                                                                            const Digest& log) {
  return [&blobs, log](const std::function<void(std::string_view)>& piece) { (void)blobs.read(log, piece); };
}

TaskRunner::TaskRunner(RunnerParts parts, std::vector<TaskState> states)
    : parts_(std::move(parts)),
      root_(parts_.plan.project->root),
      states_(std::move(states)),
      exit_statuses_(states_.size(), 0) {}

Outcome TaskRunner::bring_up_to_date(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const ProfileSpan span(parts_.profile, task.label, "task");
  settle_dependencies(index);
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
// dependencies ran.
void TaskRunner::settle_dependencies(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const auto is_settled = [&](TaskIndex dep) {
    if (!parts_.plan.is_brought_up_to_date(dep) && !parts_.plan.tasks[dep].is_group()) return true;
    const std::scoped_lock lock(mutex_);
    return states_[dep].seen || exit_statuses_[dep] != 0;  // known, or tried in vain
  };
  for (const auto* list : {&task.read_deps, &task.after}) {
    for (const TaskIndex dep : *list) {
      if (is_settled(dep)) continue;
      // One thread for all of them: what is published once is read without a lock from then on.
      const std::scoped_lock settling(settling_);
      if (is_settled(dep)) continue;
      if (parts_.plan.tasks[dep].is_group()) {
        settle_dependencies(dep);
        publish(dep, look(dep));
      } else {
        bring_up_to_date(dep);
      }
    }
  }
}

bool TaskRunner::restore(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const ProfileSpan span(parts_.profile, task.label, "task");
  auto held = lock(task);
  if (held && restore_locked(index, states_[index])) return true;
  const std::scoped_lock lock(mutex_);
  states_[index].verdict = Verdict::kStale;
  if (task.task->cache != CacheMode::kLocal) states_[index].seen.reset();
  return false;
}

bool TaskRunner::restore_locked(TaskIndex index, const TaskState& state) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const auto ownership = take_stock(task);
  if (!ownership) return false;  // told when it runs
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
    warn_of_cache(std::move(restored.error()));
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

// What a killed attempt left is moved out of the way.
Result<TaskRunner::Ownership> TaskRunner::take_stock(const PlannedTask& task) {
  const auto last = parts_.journal.last_success(task.id);
  const auto attempt = parts_.journal.unfinished(task.id);
  std::set<std::string_view> known;
  if (last) {
    for (const OutputEntry& entry : last->result.outputs) {
      if (entry.is_owned()) known.insert(entry.path);
    }
  }
  if (attempt) known.insert(attempt->made.begin(), attempt->made.end());
  Ownership ownership;
  for (OutputEntry& entry : scan_outputs(root_, task.outputs->globs)) {
    const bool killed = attempt && !attempt->ended;
    const bool was_there =
        killed && std::binary_search(attempt->foreign.begin(), attempt->foreign.end(), entry.path);
    auto& list = known.contains(entry.path) ? ownership.owned
                 : killed && !was_there     ? ownership.doubtful
                                            : ownership.foreign;
    list.push_back(std::move(entry));
  }
  std::erase_if(ownership.foreign,
                [](const OutputEntry& entry) { return entry.kind == OutputEntry::Kind::kDir; });
  if (auto moved = set_aside(task, ownership.doubtful); !moved) return tl::unexpected(moved.error());
  if (attempt) clear_leftovers(root_, task.outputs->globs);
  if (last) {
    std::vector<OutputEntry> former = former_outputs(root_, task, *last, parts_.journal);
    std::move(former.begin(), former.end(), std::back_inserter(ownership.owned));
  }
  return ownership;
}

// A devtask that a task starts must not wait for that task: it would wait for itself.
constexpr char kWithin[] = "DEVTASK_WITHIN";

Result<TaskLock> TaskRunner::lock(const PlannedTask& task) {
  const std::string within = ":" + parts_.environment.caller(kWithin) + ":";
  if (within.find(":" + parts_.state.lock(task.lock_id) + ":") != std::string::npos) {
    return failure(error("task `{}` is asked for by a devtask that it has started itself", task.label));
  }
  return TaskLock::acquire(parts_.state.lock(task.lock_id), marks(task), parts_.stop, [&](int pid) {
    Diagnostic note =
        warning("waiting for another devtask (process {}) that has `{}` in hand", pid, task.label);
    note.severity = Severity::kNote;
    parts_.events.on(Notice{std::move(note)});
  });
}

// What tells this task's processes from all others, also when they have left its process group.
std::vector<std::string> TaskRunner::marks(const PlannedTask& task) const {
  return {"DEVTASK_ROOT=" + join_path(root_, task.task->scope->base), "DEVTASK_TASK=" + task.local_name()};
}

Action TaskRunner::make_action(const PlannedTask& task) const {
  Action action;
  action.label = task.label;
  for (const PlannedStep& step : task.steps) action.steps.push_back({step.argv});
  const Variables visible = parts_.environment.visible(*task.task, task.values, root_, task.outputs->globs);
  for (const auto& [name, value] : visible) action.env.push_back(name + "=" + value);
  for (std::string& mark : marks(task)) action.env.push_back(std::move(mark));
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
      auto stock = take_stock(task);
      if (!stock) {
        warn(std::move(stock.error()));
        return fail(index, Outcome::kFailed, {}, 1);
      }
      ownership = std::move(*stock);
      capture.foreign = look_at(std::move(ownership.foreign));
      for (const Foreign& each : capture.foreign) capture.attempt.foreign.push_back(each.entry.path);
    }
    if (auto started = parts_.journal.start(task.id, capture.attempt); !started) {
      warn(std::move(started.error()));
      return fail(index, Outcome::kFailed, {}, 1);
    }
    remove_outputs(root_, ownership.owned, &task.outputs->globs);
    capture.watched = task.task->cache != CacheMode::kLocal;
  }
  for (const std::string& path : task.outputs->globs.literals()) {
    if (const std::string_view folder = parent_folder(path); !folder.empty())
      (void)make_folders(join_path(root_, folder));
  }

  if (state.key) capture.dependency_stats = dependency_stats(task);
  capture.creates_before = scan_outputs(root_, task.creates->globs);
  parts_.events.on(TaskStarted{task.label, state.why, command_text(task), task.task->interactive});
  ExecutionHooks hooks;
  hooks.lock_fd = lock.fd();
  hooks.output = [&](std::string_view bytes) {
    capture.log.append(bytes);
    parts_.events.on(TaskOutput{task.label, std::string(bytes)});
  };
  ProfileSpan running(parts_.profile, "command");
  auto executed = parts_.executor.run(make_action(task), hooks);
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
      kill_marked_orphans(marks(task));
      return fail(index, Outcome::kTimedOut, std::move(capture), 124);
    case ExecutionResult::End::kStopped:
      return fail(index, Outcome::kCancelled, std::move(capture), 130);
    case ExecutionResult::End::kFailed:
      break;
  }
  if (executed->exit_status == 127) {
    const auto& folders = parts_.environment.search_path(*task.task->scope, root_);
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

// To `.devtask/aside/ID/`, with one note. What lies there under the same name is replaced.
Result<void> TaskRunner::set_aside(const PlannedTask& task, const std::vector<OutputEntry>& entries) {
  if (entries.empty()) return {};
  const std::string aside = parts_.state.path + "/aside/" + task.id;
  std::string moved;
  std::size_t count = 0;
  for (const OutputEntry& entry : entries) {
    if (entry.kind == OutputEntry::Kind::kDir) {
      remove_folder_if_empty(join_path(root_, entry.path));
      continue;
    }
    const std::string to = join_path(aside, entry.path);
    auto done = make_folders(std::string(parent_folder(to)), 0700);
    if (done) done = rename_file(join_path(root_, entry.path), to);
    if (!done) {
      return failure(error("`{}` may be what a killed run of `{}` left, and cannot be moved to {}/aside: {}",
                           escape_line(entry.path), task.label, kStateName, done.error().message)
                         .advise("remove it, or move it to where it belongs"));
    }
    if (++count == 1) moved = entry.path;
  }
  if (moved.empty()) return {};
  const std::string others = count > 1 ? fmt::format(" and {} more", count - 1) : "";
  Diagnostic note = warning("`{}`{} may be what a killed run of `{}` left: moved to {}/aside/{}",
                            escape_line(moved), others, task.label, kStateName, task.id);
  note.severity = Severity::kNote;
  parts_.events.on(Notice{std::move(note)});
  return {};
}

// The results that it reads, of its dependencies.
std::vector<std::pair<TaskIndex, const ActionResult*>> TaskRunner::read_results(
    const PlannedTask& task) const {
  std::vector<std::pair<TaskIndex, const ActionResult*>> results;
  for (const TaskIndex dep : task.read_deps) {
    const TaskState& made = states_[dep];
    if (made.result && made.seen) results.emplace_back(dep, made.result.get());
  }
  return results;
}

std::vector<FileStat> TaskRunner::dependency_stats(const PlannedTask& task) const {
  std::vector<FileStat> stats;
  for (const auto& [dep, result] : read_results(task)) {
    for (const OutputEntry& entry : result->outputs) stats.push_back(stat_file(join_path(root_, entry.path)));
  }
  return stats;
}

// What dependencies have made must be there as it was when the key was made, and must have been there all the
// while: another run may have made it anew meanwhile. Sentences about what is not so, one a dependency.
std::vector<std::string> TaskRunner::damaged_dependencies(const PlannedTask& task, const Capture& capture) {
  std::vector<std::string> sentences;
  Tree tree(root_, parts_.memo);
  std::span<const FileStat> before = capture.dependency_stats;
  for (const auto& [dep, result] : read_results(task)) {
    std::string damage = first_damage(*result, tree);
    for (const OutputEntry& entry : result->outputs) {
      const bool matters = entry.kind != OutputEntry::Kind::kCreate && damage.empty();
      if (matters && !is_same_file(before.front(), tree.file(entry.path)->stat))
        damage = "its output " + escape_line(entry.path) + " was made anew";
      before = before.subspan(1);
    }
    if (!damage.empty())
      sentences.push_back(fmt::format("dependency {}: {}", parts_.plan.tasks[dep].label, damage));
  }
  return sentences;
}

// Anything that went into the key and changed while the command ran makes the result one of unknown facts. An
// edits task is expected to change its inputs: what it left is what is remembered.
bool TaskRunner::facts_changed(TaskIndex index, TaskState& state, const Capture& capture) {
  const PlannedTask& task = parts_.plan.tasks[index];
  const std::vector<std::string> damaged = damaged_dependencies(task, capture);
  if (damaged.empty() && state.own->hold(root_)) return false;
  TaskState now = look(index);
  const auto expected = [&](const std::string& path) {
    return task.edits->globs.matches(path) || task.creates->globs.matches(path);
  };
  std::set<std::string> changed(damaged.begin(), damaged.end());  // as they are told
  std::set<std::string_view> paths;
  for (const auto* inputs : {&state.own->inputs, &now.own->inputs}) {
    for (const Observation& input : *inputs) paths.insert(input.path);
  }
  for (const std::string_view path : paths) {
    const Observation *before = observation_of(state.own->inputs, path),
                      *after = observation_of(now.own->inputs, path);
    const bool same = before != nullptr && after != nullptr && before->stat == after->stat;
    if (!same && !expected(std::string(path))) changed.insert("`" + escape_line(path) + "`");
  }
  for (const Change& change : explain(state.fingerprint, now.fingerprint)) {
    if (change.kind != "input") changed.insert(change.sentence());
  }
  if (changed.empty()) {
    if (now.key) {
      state.key = now.key;
      state.fingerprint = std::move(now.fingerprint);
    }
    return false;
  }
  const std::string others = changed.size() > 1 ? fmt::format(" and {} more", changed.size() - 1) : "";
  const bool is_file = changed.begin()->starts_with('`');
  warn(warning("{}{}{} while `{}` ran: its result is not stored", *changed.begin(), others,
               is_file ? " changed" : "", task.label)
           .advise(is_file ? "if the task itself writes it, declare it in `outputs`, `creates` or `edits`"
                           : ""));
  return true;
}

// What was there before and was not written to may be a person's, or the task's, of a tool that leaves alone
// what is right already: it is never removed. Returns the first such path, "" if there is none.
std::string TaskRunner::mark_kept(const Capture& capture, std::vector<OutputEntry>& found) {
  std::string kept;
  std::erase_if(found, [&](OutputEntry& entry) {
    const Foreign* before = capture.find_foreign(entry.path);
    if (before == nullptr) return false;
    // chmod on the whole folder writes to none.
    const bool written = !is_same_file(before->stat, stat_file(join_path(root_, entry.path)));
    const auto now = written ? Result<TakenOutputs>() : take_outputs(root_, {entry}, nullptr);
    if (written || !now || now->entries[0].digest != before->entry.digest ||
        now->entries[0].target != before->entry.target)
      return false;
    if (is_placeholder(entry)) return true;
    entry.kept = true;
    if (kept.empty()) kept = entry.path;
    return false;
  });
  return kept;
}

// `kept`: from mark_kept. What was written to may have gone into what is there now.
void TaskRunner::tell_foreign(const PlannedTask& task, const std::string& before, const std::string& kept) {
  const bool left_alone = !kept.empty();
  const std::string path = escape_line(left_alone ? kept : before);
  Diagnostic note =
      left_alone
          ? warning(
                "`{}` was there before `{}` ran, and is left alone: the result is kept in this checkout only",
                path, task.label)
                .advise(
                    fmt::format("leave it out of `outputs` (`!{}`), or delete it if the task makes it", path))
          : warning(
                "`{}` was there before `{}` ran, and may have gone into its result: it is kept in this "
                "checkout only",
                path, task.label);
  note.severity = Severity::kNote;
  parts_.events.on(Notice{std::move(note)});
}

Outcome TaskRunner::take_in(TaskIndex index, TaskState& state, Capture& capture) {
  const ProfileSpan span(parts_.profile, "take in");
  const PlannedTask& task = parts_.plan.tasks[index];
  auto missing = missing_outputs(root_, task.label, *task.outputs);
  if (!missing.empty()) {
    for (Diagnostic& each : missing) warn(std::move(each));
    return fail(index, Outcome::kFailed, std::move(capture), 1);
  }
  const bool local = task.task->cache == CacheMode::kLocal;
  const bool changed = state.key && facts_changed(index, state, capture);
  const bool share =
      state.key && !changed && !local && parts_.blobs != nullptr && task.creates->written.empty();

  ActionResult result;
  result.duration = capture.duration;
  bool stored = share;
  Digest storage_key = state.key.value_or(Digest());
  if (local) {
    const auto digest = hash_file(join_path(root_, task.witness));
    if (!digest) {
      warn(error("task `{}` did not make its witness `{}`", task.label, escape_line(task.witness)));
      return fail(index, Outcome::kFailed, std::move(capture), 1);
    }
    OutputEntry witness;
    witness.path = task.witness;
    witness.digest = *digest;
    const FileStat stat = stat_followed(join_path(root_, task.witness));
    witness.mode = (stat.mode & 0100) != 0 ? 0755 : 0644;
    witness.size = stat.size;
    result.witness = std::move(witness);
  } else {
    std::vector<OutputEntry> found = scan_outputs(root_, task.outputs->globs);
    const std::string kept = mark_kept(capture, found);
    const auto names = task.outputs->globs.literals();
    for (const OutputEntry& entry : found) {
      const bool is_named = std::find(names.begin(), names.end(), entry.path) != names.end();
      if (!entry.kept || entry.kind != OutputEntry::Kind::kLink || !is_named) continue;
      warn(error("output `{}` of task `{}` is a link that the task did not make", escape_line(entry.path),
                 task.label)
               .advise("what is written through it is not seen: remove the link"));
      return fail(index, Outcome::kFailed, std::move(capture), 1);
    }
    // The task may have added to what was there before: elsewhere the result would be another.
    const auto before = std::find_if(capture.foreign.begin(), capture.foreign.end(),
                                     [](const Foreign& each) { return !is_placeholder(each.entry); });
    if (before != capture.foreign.end()) {
      if (share) tell_foreign(task, before->entry.path, kept);
      stored = false;
    }
    for (OutputEntry& created : scan_outputs(root_, task.creates->globs)) {
      const bool old = std::any_of(capture.creates_before.begin(), capture.creates_before.end(),
                                   [&](const OutputEntry& entry) { return entry.path == created.path; });
      if (old || created.kind != OutputEntry::Kind::kFile) continue;
      created.kind = OutputEntry::Kind::kCreate;
      found.push_back(std::move(created));
    }
    std::sort(found.begin(), found.end(),
              [](const OutputEntry& a, const OutputEntry& b) { return a.path < b.path; });
    auto taken = take_outputs(root_, std::move(found), share ? parts_.blobs : nullptr);
    if (!taken) {
      warn(std::move(taken.error()));
      return fail(index, Outcome::kFailed, std::move(capture), 1);
    }
    for (Diagnostic& each : taken->warnings) warn_of_cache(std::move(each));
    stored = stored && taken->stored && !taken->leaves_project;
    result.outputs = std::move(taken->entries);
    if (stored && taken->names_checkout) {
      storage_key = checkout_key(*state.key, root_);
      Diagnostic note = warning(
          "the result of `{}` holds this checkout's path: it is kept for this checkout only", task.label);
      note.severity = Severity::kNote;
      parts_.events.on(Notice{std::move(note)});
    }
  }
  if (parts_.blobs != nullptr && state.key && !changed) {
    const auto fingerprint = parts_.blobs->put_bytes(state.fingerprint);
    if (!fingerprint) warn_of_cache(fingerprint.error());
    stored = stored && fingerprint;
    if (!capture.log.empty()) {
      const auto log = capture.log.put(*parts_.blobs);
      if (log) {
        result.log = *log;
      } else {
        warn_of_cache(log.error());
      }
      stored = stored && log;
    }
  }
  if (stored) {
    if (auto kept = parts_.cache->store(storage_key, below(task.task->scope->base, result)); !kept)
      warn_of_cache(std::move(kept.error()));
  }
  if (changed) {
    capture.attempt.key = Digest();  // of unknown facts: nothing is known of those that count now
    note_left(task, capture);
  } else if (state.key || task.has_outputs()) {
    // Without a key it is never up to date, but what it made is known.
    if (auto committed = parts_.journal.commit(task.id, state.key.value_or(Digest()), result); !committed) {
      warn(std::move(committed.error()));
    }
  }
  state.verdict = Verdict::kUpToDate;
  state.seen = local ? state.key.value_or(result.witness->digest) : result.outputs_digest();
  state.result = std::make_shared<const ActionResult>(std::move(result));
  publish(index, std::move(state));

  TaskFinished finished;
  finished.task = task.label;
  finished.outcome = Outcome::kRan;
  finished.duration = capture.duration;
  parts_.events.on(std::move(finished));
  return Outcome::kRan;
}

std::vector<TaskRunner::Foreign> TaskRunner::look_at(std::vector<OutputEntry> entries) const {
  std::vector<Foreign> looked;
  for (const OutputEntry& entry : entries) looked.push_back({entry, stat_file(join_path(root_, entry.path))});
  auto read = take_outputs(root_, std::move(entries), nullptr);
  for (std::size_t i = 0; read && i < looked.size(); ++i) looked[i].entry = std::move(read->entries[i]);
  return looked;
}

// What an attempt without success leaves is cleared away by the next; what a person adds from now on is not.
void TaskRunner::note_left(const PlannedTask& task, Capture& capture) {
  if (!capture.watched) return;
  StartedEntry attempt = capture.attempt;
  attempt.ended = true;
  for (const OutputEntry& entry : scan_outputs(root_, task.outputs->globs)) {
    if (capture.find_foreign(entry.path) == nullptr) attempt.made.push_back(entry.path);
  }
  if (auto noted = parts_.journal.start(task.id, attempt); !noted) warn(std::move(noted.error()));
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
  finished.rerun = rerun_command(task);
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

void TaskRunner::warn_of_cache(Diagnostic diagnostic) {
  if (warned_of_cache_.exchange(true)) return;
  diagnostic.severity = Severity::kWarning;
  diagnostic.message = "the cache does not work: " + diagnostic.message;
  diagnostic.notes.emplace_back("tasks run as without a cache; further messages of this kind are left out");
  warn(std::move(diagnostic));
}

}  // namespace devtask
