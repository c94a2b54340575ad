// [project] and [pools] of one file.
// Unaware of: tasks, the disk.
#pragma once

#include <string>
#include <string_view>

#include "config/draft.h"
#include "config/table_reader.h"

namespace devtask {

// `base` is the folder of the file, `folder_name` its last part (the default of `name`). `parent` is the
// root's draft for a member, else nullptr: ignore and secrets of the root hold in members too.
ScopeDraft bind_project(const FileReader& file, TomlTable& table, const std::string& base,
                        const std::string& folder_name, const ScopeDraft* parent);

void bind_pools(const FileReader& file, TomlTable& table, const std::string& prefix, PoolDrafts& pools);

}  // namespace devtask
