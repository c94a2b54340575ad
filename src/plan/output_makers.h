// Finds the tasks whose outputs some globs may touch, without comparing every pair of tasks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/glob.h"
#include "config/project.h"

namespace devtask {

class OutputMakers {
 public:
  // Outputs of every task of the project, with matrix values filled in. `owned` keeps those alive.
  OutputMakers(const Project& project, std::vector<std::shared_ptr<const Patterns>>& owned);

  struct Maker {
    const Task* task;
    std::string label;  // of the instance with default arguments
    const GlobList* outputs;
  };
  // Makers whose outputs may overlap with `globs`, in the order of the project.
  std::vector<Maker> makers(const GlobList& globs) const;

 private:
  std::vector<Maker> all_;
  std::vector<std::pair<std::string, std::size_t>>
      by_prefix_;  // literal prefix of an output, index of all_; sorted
};

}  // namespace devtask
