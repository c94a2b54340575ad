// A database at the newest revision. Getting there takes seconds, so it is kept as an image: by the revisions
// and by what they run on, whatever the models are. Unaware of: what the database is used for.
#pragma once

#include <set>
#include <string>

#include "migrate/migration_job.h"

namespace devtask {

// `tree`: absolute, with the revisions that are meant; "" is the project's root. `without`: names of revision
// files that are left out of account: the image is that of the others.
std::string head_image_key(const MigrationJob& job, const std::string& tree = {},
                           const std::set<std::string>& without = {});

// Brings an empty database to the newest revision of `tree`: from its image, from that of fewer revisions, or
// from nothing. What it had to do is kept.
Result<void> bring_to_head(const MigrationJob& job, ScratchDatabase& database, const std::string& tree = {});

// The same for the image without some files, if there is one. False: the database is as it was.
Result<bool> restore_image(const MigrationJob& job, ScratchDatabase& database, const std::string& key);
// The database is what `key` says. A cache that fails only costs time: that is said.
void keep_image(const MigrationJob& job, const ScratchDatabase& database, const std::string& key);

}  // namespace devtask
