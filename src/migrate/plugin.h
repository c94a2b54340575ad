// The plug-in that works inside a project's own alembic command, as files that Python can import.
// Unaware of: what it does there, and who runs it.
#pragma once

#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace devtask {

// Of all its files: what it does is the same as long as this is.
Digest plugin_digest();

// Writes it below `folder`, each version into a folder of its own that appears whole, and mends what is
// spoiled in one that is there. Any number of processes may do so at once. Returns its absolute path, which
// belongs first into PYTHONPATH; with PYTHONDONTWRITEBYTECODE, or Python adds files to it.
Result<std::string> write_plugin(const std::string& folder);

}  // namespace devtask
