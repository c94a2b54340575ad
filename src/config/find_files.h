// Files and folders that the patterns of `include` and `members` name.
// Unaware of: TOML.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/glob.h"
#include "os/file.h"

namespace devtask {

enum class Wanted { kFile, kFolder };

// Paths below `root` (absolute), relative to it and sorted, that match. Names beginning with a dot are looked
// into only where the pattern names them without wildcards; links to folders are found, not walked through.
// Every folder that was listed, or would have been, is added to `looks`, and so is every link that would be
// found if there were something else behind it; each as it looked before, with links followed.
std::vector<std::string> find_files(const std::string& root, const Glob& pattern, Wanted wanted,
                                    std::map<std::string, FileStat>& looks);

}  // namespace devtask
