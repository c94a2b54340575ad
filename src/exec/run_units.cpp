// Tasks with units: the stale ones are shared among processes. What becomes of their results is in
// finish_units.cpp.
#include <algorithm>

#include "base/escape.h"
#include "exec/in_hand.h"
#include "exec/outputs.h"
#include "exec/secret_mask.h"
#include "exec/unit_run.h"
#include "os/file.h"
#include "os/process.h"
#include "plan/refuse_unmatched.h"
#include "plan/steps.h"
#include "report/pytest_plugin.h"

namespace devtask {
namespace {

// Of the names that one process gets: Linux takes 2 MiB of arguments and environment together.
constexpr std::size_t kMostArgumentBytes = std::size_t{512} << 10;

std::vector<std::vector<std::size_t>> below_limit(const std::vector<std::size_t>& units,
                                                  const UnitStates& states) {
  std::vector<std::vector<std::size_t>> parts;
  std::size_t bytes = 0;
  for (const std::size_t unit : units) {
    const std::size_t more = states.units[unit].name.size() + sizeof(char*) + 1;
    if (parts.empty() || bytes + more > kMostArgumentBytes) {
      parts.emplace_back();
      bytes = 0;
    }
    parts.back().push_back(unit);
    bytes += more;
  }
  return parts;
}

// As they are read: in XML they may be written otherwise.
void mask_secrets(TestCase& test, const std::vector<std::string>& secrets) {
  if (secrets.empty()) return;
  for (std::string* text :
       {&test.suite, &test.classname, &test.name, &test.file, &test.message, &test.detail}) {
    SecretMask mask(secrets);
    *text = mask.feed(*text);
    *text += mask.finish();
  }
}

// All *.xml below the folder, in the order of their names.
void read_reports(const std::string& folder, const std::vector<std::string>& secrets, BatchReport& batch) {
  std::vector<std::string> open{folder}, files;
  while (!open.empty()) {
    const std::string at = open.back();
    open.pop_back();
    for (const FolderEntry& entry : list_folder(at).value_or(std::vector<FolderEntry>())) {
      const std::string path = join_path(at, entry.name);
      const FileKind kind = stat_file(path).kind;
      if (kind == FileKind::kFolder) open.push_back(path);
      if (kind == FileKind::kRegular && entry.name.ends_with(".xml")) files.push_back(path);
    }
  }
  std::ranges::sort(files);
  for (const std::string& path : files) {
    const auto text = read_file(path);
    auto report = text ? read_junit(*text) : Result<JUnitReport>(tl::unexpected(text.error()));
    if (report) {
      for (TestCase& test : report->cases) mask_secrets(test, secrets);
      batch.reports.push_back(std::move(*report));
    } else {
      batch.problem =
          fmt::format("its report `{}` cannot be read: {}", file_name(path), report.error().message);
    }
  }
}

std::chrono::milliseconds duration_of(const std::vector<TestCase>& cases) {
  std::chrono::microseconds all{0};
  for (const TestCase& test : cases) all += test.duration;
  return std::chrono::duration_cast<std::chrono::milliseconds>(all);
}

}  // namespace

std::size_t TaskRunner::batches(TaskIndex index) const {
  const PlannedTask& task = parts_.plan.tasks[index];
  const std::size_t most =
      task.task->processes == 0 ? parts_.jobs : std::min(parts_.jobs, task.task->processes);
  const TaskState& state = states_[index];
  const std::size_t fresh = state.units && state.verdict == Verdict::kStale
                                ? state.units->count(UnitState::What::kFresh)
                                : 0;  // not known before its dependencies are final
  const std::size_t units = state.units ? state.units->units.size() - fresh : 0;
  return std::max<std::size_t>(std::min(most, units), 1);
}

TaskRunner::UnitRun& TaskRunner::begin_units(TaskIndex index) {
  UnitRun* found = nullptr;
  {
    const std::scoped_lock lock(unit_runs_mutex_);
    auto& entry = unit_runs_[index];
    if (entry == nullptr) entry = std::make_shared<UnitRun>();
    found = entry.get();
  }
  UnitRun& run = *found;
  const std::scoped_lock beginning(run.beginning);
  if (run.begun) return run;
  run.begun = true;
  run.index = index;
  const PlannedTask& task = parts_.plan.tasks[index];
  if (!settle_dependencies(index)) {
    run.outcome = Outcome::kSkipped;
    return run;
  }
  auto held = lock(task);
  if (!held) {
    if (parts_.stop.stopping()) {
      run.outcome = fail(index, Outcome::kCancelled, {}, 130);
    } else {
      warn(held.error());
      run.outcome = fail(index, Outcome::kFailed, {}, 1);
    }
    return run;
  }
  run.lock.emplace(std::move(*held));
  run.state = look(index);
  TaskState& state = run.state;
  if (state.problem) {
    warn(*state.problem);
    run.outcome = fail(index, Outcome::kFailed, {}, 1);
    return run;
  }
  if (state.verdict == Verdict::kWaiting) {
    warn(error("task `{}` was reached before its dependency `{}`", task.label,
               parts_.plan.tasks[state.waits_for].label));
    run.outcome = fail(index, Outcome::kFailed, {}, 70);
    return run;
  }
  if (auto meant = refuse_unmatched(task, *state.units); !meant) {
    warn(std::move(meant.error()));
    Capture nothing(TaskLog(parts_.state.log(task.id)));
    nothing.says_itself = true;
    run.found_nothing = true;
    run.outcome = fail(index, Outcome::kFailed, std::move(nothing), kExitNoTests);
    return run;
  }
  const bool was_fresh = state.verdict == Verdict::kUpToDate;
  const bool had_cached = state.units->count(UnitState::What::kCached) > 0;
  (void)take_cached_units(task, state);
  std::vector<std::size_t> stale;
  for (std::size_t i = 0; i < state.units->units.size(); ++i) {
    if (state.units->units[i].what == UnitState::What::kStale) stale.push_back(i);
  }
  if (stale.empty()) {
    run.outcome = was_fresh || !had_cached ? Outcome::kUpToDate : Outcome::kRestored;
    run.lock.reset();
    tell_units(task, nullptr, *state.units);
    publish(index, state);
    return run;
  }
  run.units = std::make_shared<UnitStates>(*state.units);
  state.units = run.units;
  run.outcomes.resize(state.units->units.size());
  set_aside_dangling(run, stale);
  run.batches = share_units(*run.units, std::move(stale), batches(index));
  if (run.batches.empty()) run.batches.emplace_back();  // somebody must tell how it ended
  run.taken.resize(run.batches.size());
  run.durations.resize(state.units->units.size());
  run.capture.dependency_stats = dependency_stats(task);
  for (const auto& [dep, result] : read_results(task)) {
    if (parts_.plan.tasks[dep].task->cache == CacheMode::kLocal || !run.capture.beside.empty()) continue;
    run.capture.beside = first_beside(root_, parts_.plan.tasks[dep], *result);
  }
  return run;
}

// A link that leads to no file would keep a tool from all that it is given with it.
void TaskRunner::set_aside_dangling(UnitRun& run, std::vector<std::size_t>& stale) const {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  if (task.units->given) return;
  std::erase_if(stale, [&](std::size_t unit) {
    if (run.units->units[unit].content.kind == FileKind::kRegular) return false;
    const auto what = task.task->reports ? UnitOutcome::What::kNotRun : UnitOutcome::What::kFailed;
    run.outcomes[unit] = UnitOutcome{what, "it is a link that leads to no file", {}};
    return true;
  });
}

// Whoever holds the lock must not wait for a place among the processes, which others may fill that wait for
// the lock: a thread that is done takes what nobody has begun, and the last one lets the lock go.
void TaskRunner::run_batch(TaskIndex index, std::size_t batch) {
  UnitRun& run = begin_units(index);
  run_batch(run, batch);
  for (std::size_t other = 0; other < run.batches.size(); ++other) run_batch(run, other);
  const bool all_ended = [&] {
    const std::scoped_lock lock(run.mutex);
    return !run.batches.empty() && run.ended == run.batches.size();
  }();
  if (all_ended) finish_units(run);
}

void TaskRunner::run_batch(UnitRun& run, std::size_t batch) {
  if (batch >= run.batches.size()) return;
  {
    const std::scoped_lock lock(run.mutex);
    if (run.taken[batch] != 0) return;
    run.taken[batch] = 1;
  }
  const PlannedTask& task = parts_.plan.tasks[run.index];
  for (const auto& units : below_limit(run.batches[batch], *run.units)) {
    if (parts_.stop.stopping()) break;
    if (task.task->reports) {
      run_reported(run, units, batch);
    } else {
      run_divided(run, units, batch);
    }
  }
  const std::scoped_lock lock(run.mutex);
  ++run.ended;
}

// The runner says what came of each.
void TaskRunner::run_reported(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  const std::string folder = parts_.state.report(batch_id(task.lock_id, batch));
  (void)remove_tree(folder);
  for (const auto& [path, text] :
       {std::pair(folder, std::string_view()), std::pair(parts_.state.plugins(), pytest_plugin())}) {
    auto made = make_folders(path);
    const std::string plugin = path + "/devtask_pytest.py";
    if (made && !text.empty() && read_file(plugin).value_or("") != text) made = write_file(plugin, text);
    if (made) continue;
    warn(std::move(made.error()));
    return;
  }
  const Ended ended = execute(run, units, batch, true, folder, nullptr);
  BatchReport report;
  report.end = ended.end;
  report.exit_status = ended.exit_status;
  read_reports(folder, ended.secrets, report);
  (void)remove_tree(folder);
  std::vector<std::string> names;
  for (const std::size_t unit : units) names.push_back(run.units->units[unit].name);
  BatchOutcomes outcomes = judge_batch(names, root_, task.dir, report);
  for (const std::string& stranger : outcomes.strangers) {
    warn(warning("task `{}` reports results of `{}`, which it was not given: they do not count", task.label,
                 escape_line(stranger)));
  }
  tell_ended(run, batch, ended, std::ranges::all_of(outcomes.units, [](const UnitOutcome& each) {
               return each.what == UnitOutcome::What::kPassed;
             }));
  {
    const std::scoped_lock lock(run.mutex);
    // It could not even begin, and its exit status says why.
    if (report.reports.empty() && ended.end == ExecutionResult::End::kFailed)
      run.exit_status = ended.exit_status;
    // A runner starts and cleans up for all of its files: each bears its part of that.
    std::chrono::milliseconds rest = ended.duration;
    for (const UnitOutcome& each : outcomes.units) rest -= duration_of(each.cases);
    const auto part = std::max(rest, std::chrono::milliseconds(0)) / units.size();
    for (std::size_t i = 0; i < units.size(); ++i) {
      run.durations[units[i]] = duration_of(outcomes.units[i].cases) + part;
      run.outcomes[units[i]] = std::move(outcomes.units[i]);
    }
  }
  keep_units(run, units, root_);
}

}  // namespace devtask
