// Which task depends on which, as numbers.
// Unaware of: names, places, matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace devtask {

class TaskGraph {
 public:
  explicit TaskGraph(std::size_t tasks) : edges_(tasks), seen_(tasks, 0) {}

  // `label` is the caller's: which of the task's `deps` it is. Of several edges between two tasks the first
  // counts.
  void add(std::size_t task, std::size_t dependency, std::size_t label);
  std::size_t label(std::size_t task, std::size_t dependency) const;

  // Whether `task` depends on `other`, also through others. Remembers the last task asked about.
  bool depends(std::size_t task, std::size_t other);

  // Cycles that have no task in common, each beginning with its smallest number.
  std::vector<std::vector<std::size_t>> cycles() const;

 private:
  struct Edge {
    std::size_t to;
    std::size_t label;
  };
  std::vector<std::vector<Edge>> edges_;
  std::vector<std::uint32_t> seen_;  // the number of the question that last came by
  std::uint32_t question_ = 0;
  std::size_t asked_ = SIZE_MAX;
};

}  // namespace devtask
