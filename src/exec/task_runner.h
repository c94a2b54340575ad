// Brings one task up to date: looks again, then nothing, or its outputs from the cache, or its command; then
// takes in what the command made and commits. Whoever schedules (Ninja through the shim, or the restore
// phase) calls this. Unaware of: Ninja, the order of tasks.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event/event.h"
#include "event/profile.h"
#include "exec/executor.h"
#include "exec/ownership.h"
#include "exec/scratch_tree.h"
#include "exec/slots.h"
#include "exec/state_folder.h"
#include "exec/task_lock.h"
#include "exec/unit_outcomes.h"
#include "plan/evaluate.h"
#include "report/junit.h"
#include "store/blob_store.h"
#include "store/journal.h"

namespace devtask {

class Division;
class EditWatch;

// All references outlive the runner.
struct RunnerParts {
  const Plan& plan;
  const Evaluator& evaluator;
  const Environment& environment;
  Executor& executor;
  Journal& journal;
  ActionCache* cache;  // null: --no-cache
  BlobStore* blobs;    // null: --no-cache
  DigestMemo& memo;
  EventSink& events;
  const StopRequest& stop;
  StateFolder state;
  Profile* profile = nullptr;       // null: none
  const UnitLogs* units = nullptr;  // never null if a task of the plan has units
  std::size_t jobs = 1;             // so many processes at once
  std::size_t slowest = 0;          // so many of the slowest tests are told
  bool diffs = false;               // files that would change are told with what would be changed in them
  // Gets the results of all selected units of a task, the cached ones too; null: nobody wants them.
  std::function<void(std::vector<std::pair<std::string, JUnitReport>>)> test_results = {};
};

// For TaskFinished. A log that is gone or broken is not told: it is no part of the result.
std::function<void(const std::function<void(std::string_view)>&)> replay_of(BlobStore& blobs,
                                                                            const Digest& log);

class TaskRunner {
 public:
  // `states`: from Evaluator::evaluate, one a task.
  TaskRunner(RunnerParts parts, std::vector<TaskState> states);

  // Dependencies have ended. Returns how it ended; events have been sent (none for up to date). Skipped,
  // without an event: a dependency failed that was brought up to date on the way. Thread-safe.
  Outcome bring_up_to_date(TaskIndex index);
  // Dependencies that nobody had asked for: how that ended, each once. Thread-safe.
  std::vector<std::pair<TaskIndex, Outcome>> take_settled();
  // A task whose verdict is cached. Up to date: another run was faster. Nothing: it must run after all (its
  // state says so now). Thread-safe.
  std::optional<Outcome> restore(TaskIndex index);

  // A task with units. `batch`: one of the processes that share them, from 0; nothing is left for some. What
  // came of all of them bring_up_to_date() says, and runs those that nobody has. Thread-safe.
  void run_batch(TaskIndex index, std::size_t batch);
  // How it ended, if all of its processes have. Not while others run.
  std::optional<Outcome> ended_units(TaskIndex index);
  // So many processes at most, as far as is known before its dependencies are final.
  std::size_t batches(TaskIndex index) const;
  // Tells what came of units that did not have to run.
  void tell_units(TaskIndex index);
  // It has failed because there was nothing to test.
  bool found_nothing(TaskIndex index);

  // After restores that failed, those that were judged by what should have been restored wait for it to run.
  // Returns them. Not while others run.
  std::vector<TaskIndex> unsettle();

  // What was stored is written. A failure is told like others of the cache.
  void flush_cache();

  const std::vector<TaskState>& states() const { return states_; }
  TaskState& state(TaskIndex index) { return states_[index]; }
  std::optional<Digest> seen(
      TaskIndex index);  // what its dependents see of it, if that is known; thread-safe
  // Exit status of the last failure of the task, for the shim.
  int exit_status(TaskIndex index) const { return exit_statuses_[index]; }

 private:
  struct Capture;
  struct Taken {
    ActionResult result;
    bool shareable = true;        // with other checkouts
    bool names_checkout = false;  // a file holds this checkout's path
  };

  struct UnitRun;
  UnitRun& begin_units(TaskIndex index);
  void set_aside_dangling(UnitRun& run, std::vector<std::size_t>& stale) const;
  void run_batch(UnitRun& run, std::size_t batch);
  void run_reported(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch);
  void run_divided(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch);
  struct Ended;
  void try_group(UnitRun& run, Division& division, const std::vector<std::size_t>& group, std::size_t batch,
                 bool shown);
  void tell_ended(const UnitRun& run, std::size_t batch, const Ended& ended, bool passed);
  std::string batch_label(const UnitRun& run, std::size_t batch) const;
  void look_again(UnitRun& run, const std::vector<std::size_t>& group,
                  const std::vector<std::size_t>& judged);
  void take_outcomes(UnitRun& run, const std::vector<std::size_t>& judged, const Ended& ended,
                     const std::vector<ScratchTree::Change>& changes);
  Ended execute(UnitRun& run, const std::vector<std::size_t>& units, std::size_t batch, bool shown,
                const std::string& report, const ScratchTree* copies);
  Result<ScratchTree> copy_units(const UnitRun& run, const std::vector<std::size_t>& units,
                                 std::size_t batch);
  void take_change(const PlannedTask& task, const ScratchTree::Change& change, UnitOutcome& outcome) const;
  // `root`: of the tree in which they ran. `watch`: of what was rewritten in place; null: nothing was.
  void keep_units(UnitRun& run, const std::vector<std::size_t>& units, const std::string& root,
                  EditWatch* watch = nullptr);
  bool besides_changed(const PlannedTask& task, const UnitStates& states);
  Outcome finish_units(UnitRun& run);
  bool take_cached_units(const PlannedTask& task, TaskState& state);
  void tell_units(const PlannedTask& task, const UnitRun* run, const UnitStates& units);
  void tell_tests(const PlannedTask& task, const UnitRun* run, const UnitStates& units);
  void tell_files(const PlannedTask& task, const UnitRun* run, const UnitStates& units);
  std::vector<std::pair<std::string, JUnitReport>> test_results(const UnitRun* run, const UnitStates& units);

  bool restore_locked(TaskIndex index, const TaskState& state);
  bool is_in_place(const PlannedTask& task, const TaskState& state);
  Outcome run(TaskIndex index, TaskState state, TaskLock& lock);
  Outcome take_in(TaskIndex index, TaskState& state, Capture& capture);
  // Nothing: a failure, which has been told.
  std::optional<Taken> take_witness(const PlannedTask& task);
  std::optional<Taken> take_files(const PlannedTask& task, const Capture& capture, bool share);
  TaskState look(TaskIndex index);  // as it is now
  bool settle_dependencies(TaskIndex index);
  Result<Ownership> clear_the_way(const PlannedTask& task);
  void publish(TaskIndex index, TaskState state);
  Outcome fail(TaskIndex index, Outcome outcome, Capture capture, int exit_status);
  Action make_action(const PlannedTask& task) const;
  Action make_action(const PlannedTask& task, const std::vector<PlannedStep>& steps,
                     const Values& values) const;
  void warn(Diagnostic diagnostic);
  // Once a run.
  void warn_of_cache(Diagnostic diagnostic, std::string_view what = "the cache does not work");
  std::vector<std::pair<TaskIndex, const ActionResult*>> read_results(const PlannedTask& task) const;
  std::vector<FileStat> dependency_stats(const PlannedTask& task) const;
  std::vector<std::string> damaged_dependencies(const PlannedTask& task, const Capture& capture);
  bool facts_changed(TaskIndex index, TaskState& state, const Capture& capture);
  void tell_foreign(const PlannedTask& task, const std::string& before, const std::string& kept);
  void see_installed(const PlannedTask& task, TaskState& state);
  void keep_installed(const PlannedTask& task);
  void note_left(const PlannedTask& task, Capture& capture);
  Result<TaskLock> lock(const PlannedTask& task);

  RunnerParts parts_;
  std::string root_;
  std::mutex mutex_;  // publishing of states_, exit_statuses_ and settled_
  std::recursive_mutex settling_;
  std::vector<TaskState> states_;
  std::vector<int> exit_statuses_;
  std::vector<std::pair<TaskIndex, Outcome>> settled_;
  Slots slots_;
  std::mutex unit_runs_mutex_;
  std::map<TaskIndex, std::shared_ptr<UnitRun>> unit_runs_;
  std::atomic<bool> warned_of_cache_{false};
  std::function<void(Diagnostic note)> tell_;
};

}  // namespace devtask
