// One run of a task with units. Used within exec/task_runner only.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "exec/task_capture.h"
#include "exec/task_runner.h"
#include "exec/unit_outcomes.h"

namespace devtask {

// "There is nothing to do it with" (docs/reference.md).
inline constexpr int kExitNoTests = 4;

struct TaskRunner::UnitRun {
  TaskIndex index = 0;
  std::mutex beginning;
  bool begun = false;
  TaskState state;
  std::optional<TaskLock> lock;
  Capture capture;
  std::shared_ptr<UnitStates> units;              // those of `state`
  std::vector<std::vector<std::size_t>> batches;  // positions in `units`
  bool explained = false;                         // why it runs; the first batch's
  std::mutex keeping;                             // one at a time compares what all share with what it was

  std::mutex mutex;  // guards what follows
  std::vector<char> taken;
  std::size_t ended = 0;                             // of the batches
  std::vector<std::optional<UnitOutcome>> outcomes;  // of the units, those that ran
  std::vector<std::chrono::milliseconds> durations;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  ExecutionResult::End end = ExecutionResult::End::kSucceeded;
  int exit_status = 0;
  std::string failed_log;      // of what failed alone
  bool found_nothing = false;  // there is no test, or not the one that was asked for
  std::optional<Outcome> outcome;
};

struct TaskRunner::Ended {
  bool started = false;  // a program of it
  std::size_t units = 1;
  ExecutionResult::End end = ExecutionResult::End::kFailed;
  int exit_status = 127;
  std::chrono::milliseconds duration{0};
  std::string log;
  std::vector<std::string> secrets;  // that may stand in what it wrote
};

}  // namespace devtask
