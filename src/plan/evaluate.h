// Decides by content what must happen to each task of a plan: nothing, a restore, or a run; and says why.
// Reads files and the stores, writes nothing. The same code decides before a run, when Ninja reaches a task,
// and for `why`, `--status` and `--dry-run`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "action/action_result.h"
#include "action/fingerprint.h"
#include "event/profile.h"
#include "plan/commit.h"
#include "plan/plan.h"
#include "plan/programs.h"
#include "plan/seal.h"
#include "plan/tree.h"
#include "plan/units.h"
#include "store/blob_store.h"
#include "store/journal.h"
#include "store/unit_log.h"

namespace devtask {

enum class Verdict {
  kUpToDate,  // the last success here has the wanted key and its outputs are in place
  kCached,    // a result with the wanted key is in the cache
  kStale,     // must run
  kWaiting,   // not known before a dependency has run
};

// What a task's key is made of but for its dependencies, and what decided about it: to tell whether anything
// changed since.
struct OwnFacts {
  Fingerprint facts;
  // Sorted by path, of a link also what it leads to; what else was looked at.
  std::vector<Observation> inputs, beside_inputs;
  std::shared_ptr<const std::vector<Observation>> common;  // for all tasks that were looked at together
  std::int64_t looked_ns = 0;                              // the clock before
  std::optional<Diagnostic> problem;                       // its inputs cannot be read

  // Everything is still as it was.
  bool hold(const std::string& root) const;
};

struct TaskState {
  Verdict verdict = Verdict::kStale;
  std::optional<Digest> key;                   // absent: waiting, group, or a task that always runs
  std::string fingerprint;                     // the text behind the key
  std::shared_ptr<const ActionResult> result;  // up to date: of the last success; cached: from the cache
  std::string why;                             // one line; empty when up to date
  std::vector<Change> changes;                 // what differs from the last success, if that is known
  std::optional<Digest> seen;               // what goes into the keys of dependents; absent until it has run
  std::string installed;                    // the text behind `seen`, of a task that shows distributions
  bool was_here = false;                    // it has succeeded in this checkout before
  bool damaged = false;                     // its key is as wanted, but its outputs are not as it left them
  bool stale_anyway = false;                // waiting: even if its dependencies come out as they last did
  TaskIndex waits_for = 0;                  // waiting: the first dependency that has to run
  std::shared_ptr<const UnitStates> units;  // of a task with units; its key is of what they share
  std::shared_ptr<const OwnFacts> own;      // as the options of the evaluation say
  std::optional<Diagnostic> problem;        // its inputs cannot be read: it must not run
};

struct Evaluation {
  std::vector<TaskState> states;     // one for each task of the plan
  std::vector<Diagnostic> warnings;  // patterns that match nothing
  LookedAt looked_at;                // but for what a seal said
  std::optional<SealContents> seal;  // if nothing is stale but what always runs, and there are no warnings
};

struct EvaluationOptions {
  // Of which tasks to keep `own`: it is much memory.
  enum class Keep { kNothing, kStale, kAll } keep = Keep::kNothing;
  const Seal* seal = nullptr;  // of the same plan: what still holds is not looked at again
};

// Where evaluations look. All references outlive the evaluator.
struct EvaluatorSources {
  DigestMemo& memo;
  const Journal& journal;
  const Environment& environment;
  ActionCache* cache = nullptr;  // null: not to be used
  BlobStore* blobs = nullptr;    // for explanations; null: none
  std::string home;
  Profile* profile = nullptr;          // null: none
  const UnitLogs* units = nullptr;     // null: no unit ever ran
  AskLastChange ask_last_change = {};  // needed if a task's `commit` has paths
};

class Evaluator {
 public:
  explicit Evaluator(EvaluatorSources sources);

  // All tasks of the plan, looking at each file once, in parallel.
  Evaluation evaluate(const Plan& plan, const EvaluationOptions& options = {}) const;

  // One task, from a fresh look at its files; `states` are at least those of the tasks before it.
  TaskState evaluate_task(const Plan& plan, TaskIndex index, const std::vector<TaskState>& states) const;

 private:
  struct Gathered;
  struct Look;
  Gathered gather(const Plan& plan, TaskIndex index, Tree& tree) const;
  void gather_inputs(const PlannedTask& task, Tree& tree, Gathered& gathered) const;
  void gather_units(const PlannedTask& task, Tree& tree, Gathered& gathered) const;
  void gather_outputs(const PlannedTask& task, Tree& tree, Gathered& gathered) const;
  bool may_recall(const PlannedTask& task, const Seal::Task* sealed) const;
  OwnFacts own_facts(Look& look, TaskIndex index, Gathered& gathered) const;
  static void add_observations(const Gathered& gathered, OwnFacts& own);
  TaskState judge(const Plan& plan, TaskIndex index, const Gathered& gathered,
                  const std::vector<TaskState>& states, const OwnFacts* own,
                  const Seal::Task* recalled) const;
  TaskState as_it_last_was(const PlannedTask& task, const Gathered& gathered) const;
  void add_warnings(const PlannedTask& task, const Gathered& gathered, Tree& tree,
                    std::vector<Diagnostic>& warnings) const;
  Fingerprint common_facts(const Plan& plan, const PlannedTask& task, const Gathered& gathered,
                           Programs& programs) const;
  TaskState judge_units(const Plan& plan, const PlannedTask& task, const std::vector<TaskState>& states,
                        const Gathered& gathered, const Digest& key, bool waiting, bool complete,
                        TaskState state) const;
  // From the fingerprint with that key.
  std::string why_different(const Plan& plan, const Digest& key, const std::vector<TaskState>& states,
                            TaskState& state) const;
  void see_local(const PlannedTask& task, const Gathered& gathered, TaskState& state) const;
  std::string why_stale(const Plan& plan, const PlannedTask& task, const std::vector<TaskState>& states,
                        TaskState& state) const;
  void name_distributions(const Plan& plan, const std::vector<TaskState>& states, TaskState& state) const;
  void look_in_cache(const Plan& plan, const PlannedTask& task, TaskState& state) const;

  EvaluatorSources sources_;
  mutable ProgramIdentities identities_;
  std::string platform_;
};

// Under which key a result is kept that holds this checkout's absolute path.
Digest checkout_key(const Digest& key, const std::string& root);

}  // namespace devtask
