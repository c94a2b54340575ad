// Which migrations and which dialects a command means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/commands.h"
#include "config/load.h"

namespace CLI {
class App;
}

namespace devtask {

struct MigrationsWish {
  std::string migrations;             // as a person types it; "" those that are meant where one is
  std::vector<std::string> dialects;  // "sqlite", "sqlite,postgresql"
  bool all_dialects = false;
};

void declare(CLI::App& app, MigrationsWish& wish);

struct MigrationsChoice {
  std::shared_ptr<const LoadedProject> loaded;  // what the others point into
  const Migrations* migrations = nullptr;
  std::vector<const Dialect*> dialects;  // at least one, in the order declared

  const Project& project() const { return loaded->project; }

  // Without a word about dialects: the one that the `url-env` variable names, else the first.
  static Result<MigrationsChoice> make(const Invocation& invocation, const MigrationsWish& wish);
};

// Where the project has no migrations, a task of its own may be called like the command: that is run then.
// Nothing: it is the command that is meant.
std::optional<Result<ExitCode>> run_task_called(const std::string& name, const Invocation& invocation);

// A name that can be part of a file's name and text. "" is no name, and right.
Result<void> check_name(const std::string& name);

}  // namespace devtask
