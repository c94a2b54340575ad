// What the reports of one process, and how it ended, say of the units it was given. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exec/executor.h"
#include "report/junit.h"

namespace devtask {

struct UnitOutcome {
  enum class What {
    kPassed,  // all of it ran, nothing failed
    kFailed,
    kWouldChange,  // it was only checked, and is not as it should be
    kNotRun,       // not to its end, or nobody said so
  };
  What what = What::kNotRun;
  std::string reason;           // not run: why, as a sentence without a subject
  std::vector<TestCase> cases;  // also of what did not run to its end
  std::string diff = {};        // would change: what, if anybody wants to know
  bool not_found = false;       // not run: something that its process was asked for is not there

  bool operator==(const UnitOutcome&) const = default;
};

struct BatchReport {
  std::string problem;               // a report that cannot be read, and why
  std::vector<JUnitReport> reports;  // one for each file
  ExecutionResult::End end = ExecutionResult::End::kSucceeded;
  int exit_status = 0;
};

struct BatchOutcomes {
  std::vector<UnitOutcome> units;      // as many as names
  std::vector<std::string> strangers;  // files that there are results of and that it was not given
};

// `names`: what the process was given: paths relative to `root`, with the part that was asked for. `folder`:
// where it ran, relative to `root`.
BatchOutcomes judge_batch(const std::vector<std::string>& names, const std::string& root,
                          const std::string& folder, const BatchReport& batch);

}  // namespace devtask
