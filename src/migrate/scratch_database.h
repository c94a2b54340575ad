// A database that a tool may do anything to, and its image: a file from which another one is made. It is made
// here and removed in the end; never is it one that was there before. Unaware of: revisions, who uses the
// database, where images are kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/template.h"
#include "migrate/database_server.h"
#include "migrate/scratch_folder.h"
#include "os/stop.h"

namespace devtask {

class ScratchDatabase {
 public:
  // Files in a folder, such as SQLite's: `url` has {{scratch}} where that folder's path is to be.
  static Result<ScratchDatabase> in_folder(const Template& url, const std::vector<std::string>& places,
                                           StopRequest& stop);
  // A new, empty one in the server: `url` has {{server}} behind "://". The server outlives it.
  static Result<ScratchDatabase> in_server(const Template& url, const DatabaseServer& server,
                                           const std::vector<std::string>& places, StopRequest& stop);
  ScratchDatabase(ScratchDatabase&&) noexcept = default;
  ScratchDatabase& operator=(ScratchDatabase&&) = delete;
  ~ScratchDatabase();

  const std::string& url() const { return url_; }               // for the tool; may have a password
  const std::string& folder() const { return folder_.path(); }  // private, for what else the tool needs

  // Puts all that is in it into one file, which is replaced when it is whole. The same content gives the same
  // file, or nearly. For SQLite and PostgreSQL.
  Result<void> save(const std::string& image, StopRequest& stop) const;
  // Into a database that is still empty: what `save` has put into the file. Fails if that was done with
  // another version of the server.
  Result<void> restore(const std::string& image, StopRequest& stop);

 private:
  ScratchDatabase(ScratchFolder folder, std::string url) : folder_(std::move(folder)), url_(std::move(url)) {}

  Result<std::string> sqlite_file() const;

  ScratchFolder folder_;
  std::string url_;
  std::optional<DatabaseServer> server_;  // and in it the database
  std::string name_;
};

}  // namespace devtask
