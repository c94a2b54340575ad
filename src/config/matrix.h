// The combinations of a task's matrix.
// Unaware of: what is done with them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/project.h"

namespace devtask {

// One value of each axis, in the order of the axes. Empty for a task without a matrix.
struct MatrixRow {
  std::vector<std::pair<std::string, std::string>> values;  // axis, value

  // nullptr if there is no such axis.
  const std::string* find(std::string_view axis) const;
  // "sqlite,py311": what follows `@` in a task's label.
  std::string label() const;
};

// More than this is refused when the file is read.
inline constexpr std::size_t kMostMatrixRows = 1000;

// All combinations, the last axis changing fastest. One empty row if there are no axes.
std::vector<MatrixRow> matrix_rows(const std::vector<MatrixAxis>& axes);

// `text` with the values of `row` in place of `{{axis}}`. Placeholders that are no axis are a failure.
Result<std::string> expand_axes(std::string_view text, const MatrixRow& row);

// The same for the lists of patterns of a task: values stand for themselves, wildcards in them are escaped.
// load_project has tried every row, so that this fails only for rows that are not the task's.
Result<Patterns> expand_patterns(const Patterns& patterns, const MatrixRow& row);

}  // namespace devtask
