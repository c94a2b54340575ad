// The programs that devtask itself needs, and small steps that several commands share.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/session.h"

namespace devtask {

std::string shim_path();  // beside this program
// DEVTASK_NINJA, else `ninja` (or Fedora's `ninja-build`) in PATH.
Result<std::string> find_ninja(const Variables& environment);

// Saves the memo if there is a state folder; a memo that cannot be saved costs time, no more.
void keep_memo(Session& session, const Options& options);

// Writes .devtask/build.ninja and sources.ninja as the project is now.
Result<void> refresh_manifests(Session& session);

}  // namespace devtask
