// Talks to a PostgreSQL server by its own programs, psql and pg_dump. Unaware of: whose server it is.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "migrate/database_url.h"
#include "migrate/postgresql_programs.h"
#include "os/stop.h"

namespace devtask {

class PostgresqlClient {
 public:
  // What the URL's driver is, does not matter; its query must be one of libpq's.
  PostgresqlClient(PostgresqlPrograms programs, DatabaseUrl url)
      : programs_(std::move(programs)), url_(std::move(url)) {}

  const DatabaseUrl& url() const { return url_; }
  const PostgresqlPrograms& programs() const { return programs_; }
  PostgresqlClient with_database(const std::string& name) const;

  // Values without decoration, one row a line. Each text is a transaction of its own. Others can see the
  // texts while they run: they hold no secret.
  Result<std::string> run(const std::vector<std::string>& statements, StopRequest& stop) const;
  // A file of statements: all of it or nothing. `first` runs before, in the same transaction.
  Result<void> run_file(const std::string& path, const std::string& first, StopRequest& stop) const;
  // All that is in the database but for owners and rights, as statements. The same content gives the same
  // text.
  Result<std::string> dump(StopRequest& stop) const;

 private:
  Result<std::string> start(std::string_view program, std::vector<std::string> words,
                            StopRequest& stop) const;

  PostgresqlPrograms programs_;
  DatabaseUrl url_;
};

// For a dump: the secret words with which newer versions of pg_dump fence what is in it become a digest of
// the rest. Still nothing in the rest can know them, and the text no longer differs each time.
std::string settle_dump(std::string dump);

}  // namespace devtask
