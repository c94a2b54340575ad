// One task at a time, in however many devtask processes: held over check, run and commit, and inherited by
// the task's processes, so that a killed devtask's task that still works is noticed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "os/stop.h"

namespace devtask {

class TaskLock {
 public:
  // Waits for another devtask (`waiting` is called once then, with its process id), ends what a dead one left
  // running: every process that holds the lock, and every process that has all of `marks` in its environment.
  // Fails if a stop was asked for while waiting.
  static Result<TaskLock> acquire(const std::string& path, const std::vector<std::string>& marks,
                                  const StopRequest& stop, const std::function<void(int pid)>& waiting);
  TaskLock(TaskLock&&) = default;
  TaskLock& operator=(TaskLock&&) = default;
  ~TaskLock();

  int fd() const { return lock_.fd(); }
  bool waited() const { return waited_; }

 private:
  TaskLock(FileLock lock, bool waited) : lock_(std::move(lock)), waited_(waited) {}

  FileLock lock_;
  bool waited_;
};

}  // namespace devtask
