// Where a Python package begins. Unaware of: who imports it.
#pragma once

#include <string>

#include "config/project.h"

namespace devtask {

// The folder that has to be on PYTHONPATH for the models in `tree`: the one above their topmost package.
std::string package_root(const std::string& tree, const Patterns& models);

}  // namespace devtask
