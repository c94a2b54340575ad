// Whether somebody else wrote to files while a tool rewrote them in place. What can be told: a file that was
// completed more often than the tool has programs, or after they ended.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "os/write_watch.h"
#include "plan/plan.h"

namespace devtask {

class EditWatch {
 public:
  // Absolute paths of the files. `steps`: each program in them may write a file once.
  EditWatch(const std::vector<std::string>& files, const std::vector<PlannedStep>& steps);

  void tool_ended();
  enum class Writer { kTool, kOthersToo, kUnknown };
  // Of a file that is not what it was. To be asked after its content was read.
  Writer writer_of(const std::string& file);

 private:
  WriteWatch watch_;
  std::size_t most_ = 0;
  std::map<std::string, std::size_t> by_tool_;
};

}  // namespace devtask
