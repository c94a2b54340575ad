// Tasks with units: the stale ones are shared among processes, and what each process says of them is kept
// at once, so that nothing that finished is lost.
#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

#include "base/escape.h"
#include "exec/in_hand.h"
#include "exec/outputs.h"
#include "exec/secret_mask.h"
#include "exec/task_capture.h"
#include "exec/task_runner.h"
#include "exec/unit_outcomes.h"
#include "os/file.h"
#include "os/process.h"
#include "plan/steps.h"
#include "report/pytest_plugin.h"

namespace devtask {
namespace {

// Of the names that one process gets: Linux takes 2 MiB of arguments and environment together.
constexpr std::size_t kMostArgumentBytes = std::size_t{512} << 10;
// pytest's "no tests were collected", and ours (docs/reference.md).
constexpr int kNoTests = 4;

// As a step in `folder` names it. A name that begins like an option does not.
std::string argument(const UnitState& unit, const std::string& folder) {
  std::string path =
      folder.empty() ? unit.path : std::filesystem::path(unit.path).lexically_relative(folder).string();
  if (path.starts_with('-')) path.insert(0, "./");
  return path + unit.name.substr(unit.path.size());
}

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
    auto text = read_file(path);
    if (text && !secrets.empty()) {
      SecretMask mask(secrets);
      *text = mask.feed(*text);
      *text += mask.finish();
    }
    auto report = text ? read_junit(*text) : Result<JUnitReport>(tl::unexpected(text.error()));
    if (report) {
      batch.reports.push_back(std::move(*report));
    } else {
      batch.problem =
          fmt::format("its report `{}` cannot be read: {}", file_name(path), report.error().message);
    }
  }
  if (files.empty()) batch.problem = "the runner wrote no report";
}

std::vector<std::pair<std::string, std::chrono::milliseconds>> slowest_of(
    const std::vector<std::pair<std::string, JUnitReport>>& results, std::size_t most) {
  std::vector<std::pair<std::string, std::chrono::milliseconds>> tests;
  for (const auto& [unit, report] : results) {
    for (const TestCase& test : report.cases) {
      tests.emplace_back(node_id(test), std::chrono::duration_cast<std::chrono::milliseconds>(test.duration));
    }
  }
  std::ranges::stable_sort(tests, std::ranges::greater{}, [](const auto& test) { return test.second; });
  tests.resize(std::min(tests.size(), most));
  return tests;
}

TestCounts count(const std::vector<TestCase>& cases) {
  TestCounts counts;
  for (const TestCase& test : cases) counts.add(test);
  return counts;
}

// What failed, by node id where its runner knows those; many are rather chosen by what was remembered.
std::string rerun_command(const PlannedTask& task, std::vector<std::string> failed) {
  constexpr std::size_t kMostNamed = 20;
  std::string command = "devtask ";
  std::ranges::sort(failed);
  failed.erase(std::unique(failed.begin(), failed.end()), failed.end());
  if (failed.size() > kMostNamed || !task.values.words("extra").empty())
    return command + "--failed " + task.typed;
  command += task.local_name().insert(
      0, task.task->name.substr(0, task.task->name.size() - task.task->local.size()));
  for (const std::string& each : failed) command += " " + shell_quote(each);
  return command;
}

std::chrono::milliseconds duration_of(const std::vector<TestCase>& cases) {
  std::chrono::microseconds all{0};
  for (const TestCase& test : cases) all += test.duration;
  return std::chrono::duration_cast<std::chrono::milliseconds>(all);
}

}  // namespace

struct TaskRunner::UnitRun {
  TaskIndex index = 0;
  std::mutex beginning;
  bool begun = false;
  TaskState state;
  std::optional<TaskLock> lock;
  Capture capture;
  std::shared_ptr<UnitStates> units;              // those of `state`
  std::vector<std::vector<std::size_t>> batches;  // positions in `units`
  std::mutex keeping;                             // one at a time compares what all share with what it was

  std::mutex mutex;  // guards what follows
  std::vector<char> taken;
  std::vector<std::optional<UnitOutcome>> outcomes;  // of the units, those that ran
  std::vector<std::chrono::milliseconds> durations;
  std::vector<char> changed;  // while they ran: their result is of what is not there any more
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  ExecutionResult::End end = ExecutionResult::End::kSucceeded;
  int exit_status = 0;
  std::string failed_log;  // of what failed alone
  std::optional<Outcome> outcome;
};

struct TaskRunner::Ended {
  ExecutionResult::End end = ExecutionResult::End::kFailed;
  int exit_status = 127;
  std::chrono::milliseconds duration{0};
  std::string log;
  std::vector<std::string> secrets;  // that may stand in what it wrote
};

std::size_t TaskRunner::batches(TaskIndex index) const {
  const PlannedTask& task = parts_.plan.tasks[index];
  const std::size_t most =
      task.task->processes == 0 ? parts_.jobs : std::min(parts_.jobs, task.task->processes);
  const TaskState& state = states_[index];
  const std::size_t units = state.units ? state.units->units.size() : 0;
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
    tell_tests(task, nullptr, *state.units);
    publish(index, state);
    return run;
  }
  run.units = std::make_shared<UnitStates>(*state.units);
  state.units = run.units;
  run.batches = share_units(*run.units, std::move(stale), batches(index));
  run.taken.resize(run.batches.size());
  run.outcomes.resize(state.units->units.size());
  run.durations.resize(state.units->units.size());
  run.changed.resize(state.units->units.size());
  run.capture.dependency_stats = dependency_stats(task);
  for (const auto& [dep, result] : read_results(task)) {
    if (parts_.plan.tasks[dep].task->cache == CacheMode::kLocal || !run.capture.beside.empty()) continue;
    run.capture.beside = first_beside(root_, parts_.plan.tasks[dep], *result);
  }
  return run;
}

// What passed elsewhere counts as having passed here. False: something could not be had, and is stale now.
bool TaskRunner::take_cached_units(const PlannedTask& task, TaskState& state) {
  auto units = std::make_shared<UnitStates>(*state.units);
  std::vector<UnitRecord> records;
  bool all = true;
  for (UnitState& unit : units->units) {
    if (unit.what != UnitState::What::kCached) continue;
    UnitRecord record{
        unit.name, true, units->common, unit.own, unit.beside, unit.cached->log, unit.cached->duration, {}};
    if (task.task->reports) {
      const auto text = unit.cached->log ? parts_.blobs->get_bytes(*unit.cached->log)
                                         : Result<std::string>(failure("no report"));
      const auto report = text ? read_junit(*text) : Result<JUnitReport>(failure("no report"));
      if (!report) {
        unit.what = UnitState::What::kStale;
        unit.why = "its report is gone from the cache";
        all = false;
        continue;
      }
      record.tests = count(report->cases);
    }
    unit.what = UnitState::What::kFresh;
    unit.record = record;
    records.push_back(std::move(record));
  }
  if (auto kept = parts_.units->append(task.units->log, records); !kept) warn(std::move(kept.error()));
  state.units = std::move(units);
  if (all && state.result) state.verdict = Verdict::kUpToDate;
  return all;
}

void TaskRunner::run_batch(TaskIndex index, std::size_t batch) { run_batch(begin_units(index), batch); }

void TaskRunner::run_batch(UnitRun& run, std::size_t batch) {
  if (batch >= run.batches.size()) return;
  {
    const std::scoped_lock lock(run.mutex);
    if (run.taken[batch] != 0) return;
    run.taken[batch] = 1;
  }
  const PlannedTask& task = parts_.plan.tasks[run.index];
  for (const auto& units : below_limit(run.batches[batch], *run.units)) {
    if (parts_.stop.stopping()) return;
    if (task.task->reports) {
      run_reported(run, units, batch);
    } else {
      run_divided(run, units, batch, true);
    }
  }
}

TaskRunner::Ended TaskRunner::execute(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch,
                                      bool shown, const std::string& report) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  Values values = task.values;
  std::vector<std::string> words;
  for (const std::size_t unit : units) words.push_back(argument(run.units->units[unit], task.dir));
  values.set("units", std::move(words), true);
  values.set("report", {report}, false);
  values.set("plugins", {parts_.state.plugins()}, false);
  const std::vector<PlannedStep> steps = plan_steps(*task.task, values);
  const std::string label = run.batches.size() > 1
                                ? fmt::format("{} {}/{}", task.label, batch + 1, run.batches.size())
                                : task.label;
  const Slots::Slot slot = slots_.take();
  Action action = make_action(task, steps, values);
  action.env.push_back(slot_variable(slot));
  if (shown) {
    std::string command;
    for (const PlannedStep& step : steps) command += (command.empty() ? "" : "\n") + step.shown;
    parts_.events.on(TaskStarted{label, run.state.why, command, false});
  }
  TaskLog log(parts_.state.log(task.lock_id + "." + std::to_string(batch)));
  ExecutionHooks hooks;
  hooks.lock_fd = run.lock->fd();
  hooks.output = [&](std::string_view bytes) {
    log.append(bytes);
    if (shown) parts_.events.on(TaskOutput{label, std::string(bytes)});
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

// The runner says what came of each.
void TaskRunner::run_reported(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  const std::string folder = parts_.state.report(task.lock_id + "." + std::to_string(batch));
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
  const Ended ended = execute(run, units, batch, true, folder);
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
  {
    const std::scoped_lock lock(run.mutex);
    // A runner starts and cleans up for all of its files: each bears its part of that.
    std::chrono::milliseconds rest = ended.duration;
    for (const UnitOutcome& each : outcomes.units) rest -= duration_of(each.cases);
    const auto part = std::max(rest, std::chrono::milliseconds(0)) / units.size();
    for (std::size_t i = 0; i < units.size(); ++i) {
      run.durations[units[i]] = duration_of(outcomes.units[i].cases) + part;
      run.outcomes[units[i]] = std::move(outcomes.units[i]);
    }
  }
  keep_units(run, units);
}

// Only the exit status says something: what fails together is divided until each failure stands alone. Files
// that are named in the output are looked at apart from the others first.
void TaskRunner::run_divided(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch,
                             bool shown) {
  if (parts_.stop.stopping()) return;
  const Ended ended = execute(run, units, batch, shown, "");
  const bool passed = ended.end == ExecutionResult::End::kSucceeded;
  if (passed || units.size() == 1 || ended.end != ExecutionResult::End::kFailed) {
    {
      const std::scoped_lock lock(run.mutex);
      for (const std::size_t unit : units) {
        run.durations[unit] = ended.duration / units.size();
        if (ended.end == ExecutionResult::End::kStopped) continue;
        UnitOutcome outcome;
        outcome.what = passed ? UnitOutcome::What::kPassed : UnitOutcome::What::kFailed;
        run.outcomes[unit] = std::move(outcome);
      }
      if (!passed) {
        run.exit_status = ended.exit_status;
        // Whoever reads it must know which file it is about.
        const std::string& path = run.units->units[units.front()].path;
        if (units.size() == 1 && ended.log.find(file_name(path)) == std::string::npos)
          run.failed_log += escape_line(path) + ":\n";
        run.failed_log += ended.log;
      }
    }
    keep_units(run, units);
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

// Files of `unit-inputs` are not what they were when the units were looked at.
bool TaskRunner::besides_changed(const PlannedTask& task, const UnitStates& states) {
  const auto changed = std::ranges::find_if(states.besides, [&](const Observation& seen) {
    return stat_file(join_path(root_, seen.path)) != seen.stat;
  });
  if (changed == states.besides.end()) return false;
  warn(warning("`{}` changed while `{}` ran: its result is not stored", escape_line(changed->path),
               task.label));
  return true;
}

// Into the log of this checkout, and what passed into the cache. Not what changed while it ran.
void TaskRunner::keep_units(UnitRun& run, const std::vector<std::size_t>& units) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  UnitStates& states = *run.units;
  const bool edits = !task.edits->written.empty();
  const Digest common = states.common;
  {
    const std::scoped_lock keeping(run.keeping);
    if (besides_changed(task, states) || facts_changed(run.index, run.state, run.capture)) {
      const std::scoped_lock lock(run.mutex);
      for (const std::size_t unit : units) run.changed[unit] = 1;
      return;
    }
  }
  const bool shared = parts_.blobs != nullptr && parts_.cache != nullptr &&
                      task.task->cache == CacheMode::kYes && run.capture.beside.empty();
  if (parts_.blobs != nullptr) {
    // For explanations.
    std::set<std::string_view> texts{run.state.fingerprint};
    for (const std::size_t unit : units) texts.insert(states.beside_texts.at(states.units[unit].beside));
    for (const std::string_view text : texts) {
      if (const auto kept = parts_.blobs->put_bytes(text); !kept) warn_of_cache(kept.error());
    }
  }
  std::vector<UnitRecord> records;
  std::vector<std::size_t> kept_units;
  for (const std::size_t index : units) {
    UnitState& unit = states.units[index];
    std::optional<UnitOutcome> outcome;
    {
      const std::scoped_lock lock(run.mutex);
      outcome = run.outcomes[index];
    }
    if (!outcome) continue;
    UnitRecord record{unit.name,
                      outcome->what == UnitOutcome::What::kPassed,
                      common,
                      unit.own,
                      unit.beside,
                      {},
                      run.durations[index],
                      count(outcome->cases)};
    const std::string path = join_path(root_, unit.path);
    if (edits) {
      const auto now = hash_file(path);
      if (!now) continue;
      record.own = *now;
    } else if (stat_file(path) != unit.stat) {
      warn(warning("`{}` changed while `{}` ran: its result is not stored", escape_line(unit.path),
                   task.label));
      const std::scoped_lock lock(run.mutex);
      run.changed[index] = 1;
      continue;
    }
    if (outcome->what == UnitOutcome::What::kNotRun) {
      // An older pass of the same content does not hold any more; how long it takes may still be known.
      if (unit.record) record.duration = unit.record->duration;
      record.tests = {};
    }
    if (task.task->reports && parts_.blobs != nullptr) {
      if (const auto report = parts_.blobs->put_bytes(write_junit(unit.name, outcome->cases))) {
        record.report = *report;
      } else {
        warn_of_cache(report.error());
      }
    }
    const bool has_result = !task.task->reports || (record.report && record.tests.total() > 0);
    if (record.passed && shared && has_result) {
      ActionResult result;
      result.duration = record.duration;
      result.log = record.report;
      const Digest key = unit_key(*task.task, common, record.own, record.beside, unit.name);
      if (auto kept = parts_.cache->store(key, result); !kept) warn_of_cache(std::move(kept.error()));
    }
    records.push_back(std::move(record));
    kept_units.push_back(index);
  }
  if (auto kept = parts_.units->append(task.units->log, records); !kept) warn(std::move(kept.error()));
  const std::scoped_lock lock(run.mutex);
  for (std::size_t i = 0; i < records.size(); ++i) {
    UnitState& unit = states.units[kept_units[i]];
    unit.what = records[i].passed ? UnitState::What::kFresh : UnitState::What::kStale;
    unit.own = records[i].own;
    unit.record = std::move(records[i]);
  }
}

Outcome TaskRunner::finish_units(UnitRun& run) {
  const std::scoped_lock finishing(run.beginning);
  if (run.outcome) return *run.outcome;
  const PlannedTask& task = parts_.plan.tasks[run.index];
  UnitStates& states = *run.units;
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - run.began);
  std::size_t failed = 0;
  TestCounts tests;
  for (std::size_t i = 0; i < states.units.size(); ++i) {
    const bool ran = std::ranges::any_of(
        run.batches, [&](const auto& batch) { return std::ranges::find(batch, i) != batch.end(); });
    if (!ran) {
      tests += states.units[i].record->tests;
      continue;
    }
    auto& outcome = run.outcomes[i];
    if (!outcome)
      outcome = UnitOutcome{UnitOutcome::What::kNotRun, parts_.stop.stopping() ? "interrupted" : "", {}};
    tests += count(outcome->cases);
    if (outcome->what != UnitOutcome::What::kPassed) ++failed;
  }
  if (task.task->reports) tell_tests(task, &run, states);
  const bool nothing = task.task->reports && failed == 0 && tests.total() == 0;
  run.lock.reset();
  if (failed == 0 && !nothing) {
    auto result = std::make_shared<ActionResult>();
    run.state.verdict = Verdict::kUpToDate;
    run.state.seen = result->outputs_digest();
    result->duration = states.saved();
    run.state.result = std::move(result);
    publish(run.index, run.state);
    TaskFinished finished;
    finished.task = task.label;
    finished.outcome = Outcome::kRan;
    finished.duration = elapsed;
    if (run.batches.size() == 1) parts_.events.on(std::move(finished));
    run.outcome = Outcome::kRan;
    return Outcome::kRan;
  }
  const Outcome outcome = run.end == ExecutionResult::End::kStopped || parts_.stop.stopping()
                              ? Outcome::kCancelled
                          : run.end == ExecutionResult::End::kTimedOut ? Outcome::kTimedOut
                                                                       : Outcome::kFailed;
  const int status = outcome == Outcome::kCancelled  ? 130
                     : outcome == Outcome::kTimedOut ? 124
                     : nothing                       ? kNoTests
                     : run.exit_status != 0          ? run.exit_status
                                                     : 1;
  if (nothing) warn(error("task `{}` found no tests", task.label));
  Capture capture(TaskLog(parts_.state.log(task.id)));
  capture.duration = elapsed;
  capture.log.append(run.failed_log);
  run.outcome = fail(run.index, outcome, std::move(capture), status);
  return *run.outcome;
}

bool TaskRunner::found_nothing(TaskIndex index) { return exit_status(index) == kNoTests; }

void TaskRunner::tell_tests(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  if (task.units && states_[index].units) tell_tests(task, nullptr, *states_[index].units);
}

// Of what did not run now, from the report that was kept.
std::vector<std::pair<std::string, JUnitReport>> TaskRunner::test_results(const UnitRun* run,
                                                                          const UnitStates& units) {
  std::vector<std::pair<std::string, JUnitReport>> results;
  std::size_t lost = 0;
  for (std::size_t i = 0; i < units.units.size(); ++i) {
    const UnitState& unit = units.units[i];
    if (run != nullptr && run->outcomes[i]) {
      results.emplace_back(unit.name, JUnitReport{run->outcomes[i]->cases, {}, true});
    } else if (unit.record) {
      const auto text = unit.record->report && parts_.blobs != nullptr
                            ? parts_.blobs->get_bytes(*unit.record->report)
                            : Result<std::string>(failure("no report"));
      auto report = text ? read_junit(*text) : Result<JUnitReport>(failure("no report"));
      if (report) {
        results.emplace_back(unit.name, std::move(*report));
      } else {
        ++lost;
      }
    }
  }
  if (lost > 0) {
    warn(warning("the results of {} files are not in the cache any more, and are left out", lost)
             .advise("`--force` runs all of them"));
  }
  return results;
}

void TaskRunner::tell_tests(const PlannedTask& task, const UnitRun* run, const UnitStates& units) {
  if (!task.task->reports) return;
  TestsReported told;
  told.task = task.label;
  TestCounts counts;
  std::vector<std::string> rerun;
  for (std::size_t i = 0; i < units.units.size(); ++i) {
    const UnitState& unit = units.units[i];
    const UnitOutcome* outcome = run != nullptr && run->outcomes[i] ? &*run->outcomes[i] : nullptr;
    if (outcome == nullptr) {
      if (!unit.record) continue;
      counts += unit.record->tests;
      ++told.units_cached;
      told.saved += unit.record->duration;
      continue;
    }
    counts += count(outcome->cases);
    if (outcome->what == UnitOutcome::What::kNotRun) {
      ++told.units_not_run;
      told.not_run.push_back(escape_line(unit.name) +
                             (outcome->reason.empty() ? "" : ": " + outcome->reason));
    } else {
      ++told.units_ran;
    }
    for (const TestCase& test : outcome->cases) {
      if (test.outcome != TestCase::Outcome::kFailed && test.outcome != TestCase::Outcome::kError) continue;
      TestsReported::Failure failure;
      failure.where = unit.path + (test.line > 0 ? ":" + std::to_string(test.line) : "");
      failure.name = test.name;
      failure.message = test.message;
      failure.detail = test.detail;
      if (const std::string id = node_id(test); id.starts_with(unit.path + "::")) {
        rerun.push_back(id);
      } else {
        rerun.push_back(unit.name);
      }
      told.failures.push_back(std::move(failure));
    }
  }
  std::ranges::sort(told.failures, {},
                    [](const auto& failure) { return std::tie(failure.where, failure.name); });
  if (!rerun.empty()) told.rerun = rerun_command(task, std::move(rerun));
  if (parts_.slowest > 0 || parts_.test_results) {
    auto results = test_results(run, units);
    told.slowest = slowest_of(results, parts_.slowest);
    if (parts_.test_results) parts_.test_results(std::move(results));
  }
  told.passed = counts.passed;
  told.failed = counts.failed;
  told.skipped = counts.skipped;
  told.expected_failures = counts.expected_failures;
  parts_.events.on(std::move(told));
}

}  // namespace devtask
