// What the steps of one dialect share. Unaware of: which step it is.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/project.h"
#include "git/git.h"
#include "migrate/image_store.h"
#include "migrate/scratch_databases.h"
#include "migrate/scratch_folder.h"
#include "os/stop.h"

namespace devtask {

// Everything that is referred to outlives it.
struct MigrationJob {
  const Migrations& migrations;
  const Dialect& dialect;
  std::string root;  // of the project, absolute
  const Git* git;    // null: the project is in no repository
  ScratchDatabases& databases;
  const std::vector<std::string>& places;  // for scratch folders
  ImageStore& images;
  std::string plugin;                      // the folder for PYTHONPATH
  std::string server;                      // URL of a server to make scratch databases in; "": one of our own
  std::string server_version;              // of a server of our own; "" for none
  std::vector<std::string> environment;    // of the project's commands, NAME=value
  std::vector<std::string> distributions;  // "alembic 1.10.2": those that decide what a revision does
  StopRequest& stop;
  std::function<void(std::string_view)> say;  // a line, without its end

  Result<ScratchDatabase> make_database() const;
  Result<ScratchFolder> make_folder() const;
  std::string versions_below(const std::string& tree) const;  // the folder of the revisions, absolute
};

}  // namespace devtask
