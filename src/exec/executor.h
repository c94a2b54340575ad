// Runs one action. Implementations: LocalExecutor (processes of this machine), fakes in tests; later a
// sandbox and remote execution.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "action/action.h"
#include "base/result.h"
#include "os/stop.h"

namespace devtask {

struct ExecutionResult {
  enum class End { kSucceeded, kFailed, kTimedOut, kStopped };
  End end = End::kSucceeded;
  int exit_status = 0;  // of the step that ended it; 128 + n for signal n
  std::chrono::milliseconds duration{0};
};

struct ExecutionHooks {
  std::function<void(std::string_view)> output;  // secrets are masked already
  int lock_fd = -1;                              // inherited by the processes, or -1
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Fails if a program could not be started at all. Called from any thread, many at once.
  virtual Result<ExecutionResult> run(const Action& action, const ExecutionHooks& hooks) = 0;
};

}  // namespace devtask
