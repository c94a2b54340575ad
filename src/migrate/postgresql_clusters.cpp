#include "migrate/postgresql_clusters.h"

#include <utility>

#include "os/copy_tree.h"
#include "os/file.h"
#include "os/process.h"

namespace devtask {
namespace {

// Another format for other words: what was made by the old ones is made anew.
constexpr std::string_view kName = "postgresql-", kFormat = "1";
const std::vector<std::string>& initdb_words() {
  static const std::vector<std::string> kWords = {
      "--username=" + std::string(kSuperuser), "--auth-local=trust", "--auth-host=scram-sha-256",
      "--locale=C", "--encoding=UTF8",
      // The smallest files for the log of changes: there is one at least, and it is copied for each use.
      "--wal-segsize=1", "--no-sync",
      // What is left tells which memory to free.
      "--no-clean"};
  return kWords;
}

}  // namespace

PostgresqlClusters::PostgresqlClusters(PostgresqlPrograms programs, std::string folder,
                                       std::optional<Account> owner)
    : programs_(std::move(programs)), folder_(std::move(folder)), owner_(std::move(owner)) {
  if (!folder_.empty()) kept_ = join_path(folder_, fmt::format("{}{}-{}", kName, programs_.version, kFormat));
}

bool PostgresqlClusters::has_kept() const {
  return !kept_.empty() && stat_file(kept_).kind == FileKind::kFolder;
}
void PostgresqlClusters::forget() const { (void)remove_tree(kept_); }

Result<void> PostgresqlClusters::give(const ScratchFolder& scratch, const std::string& data,
                                      StopRequest& stop) const {
  if (has_kept()) {
    auto copied = copy_tree(kept_, data, owner_, stop);
    if (copied || stop.stopping()) return copied;
    if (auto removed = remove_tree(data); !removed) return removed;
  }
  auto made = make(scratch, data, stop);
  if (made && !kept_.empty()) keep(data, stop);
  return made;
}

Result<void> PostgresqlClusters::make(const ScratchFolder& scratch, const std::string& data,
                                      StopRequest& stop) const {
  std::string said;
  ProcessRequest request;
  request.program = programs_.path("initdb");
  request.argv = initdb_words();
  // By its whole path: it looks beside itself for the other programs.
  request.argv.insert(request.argv.begin(), {request.program, "--pgdata=" + data});
  request.env = server_environment();
  request.folder = scratch.path();
  request.account = owner_;
  request.inherited_fd = scratch.held();
  request.output = [&](std::string_view bytes) { said += bytes; };
  const auto outcome = run_process(request, stop);
  if (!outcome) return tl::unexpected(outcome.error());
  if (outcome->stopped) return failure("interrupted");
  if (outcome->exit_status == 0) return {};
  return failure(with_last_lines(
      error("`initdb` of PostgreSQL {} failed with exit status {}", programs_.version, outcome->exit_status),
      said));
}

// Without it there is only more to do the next time. Renamed once it is whole: who finds it can use it.
void PostgresqlClusters::keep(const std::string& data, const StopRequest& stop) const {
  const std::string unfinished = temporary_name(kept_);
  const bool copied = make_folders(folder_) && copy_tree(data, unfinished, {}, stop);
  if (!copied || !rename_file(unfinished, kept_)) (void)remove_tree(unfinished);
  remove_older();
}

// Those of other releases of the same version: after an update nobody uses them. And what killed processes
// have left unfinished.
void PostgresqlClusters::remove_older() const {
  const std::string ours = std::string(kName) + std::string(major_version(programs_.version));
  for (const FolderEntry& entry : list_folder(folder_).value_or(std::vector<FolderEntry>())) {
    const bool same = entry.name.starts_with(ours + '.') || entry.name.starts_with(ours + '-');
    if ((same && entry.name != file_name(kept_)) || is_leftover(entry.name))
      (void)remove_tree(join_path(folder_, entry.name));
  }
}

}  // namespace devtask
