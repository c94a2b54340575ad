// Runs functions in place of commands, and counts them.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "exec/executor.h"

namespace devtask {

class FakeExecutor final : public Executor {
 public:
  using Command = std::function<Result<ExecutionResult>(const Action&, const ExecutionHooks&)>;

  // What a task does when it runs; without one it succeeds and does nothing.
  std::map<std::string, Command> commands;

  void when(const std::string& label, std::function<void()> command) {
    commands[label] = [command = std::move(command)](const Action&,
                                                     const ExecutionHooks&) -> Result<ExecutionResult> {
      command();
      return ExecutionResult{ExecutionResult::End::kSucceeded, 0, std::chrono::milliseconds(100)};
    };
  }
  void fails(const std::string& label, int exit_status,
             ExecutionResult::End end = ExecutionResult::End::kFailed) {
    commands[label] = [=](const Action&, const ExecutionHooks& hooks) -> Result<ExecutionResult> {
      hooks.output("what it said");
      return ExecutionResult{end, exit_status, std::chrono::milliseconds(100)};
    };
  }

  Result<ExecutionResult> run(const Action& action, const ExecutionHooks& hooks) override {
    {
      const std::scoped_lock lock(mutex_);
      actions_.push_back(action);
    }
    const auto command = commands.find(action.label);
    if (command == commands.end()) return ExecutionResult{};
    return command->second(action, hooks);
  }

  // Labels of what ran since the last call, in order.
  std::string ran() {
    const std::scoped_lock lock(mutex_);
    std::string text;
    for (const Action& action : actions_) text += (text.empty() ? "" : " ") + action.label;
    actions_.clear();
    return text;
  }
  const Action& last_action() const { return actions_.back(); }

 private:
  std::mutex mutex_;
  std::vector<Action> actions_;
};

}  // namespace devtask
