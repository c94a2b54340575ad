// A PostgreSQL server of our own, for as long as the object lives. It never outlives this process.
// Unaware of: what databases are made in it, and for what.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "migrate/database_server.h"
#include "migrate/postgresql_programs.h"
#include "os/stop.h"

namespace devtask {

struct PostgresqlRequest {
  PostgresqlPrograms programs;
  std::vector<std::string> places;  // where its folder may be made (scratch_places)
  std::string clusters;  // a folder that keeps what `initdb` made, for the next time; "": nothing is
  // Also on a port of 127.0.0.1, for drivers that know no Unix sockets.
  bool loopback = false;
};

class PostgresqlServer {
 public:
  // Returns when it answers. It is not run as root: as root we run it as `nobody`. Fails with what the server
  // said, and on a stop request; then nothing is left.
  static Result<PostgresqlServer> start(const PostgresqlRequest& request, StopRequest& stop);
  PostgresqlServer(PostgresqlServer&&) noexcept;
  PostgresqlServer& operator=(PostgresqlServer&&) = delete;
  ~PostgresqlServer();  // ends it and removes its folder

  // As superuser: through a Unix socket in a folder that only we can enter; for tools on the loopback
  // address, with a password, if that was asked for.
  DatabaseServer access() const;
  // A failure if it has ended meanwhile, with what it said last.
  Result<void> check() const;
  int process_id() const;

 private:
  struct Running;
  explicit PostgresqlServer(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace devtask
