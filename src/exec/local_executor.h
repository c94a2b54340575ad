#pragma once

#include "exec/executor.h"

namespace devtask {

// Processes of this machine, each step in a process group of its own.
class LocalExecutor final : public Executor {
 public:
  // `stop` outlives the executor.
  explicit LocalExecutor(StopRequest& stop) : stop_(stop) {}

  Result<ExecutionResult> run(const Action& action, const ExecutionHooks& hooks) override;

 private:
  StopRequest& stop_;
};

}  // namespace devtask
