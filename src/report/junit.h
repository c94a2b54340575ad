// JUnit XML, the format in which test runners tell their results: text to TestCases and back.
// There is no standard; this reads what pytest, vitest, jest-junit, GoogleTest and CTest write.
// Unaware of: files, tasks, units.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "report/test_case.h"

namespace devtask {

struct JUnitReport {
  std::vector<TestCase> cases;
  std::vector<std::string> suites;  // names of all, also of those without cases
  // False: some <testsuite> says that it was cut short (its property `devtask.complete` is "false").
  bool complete = true;
  // A runner says that it did nothing, since something that it was asked for is not there
  // (`devtask.not-found`).
  bool not_found = false;
};

// <testsuites> or <testsuite>, suites in suites. All text comes out as UTF-8 that XML allows: other bytes are
// U+FFFD, control characters "#x1B", as pytest writes them, and lines end in '\n'. An error says what is
// wrong, at which line and column.
Result<JUnitReport> read_junit(std::string_view xml);

// One <testsuite>. read_junit gives the same cases back, with `name` as their suite.
std::string write_junit(std::string_view name, const std::vector<TestCase>& cases);

// One <testsuites> of all: the name of each unit and its cases, in the order given.
std::string merge_junit(const std::vector<std::pair<std::string, JUnitReport>>& suites);

}  // namespace devtask
