#include "store/result_index.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "os/file.h"

namespace devtask {
namespace {

constexpr std::int64_t kApplication = 0x6474736b;  // "dtsk"
constexpr std::int64_t kVersion = 1;
constexpr std::string_view kPrefix = "index-";
constexpr std::string_view kSuffix = ".db";
constexpr const char* kSchema =
    "CREATE TABLE results(key BLOB NOT NULL PRIMARY KEY, text TEXT NOT NULL, checksum INTEGER NOT NULL, used "
    "INTEGER NOT NULL);"
    "CREATE TABLE numbers(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);"
    "PRAGMA application_id=0x6474736b; PRAGMA user_version=1;";

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::int64_t checksum_of(const Digest& key, std::string_view text) {
  return static_cast<std::int64_t>(
      XXH3_64bits_withSeed(text.data(), text.size(), XXH3_64bits(key.bytes.data(), key.bytes.size())));
}

// The number in the name of an index; 0 for another file.
std::int64_t number_in(std::string_view name) {
  constexpr std::size_t kMostDigits = 9;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() && name.size() <= kMostDigits ? number : 0;
}

SqlResult<std::int64_t> first_number(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->number(0) : 0;
}

SqlError other_version() { return {SqlError::kBroken, "it is of another version"}; }

}  // namespace

bool ResultIndex::Writer::run(std::string_view sql, const std::function<void(Statement&)>& bind,
                              std::int64_t* number) {
  if (error_) return false;
  auto statement = database_.prepare(sql);
  if (!statement) {
    error_ = statement.error();
    return false;
  }
  bind(*statement);
  const auto row = statement->step();
  if (!row) {
    error_ = row.error();
    return false;
  }
  if (*row && number != nullptr) *number = statement->number(0);
  return *row || database_.changed_rows() > 0;
}

void ResultIndex::Writer::put(const Digest& key, std::string_view text, std::int64_t used_ms) {
  run("INSERT OR REPLACE INTO results(key, text, checksum, used) VALUES(?, ?, ?, ?)",
      [&](Statement& statement) {
        statement.bind_bytes(1, bytes_of(key))
            .bind_text(2, text)
            .bind(3, checksum_of(key, text))
            .bind(4, used_ms);
      });
}

bool ResultIndex::Writer::set_used(const Digest& key, std::int64_t used_ms) {
  return run("UPDATE results SET used = ? WHERE key = ?",
             [&](Statement& statement) { statement.bind(1, used_ms).bind_bytes(2, bytes_of(key)); });
}

bool ResultIndex::Writer::remove(const Digest& key) {
  return run("DELETE FROM results WHERE key = ?",
             [&](Statement& statement) { statement.bind_bytes(1, bytes_of(key)); });
}

bool ResultIndex::Writer::remove_if_used(const Digest& key, std::int64_t used_ms) {
  return run("DELETE FROM results WHERE key = ? AND used = ?",
             [&](Statement& statement) { statement.bind_bytes(1, bytes_of(key)).bind(2, used_ms); });
}

void ResultIndex::Writer::limit_used(std::int64_t now_ms) {
  run("UPDATE results SET used = ?1 WHERE used > ?1",
      [&](Statement& statement) { statement.bind(1, now_ms); });
}

void ResultIndex::Writer::remove_all() {
  run("DELETE FROM results", [](Statement&) {});
}

std::int64_t ResultIndex::Writer::number(std::string_view name) {
  std::int64_t value = 0;
  run(
      "SELECT value FROM numbers WHERE name = ?", [&](Statement& statement) { statement.bind_text(1, name); },
      &value);
  return value;
}

void ResultIndex::Writer::set_number(std::string_view name, std::int64_t value) {
  run("INSERT OR REPLACE INTO numbers(name, value) VALUES(?, ?)",
      [&](Statement& statement) { statement.bind_text(1, name).bind(2, value); });
}

ResultIndex::ResultIndex(std::string folder, bool read_only)
    : folder_(std::move(folder)), read_only_(read_only) {}

std::string ResultIndex::path_of(std::int64_t number) const {
  return join_path(folder_, fmt::format("{}{}{}", kPrefix, number, kSuffix));
}

std::int64_t ResultIndex::newest_on_disk() const {
  std::int64_t newest = 0;
  if (const auto entries = list_folder(folder_)) {
    for (const FolderEntry& entry : *entries) newest = std::max(newest, number_in(entry.name));
  }
  return newest;
}

// Makes the tables if there are none. False: it is one of ours.
SqlResult<bool> ResultIndex::prepare(Database& database) const {
  const auto is_ours = [&]() -> SqlResult<bool> {
    const auto application = first_number(database, "PRAGMA application_id");
    if (!application) return tl::unexpected(application.error());
    const auto version = first_number(database, "PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    const auto tables = first_number(database, "SELECT count(*) FROM sqlite_master");
    if (!tables) return tl::unexpected(tables.error());
    if (*application == 0 && *version == 0 && *tables == 0) return false;
    if (*application != kApplication || *version != kVersion) return tl::unexpected(other_version());
    return true;
  };
  // One view of the file: another process may be making the tables right now.
  if (auto begun = database.run("BEGIN"); !begun) return tl::unexpected(begun.error());
  const auto ours = is_ours();
  if (!ours) return ours;
  if (auto done = database.run("COMMIT"); !done) return tl::unexpected(done.error());
  if (*ours) return true;
  if (read_only_) return tl::unexpected(other_version());
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return tl::unexpected(begun.error());
  // Another process may have been quicker.
  const auto now_ours = is_ours();
  if (now_ours && !*now_ours) {
    if (auto made = database.run(kSchema); !made) return tl::unexpected(made.error());
  }
  if (auto done = database.run("COMMIT"); !done) return tl::unexpected(done.error());
  return now_ours;
}

// False: there is no index, and `create` is not set.
SqlResult<bool> ResultIndex::open(bool create) {
  if (database_) return true;
  std::int64_t number = newest_on_disk();
  if (number == 0 && !create) return false;
  if (broken_ && number <= number_) {
    if (read_only_ || !create) return false;
    number = number_ + 1;
  }
  number_ = std::max<std::int64_t>(number, 1);
  broken_ = false;
  const std::string path = path_of(number_);
  const FileKind kind = stat_followed(path).kind;
  if (kind != FileKind::kRegular && kind != FileKind::kAbsent) {
    return tl::unexpected(SqlError{SqlError::kBroken, "it is not a file"});
  }
  auto database = Database::open(path, read_only_ ? Database::Mode::kRead : Database::Mode::kCreate);
  if (!database) return tl::unexpected(database.error());
  if (auto prepared = prepare(*database); !prepared) return prepared;
  auto find = database->prepare("SELECT text, checksum, used FROM results WHERE key = ?");
  if (!find) return tl::unexpected(find.error());
  database_ = std::move(*database);
  find_ = std::move(*find);
  return true;
}

Diagnostic ResultIndex::describe(const SqlError& error) const {
  return devtask::error("cannot use the index of the cache, `{}`: {}", path_of(number_), error.message);
}

// After an error: a broken index is not looked at again, and the next change begins another one.
Diagnostic ResultIndex::give_up(const SqlError& error) {
  Diagnostic diagnostic = describe(error);
  if (error.means_broken()) {
    broken_ = true;
    find_ = Statement();
    database_.close();
    if (!read_only_) diagnostic.notes.push_back("the next result that is stored begins a new index");
  }
  return diagnostic;
}

Result<void> ResultIndex::read(const std::function<SqlResult<void>()>& work) {
  const auto opened = open(false);
  if (!opened) return failure(give_up(opened.error()));
  if (!*opened) return {};
  if (auto done = work(); !done) return failure(give_up(done.error()));
  return {};
}

Result<std::optional<ResultIndex::Found>> ResultIndex::find(const Digest& key) {
  const std::lock_guard lock(mutex_);
  std::optional<Found> found;
  auto done = read([&]() -> SqlResult<void> {
    const auto row = find_.bind_bytes(1, bytes_of(key)).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    const std::string_view text = find_.bytes(0);
    const bool intact = checksum_of(key, text) == find_.number(1);
    found = {intact ? std::string(text) : std::string(), find_.number(2)};
    find_.reset();
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return found;
}

Result<void> ResultIndex::each(const std::function<void(const Row&)>& row) {
  const std::lock_guard lock(mutex_);
  return read([&]() -> SqlResult<void> {
    auto rows = database_.prepare("SELECT key, text, checksum, used FROM results");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
      const auto more = rows->step();
      if (!more) return tl::unexpected(more.error());
      if (!*more) return {};
      Row current;
      const std::string_view key = rows->bytes(0);
      std::copy_n(key.begin(), std::min(key.size(), current.key.bytes.size()), current.key.bytes.begin());
      const std::string_view text = rows->bytes(1);
      if (checksum_of(current.key, text) == rows->number(2)) current.text = text;
      current.used_ms = rows->number(3);
      row(current);
    }
  });
}

Result<std::int64_t> ResultIndex::number(std::string_view name) {
  const std::lock_guard lock(mutex_);
  std::int64_t value = 0;
  auto done = read([&]() -> SqlResult<void> {
    Writer reader(database_);
    value = reader.number(name);
    if (reader.error_) return tl::unexpected(*reader.error_);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return value;
}

Result<void> ResultIndex::change(const std::function<Result<void>(Writer&)>& body) {
  if (read_only_) return failure("the cache `{}` is open for reading only", folder_);
  const std::lock_guard lock(mutex_);
  const auto attempt = [&]() -> SqlResult<Result<void>> {
    if (auto opened = open(true); !opened) return tl::unexpected(opened.error());
    if (auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return tl::unexpected(begun.error());
    Writer writer(database_);
    auto done = body(writer);
    if (done && !writer.error_) {
      if (auto committed = database_.run("COMMIT"); !committed) writer.error_ = committed.error();
    }
    if (writer.error_ || !done) {
      // Fails if SQLite has undone it already.
      (void)database_.run("ROLLBACK");
    }
    if (writer.error_) return tl::unexpected(*writer.error_);
    return done;
  };
  if (!database_ && newest_on_disk() == 0) {
    if (auto made = make_folders(folder_, 0700); !made) return made;
  }
  // What is broken is left behind, and so is an index that a quicker process has begun and that is broken
  // too.
  constexpr int kAttempts = 3;
  for (int left = kAttempts;; --left) {
    auto done = attempt();
    if (done) return *done;
    Diagnostic diagnostic = give_up(done.error());
    if (!done.error().means_broken() || left == 0) return failure(std::move(diagnostic));
  }
}

Result<void> ResultIndex::compact() {
  const std::lock_guard lock(mutex_);
  return read([&] { return database_.run("VACUUM"); });
}

Result<bool> ResultIndex::check() {
  const std::lock_guard lock(mutex_);
  bool good = true;
  auto done = read([&]() -> SqlResult<void> {
    auto problems = database_.prepare("PRAGMA integrity_check(1)");
    if (!problems) return tl::unexpected(problems.error());
    const auto row = problems->step();
    if (!row) return tl::unexpected(row.error());
    good = *row && problems->bytes(0) == "ok";
    return {};
  });
  if (!done && !broken_) return tl::unexpected(done.error());
  if (good && done) return true;
  give_up({SqlError::kBroken, "it is broken"});
  return false;
}

void ResultIndex::use_newest() {
  const std::lock_guard lock(mutex_);
  if (database_ && newest_on_disk() != number_) {
    find_ = Statement();
    database_.close();
  }
}

void ResultIndex::remove_older() {
  const std::lock_guard lock(mutex_);
  const auto entries = list_folder(folder_);
  if (!entries || !database_) return;
  for (const FolderEntry& entry : *entries) {
    const std::int64_t number = number_in(entry.name);
    if (number == 0 || number >= number_) continue;
    const std::string path = join_path(folder_, entry.name);
    // What cannot be removed is in nobody's way.
    (void)remove_tree(path);
    (void)remove_file(path + "-journal");
  }
}

}  // namespace devtask
