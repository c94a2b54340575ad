// Whether the revisions of one dialect are as they should be: the rules for files, the models, the way down
// and up again. Unaware of: other dialects, terminals.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migrate/migration_base.h"
#include "migrate/migration_job.h"
#include "migrate/plugin_call.h"

namespace devtask {

struct CheckOptions {
  std::optional<MigrationBase> base;
  bool all = false;                // revisions that the base has, too
  bool allow_destructive = false;  // what destroys data is a warning and no mistake
};

// Paths are relative to the project's root. What is no warning must be mended.
Result<std::vector<Finding>> check_revisions(const MigrationJob& job, const CheckOptions& options);

// Labels of the operations that lead from the revisions to the models and are no change of the user's: the
// base has them, too.
Result<std::vector<std::string>> find_drift(const MigrationJob& job,
                                            const std::optional<MigrationBase>& base);

}  // namespace devtask
