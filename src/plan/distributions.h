// Which distributions are installed in a Python environment: names and versions, no content. Installing the
// same again changes nothing.
// Unaware of: tasks' keys, who asks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "plan/plan.h"
#include "plan/tree.h"
#include "store/blob_store.h"

namespace devtask {

using Distributions = std::vector<std::string>;  // "black 23.1.0", sorted

// Those of the environment in `folder` (relative to the root, or absolute): what its site-packages folders
// have a `*.dist-info` or `*.egg-info` of, with those of the base installation if pyvenv.cfg lets it see
// them. Everything that decided about it is added to `looked`.
Distributions installed_distributions(Tree& tree, const std::string& folder,
                                      std::vector<const TreeFile*>& looked);

// Those of the environments of the task's own tools with `distributions`. A tool that a dependency makes is
// left out: what is installed there is seen through the dependency. `folders`: of the task's PATH.
Distributions distributions_of_tools(const PlannedTask& task, const std::vector<std::string>& folders,
                                     Tree& tree, std::vector<const TreeFile*>& looked);

// Those of the environment of one program, found in `folders`; none if it is not there.
Distributions distributions_of_program(const std::string& name, const std::vector<std::string>& folders,
                                       Tree& tree, std::vector<const TreeFile*>& looked);

// What dependents see of a local task that makes Python environments: its key and what is in them now, as a
// text whose SHA-256 is TaskState::seen.
//   devtask-installed 1
//   <key>
//   <name> <version>     of all environments in its output folders, sorted
std::string installed_text(const PlannedTask& task, const Digest& key, Tree& tree,
                           std::vector<const TreeFile*>& looked);
bool is_installed_text(std::string_view text);

// The text that was true when a task with that key had last succeeded, of whatever checkout; empty if that is
// not known. Reading takes a cache that fails for one that does not know.
std::string recorded_installed(const Digest& key, ActionCache& cache, BlobStore& blobs);
Result<void> record_installed(const Digest& key, const std::string& text, ActionCache& cache,
                              BlobStore& blobs);

// "black 23.1.0 → 23.3.0, tomli 2.0.1 added" of two texts; empty if they have the same distributions.
std::string installed_changes(std::string_view before, std::string_view after);

}  // namespace devtask
