// The outputs of all tasks, found by folder, so that no check compares every output with every other.
// Unaware of: who depends on whom, diagnostics.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/glob.h"
#include "base/source.h"
#include "config/project.h"

namespace devtask {

// One pattern (no exclusion) of the outputs of one task, matrix values filled in.
struct Output {
  std::size_t task = 0;
  std::string row;  // label of the row of the matrix
  std::string text;
  Span where;
  Glob glob;
  std::shared_ptr<const Patterns> list;  // all outputs of the row, with exclusions
  std::string prefix;                    // longest path without wildcards
  bool literal = false;                  // `prefix` is the one path
  bool folder = false;                   // everything below `prefix`
};

class OutputIndex {
 public:
  // Outputs are numbered in the order of adding.
  void add(Output output);
  const std::vector<Output>& outputs() const { return outputs_; }

  // Whether at_or_above() or below() would find something.
  bool touches(std::string_view path) const;
  // Outputs whose prefix is `path` or a folder above it.
  void at_or_above(std::string_view path, std::vector<std::size_t>& found) const;
  // Outputs whose prefix lies in the folder `path`, not at it.
  void below(std::string_view path, std::vector<std::size_t>& found) const;

 private:
  struct Node {
    std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>> children;
    std::vector<std::size_t> outputs;
  };
  // The node of `path`, or nullptr; `visit` sees each node on the way.
  template <class Visit>
  const Node* walk(std::string_view path, Visit visit) const;
  void collect(const Node& node, std::vector<std::size_t>& found) const;

  std::vector<Output> outputs_;
  std::vector<Node> nodes_{1};  // by folder; the first is the root
};

// Whether some file could be written by both. Exact without exclusions; with them it may say no when unsure.
bool outputs_overlap(const Output& a, const Output& b);

// Whether a task with these inputs, of which `pattern` (compiled: `glob`) is one, certainly reads something
// that `output` makes.
bool reads_output(const Patterns& inputs, const GlobList& ignore, std::string_view pattern, const Glob& glob,
                  const Output& output);

// The literal parts that a pattern begins with, without compiling it where that is possible.
std::string literal_prefix(std::string_view pattern);

}  // namespace devtask
