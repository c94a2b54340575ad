// One unit of work as data: what to start, in which surroundings. How it is decided whether it must be
// started is not here (fingerprint.h), nor what came of it (action_result.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace devtask {

struct Action {
  struct Step {
    std::vector<std::string> argv;  // argv[0] is a program's name or path, looked up in PATH of `env`
  };
  std::string label;                                 // of the task, for messages
  std::vector<Step> steps;                           // run in order, the first failure ends the action
  std::vector<std::string> env;                      // NAME=value, everything the steps see
  std::string folder;                                // working directory, absolute
  std::optional<std::chrono::milliseconds> timeout;  // for all steps together
  bool interactive = false;                          // shares the terminal, output is not captured
  std::vector<std::string> secrets;                  // values that must not appear in output
};

}  // namespace devtask
