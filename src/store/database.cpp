#include "store/database.h"

#include <sqlite3.h>

#include <utility>

namespace devtask {
namespace {

constexpr int kPrimaryCode = 0xff;
constexpr int kBusyTimeoutMs = 10'000;

SqlError error_of(sqlite3* connection, int code) {
  return {code & kPrimaryCode, connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code)};
}

}  // namespace

const int SqlError::kBroken = SQLITE_CORRUPT;

// SQLITE_ERROR: our statements are right, so the tables are not as we made them; SQLITE_CONSTRAINT and
// _MISMATCH: nor are the columns.
bool SqlError::means_broken() const {
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ||
         code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH;
}

Statement::Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

// A parameter that cannot be bound is a mistake in the program and leaves NULL, which no column of ours
// takes.
Statement& Statement::bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(statement_, parameter, number);
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view text) {
  sqlite3_bind_text64(statement_, parameter, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_bytes(int parameter, std::string_view bytes) {
  sqlite3_bind_blob64(statement_, parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

SqlResult<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  SqlError error = error_of(sqlite3_db_handle(statement_), code);
  reset();
  if (code == SQLITE_DONE) return false;
  return tl::unexpected(std::move(error));
}

SqlResult<void> Statement::run() {
  const auto stepped = step();
  reset();
  if (!stepped) return tl::unexpected(stepped.error());
  return {};
}

void Statement::reset() { sqlite3_reset(statement_); }

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::bytes(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

SqlResult<Database> Database::open(const std::string& path, Mode mode) {
  const int access = mode == Mode::kRead    ? SQLITE_OPEN_READONLY
                     : mode == Mode::kWrite ? SQLITE_OPEN_READWRITE
                                            : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  Database database;
  const int code =
      sqlite3_open_v2(path.c_str(), &database.connection_, access | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error_of(database.connection_, code));
  sqlite3_busy_timeout(database.connection_, kBusyTimeoutMs);
  // A journal that stays costs less than one that is made and removed by each transaction.
  auto set = database.run(
      "PRAGMA synchronous=OFF; PRAGMA journal_mode=TRUNCATE; PRAGMA cell_size_check=ON; PRAGMA "
      "trusted_schema=OFF");
  if (!set) return tl::unexpected(set.error());
  return database;
}

Database::Database(Database&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(connection_, other.connection_);
  return *this;
}

Database::~Database() { close(); }

void Database::close() { sqlite3_close_v2(std::exchange(connection_, nullptr)); }

SqlResult<Statement> Database::prepare(std::string_view sql) {
  Statement statement;
  const int code = sqlite3_prepare_v2(connection_, sql.data(), static_cast<int>(sql.size()),
                                      &statement.statement_, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error_of(connection_, code));
  return statement;
}

SqlResult<void> Database::run(const char* sql) {
  const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error_of(connection_, code));
  return {};
}

std::int64_t Database::changed_rows() const { return sqlite3_changes64(connection_); }

}  // namespace devtask
