// What is said of single files that a task checks or rewrites.
// Unaware of: when it is printed, and where.
#pragma once

#include <string>

#include "console/output_lines.h"
#include "console/report_lines.h"
#include "event/event.h"

namespace devtask {

// "would change: src/a.py" for each, with the difference behind it if it is known.
std::string would_change_lines(const FilesReported& event, bool color, LineStyle diffs);
// "failed: src/b.py"
std::string failed_file_lines(const FilesReported& event, bool color);
// "format --check: 2 files would change, 1 failed, 5 clean (3 known)"
std::string files_line(const FilesReported& event, LineLook look);
// `::error` for each, for GitHub's pages.
std::string file_annotations(const FilesReported& event);

}  // namespace devtask
