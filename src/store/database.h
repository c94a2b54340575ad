// SQLite behind values: the only place that calls the library.
// Unaware of: what is in the tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace devtask {

struct SqlError {
  static const int kBroken;  // SQLite's code for a broken file
  int code = 0;              // SQLite's primary result code
  std::string message;

  // The file is no database, or a broken one.
  bool means_broken() const;
};
template <class T>
using SqlResult = tl::expected<T, SqlError>;

// Parameters count from 1, columns from 0. What is bound has to live until the statement was stepped.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Statement& bind(int parameter, std::int64_t number);
  Statement& bind_text(int parameter, std::string_view text);
  Statement& bind_bytes(int parameter, std::string_view bytes);
  // True: there is a row. False: done, and the statement can be bound and stepped again, as it can after an
  // error.
  SqlResult<bool> step();
  // Steps once and ends the statement.
  SqlResult<void> run();
  void reset();

  std::int64_t number(int column) const;
  std::string_view bytes(int column) const;  // until the next step or reset; text too

 private:
  friend class Database;
  sqlite3_stmt* statement_ = nullptr;
};

// A connection, for one thread at a time.
class Database {
 public:
  enum class Mode { kRead, kWrite, kCreate };
  // With a rollback journal, so that reading writes nothing, and without fsync: what is in it can be made
  // again.
  static SqlResult<Database> open(const std::string& path, Mode mode);
  Database() = default;
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  explicit operator bool() const { return connection_ != nullptr; }
  void close();
  SqlResult<Statement> prepare(std::string_view sql);
  SqlResult<void> run(const char* sql);
  std::int64_t changed_rows() const;  // by the last statement

 private:
  sqlite3* connection_ = nullptr;
};

}  // namespace devtask
