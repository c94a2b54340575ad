// The plugin that makes pytest write its results file by file (devtask_pytest.py beside this), as text to be
// put into a folder. Unaware of: where that is.
#pragma once

#include <string_view>

namespace devtask {

// Loaded by `-p devtask_pytest` with its folder on PYTHONPATH; DEVTASK_REPORT names the folder to write to.
std::string_view pytest_plugin();

}  // namespace devtask
