// A PostgreSQL server in which scratch databases are made, and how it is reached. Unaware of: whose it is.
#pragma once

#include <string_view>

#include "base/result.h"
#include "migrate/database_url.h"
#include "migrate/postgresql_client.h"
#include "migrate/postgresql_programs.h"

namespace devtask {

struct DatabaseServer {
  PostgresqlClient client;  // in a database that is there already, as somebody who may make others
  DatabaseUrl for_tools;    // the same for other programs; its database is any
  bool shared = false;      // with others: what we make there outlives us unless it is dropped
};

// One that is not ours; the URL's query is for libpq. `programs`: their version need not be the server's, but
// not be an older one.
Result<DatabaseServer> server_at(std::string_view url, PostgresqlPrograms programs);

}  // namespace devtask
