// Files that a task owns: finding, taking in, putting back, clearing away.
// Unaware of: keys, journals, who asks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "action/action_result.h"
#include "base/glob.h"
#include "config/project.h"
#include "store/blob_store.h"

namespace devtask {

// Files, links and empty folders below `root` that match, sorted by path; digests and link targets are not
// filled.
std::vector<OutputEntry> scan_outputs(const std::string& root, const GlobList& globs);

struct TakenOutputs {
  std::vector<OutputEntry> entries;  // complete
  bool stored = true;                // every blob is in the store
  bool names_checkout = false;       // a text file holds `root`: of use in this checkout only
  bool leaves_project = false;       // a link leads out of the project: of no use elsewhere
  std::vector<Diagnostic> warnings;  // the store failed, something is neither file nor link nor folder
};

// Reads what scan_outputs found into `blobs` (null: only digests are taken).
Result<TakenOutputs> take_outputs(const std::string& root, std::vector<OutputEntry> found, BlobStore* blobs);

// Puts the result's outputs in place, leaves alone what is right already, and removes what is `owned` and not
// in the result. Refuses paths that a link would lead out of the project. On failure some may be in place and
// others not: the task has to run.
Result<void> restore_outputs(const std::string& root, const GlobList& globs, const ActionResult& result,
                             const std::vector<OutputEntry>& owned, BlobStore& blobs);

// Whether the file, link or folder is as the entry says.
bool is_in_place(const std::string& root, const OutputEntry& entry);

struct RemovedOutputs {
  std::size_t files = 0;             // and links
  std::optional<Diagnostic> failed;  // the first that could not be removed
};

// Removes files and links, and folders that become empty by that and that `globs` cover: others
// may be somebody else's, or another task may be about to write into them. What is behind a link stays.
RemovedOutputs remove_outputs(const std::string& root, const std::vector<OutputEntry>& entries,
                              const GlobList& globs);

// Removes temporary files that a killed devtask left in the folders of `outputs`.
void clear_leftovers(const std::string& root, const GlobList& outputs);

// A declared output that would be reached through a link, told as an error.
std::vector<Diagnostic> linked_outputs(const std::string& root, const std::string& task,
                                       const Patterns& outputs);

// Those, or a declared output that is not there although it is named without wildcards, told as an error.
std::vector<Diagnostic> missing_outputs(const std::string& root, const std::string& task,
                                        const Patterns& outputs);

}  // namespace devtask
