// Down one revision and up again, with the commands of a tool that the plug-in cannot look into.
// Unaware of: which revisions are to be tried.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/migration_job.h"

namespace devtask {

// What such a tool calls a revision: the number that its file's name begins with, else the name without its
// ending.
std::string revision_of_file(std::string_view path);
// The newest revision of the files in the folder `versions` (absolute), as the tool's commands take it:
// "head" of what is Python, "" if there is none yet.
std::string newest_revision(const std::string& versions);
// The one before that file's, by name; "base" if there is none. "": before the newest one.
std::string revision_before(const std::string& versions, std::string_view file);

// The database is at the head before the newest revision, `parent` ("base": none), and in the end at the
// newest. Sentences about what is not as it was.
Result<std::vector<std::string>> round_trip_of_plain(const MigrationJob& job, const ScratchDatabase& database,
                                                     const std::string& parent);

}  // namespace devtask
