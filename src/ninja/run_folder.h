// `.devtask/runs/PID-START`: the graph, Ninja's log and the socket of one run, removed with it.
#pragma once

#include <string>

#include "base/result.h"

namespace devtask {

class RunFolder {
 public:
  // Also removes what runs left behind whose process is gone.
  static Result<RunFolder> create(const std::string& runs);
  RunFolder(RunFolder&& other) noexcept : path_(std::move(other.path_)), name_(std::move(other.name_)) {
    other.path_.clear();
  }
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  const std::string& path() const { return path_; }
  const std::string& name() const { return name_; }

 private:
  RunFolder() = default;
  std::string path_, name_;
};

}  // namespace devtask
