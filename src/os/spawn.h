// Starts one program in a new process: the only place that does. Unaware of: output, time limits, what a
// group is for.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "os/account.h"
#include "os/file.h"

namespace devtask {

struct SpawnRequest {
  const std::string& program;            // path of the file to execute
  const std::vector<std::string>& argv;  // argv[0] included
  const std::vector<std::string>& env;   // NAME=value
  const std::string& folder;             // working directory, absolute
  int output = -1;        // becomes standard output and error, input is /dev/null; -1: all inherited
  int inherited_fd = -1;  // one more descriptor that the child keeps, or -1
  bool own_group = true;  // leader of a new process group
  // With `output`: files, absolute. "": /dev/null, and together with the output.
  const std::string& input;
  const std::string& errors;
  const Account* account = nullptr;  // whose rights it has; null: ours
  int end_signal = 9;                // what the kernel sends it when the calling thread ends
};

struct SpawnedProcess {
  int pid = -1;
  Fd ended;  // becomes readable
};

// Returns once the program runs. The child starts with an empty signal mask and default signal
// actions, and the kernel ends it when the calling *thread* ends. Fails if the program cannot be executed.
Result<SpawnedProcess> spawn_process(const SpawnRequest& request);

}  // namespace devtask
