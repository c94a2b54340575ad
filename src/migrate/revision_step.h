// Brings the revisions of one dialect up to the models: writes the next one if there is something to write.
// Unaware of: other dialects, notes, terminals.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/migration_base.h"
#include "migrate/migration_job.h"

namespace devtask {

struct RevisionOptions {
  std::string name;  // of a new revision
  std::optional<MigrationBase> base;
  std::vector<std::string> keep;  // patterns of operations that are kept although the base has them
  bool keep_all = false;
  bool preview = false;  // writes nothing
  // Formats a file, relative to the project's root. Empty: nothing does.
  std::function<Result<void>(const std::string& path)> format;
};

// What was found, for those who put the dialects together. As JSON in a file between processes.
struct RevisionFound {
  std::string dialect;
  std::string path;      // of the new file, relative to the project's root; "": there is nothing to write
  std::string revision;  // its id
  std::string text;
  std::vector<std::string> operations, left_out;
  std::vector<std::string> warnings;
  std::vector<std::string> mistakes;  // the file is there, and must be mended
};

std::string to_text(const RevisionFound& found);
Result<RevisionFound> revision_found_from_text(std::string_view text);

// What is to be told goes to job.say. A file is written whole or not at all, and only where nothing is.
Result<RevisionFound> make_revision(const MigrationJob& job, const RevisionOptions& options);

}  // namespace devtask
