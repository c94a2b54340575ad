// One [tasks.NAME] table to a Task: everything that can be said without looking at other tasks.
// Unaware of: other tasks, the disk.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "config/draft.h"
#include "config/table_reader.h"

namespace devtask {

TaskDraft bind_task(const FileReader& file, TomlEntry& entry, const ScopeDraft& scope);

// "1h30m", "90s", "500ms": whole numbers, each unit (h, m, s, ms) once, the largest first. nullopt if it is
// not that.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace devtask
