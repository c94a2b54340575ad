// The folder of data that a PostgreSQL server starts with: what `initdb` makes, which takes a second, kept
// for the next time. Unaware of: the server.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "migrate/postgresql_programs.h"
#include "migrate/scratch_folder.h"
#include "os/account.h"
#include "os/stop.h"

namespace devtask {

inline constexpr std::string_view kSuperuser = "devtask";

class PostgresqlClusters {
 public:
  // `folder`: where they are kept, one for each version of the server, and those of its older releases
  // removed; "": nowhere. `owner`: as whom `initdb` runs, and whose the data is to be.
  PostgresqlClusters(PostgresqlPrograms programs, std::string folder, std::optional<Account> owner);

  // Whether what it gives comes from an earlier time, and so may be damaged.
  bool has_kept() const;
  void forget() const;
  // Makes `data`, which is in the scratch folder. Its superuser needs no password on the machine's socket,
  // and has none to come in by elsewhere.
  Result<void> give(const ScratchFolder& scratch, const std::string& data, StopRequest& stop) const;

 private:
  Result<void> make(const ScratchFolder& scratch, const std::string& data, StopRequest& stop) const;
  void keep(const std::string& data, const StopRequest& stop) const;
  void remove_older() const;

  PostgresqlPrograms programs_;
  std::string folder_, kept_;
  std::optional<Account> owner_;
};

}  // namespace devtask
