// What killed processes have left of their scratch databases and servers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/postgresql_client.h"
#include "migrate/scratch_folder.h"
#include "os/stop.h"

namespace devtask {

// In a scratch folder: the data of a server, and the note of a database in a server that is not ours.
inline constexpr std::string_view kServerData = "data";
inline constexpr std::string_view kDatabaseNote = "database";

// A note says which server, by a digest, and which database.
std::string database_note(const DatabaseUrl& server, const std::string& database);

// If the server of that folder did not end by itself: ends its other processes, frees its shared memory.
void end_killed_server(const ScratchFolder& folder);

// Ends leftover servers and removes their folders. Databases are dropped in `server`; those in others stay
// noted. null: in none.
void remove_leftovers(const std::vector<std::string>& places, const PostgresqlClient* server,
                      StopRequest& stop);

// Fails if the server cannot be reached.
Result<void> drop_database(const PostgresqlClient& server, const std::string& database, StopRequest& stop);

}  // namespace devtask
