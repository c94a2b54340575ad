// URLs of databases, in the form that SQLAlchemy and libpq share:
// DIALECT[+DRIVER]://[USER[:PASSWORD]@][HOST][:PORT][/DATABASE][?KEY=VALUE&...]
// Unaware of: what any dialect makes of its parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace devtask {

// Every part is what is meant: nothing is percent-encoded.
struct DatabaseUrl {
  std::string dialect;  // "postgresql"
  std::string driver;   // "asyncpg"; "" if none is named
  std::optional<std::string> user, password;
  std::string host, port;  // the host of an address with colons has no brackets; several hosts are one text
  std::string database;    // without the slash before it: "/x" is an absolute path of SQLite
  std::vector<std::pair<std::string, std::string>> query;

  bool operator==(const DatabaseUrl&) const = default;
};

// Failures do not show the URL's password.
Result<DatabaseUrl> parse_database_url(std::string_view text);
// Parses to the same again. What stands for itself in every dialect is not encoded.
std::string to_text(const DatabaseUrl& url);

// For people and logs: passwords are `***`. Takes any text; what cannot be parsed rather loses too much.
std::string mask_database_url(std::string_view text);
// What must not be shown of such a text: its passwords, as they are written there and as they are meant.
std::vector<std::string> secrets_of_database_url(std::string_view text);

// More of the text of a URL. If both have a query, they become one.
void append_to_url(std::string& url, std::string_view more);

}  // namespace devtask
