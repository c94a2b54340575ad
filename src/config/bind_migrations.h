// One [migrations.NAME] table to Migrations.
// Unaware of: tasks, databases, the disk.
#pragma once

#include "config/draft.h"
#include "config/table_reader.h"

namespace devtask {

Migrations bind_migrations(const FileReader& file, TomlEntry& entry, const ScopeDraft& scope);

}  // namespace devtask
