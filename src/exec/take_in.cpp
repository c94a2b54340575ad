// What comes after a task's command: whether its result counts, and where it is kept.
#include <algorithm>
#include <set>

#include "base/escape.h"
#include "exec/old_tools.h"
#include "exec/outputs.h"
#include "exec/ownership.h"
#include "exec/task_capture.h"
#include "exec/task_runner.h"
#include "os/file.h"
#include "os/process.h"
#include "plan/damage.h"
#include "plan/distributions.h"

namespace devtask {
namespace {

// The cache has paths as the task's own file says them: a member alone and as a part share results.
ActionResult below(const std::string& base, ActionResult result) {
  if (base.empty()) return result;
  for (OutputEntry& entry : result.outputs) entry.path.erase(0, base.size() + 1);
  return result;
}

// The path, and whether links were followed.
using Look = std::pair<std::string_view, bool>;

Look look_of(const Observation& seen) { return {seen.path, seen.follow}; }

const Observation* observation_of(const std::vector<Observation>& all, const Look& look) {
  const auto found = std::ranges::lower_bound(all, look, {}, look_of);
  return found != all.end() && look_of(*found) == look ? &*found : nullptr;
}

}  // namespace

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
  std::set<Look> looks;
  for (const auto* inputs : {&state.own->inputs, &now.own->inputs}) {
    for (const Observation& input : *inputs) looks.insert(look_of(input));
  }
  for (const Look& each : looks) {
    const Observation *before = observation_of(state.own->inputs, each),
                      *after = observation_of(now.own->inputs, each);
    const bool same = before != nullptr && after != nullptr && before->stat == after->stat;
    const std::string path(each.first);
    if (!same && !expected(path)) changed.insert("`" + escape_line(path) + "`");
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

// `kept`: from mark_kept. What was written to may have gone into what is there now.
void TaskRunner::tell_foreign(const PlannedTask& task, const std::string& before, const std::string& kept) {
  const bool left_alone = !kept.empty();
  const std::string path = escape_line(left_alone ? kept : before);
  tell_(
      left_alone
          ? note(
                "`{}` was there before `{}` ran, and is left alone: the result is kept in this checkout only",
                path, task.label)
                .advise(
                    fmt::format("leave it out of `outputs` (`!{}`), or delete it if the task makes it", path))
          : note("`{}` was there before `{}` ran, and may have gone into its result: it is kept in this "
                 "checkout only",
                 path, task.label));
}

std::optional<TaskRunner::Taken> TaskRunner::take_witness(const PlannedTask& task) {
  const std::string path = join_path(root_, task.witness);
  const auto digest = hash_file(path);
  if (!digest) {
    warn(error("task `{}` did not make its witness `{}`", task.label, escape_line(task.witness)));
    return std::nullopt;
  }
  const FileStat stat = stat_followed(path);
  OutputEntry witness;
  witness.path = task.witness;
  witness.digest = *digest;
  witness.mode = (stat.mode & 0100) != 0 ? 0755 : 0644;
  witness.size = stat.size;
  Taken taken;
  taken.result.witness = std::move(witness);
  return taken;
}

std::optional<TaskRunner::Taken> TaskRunner::take_files(const PlannedTask& task, const Capture& capture,
                                                        bool share) {
  Taken taken;
  std::vector<OutputEntry> found = scan_outputs(root_, task.outputs->globs);
  const std::string kept = mark_kept(root_, capture.foreign, found);
  const auto names = task.outputs->globs.literals();
  for (const OutputEntry& entry : found) {
    const bool is_named = std::find(names.begin(), names.end(), entry.path) != names.end();
    if (!entry.kept || entry.kind != OutputEntry::Kind::kLink || !is_named) continue;
    warn(error("output `{}` of task `{}` is a link that the task did not make", escape_line(entry.path),
               task.label)
             .advise("what is written through it is not seen: remove the link"));
    return std::nullopt;
  }
  // The task may have added to what was there before: elsewhere the result would be another.
  const auto before = std::find_if(capture.foreign.begin(), capture.foreign.end(),
                                   [](const Foreign& each) { return !is_placeholder(each.entry); });
  if (before != capture.foreign.end()) {
    if (share) tell_foreign(task, before->entry.path, kept);
    taken.shareable = false;
  } else if (!capture.beside.empty()) {
    if (share) {
      tell_(
          note("`{}` lies among the outputs of a dependency and is none, and may have gone into the result "
               "of `{}`: it is kept in this checkout only",
               escape_line(capture.beside), task.label));
    }
    taken.shareable = false;
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
  auto outputs = take_outputs(root_, std::move(found), share ? parts_.blobs : nullptr);
  if (!outputs) {
    warn(std::move(outputs.error()));
    return std::nullopt;
  }
  for (Diagnostic& each : outputs->warnings) warn_of_cache(std::move(each));
  taken.shareable = taken.shareable && outputs->stored && !outputs->leaves_project;
  taken.names_checkout = outputs->names_checkout;
  taken.result.outputs = std::move(outputs->entries);
  return taken;
}

// Says what is in the environment now, and keeps it for checkouts that have yet to make theirs.
void TaskRunner::see_installed(const PlannedTask& task, TaskState& state) {
  Tree tree(root_, parts_.memo);
  std::vector<const TreeFile*> looked;
  state.installed = installed_text(task, *state.key, tree, looked);
  state.seen = sha256(state.installed);
  if (parts_.blobs == nullptr || parts_.cache == nullptr) return;
  if (auto kept = record_installed(*state.key, state.installed, *parts_.cache, *parts_.blobs); !kept)
    warn_of_cache(std::move(kept.error()));
}

// What it saw installed, so that a later run can name what has changed since.
void TaskRunner::keep_installed(const PlannedTask& task) {
  if (parts_.blobs == nullptr) return;
  for (const TaskIndex dep : task.read_deps) {
    const std::string& text = states_[dep].installed;
    if (text.empty() || parts_.blobs->contains(sha256(text))) continue;
    if (auto kept = parts_.blobs->put_bytes(text); !kept) warn_of_cache(std::move(kept.error()));
  }
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
  auto taken = local ? take_witness(task) : take_files(task, capture, share);
  if (!taken) return fail(index, Outcome::kFailed, std::move(capture), 1);
  ActionResult result = std::move(taken->result);
  result.duration = capture.duration;
  bool stored = share && taken->shareable;
  Digest storage_key = state.key.value_or(Digest());
  if (stored && taken->names_checkout) {
    storage_key = checkout_key(*state.key, root_);
    tell_(
        note("the result of `{}` holds this checkout's path: it is kept for this checkout only", task.label));
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
  remove_old_tools(*parts_.plan.project, task, parts_.state, parts_.journal);
  state.verdict = Verdict::kUpToDate;
  // Without a key nobody knows what a local task made: it is something else each time.
  const auto made_now = [&] { return sha256(task.id + " at " + std::to_string(now_ns())); };
  state.seen = !local ? result.outputs_digest() : state.key ? *state.key : made_now();
  if (task.task->shows_distributions && state.key) see_installed(task, state);
  keep_installed(task);
  state.result = std::make_shared<const ActionResult>(std::move(result));
  publish(index, std::move(state));

  TaskFinished finished;
  finished.task = task.label;
  finished.outcome = Outcome::kRan;
  finished.duration = capture.duration;
  parts_.events.on(std::move(finished));
  return Outcome::kRan;
}

// What an attempt without success leaves is cleared away by the next; what a person adds from now on is not.
void TaskRunner::note_left(const PlannedTask& task, Capture& capture) {
  if (!capture.watched) return;
  StartedEntry attempt = capture.attempt;
  attempt.ended = true;
  for (const OutputEntry& entry : scan_outputs(root_, task.outputs->globs)) {
    if (find_foreign(capture.foreign, entry.path) == nullptr) attempt.made.push_back(entry.path);
  }
  if (auto noted = parts_.journal.start(task.id, attempt); !noted) warn(std::move(noted.error()));
}

}  // namespace devtask
