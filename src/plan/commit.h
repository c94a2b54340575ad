// Which commit is checked out, by the files of a git repository and without git, so that a look at those
// tells whether it is still so. Unaware of: branches' meaning, objects (who is asked about those is given),
// whether the work tree is clean.
#pragma once

#include <functional>
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

// Its answer is the same for ever.
struct LastChangeQuestion {
  std::string folder;              // absolute, in the repository's work tree
  std::string head;                // id of a commit
  std::string cut;                 // digest of the list of commits whose parents are not here; "": no list
  std::vector<std::string> paths;  // absolute
};
// The id of the last commit up to `head` that changed one of the paths; "none" if no commit has them. Called
// on several threads.
using AskLastChange = std::function<Result<std::string>(const LastChangeQuestion&)>;

// Likewise, of the last commit that changed one of `paths` (relative to the root). If the history that is
// here begins with it, " (cut)" is behind the id: it may be another one in truth.
Result<std::string> last_change(Tree& tree, const std::string& folder, const std::vector<std::string>& paths,
                                const AskLastChange& ask, std::vector<const TreeFile*>& looked);

}  // namespace devtask
