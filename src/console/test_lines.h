// What is said about tests when a run is over: those that failed, and the line that counts them.
// Unaware of: runners of tests, reports, when and where the lines are printed.
#pragma once

#include <string>
#include <string_view>

#include "console/report_lines.h"
#include "event/event.h"

namespace devtask {

// The slowest if they were asked for, what was not run, each failure in a line and the command that runs just
// those again. `details`: with the whole text of each failure. Empty if there is nothing of the kind.
std::string test_lines(const TestsReported& event, bool details, LineLook look);

// "tests: 122 passed, 0 failed, 2 skipped · 3 of 178 files ran, 175 from the cache (12 min 05 s saved)\n".
// Scripts rely on its beginning. `label`, if not empty, stands before it.
std::string tests_line(const TestsReported& event, std::string_view label, LineLook look);

// For GitHub: an error at the place of each failure.
std::string test_annotations(const TestsReported& event);

}  // namespace devtask
