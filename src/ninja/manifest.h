// Plan to Ninja text. Pure: the same plan gives the same text, byte for byte.
// The form is that of the Ninja manual (1.11); paths are relative to the project root, where Ninja runs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/evaluate.h"
#include "plan/plan.h"
#include "plan/schedule.h"

namespace devtask {

// Tasks that one edge brings up to date, one after the other.
using Chain = std::vector<TaskIndex>;

// Runs of tasks in which each is the only dependent of the only unfinished dependency: nothing is lost in
// parallelism, and an edge each is won. Interactive tasks and tasks in a pool stay alone. In plan order of
// their heads.
std::vector<Chain> make_chains(const Plan& plan, const Schedule& schedule);

struct ManifestOptions {
  std::string shim;      // path of devtask-shim
  std::string builddir;  // for Ninja's own log, relative to the root
  // How many processes share the stale units of a task; for a run only.
  std::function<std::size_t(TaskIndex)> batches = {};
};

// The graph of one run: the tasks of the schedule that must or may have to run. Target `.devtask/all` is
// everything.
std::string run_manifest(const Plan& plan, const std::vector<TaskState>& states, const Schedule& schedule,
                         const std::vector<Chain>& chains, const ManifestOptions& options);

// The whole project for plain Ninja (`ninja -f .devtask/build.ninja TARGET`): refreshing is its first rule.
std::string project_manifest(const Plan& plan, const std::vector<TaskState>& states,
                             const ManifestOptions& options, const std::string& devtask);

// Every source on its edge, for `ninja -t graph|inputs|query`; not for building.
std::string sources_manifest(const Plan& plan, const std::vector<TaskState>& states);

// `$`, ` ` and `:` escaped, for a build line. Ninja cannot say newlines and `|` in a path: not to be given.
std::string ninja_path(std::string_view path);
// `$` escaped and newlines made blanks, as the value of a variable.
std::string ninja_value(std::string_view value);

}  // namespace devtask
