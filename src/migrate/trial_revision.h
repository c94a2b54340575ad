// The project's `revision` command where its file is not wanted: what it writes has a name that nobody else
// uses, and goes away again. Unaware of: what the command is asked for.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/migration_job.h"
#include "migrate/migration_tool.h"

namespace devtask {

class TrialRevision {
 public:
  struct File {
    std::string path, text;  // as they were if the tool had been given the plain name; relative to the root
  };

  static Result<TrialRevision> make(const MigrationJob& job, std::string name);
  // What killed ones have left.
  static Result<void> clear_leftovers(const MigrationJob& job);

  TrialRevision(TrialRevision&& other) noexcept;
  TrialRevision& operator=(TrialRevision&&) = delete;
  ~TrialRevision();

  Result<ToolOutcome> run(const ScratchDatabase& database, PluginRequest request);
  // What the command has written. Fails where that cannot be told from what somebody else has.
  Result<std::vector<File>> files() const;

  // Without the token, in any of the ways in which tools write names.
  static std::string without_token(const std::string& text, const std::string& token);

 private:
  TrialRevision(const MigrationJob& job, std::string name, std::string token);

  const MigrationJob* job_;
  std::string name_, token_;  // no token: moved from
  std::set<std::string> before_;
};

}  // namespace devtask
