#include "migrate/sqlite_copy.h"

#include <sqlite3.h>

#include <chrono>
#include <memory>

#include "os/file.h"

namespace devtask {
namespace {

constexpr int kPagesAtOnce = 1000;
constexpr int kWaitMs = 20;
constexpr std::chrono::seconds kPatience{10};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

Result<Database> open(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return failure("cannot open the database `{}`: {}", path, sqlite3_errstr(code));
  return database;
}

// Returns a code of SQLite.
int copy_pages(sqlite3* from, sqlite3* to, const StopRequest& stop) {
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  if (backup == nullptr) return sqlite3_extended_errcode(to);
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  int code = SQLITE_OK;
  while (code == SQLITE_OK && !stop.stopping()) {
    code = sqlite3_backup_step(backup, kPagesAtOnce);
    if (code != SQLITE_BUSY && code != SQLITE_LOCKED) continue;
    if (std::chrono::steady_clock::now() > give_up) break;
    sqlite3_sleep(kWaitMs);  // a lock of SQLite has no event
    code = SQLITE_OK;
  }
  const int finished = sqlite3_backup_finish(backup);
  if (stop.stopping()) return SQLITE_INTERRUPT;
  return code == SQLITE_DONE ? finished : code;
}

Result<void> copy_content(const std::string& from, const std::string& to, int flags, const char* pragmas,
                          const StopRequest& stop) {
  // Not read-only: the log beside it may have to be taken in first.
  auto source = open(from, SQLITE_OPEN_READWRITE);
  if (!source) return tl::unexpected(source.error());
  auto target = open(to, SQLITE_OPEN_READWRITE | flags);
  if (!target) return tl::unexpected(target.error());
  sqlite3_exec(target->get(), pragmas, nullptr, nullptr, nullptr);
  const int code = copy_pages(source->get(), target->get(), stop);
  if (code == SQLITE_INTERRUPT) return failure("interrupted");
  if (code != SQLITE_OK)
    return failure("cannot copy the database `{}` to `{}`: {}", from, to, sqlite3_errstr(code));
  return {};
}

}  // namespace

Result<void> copy_sqlite(const std::string& from, const std::string& to, const StopRequest& stop) {
  if (stat_followed(from).kind != FileKind::kRegular)
    return failure("cannot copy the database `{}`: there is no such file", from);
  const std::string unfinished = temporary_name(to);
  // Nobody's yet: what a crash makes of it does not matter.
  auto copied = copy_content(from, unfinished, SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE,
                             "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY", stop);
  if (copied) copied = rename_file(unfinished, to);
  for (const char* beside : {"", "-journal", "-wal", "-shm"}) (void)remove_file(unfinished + beside);
  return copied;
}

Result<void> restore_sqlite(const std::string& from, const std::string& to, const StopRequest& stop) {
  return copy_content(from, to, 0, "", stop);
}

}  // namespace devtask
