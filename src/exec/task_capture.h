// What is known while a task's command runs and after it. Used within exec/task_runner only.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "exec/ownership.h"
#include "exec/task_log.h"
#include "exec/task_runner.h"

namespace devtask {

struct TaskRunner::Capture {
  Capture() = default;
  explicit Capture(TaskLog empty) : log(std::move(empty)) {}

  TaskLog log;  // masked
  std::chrono::milliseconds duration{0};
  std::string rerun;  // the command that runs what failed again, if it is not all of it
  std::vector<OutputEntry> creates_before;
  std::vector<Foreign> foreign;            // in its outputs, sorted by path
  StartedEntry attempt;                    // as it was noted
  bool watched = false;                    // `foreign` is known: a failure can say what the attempt left
  std::string beside;                      // lay among the outputs that it reads, and is none
  bool says_itself = false;                // what failed is told one by one, and what to do about it
  std::vector<FileStat> dependency_stats;  // before, of all outputs in read_results
};

}  // namespace devtask
