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
  // The rest of the query is libpq's; other drivers refuse what they do not know.
  DatabaseUrl for_tools = *parsed;
  std::erase_if(for_tools.query,
                [](const auto& pair) { return pair.first != "host" && pair.first != "port"; });
  return DatabaseServer{PostgresqlClient(std::move(programs), std::move(*parsed)), std::move(for_tools),
                        true};
}

}  // namespace devtask
