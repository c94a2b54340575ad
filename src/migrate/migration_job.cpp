#include "migrate/migration_job.h"

#include "os/file.h"

namespace devtask {

Result<ScratchDatabase> MigrationJob::make_database() const {
  ScratchKind kind;
  kind.url = dialect.url.value;
  kind.server = dialect.server.empty() || server.empty() ? dialect.server : server;
  return databases.make(kind, stop);
}

Result<ScratchFolder> MigrationJob::make_folder() const { return ScratchFolder::make(places, std::nullopt); }

std::string MigrationJob::versions_below(const std::string& tree) const {
  return join_path(tree, dialect.versions);
}

}  // namespace devtask
