#include "migrate/postgresql_leftovers.h"

#include <sstream>

#include "base/digest.h"
#include "os/shared_memory.h"

namespace devtask {
namespace {

// A password may have been changed meanwhile; it is the same server.
std::string server_name(DatabaseUrl url) {
  url.password.reset();
  url.database.clear();
  return sha256(to_text(url)).hex();
}

// It becomes a part of a statement.
bool is_plain_name(std::string_view name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

}  // namespace

std::string database_note(const DatabaseUrl& server, const std::string& database) {
  return server_name(server) + ' ' + database + '\n';
}

void end_killed_server(const ScratchFolder& folder) {
  // The server's own note, which it removes when it ends; the seventh line is a key and a number.
  const auto note = read_file(join_path(folder.path(), kServerData) + "/postmaster.pid");
  if (!note) return;
  folder.end_holders();
  std::istringstream lines(*note);
  std::string line;
  for (int number = 1; number <= 7 && std::getline(lines, line); ++number) {
  }
  std::istringstream segment(line);
  unsigned key = 0;
  int id = 0;
  if (segment >> key >> id) remove_segment(key, id);
}

void remove_leftovers(const std::vector<std::string>& places, const PostgresqlClient* server,
                      StopRequest& stop) {
  for (ScratchFolder& folder : ScratchFolder::leftovers(places)) {
    const auto note = read_file(join_path(folder.path(), kDatabaseNote));
    if (!note) {
      end_killed_server(folder);
      continue;
    }
    const std::size_t space = note->find(' ');
    const std::string database =
        space == std::string::npos ? "" : note->substr(space + 1, note->size() - space - 2);
    const bool here =
        is_plain_name(database) && server != nullptr && *note == database_note(server->url(), database);
    if (!here || !drop_database(*server, database, stop)) folder.keep();
  }
}

Result<void> drop_database(const PostgresqlClient& server, const std::string& database, StopRequest& stop) {
  auto dropped = server.run({"DROP DATABASE IF EXISTS " + database + " WITH (FORCE)"}, stop);
  if (!dropped) return tl::unexpected(dropped.error());
  return {};
}

}  // namespace devtask
