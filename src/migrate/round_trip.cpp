#include "migrate/round_trip.h"

#include <algorithm>

#include "migrate/migration_tool.h"
#include "os/file.h"

namespace devtask {
namespace {

// Of files that can be revisions, sorted.
std::vector<std::string> names_in(const std::string& versions) {
  std::vector<std::string> names;
  for (FolderEntry& each : list_folder(versions).value_or(std::vector<FolderEntry>())) {
    if (each.kind != FileKind::kFolder && !each.name.starts_with('.') && each.name != "__init__.py")
      names.push_back(std::move(each.name));
  }
  std::ranges::sort(names);
  return names;
}

class Trip {
 public:
  Trip(const MigrationJob& job, const ScratchDatabase& database) : job_(job), database_(database) {}

  Result<void> go(const std::vector<Step>& steps, const std::string& revision, std::string_view what) {
    PluginRequest guard;
    guard.action = "guard";
    const auto outcome = run_tool(job_, {steps, database_, std::move(guard), {}, revision});
    if (!outcome) return tl::unexpected(outcome.error());
    if (outcome->failed())
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
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  return std::string(digits > 0 ? name.substr(0, digits) : name.substr(0, name.rfind('.')));
}

std::string newest_revision(const std::string& versions) {
  const std::vector<std::string> names = names_in(versions);
  const auto is_python = [](const std::string& name) { return name.ends_with(".py"); };
  if (names.empty() || std::ranges::any_of(names, is_python)) return names.empty() ? "" : "head";
  return revision_of_file(names.back());
}

std::string revision_before(const std::string& versions, std::string_view file) {
  const std::vector<std::string> names = names_in(versions);
  const auto found =
      file.empty() && !names.empty() ? names.end() - 1 : std::ranges::find(names, file_name(file));
  return found == names.begin() || found == names.end() ? "base" : revision_of_file(*(found - 1));
}

Result<std::vector<std::string>> round_trip_of_plain(const MigrationJob& job, const ScratchDatabase& database,
                                                     const std::string& parent) {
  Trip trip(job, database);
  const auto& [up, down] = std::pair(job.migrations.upgrade, job.migrations.downgrade);
  const auto before = trip.look("before");
  if (!before) return tl::unexpected(before.error());
  const std::string newest = newest_revision(job.versions_below(job.root));
  if (auto gone = trip.go(up, newest, "upgrade"); !gone) return tl::unexpected(gone.error());
  const auto first = trip.look("first");
  if (!first) return tl::unexpected(first.error());
  if (read_file(*before).value_or("before") == read_file(*first).value_or("first")) {
    trip.problems.push_back(
        fmt::format("the upgrade changes nothing in the database that {} names", job.migrations.url_env));
    return std::move(trip.problems);
  }
  if (auto gone = trip.go(down, parent, "downgrade"); !gone) return tl::unexpected(gone.error());
  const auto after = trip.look("after");
  if (!after) return tl::unexpected(after.error());
  if (auto done = trip.compare(*before, *after, "upgrade, downgrade"); !done)
    return tl::unexpected(done.error());
  if (auto gone = trip.go(up, newest, "upgrade"); !gone) return tl::unexpected(gone.error());
  const auto second = trip.look("second");
  if (!second) return tl::unexpected(second.error());
  if (auto done = trip.compare(*first, *second, "upgrade, downgrade, upgrade"); !done)
    return tl::unexpected(done.error());
  return std::move(trip.problems);
}

}  // namespace devtask
