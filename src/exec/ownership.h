// Whose the files are that lie in a task's outputs (docs/decisions/002-owned-outputs.md): told before a run,
// and again after it. Unaware of: keys, the cache.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "action/action_result.h"
#include "os/file.h"
#include "plan/plan.h"
#include "store/journal.h"

namespace devtask {

// What lies in a task's outputs before a run. What the last success or a failed attempt put there is
// devtask's to clear away, and what another task has left there (the same with other arguments). What a
// killed attempt may have put there is moved aside: it must not be in the way, nor be lost. Everything else
// is somebody else's.
struct Ownership {
  std::vector<OutputEntry> owned, doubtful, foreign;  // sorted by path
};

Ownership take_stock(const std::string& root, const PlannedTask& task, const Journal& journal);

struct SetAside {
  std::vector<std::string> paths;  // files and links that were moved
  std::string folder;              // where to
};
// Moves them into a new folder below `aside`; empty folders go. Errors: something cannot be moved; it must
// not stay, nor be lost.
Result<SetAside> set_aside(const std::string& root, const std::string& aside,
                           const std::vector<OutputEntry>& entries);

// Of what is somebody else's, that which putting the result in place would overwrite.
std::vector<OutputEntry> in_the_way(const std::string& root, const std::vector<OutputEntry>& foreign,
                                    const ActionResult& result);

// The first file that lies in the task's outputs and is not of its result, "" if there is none: who reads
// these outputs may have read it too.
std::string first_beside(const std::string& root, const PlannedTask& task, const ActionResult& result);

// What was there before a run and is not devtask's.
struct Foreign {
  OutputEntry entry;
  FileStat stat;
};

std::vector<Foreign> look_at(const std::string& root, std::vector<OutputEntry> entries);
// nullptr if it was not there. `foreign`: sorted by path.
const Foreign* find_foreign(const std::vector<Foreign>& foreign, std::string_view path);

// What was there before and was not written to may be a person's, or the task's, of a tool that leaves alone
// what is right already: it is marked as `kept`. A placeholder is taken out of `found`. Returns the first
// such path, "" if there is none.
std::string mark_kept(const std::string& root, const std::vector<Foreign>& foreign,
                      std::vector<OutputEntry>& found);

// An empty file that keeps a folder in version control.
bool is_placeholder(const OutputEntry& entry);

// What was written meanwhile has another mtime, or is another inode. (The ctime also changes when a hard link
// is made to it.) Content is compared besides.
bool is_same_file(const FileStat& before, const FileStat& after);

}  // namespace devtask
