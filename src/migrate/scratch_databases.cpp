#include "migrate/scratch_databases.h"

#include <utility>

namespace devtask {
namespace {

constexpr std::string_view kPostgresql = "postgresql";

}  // namespace

Result<ScratchDatabase> ScratchDatabases::make(const ScratchKind& kind, StopRequest& stop) {
  if (kind.server.empty()) return ScratchDatabase::in_folder(kind.url, places_, stop);
  const auto where = server(kind, stop);
  if (!where) return tl::unexpected(where.error());
  return ScratchDatabase::in_server(kind.url, *where, places_, stop);
}

Result<DatabaseServer> ScratchDatabases::server(const ScratchKind& kind, StopRequest& stop) {
  const std::scoped_lock lock(mutex_);
  const bool own = kind.server == kPostgresql;
  if (!own && kind.server.find("://") == std::string::npos) {
    return failure(error("what should name a database server is no URL")
                       .advise("`postgresql` is one of devtask's own; another one has a URL, "
                               "such as `postgresql://USER@HOST`"));
  }
  if (!own) {
    auto client = find_postgresql_client(path_);
    if (!client) return tl::unexpected(client.error());
    return server_at(kind.server, std::move(*client));
  }
  auto& server = kind.loopback ? own_loopback_ : own_;
  if (!server) {
    auto programs = find_postgresql(path_, stop);
    if (!programs) return tl::unexpected(programs.error());
    auto started = PostgresqlServer::start({std::move(*programs), places_, clusters_, kind.loopback}, stop);
    if (!started) return tl::unexpected(started.error());
    server.emplace(std::move(*started));
  }
  if (auto alive = server->check(); !alive) return tl::unexpected(alive.error());
  return server->access();
}

Result<void> ScratchDatabases::check() const {
  const std::scoped_lock lock(mutex_);
  for (const auto* server : {&own_, &own_loopback_}) {
    if (!*server) continue;
    if (auto alive = (*server)->check(); !alive) return alive;
  }
  return {};
}

}  // namespace devtask
