// What came of units: kept as soon as each process says it, so that nothing that finished is lost, and told
// at the end. Which process runs which is in run_units.cpp.
#include <algorithm>
#include <set>

#include "base/escape.h"
#include "exec/edit_watch.h"
#include "exec/outputs.h"
#include "exec/unit_run.h"
#include "os/file.h"
#include "os/process.h"
#include "report/junit.h"

namespace devtask {
namespace {

// Whoever reads a report of all must not miss what did not run.
TestCase error_of(const UnitState& unit, const UnitOutcome& outcome) {
  TestCase error;
  error.name = unit.name;
  error.file = unit.path;
  error.outcome = TestCase::Outcome::kError;
  error.message = outcome.reason.empty() ? "not run" : outcome.reason;
  return error;
}

std::vector<std::pair<std::string, std::chrono::milliseconds>> slowest_of(
    const std::vector<std::pair<std::string, JUnitReport>>& results, std::size_t most) {
  std::vector<std::pair<std::string, std::chrono::milliseconds>> tests;
  for (const auto& [unit, report] : results) {
    for (const TestCase& test : report.cases) {
      if (test.duration.count() == 0) continue;
      tests.emplace_back(node_id(test), std::chrono::duration_cast<std::chrono::milliseconds>(test.duration));
    }
  }
  std::ranges::stable_sort(tests, std::ranges::greater{}, [](const auto& test) { return test.second; });
  tests.resize(std::min(tests.size(), most));
  return tests;
}

// nullopt: it is not in the store, or cannot be read.
std::optional<JUnitReport> kept_report(BlobStore* blobs, const std::optional<Digest>& digest) {
  const auto text = digest && blobs != nullptr ? blobs->get_bytes(*digest) : failure("no report");
  auto report = text ? read_junit(*text) : failure("no report");
  return report ? std::optional(std::move(*report)) : std::nullopt;
}

// What failed, by node id where its runner knows those; many are rather chosen by what was remembered.
std::string rerun_failed(const PlannedTask& task, std::vector<std::string> failed) {
  constexpr std::size_t kMostNamed = 20;
  std::string command = "devtask ";
  std::ranges::sort(failed);
  failed.erase(std::unique(failed.begin(), failed.end()), failed.end());
  if (failed.size() > kMostNamed || !task.values.words("extra").empty())
    return command + "--failed " + task.typed;
  command += task.local_name().insert(
      0, task.task->name.substr(0, task.task->name.size() - task.task->local.size()));
  if (task.units->given) command += " --staged";
  if (task.units->checks) command += " --check";
  for (const std::string& each : failed) command += " " + shell_quote(each);
  return command;
}

}  // namespace

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
      const auto report = kept_report(parts_.blobs, unit.cached->log);
      if (!report) {
        unit.what = UnitState::What::kStale;
        unit.why = "its report is gone from the cache";
        all = false;
        continue;
      }
      record.tests = count_tests(report->cases);
    }
    unit.what = UnitState::What::kFresh;
    unit.record = record;
    records.push_back(std::move(record));
  }
  if (auto kept = parts_.units->append(task.units->log, records); !kept) warn(std::move(kept.error()));
  if (auto tidied = parts_.units->tidy(task.units->log); !tidied) warn(std::move(tidied.error()));
  state.units = std::move(units);
  if (all && state.result) state.verdict = Verdict::kUpToDate;
  return all;
}

// Files of `unit-inputs` are not what they were when the units were looked at.
bool TaskRunner::besides_changed(const PlannedTask& task, const UnitStates& states) {
  const auto changed = std::ranges::find_if(states.besides, [&](const Observation& seen) {
    return stat_followed(join_path(root_, seen.path)) != seen.stat;
  });
  if (changed == states.besides.end()) return false;
  warn(warning("`{}` changed while `{}` ran: its result is not stored", escape_line(changed->path),
               task.label));
  return true;
}

// Into the log of this checkout, and what passed into the cache. Not what changed while it ran.
void TaskRunner::keep_units(UnitRun& run, const std::vector<std::size_t>& units, const std::string& root,
                            EditWatch* watch) {
  const PlannedTask& task = parts_.plan.tasks[run.index];
  UnitStates& states = *run.units;
  const bool edits = !task.edits->written.empty() && !task.runs_check_steps();
  const Digest common = states.common;
  std::string common_text;
  bool known = run.state.key.has_value();  // what all of them ran with
  {
    const std::scoped_lock keeping(run.keeping);
    known = known && !besides_changed(task, states) && !facts_changed(run.index, run.state, run.capture);
    common_text = run.state.fingerprint;
  }
  const bool shared = parts_.blobs != nullptr && parts_.cache != nullptr &&
                      task.task->cache == CacheMode::kYes && run.capture.beside.empty();
  if (parts_.blobs != nullptr && known) {
    // For explanations.
    std::set<std::string_view> texts{common_text};
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
    if (!outcome || outcome->what == UnitOutcome::What::kWouldChange) continue;
    UnitRecord record{unit.name,
                      outcome->what == UnitOutcome::What::kPassed,
                      common,
                      unit.own,
                      unit.beside,
                      {},
                      run.durations[index],
                      count_tests(outcome->cases)};
    // That it failed is remembered all the same, as nothing that anything could be taken for.
    if (!known && record.passed) continue;
    if (!known) record.common = Digest();
    const std::string path = join_path(root, unit.path);
    if (edits) {
      const bool may_be_other = record.passed || root == root_;
      const auto now = may_be_other ? hash_file(path) : Result<Digest>(unit.own);
      if (!now) {
        const std::scoped_lock lock(run.mutex);
        run.outcomes[index]->what = UnitOutcome::What::kFailed;
        run.outcomes[index]->reason = "it was removed";
        continue;
      }
      const bool executable = root == root_ ? is_executable_unit(stat_file(path)) : unit.executable;
      if (may_be_other) record.own = unit_content(*now, executable);
      // What it was before it can be only because it is right, whoever wrote it.
      if (watch != nullptr && record.own != unit.own) {
        const EditWatch::Writer writer = watch->writer_of(path);
        if (writer == EditWatch::Writer::kOthersToo) {
          warn(warning("`{}` was written by others too while `{}` ran: it is looked at again the next time",
                       escape_line(unit.path), task.label));
        }
        if (writer != EditWatch::Writer::kTool) continue;
      }
    } else if (root == root_ && stat_followed(path) != unit.content) {
      warn(warning("`{}` changed while `{}` ran: its result is not stored", escape_line(unit.path),
                   task.label));
      if (record.passed) continue;
      record.own = Digest();
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
    // What was made in place may be somebody else's after all (docs/decisions/008-edits.md).
    const bool certain = watch == nullptr || record.own == unit.own;
    if (record.passed && shared && has_result && certain) {
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
  std::vector<std::string> failed;  // but for what would only change
  bool passed = true, asked_for_nothing = true;
  TestCounts tests;
  std::vector<char> given(states.units.size(), 0);
  for (const auto& batch : run.batches) {
    for (const std::size_t unit : batch) given[unit] = 1;
  }
  for (std::size_t i = 0; i < states.units.size(); ++i) {
    if (given[i] == 0 && !run.outcomes[i]) {
      tests += states.units[i].record->tests;
      continue;
    }
    auto& outcome = run.outcomes[i];
    if (!outcome)
      outcome = UnitOutcome{UnitOutcome::What::kNotRun, parts_.stop.stopping() ? "interrupted" : "", {}};
    tests += count_tests(outcome->cases);
    const bool good = outcome->what == UnitOutcome::What::kPassed;
    passed = passed && good;
    asked_for_nothing = asked_for_nothing && (good || outcome->not_found);
    if (outcome->what != UnitOutcome::What::kPassed && outcome->what != UnitOutcome::What::kWouldChange)
      failed.push_back(states.units[i].name);
  }
  if (auto tidied = parts_.units->tidy(task.units->log); !tidied) warn(std::move(tidied.error()));
  tell_units(task, &run, states);
  const bool no_tests = task.task->reports && passed && tests.total() == 0;
  run.found_nothing = no_tests || (!passed && asked_for_nothing);
  run.lock.reset();
  if (passed && !no_tests) {
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
                     : run.found_nothing             ? kExitNoTests
                     : run.exit_status != 0          ? run.exit_status
                                                     : 1;
  if (no_tests) warn(error("task `{}` found no tests", task.label));
  Capture capture(TaskLog(parts_.state.log(task.id)));
  capture.says_itself = task.task->reports || failed.empty();
  if (!capture.says_itself) capture.rerun = rerun_failed(task, std::move(failed));
  capture.duration = elapsed;
  capture.log.append(run.failed_log);
  run.outcome = fail(run.index, outcome, std::move(capture), status);
  return *run.outcome;
}

std::optional<Outcome> TaskRunner::ended_units(TaskIndex index) {
  const std::scoped_lock lock(unit_runs_mutex_);
  const auto run = unit_runs_.find(index);
  return run != unit_runs_.end() ? run->second->outcome : std::nullopt;
}

bool TaskRunner::found_nothing(TaskIndex index) {
  const std::scoped_lock lock(unit_runs_mutex_);
  const auto run = unit_runs_.find(index);
  return run != unit_runs_.end() && run->second->found_nothing;
}

void TaskRunner::tell_units(TaskIndex index) {
  const PlannedTask& task = parts_.plan.tasks[index];
  if (task.units && states_[index].units) tell_units(task, nullptr, *states_[index].units);
}

void TaskRunner::tell_units(const PlannedTask& task, const UnitRun* run, const UnitStates& units) {
  if (task.task->reports) {
    tell_tests(task, run, units);
  } else {
    tell_files(task, run, units);
  }
}

// Of what did not run now, from the report that was kept.
std::vector<std::pair<std::string, JUnitReport>> TaskRunner::test_results(const UnitRun* run,
                                                                          const UnitStates& units) {
  std::vector<std::pair<std::string, JUnitReport>> results;
  std::size_t lost = 0;
  for (std::size_t i = 0; i < units.units.size(); ++i) {
    const UnitState& unit = units.units[i];
    if (run != nullptr && run->outcomes[i]) {
      JUnitReport report{run->outcomes[i]->cases, {}, true};
      if (run->outcomes[i]->what == UnitOutcome::What::kNotRun)
        report.cases.push_back(error_of(unit, *run->outcomes[i]));
      results.emplace_back(unit.name, std::move(report));
    } else if (unit.record) {
      auto report = kept_report(parts_.blobs, unit.record->report);
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
    counts += count_tests(outcome->cases);
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
      if (const std::string id = node_id(test); task.task->takes_parts && id.starts_with(unit.path + "::")) {
        rerun.push_back(id);
      } else {
        rerun.push_back(unit.name);
      }
      told.failures.push_back(std::move(failure));
    }
  }
  if (!rerun.empty()) told.rerun = rerun_failed(task, std::move(rerun));
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
