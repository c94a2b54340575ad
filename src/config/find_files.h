// Files and folders that the patterns of `include` and `members` name.
// Unaware of: TOML.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/glob.h"

namespace devtask {

enum class Wanted { kFile, kFolder };

// Paths below `root` (absolute), relative to it and sorted, that match. Names beginning with a dot are looked
// into only where the pattern names them without wildcards; links to folders are found, not walked through.
// Every folder that was listed, or would have been, is added to `listed`.
std::vector<std::string> find_files(const std::string& root, const Glob& pattern, Wanted wanted,
                                    std::set<std::string>& listed);

}  // namespace devtask
