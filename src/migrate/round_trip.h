// Down one revision and up again, with the commands of a tool that the plug-in cannot look into.
// Unaware of: which revisions are to be tried.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/migration_job.h"

namespace devtask {

// What such a tool calls a revision: its file's name without the ending.
std::string revision_of_file(std::string_view path);

// The database is at the head before the newest revision, `parent` ("base": none), and in the end at the
// newest. Sentences about what is not as it was.
Result<std::vector<std::string>> round_trip_of_plain(const MigrationJob& job, const ScratchDatabase& database,
                                                     const std::string& parent);

}  // namespace devtask
