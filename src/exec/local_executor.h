#pragma once

#include <string>

#include "exec/executor.h"

namespace devtask {

// Processes of this machine, each step in a process group of its own.
class LocalExecutor final : public Executor {
 public:
  // `exec_step`: path of devtask-shim. `stop` outlives the executor.
  LocalExecutor(std::string exec_step, StopRequest& stop) : exec_step_(std::move(exec_step)), stop_(stop) {}

  Result<ExecutionResult> run(const Action& action, const ExecutionHooks& hooks) override;

 private:
  std::string exec_step_;
  StopRequest& stop_;
};

}  // namespace devtask
