// The tasks that stand for migrations: `NAME.revision.DIALECT` brings the revisions up to the models,
// `NAME.preview.DIALECT` shows what that would write, `NAME.drift.DIALECT` what it leaves out, and
// `NAME.check.DIALECT` looks whether all is well. Each is an ordinary task whose one step is `devtask
// migrate-step` (docs/decisions/018-migrations.md). Unaware of: what a step does.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/draft.h"

namespace devtask {

enum class MigrationStep { kRevision, kPreview, kDrift, kCheck };
inline constexpr std::array kMigrationSteps{MigrationStep::kRevision, MigrationStep::kPreview,
                                            MigrationStep::kDrift, MigrationStep::kCheck};

std::string_view name_of(MigrationStep step);
// Without the member: "server.check.sqlite".
std::string migration_task_name(const Migrations& migrations, MigrationStep step, const Dialect& dialect);

// The program that the revisions are made with, if a step names it.
std::optional<std::string> tool_of(const Migrations& migrations);

std::vector<TaskDraft> migration_tasks(const Migrations& migrations);

// What `devtask migrate` hands to these steps. Those of the first kind do not change what a step would find.
namespace migration_variables {
inline constexpr const char* kName = "DEVTASK_MIGRATION_NAME";
inline constexpr const char* kKeep = "DEVTASK_MIGRATION_KEEP";  // a line for each pattern of operations
inline constexpr const char* kKeepAll = "DEVTASK_MIGRATION_KEEP_ALL";  // not empty: yes
inline constexpr const char* kResults = "DEVTASK_MIGRATION_RESULTS";   // folder for what the steps found
inline constexpr const char* kServer = "DEVTASK_POSTGRESQL_URL";  // of a server to be used, none: our own
// Those that do:
inline constexpr const char* kBase = "DEVTASK_MIGRATION_BASE";  // a commit
inline constexpr const char* kAll = "DEVTASK_MIGRATION_ALL";    // check: not only new revisions
inline constexpr const char* kDestructive = "DEVTASK_MIGRATION_ALLOW_DESTRUCTIVE";
}  // namespace migration_variables

}  // namespace devtask
