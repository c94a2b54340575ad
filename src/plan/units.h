// The units of a task: which files they are, what each depends on, and which of them are stale.
//
// What a unit's result depends on is the text
//   devtask-unit 1
//   common <sha256>            of the fingerprint that all units of the task share
//   unit <sha256> <name>       its content; the name as the task's own file says it, escaped
//   beside <sha256>            of the files named in `unit-inputs` that lie beside it or above it
// whose SHA-256 is its key. Unaware of: what is done with stale units.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "action/action_result.h"
#include "base/result.h"
#include "plan/plan.h"
#include "plan/seal.h"
#include "plan/tree.h"
#include "store/blob_store.h"
#include "store/unit_log.h"

namespace devtask {

struct UnitState {
  enum class What {
    kFresh,   // it passed here, and nothing has changed since
    kCached,  // it passed elsewhere, or here before
    kStale,   // must run
  };

  std::string name;  // its path relative to the root, and the part of it that was asked for
  std::string path;
  What what = What::kStale;
  Digest own, beside;  // what it is made of now; see unit_content()
  bool executable = false;
  FileStat stat;     // of the file when it was looked at
  FileStat content;  // of what it leads to, if it is a link; else the same
  // Fresh: what came of it. Else what came of it last, if it ran here.
  std::optional<UnitRecord> record;
  std::shared_ptr<const ActionResult> cached;  // the log of it is its report
  std::string why;                             // stale
  bool tried = false;                          // it ran as it is now, and did not pass
};

struct UnitStates {
  Digest common;
  std::vector<UnitState> units;      // sorted by name
  std::vector<Observation> besides;  // of files of `unit-inputs`, links followed, also where there is none
  std::map<Digest, std::string>
      beside_texts;       // behind UnitState::beside: a line of path and digest for each file
  std::string unmatched;  // what was asked for and is no unit, as a sentence
  std::string help;       // to it
  bool nothing = false;   // there are no units at all

  std::size_t count(UnitState::What what) const;
  std::chrono::milliseconds saved() const;  // recorded durations of what is fresh or cached
};

// What lies on disk of a task's units.
struct UnitFiles {
  struct Unit {
    TreeFile* file;
    std::string part;
    std::size_t beside;  // position in `besides`
    bool executable = false;
    std::optional<Digest> given = {};  // of content that is not the one on disk
  };
  struct Beside {
    std::string name;  // as seen from the folder of the task's own file: "tests/conftest.py", "../setup.cfg"
    TreeFile* file;
  };
  std::vector<Unit> units;                     // sorted by path, then part
  std::vector<std::vector<Beside>> besides;    // sorted by name, one list for each folder with units
  std::vector<const TreeFile*> beside_looked;  // all that could be in there
  std::set<std::string, std::less<>> folders;  // with units of the task or its family in them or below
  std::string unmatched, help;
  bool nothing = false;
};

// Everything that decided about it is added to `looked`.
UnitFiles find_units(const PlannedTask& task, Tree& tree, std::vector<const TreeFile*>& looked);

// Whether a file, should it be there, is one of the task's units.
bool is_unit(const PlannedTask& task, std::string_view path);

// Whether a file is one of those that count for the units beside or below it, and so is no input of all.
bool is_unit_input(const Task& task, const UnitFiles& files, std::string_view path);

// What counts of the file itself: its content, and whether it can be executed.
Digest unit_content(const Digest& content, bool executable);
// Never of a link: its content is that of another file, which its tools may be given instead.
bool is_executable_unit(const FileStat& stat);

struct UnitSources {
  const UnitRecords& records;
  ActionCache* cache = nullptr;  // null: not to be used
  BlobStore* blobs = nullptr;    // for explanations; null: none
};

// The files have been read. `forced`: all are stale.
UnitStates judge_units(const PlannedTask& task, const UnitFiles& files, const Digest& common,
                       const UnitSources& sources, bool forced);

// `name`: relative to the project root.
Digest unit_key(const Task& task, const Digest& common, const Digest& own, const Digest& beside,
                std::string_view name);

// What a seal tells of them once all of them are fresh.
SealedTests sealed_tests(const PlannedTask& task, const UnitStates& states);

// Why the task runs, in one line: "`tests/a.py` changed (3 of 178 files)". `common`: why all of them would,
// "" if that is not known.
std::string why_units(const UnitStates& states, const std::string& common);

// Shares `units` (positions of stale ones) among at most `most` processes so that they take as long as each
// other, by how long they took last; in each the longest first.
std::vector<std::vector<std::size_t>> share_units(const UnitStates& states, std::vector<std::size_t> units,
                                                  std::size_t most);

}  // namespace devtask
