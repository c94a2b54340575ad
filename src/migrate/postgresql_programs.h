// Where the programs of PostgreSQL are. Those of a server are often not in PATH: distributions keep those of
// several versions beside each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/stop.h"

namespace devtask {

struct PostgresqlPrograms {
  std::string folder;   // absolute, without links
  std::string version;  // of the server: "15.18", "17beta1"; "" if it was not asked for

  std::string path(std::string_view program) const { return folder + '/' + std::string(program); }
};

// Folders with all these programs: those of PATH, then the usual ones below `root` ("" for the whole
// machine), the newest version first.
std::vector<std::string> postgresql_folders(std::string_view path, const std::string& root,
                                            const std::vector<std::string>& programs);

// "15.18" from "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; "" if it is nothing of that kind.
std::string postgresql_version(std::string_view said);
std::string_view major_version(std::string_view version);

// The first server that can be started. `path` is the value of PATH; `root` as above.
Result<PostgresqlPrograms> find_postgresql(const std::string& path, StopRequest& stop,
                                           const std::string& root = "");
// For a server elsewhere: the first `psql` and `pg_dump`.
Result<PostgresqlPrograms> find_postgresql_client(const std::string& path, const std::string& root = "");

// What the server and `initdb` get: nothing of ours, so that each says and makes the same everywhere.
const std::vector<std::string>& server_environment();

// With what a program has said as notes: its last complaints, or if it had none, its last lines.
Diagnostic with_last_lines(Diagnostic diagnostic, std::string_view said);

}  // namespace devtask
