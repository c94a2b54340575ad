// `.devtask/out/ID`: what Ninja sees of a task. Unaware of: when it is of use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace devtask {

// Writes the digest of a task's outputs (nothing if they are not known) and a newline, only if the file does
// not hold just that already. Ninja compares times: what is written gets a time that differs from the one
// before, also on a file system that counts in seconds. A folder in its place is removed.
Result<void> write_out_file(const std::string& path, const std::optional<Digest>& seen);
// Ninja fails on a file or a folder of a time before 1970 or after 2262: one with such a time is changed now.
// Returns the time of last change, 0 if there is none.
std::int64_t mend_time(const std::string& path);

}  // namespace devtask
