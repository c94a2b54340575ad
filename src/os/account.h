// Users: as whom a program runs that must not, or will not, run as root.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace devtask {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  std::string name;
};

// For root: `nobody`. nullopt if we are not root, and so have no other rights to give.
Result<std::optional<Account>> unprivileged_account();

Result<void> give_to(const std::string& path, const Account& account);  // links are not followed

}  // namespace devtask
