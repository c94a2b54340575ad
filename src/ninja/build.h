// One run: restores what the cache has, hands the rest to Ninja, answers its shims, and checks at the end
// that everything requested is what it should be.
#pragma once

#include <string>
#include <vector>

#include "event/event.h"
#include "exec/task_runner.h"
#include "plan/evaluate.h"
#include "plan/plan.h"
#include "plan/schedule.h"

namespace devtask {

struct BuildOptions {
  Result<std::string> ninja = std::string();  // path of the program; asked for only when something has to run
  std::string shim;                           // path of devtask-shim
  int jobs = 1;
  bool keep_going = false;
  bool tell_up_to_date = false;          // an event for each task that was up to date…
  bool replay_up_to_date = false;        // …and its log with it
  std::vector<std::string> environment;  // of Ninja itself
};

enum class ExitCode : int {
  kDone = 0,
  kTaskFailed = 1,
  kUsage = 2,
  kNoTests = 4,
  kTimeLimit = 124,
  kInterrupted = 130,
  kInternal = 70,
};

// Returns what the process should exit with. Everything a person should know goes to the sink of `parts`.
ExitCode run_build(const RunnerParts& parts, std::vector<TaskState> states, const BuildOptions& options);

}  // namespace devtask
