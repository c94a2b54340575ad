// One run: restores what the cache has, hands the rest to Ninja, answers its shims, and checks at the end that
// everything requested is what it should be.
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
  std::string ninja;  // path of the program
  std::string shim;   // path of devtask-shim
  int jobs = 1;
  bool keep_going = false;
  bool replay_up_to_date = false;  // logs of tasks that were up to date are shown too
  std::vector<std::string> environment;  // of Ninja itself
};

enum class ExitCode : int {
  kDone = 0,
  kTaskFailed = 1,
  kUsage = 2,
  kTimeLimit = 124,
  kInterrupted = 130,
  kInternal = 70,
};

// Returns what the process should exit with. Everything a person should know goes to the sink of `parts`.
ExitCode run_build(const RunnerParts& parts, std::vector<TaskState> states, const BuildOptions& options);

}  // namespace devtask
