#include "store/result_index.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "os/file.h"
#include "store/cache_places.h"
#include "store/index_keys.h"

namespace devtask {
namespace {

constexpr std::int64_t kApplication = 0x6474736b;  // "dtsk"
constexpr std::int64_t kVersion = 2;
constexpr std::string_view kPrefix = "index-";
constexpr std::string_view kSuffix = ".db";
constexpr std::string_view kJournalSuffix = "-journal";
// Room of removed rows can be given back without copying the rest.
constexpr const char* kPrepare = "PRAGMA auto_vacuum=INCREMENTAL";
constexpr const char* kSchema =
    "CREATE TABLE results(key BLOB NOT NULL PRIMARY KEY, text TEXT NOT NULL, checksum INTEGER NOT NULL, used "
    "INTEGER NOT NULL);"
    "CREATE TABLE blobs(digest BLOB NOT NULL PRIMARY KEY, used INTEGER NOT NULL, size INTEGER NOT NULL, "
    "content BLOB NOT NULL);"
    "CREATE TABLE numbers(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);"
    "PRAGMA application_id=0x6474736b; PRAGMA user_version=2;";

Digest digest_in(const Statement& row, int column) {
  Digest digest;
  const std::string_view bytes = row.bytes(column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.bytes.size()), digest.bytes.begin());
  return digest;
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

// Makes the tables if there are none. False: there are none, and it is only read.
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
  if (read_only_) return false;
  if (auto set = database.run(kPrepare); !set) return tl::unexpected(set.error());
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return tl::unexpected(begun.error());
  // Another process may have been quicker.
  const auto now_ours = is_ours();
  if (now_ours && !*now_ours) {
    if (auto made = database.run(kSchema); !made) return tl::unexpected(made.error());
  }
  if (auto done = database.run("COMMIT"); !done) return tl::unexpected(done.error());
  if (!now_ours) return now_ours;
  return true;
}

// False: there is no index, or one that has no tables yet, and it is not to be made.
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
  for (const std::string& file : {path, path + std::string(kJournalSuffix)}) {
    const FileKind kind = stat_file(file).kind;
    if (kind == FileKind::kRegular || kind == FileKind::kAbsent) continue;
    if (kind == FileKind::kLink && stat_followed(file).kind == FileKind::kRegular) continue;
    return tl::unexpected(SqlError{SqlError::kBroken, fmt::format("`{}` is not a file", file_name(file))});
  }
  auto database = Database::open(path, read_only_ ? Database::Mode::kRead : Database::Mode::kCreate);
  if (!database) return tl::unexpected(database.error());
  if (auto prepared = prepare(*database); !prepared || !*prepared) return prepared;
  auto find = database->prepare("SELECT text, checksum, used FROM results WHERE key = ?");
  if (!find) return tl::unexpected(find.error());
  auto find_blob = database->prepare("SELECT size, content FROM blobs WHERE digest = ?");
  if (!find_blob) return tl::unexpected(find_blob.error());
  auto has_blob = database->prepare("SELECT 1 FROM blobs WHERE digest = ?");
  if (!has_blob) return tl::unexpected(has_blob.error());
  database_ = std::move(*database);
  find_ = std::move(*find);
  find_blob_ = std::move(*find_blob);
  has_blob_ = std::move(*has_blob);
  return true;
}

void ResultIndex::close() {
  find_ = Statement();
  find_blob_ = Statement();
  has_blob_ = Statement();
  database_.close();
}

Diagnostic ResultIndex::describe(const SqlError& error) const {
  return devtask::error("cannot use the index of the cache, `{}`: {}", path_of(number_), error.message);
}

// After an error: a broken index is not looked at again, and the next change begins another one.
Diagnostic ResultIndex::give_up(const SqlError& error) {
  Diagnostic diagnostic = describe(error);
  if (error.means_broken()) {
    broken_ = true;
    close();
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

Result<std::optional<ResultIndex::Found>> ResultIndex::find(const Digest& key, const Wanted& wanted) {
  const std::lock_guard lock(mutex_);
  std::optional<Found> found;
  auto done = read([&]() -> SqlResult<void> {
    const auto row = find_.bind_bytes(1, bytes_of(key)).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    const std::string_view text = find_.bytes(0);
    const bool intact = checksum_of(key, text) == find_.number(1);
    found = {intact ? std::string(text) : std::string(), find_.number(2), {}};
    // In the same transaction: it lasts until the statement is reset.
    SqlResult<void> looked;
    for (const Digest& digest : wanted(found->text)) {
      const auto there = look_for_blob(digest);
      if (!there) looked = tl::unexpected(there.error());
      if (!there) break;
      if (!*there) found->blobs.push_back(digest);
    }
    find_.reset();
    return looked;
  });
  if (!done) return tl::unexpected(done.error());
  return found;
}

SqlResult<bool> ResultIndex::look_for_blob(const Digest& digest) {
  auto row = has_blob_.bind_bytes(1, bytes_of(digest)).step();
  has_blob_.reset();
  return row;
}

Result<bool> ResultIndex::has_blob(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  bool there = false;
  auto done = read([&]() -> SqlResult<void> {
    const auto row = look_for_blob(digest);
    if (!row) return tl::unexpected(row.error());
    there = *row;
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return there;
}

Result<std::optional<KeptContent>> ResultIndex::blob(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  std::optional<KeptContent> kept;
  auto done = read([&]() -> SqlResult<void> {
    const auto row = find_blob_.bind_bytes(1, bytes_of(digest)).step();
    if (!row) return tl::unexpected(row.error());
    if (*row) kept = {std::string(find_blob_.bytes(1)), static_cast<std::uint64_t>(find_blob_.number(0))};
    find_blob_.reset();
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return kept;
}

Result<void> ResultIndex::each_blob(const std::function<void(const BlobRow&)>& row) {
  const std::lock_guard lock(mutex_);
  return read([&]() -> SqlResult<void> {
    auto rows = database_.prepare("SELECT digest, length(content), size, used FROM blobs");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
      const auto more = rows->step();
      if (!more) return tl::unexpected(more.error());
      if (!*more) return {};
      row({digest_in(*rows, 0), static_cast<std::uint64_t>(rows->number(1)),
           static_cast<std::uint64_t>(rows->number(2)), rows->number(3)});
    }
  });
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
      current.key = digest_in(*rows, 0);
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
    if (auto made = make_place(folder_); !made) return made;
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
  constexpr const char* kSome = "PRAGMA incremental_vacuum(1000)";
  return read([&]() -> SqlResult<void> {
    for (std::int64_t before = 0;;) {
      const auto free = first_number(database_, "PRAGMA freelist_count");
      if (!free) return tl::unexpected(free.error());
      if (*free == 0 || *free == before) return {};
      before = *free;
      if (auto given = database_.run(kSome); !given) return given;
    }
  });
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
  if (database_ && newest_on_disk() != number_) close();
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
    (void)remove_tree(path + std::string(kJournalSuffix));
  }
}

}  // namespace devtask
