#include "migrate/database_server.h"

#include <utility>

namespace devtask {

Result<DatabaseServer> server_at(std::string_view url, PostgresqlPrograms programs) {
  auto parsed = parse_database_url(url);
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->dialect != "postgresql" && parsed->dialect != "postgres") {
    return failure(error("`{}` is not the URL of a PostgreSQL server", mask_database_url(url))
                       .advise("it begins with `postgresql://`"));
  }
  if (parsed->database.empty()) parsed->database = "postgres";
  DatabaseUrl for_tools = *parsed;
  return DatabaseServer{PostgresqlClient(std::move(programs), std::move(*parsed)), std::move(for_tools),
                        true};
}

}  // namespace devtask
