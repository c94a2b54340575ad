// Database files of SQLite, copied as a whole while others may be using them.
#pragma once

#include <string>

#include "base/result.h"
#include "os/stop.h"

namespace devtask {

// The content as of one moment, also what is only in a write-ahead log beside the file so far. `to` is
// replaced when the copy is whole, and nothing is beside it then; it is nobody's database at the moment.
// Waits some seconds for somebody who is writing.
Result<void> copy_sqlite(const std::string& from, const std::string& to, const StopRequest& stop);
// The same content into the database `to`, which is there and may be in use: one transaction of SQLite's, so
// that the file stays the one that it is, with its owner, mode and links. It is as it was on failure.
Result<void> restore_sqlite(const std::string& from, const std::string& to, const StopRequest& stop);

}  // namespace devtask
