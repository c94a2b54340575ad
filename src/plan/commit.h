// Which commit is checked out, by the files of a git repository and without git, so that a look at those
// tells whether it is still so. Unaware of: branches' meaning, objects, whether the work tree is clean.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/tree.h"

namespace devtask {

// The id (SHA-1 or SHA-256) of HEAD in the repository whose work tree has `folder` (relative to the root);
// "none" outside of repositories and before the first commit. Everything that decided about it is added to
// `looked`, also on failure: the repository is of a kind that is not understood.
Result<std::string> checked_out_commit(Tree& tree, const std::string& folder,
                                       std::vector<const TreeFile*>& looked);

}  // namespace devtask
