// `.devtask/out/ID`: what Ninja sees of a task. Unaware of: when it is of use.
#pragma once

#include <optional>
#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace devtask {

// Writes the digest of a task's outputs (nothing if they are not known) and a newline, only if the file does
// not hold just that already. Ninja compares times: what is written gets a time that differs from the one
// before, also on a file system that counts in seconds.
Result<void> write_out_file(const std::string& path, const std::optional<Digest>& seen);

}  // namespace devtask
