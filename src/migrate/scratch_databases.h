// The scratch databases of one run, and the servers that are started for them, each once and only when it is
// needed. Unaware of: dialects, tools.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/template.h"
#include "migrate/postgresql_server.h"
#include "migrate/scratch_database.h"
#include "os/stop.h"

namespace devtask {

struct ScratchKind {
  Template url;        // with {{scratch}} or {{server}}
  std::string server;  // "": files in a folder; "postgresql": a server of our own; or the URL of another one
  bool loopback = false;  // for tools that know no Unix sockets
};

// Thread-safe. It outlives its databases.
class ScratchDatabases {
 public:
  // `path` is the value of PATH. `places` and `clusters`: see PostgresqlRequest.
  ScratchDatabases(std::vector<std::string> places, std::string clusters, std::string path)
      : places_(std::move(places)), clusters_(std::move(clusters)), path_(std::move(path)) {}

  Result<ScratchDatabase> make(const ScratchKind& kind, StopRequest& stop);
  // A failure if a server of ours has ended: more than what a tool says then.
  Result<void> check() const;

 private:
  Result<DatabaseServer> server(const ScratchKind& kind, StopRequest& stop);

  const std::vector<std::string> places_;
  const std::string clusters_, path_;
  mutable std::mutex mutex_;  // for what follows
  std::optional<PostgresqlServer> own_, own_loopback_;
};

}  // namespace devtask
