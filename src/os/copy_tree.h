// A folder with all that is in it, copied.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "os/account.h"
#include "os/stop.h"

namespace devtask {

// Files, folders and links with their modes, shared with the original where the file system can (FICLONE).
// `to` is made and must not be there. `owner`: to whom the copies belong; none: to us. What a failure, or a
// stop request, leaves behind is the caller's to remove.
Result<void> copy_tree(const std::string& from, const std::string& to, const std::optional<Account>& owner,
                       const StopRequest& stop);

}  // namespace devtask
