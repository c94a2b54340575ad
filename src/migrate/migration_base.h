// The base of a change: the models as they were at the last commit that changed the revisions. What the tool
// reports for them is not the user's change. Unaware of: what is done with the report.
#pragma once

#include <optional>
#include <string>

#include "migrate/migration_job.h"
#include "migrate/scratch_folder.h"

namespace devtask {

struct MigrationBase {
  std::string commit;   // its full name
  std::string shown;    // "1a2b3c4 of 2023-02-28 (Add artifacts)"
  std::string time;     // of the commit, ISO 8601
  bool is_cut = false;  // the history that is here begins with it: it may be another one in truth
};

// `wanted`: a commit's name, or "" for the last one that changed the dialect's revisions. nullopt: there is
// none, since the project is in no repository or its revisions are in no commit.
Result<std::optional<MigrationBase>> find_base(const Git* git, const Dialect& dialect,
                                               const std::string& wanted);

// What of the models, revisions and other inputs is not as in the base, relative to the project's root: in
// work tree and index, new files too.
Result<std::vector<std::string>> changed_since(const Git& git, const Migrations& migrations,
                                               const Dialect& dialect, const MigrationBase& base);

// Names of the revision files that the base has.
Result<std::vector<std::string>> revisions_of(const Git& git, const Dialect& dialect,
                                              const MigrationBase& base);

// The file with the plug-in's report of the base, below `folder`. "": the tool is none that the plug-in can
// look into, and nothing can be left out.
Result<std::string> base_report(const MigrationJob& job, const MigrationBase& base,
                                const std::string& folder);

}  // namespace devtask
