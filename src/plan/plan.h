// Project and request to Plan: which instances of which tasks a request reaches, in which order, with matrix
// values and arguments filled in. Pure: knows nothing of the disk and of what is stale (evaluate.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "action/action_result.h"
#include "base/glob.h"
#include "base/result.h"
#include "config/project.h"
#include "plan/environment.h"
#include "plan/given_files.h"
#include "plan/shards.h"

namespace devtask {

// Which of a task's units are meant, whatever was named.
struct UnitFilter {
  std::size_t shard = 0, shards = 0;  // the first of so many parts, from 1; 0: all of them
  UnitDurations durations;            // by which the parts are made
  bool failed = false;                // only what is not known to have passed last time

  bool any() const { return shards > 0 || failed; }
};

// What a person asks for.
struct Request {
  struct Target {
    std::string name;                // "build", "schema@sqlite", an alias
    std::vector<std::string> words;  // its arguments
  };
  std::vector<Target> targets;
  std::vector<std::string> extra;  // after `--`: for the targets only
  bool force = false;
  bool only = false;  // without dependencies
  UnitFilter units;   // of the targets
  // Tasks that rewrite files only say which they would change.
  bool check = false;
  // Those that rewrite files work on these. Null: what is on disk.
  std::shared_ptr<GivenFiles> given = {};
};

// Where the words were typed.
struct Caller {
  std::string member;  // the prefix that a name without ':' gets ("flows:", "" for none)
  std::string folder;  // that paths are relative to, itself relative to the project root
};

// Splits the words of a command line into targets and their arguments: words after a task that declares
// `args` are its arguments; words after one with `units` are paths of units, unless they name a task; others
// are further targets. ":NAME" is a task of the root.
Result<Request> read_request(const Project& project, const std::vector<std::string>& words,
                             const std::vector<std::string>& extra, const Caller& caller = {});

// One argv of a step, ready to start, and the same as text for the key.
struct PlannedStep {
  std::vector<std::string> argv;
  std::string key;                    // symbolic: `{{root}}` stays
  std::vector<std::string> programs;  // started by name, as far as can be seen
  std::string shown;                  // for people
};

using TaskIndex = std::size_t;

// A task whose outputs lie where another's inputs are. What it made is no input: the dependency's result
// stands for it. Other files there are, since somebody else put them there.
struct Maker {
  const GlobList* outputs;
  std::string id;      // of its last success
  bool whole = false;  // everything that matches counts as made: the task's own outputs, and local ones,
                       // which are not recorded file by file
};

// Some units, as they were asked for: a file, or all below a folder ("": below the root).
struct UnitChoice {
  std::string path;  // relative to the project root
  std::string part;  // "::TestFlow::test_run": of a file, for its runner to understand; "" is all of it

  std::string text() const { return path + part; }
};

struct PlannedUnits {
  const Patterns* patterns = nullptr;
  std::vector<const Patterns*> family;  // of the tasks that it extends
  std::vector<UnitChoice> chosen;       // empty: all
  UnitFilter filter;
  std::string log;          // name of the log with the results (store/unit_log.h)
  bool shares_log = false;  // with others of its family
  // Of a task that rewrites its units:
  std::vector<PlannedStep> check;          // what it can do instead of its steps; part of the key
  bool checks = false;                     // it only says which it would change
  std::shared_ptr<GivenFiles> given = {};  // the units are these, whatever is on disk; null: not so
};

// An instance of a task: a matrix value chosen, arguments given.
struct PlannedTask {
  const Task* task = nullptr;
  std::string
      label;  // as a person types it: "schema@sqlite", "test tests/test_flows.py"; of many paths the first
  std::string typed;    // all of it
  std::string id;       // safe as a file name, unique; the same for the same label
  std::string lock_id;  // instances that write the same outputs share it
  bool requested = false;
  bool forced = false;
  bool settled = false;  // taken as it last was here, although it always runs
  Values values;
  std::vector<PlannedStep> steps;  // empty: a group
  std::string row;                 // matrix values, "sqlite,3.11"; empty without a matrix
  // Patterns with matrix values filled in. Owned by the task or by the plan.
  const GlobList* inputs = nullptr;  // null: not declared
  const Patterns* outputs = nullptr;
  const Patterns* creates = nullptr;
  const Patterns* edits = nullptr;
  std::optional<PlannedUnits> units;
  std::string witness;
  std::vector<std::string> commit_paths;  // of `commit`; none: any commit matters, if it does
  std::string dir;

  std::vector<TaskIndex> deps;   // direct, in the order written
  std::vector<TaskIndex> after;  // must have ended before, but is not part of the key (edits before readers)
  std::vector<TaskIndex> read_deps;  // dependencies whose results are in the key: the direct ones, and others
                                     // whose outputs it reads
  std::vector<Maker> makers;         // tasks whose outputs its inputs touch, itself among them
  std::vector<const GlobList*> made_by_deps;  // outputs of its dependencies and its own: a program in there
                                              // is known through them

  // As its own file names it, with matrix values, without arguments: "schema@sqlite".
  std::string local_name() const { return row.empty() ? task->local : task->local + "@" + row; }
  // In keys: tasks that extend one another share the results of their units.
  std::string shared_name() const {
    if (!units) return local_name();
    const std::string name = task->family.substr(task->name.size() - task->local.size());
    return row.empty() ? name : name + "@" + row;
  }
  bool is_group() const { return steps.empty(); }
  // Its files are rewritten where they are.
  bool rewrites() const { return !edits->written.empty() && !(units && (units->checks || units->given)); }
  // Only with units. `check` steps say what they think of a file, and rewrite nothing.
  bool runs_check_steps() const { return units->checks && !task->check.empty(); }
  bool works_on_copies() const { return units->given || (units->checks && task->check.empty()); }
  bool has_outputs() const { return !outputs->written.empty(); }
  // Whether its output patterns speak of that path.
  bool may_make(const OutputEntry& entry) const;
  // Without a key: it runs whenever it is asked for.
  bool always_runs() const {
    return !is_group() &&
           ((!units && (inputs == nullptr || task->cache == CacheMode::kNo)) || task->interactive);
  }
};

struct Plan {
  const Project* project = nullptr;
  std::vector<PlannedTask> tasks;  // dependencies come before their dependents
  bool only = false;
  std::vector<std::shared_ptr<const Patterns>> owned;  // matrix values filled in

  // False: it is taken as it last was here: settled, or not asked for, with `only`.
  bool is_brought_up_to_date(TaskIndex index) const {
    return !tasks[index].settled && (!only || tasks[index].requested);
  }
  // By label or id; nullptr if it is not in the plan.
  const PlannedTask* find(std::string_view label) const;
};

// Every task of the project (or of the member) with default arguments, hidden ones too; those that need
// arguments are left out.
Request everything(const Project& project, std::string_view member = {});

Result<Plan> make_plan(const Project& project, const Request& request);

// A name for files: `label` itself where it has only safe characters (':' becomes "__"), else shortened, with
// a digest.
std::string file_id(std::string_view label);

}  // namespace devtask
