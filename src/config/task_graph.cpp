#include "config/task_graph.h"

#include <algorithm>

namespace devtask {

void TaskGraph::add(std::size_t task, std::size_t dependency, std::size_t label) {
  asked_ = SIZE_MAX;
  for (const Edge& edge : edges_[task]) {
    if (edge.to == dependency) return;
  }
  edges_[task].push_back({dependency, label});
}

std::size_t TaskGraph::label(std::size_t task, std::size_t dependency) const {
  for (const Edge& edge : edges_[task]) {
    if (edge.to == dependency) return edge.label;
  }
  return 0;
}

bool TaskGraph::depends(std::size_t task, std::size_t other) {
  for (const Edge& edge : edges_[task]) {
    if (edge.to == other) return true;
  }
  if (asked_ != task) {
    asked_ = task;
    ++question_;
    std::vector<std::size_t> open{task};
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      for (const Edge& edge : edges_[at]) {
        if (seen_[edge.to] == question_) continue;
        seen_[edge.to] = question_;
        open.push_back(edge.to);
      }
    }
  }
  return seen_[other] == question_;
}

std::vector<std::vector<std::size_t>> TaskGraph::cycles() const {
  enum class State : std::uint8_t { kNew, kOpen, kDone };
  struct Step {
    std::size_t task;
    std::size_t next_edge = 0;
  };
  std::vector<std::vector<std::size_t>> cycles;
  std::vector<State> state(edges_.size(), State::kNew);
  std::vector<bool> reported(edges_.size(), false);
  std::vector<Step> path;  // an explicit stack: chains may be longer than the process's own
  for (std::size_t start = 0; start < edges_.size(); ++start) {
    if (state[start] != State::kNew) continue;
    state[start] = State::kOpen;
    path.push_back({start});
    while (!path.empty()) {
      const std::size_t task = path.back().task;
      if (path.back().next_edge == edges_[task].size()) {
        state[task] = State::kDone;
        path.pop_back();
        continue;
      }
      const std::size_t next = edges_[task][path.back().next_edge++].to;
      if (state[next] == State::kNew) {
        state[next] = State::kOpen;
        path.push_back({next});
      } else if (state[next] == State::kOpen) {
        std::vector<std::size_t> cycle;
        auto at = std::find_if(path.begin(), path.end(), [&](const Step& step) { return step.task == next; });
        for (; at != path.end(); ++at) cycle.push_back(at->task);
        if (std::any_of(cycle.begin(), cycle.end(), [&](std::size_t i) { return reported[i]; })) continue;
        for (const std::size_t i : cycle) reported[i] = true;
        std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
        cycles.push_back(std::move(cycle));
      }
    }
  }
  return cycles;
}

}  // namespace devtask
