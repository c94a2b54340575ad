#include "migrate/round_trip.h"

#include "migrate/migration_tool.h"
#include "os/file.h"

namespace devtask {
namespace {

class Trip {
 public:
  Trip(const MigrationJob& job, const ScratchDatabase& database) : job_(job), database_(database) {}

  Result<void> go(const std::vector<Step>& steps, const std::string& revision, std::string_view what) {
    PluginRequest guard;
    guard.action = "guard";
    const auto outcome = run_tool(job_, {steps, database_, std::move(guard), {}, revision});
    if (!outcome) return tl::unexpected(outcome.error());
    if (outcome->exit_status != 0)
      return failure(tool_failure(job_, fmt::format("the {} of the newest revision fails", what), *outcome));
    return {};
  }

  // A file with the schema as it is.
  Result<std::string> look(std::string_view name) {
    PluginRequest schema;
    schema.action = "schema";
    schema.url = database_.url();
    const auto answer = run_plugin(job_, std::move(schema), database_.folder());
    if (!answer) return tl::unexpected(answer.error());
    std::string file = fmt::format("{}/{}.json", database_.folder(), name);
    if (auto moved = rename_file(database_.folder() + "/result.json", file); !moved)
      return tl::unexpected(moved.error());
    return file;
  }

  Result<void> compare(const std::string& before, const std::string& after, std::string_view step) {
    PluginRequest compare;
    compare.action = "compare";
    compare.before = before;
    compare.after = after;
    const auto answer = run_plugin(job_, std::move(compare), database_.folder());
    if (!answer) return tl::unexpected(answer.error());
    for (const std::string& each : answer->problems) problems.push_back(fmt::format("{}: {}", step, each));
    return {};
  }

  std::vector<std::string> problems;

 private:
  const MigrationJob& job_;
  const ScratchDatabase& database_;
};

}  // namespace

std::string revision_of_file(std::string_view path) {
  const std::string_view name = file_name(path);
  return std::string(name.substr(0, name.rfind('.')));
}

Result<std::vector<std::string>> round_trip_of_plain(const MigrationJob& job, const ScratchDatabase& database,
                                                     const std::string& parent) {
  Trip trip(job, database);
  const auto& [up, down] = std::pair(job.migrations.upgrade, job.migrations.downgrade);
  const auto before = trip.look("before");
  if (!before) return tl::unexpected(before.error());
  if (auto gone = trip.go(up, "head", "upgrade"); !gone) return tl::unexpected(gone.error());
  const auto first = trip.look("first");
  if (!first) return tl::unexpected(first.error());
  if (auto gone = trip.go(down, parent, "downgrade"); !gone) return tl::unexpected(gone.error());
  const auto after = trip.look("after");
  if (!after) return tl::unexpected(after.error());
  if (auto done = trip.compare(*before, *after, "upgrade, downgrade"); !done)
    return tl::unexpected(done.error());
  if (auto gone = trip.go(up, "head", "upgrade"); !gone) return tl::unexpected(gone.error());
  const auto second = trip.look("second");
  if (!second) return tl::unexpected(second.error());
  if (auto done = trip.compare(*first, *second, "upgrade, downgrade, upgrade"); !done)
    return tl::unexpected(done.error());
  return std::move(trip.problems);
}

}  // namespace devtask
