// `run`, `check`, `args` and `matrix` of a task.
#pragma once

#include <vector>

#include "config/bind_values.h"
#include "config/project.h"
#include "config/table_reader.h"

namespace devtask {

// Axes with a mistake stay, without their bad values, so that their names are known.
std::vector<MatrixAxis> bind_matrix(TableReader& table);
std::vector<ArgSpec> bind_args(TableReader& table, const std::vector<MatrixAxis>& axes);
// `key`: `run` or `check`.
std::vector<Step> bind_steps(TableReader& table, std::string_view key, const Placeholders& known);

}  // namespace devtask
