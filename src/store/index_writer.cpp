// The changes of store/result_index.h.
#include <cstdlib>

#include "store/index_keys.h"
#include "store/result_index.h"

namespace devtask {
namespace {

constexpr std::int64_t kTouchAfterMs = 10 * 60 * 1000;

}  // namespace

bool ResultIndex::Writer::run(std::string_view sql, const std::function<void(Statement&)>& bind,
                              std::int64_t* number) {
  if (error_) return false;
  auto known = statements_.find(sql.data());
  if (known == statements_.end()) {
    auto statement = database_.prepare(sql);
    if (!statement) {
      error_ = statement.error();
      return false;
    }
    known = statements_.emplace(sql.data(), std::move(*statement)).first;
  }
  Statement& statement = known->second;
  bind(statement);
  const auto row = statement.step();
  if (!row) {
    error_ = row.error();
    return false;
  }
  if (*row && number != nullptr) *number = statement.number(0);
  statement.reset();
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

bool ResultIndex::Writer::put_blob(const Digest& digest, const KeptContent& kept, std::int64_t used_ms) {
  const bool fresh = run("INSERT OR IGNORE INTO blobs(digest, used, size, content) VALUES(?, ?, ?, ?)",
                         [&](Statement& statement) {
                           statement.bind_bytes(1, bytes_of(digest))
                               .bind(2, used_ms)
                               .bind(3, static_cast<std::int64_t>(kept.size))
                               .bind_bytes(4, kept.bytes);
                         });
  if (!fresh) touch_blob(digest, used_ms);
  return fresh;
}

bool ResultIndex::Writer::touch_blob(const Digest& digest, std::int64_t used_ms) {
  std::int64_t before = 0;
  const bool there = run(
      "SELECT used FROM blobs WHERE digest = ?",
      [&](Statement& statement) { statement.bind_bytes(1, bytes_of(digest)); }, &before);
  if (!there || std::abs(used_ms - before) < kTouchAfterMs) return there;
  return run("UPDATE blobs SET used = ? WHERE digest = ?",
             [&](Statement& statement) { statement.bind(1, used_ms).bind_bytes(2, bytes_of(digest)); });
}

bool ResultIndex::Writer::remove_blob(const Digest& digest) {
  return run("DELETE FROM blobs WHERE digest = ?",
             [&](Statement& statement) { statement.bind_bytes(1, bytes_of(digest)); });
}

bool ResultIndex::Writer::remove_blob_unused_since(const Digest& digest, std::int64_t before_ms) {
  return run("DELETE FROM blobs WHERE digest = ? AND used < ?",
             [&](Statement& statement) { statement.bind_bytes(1, bytes_of(digest)).bind(2, before_ms); });
}

void ResultIndex::Writer::limit_used(std::int64_t now_ms) {
  const auto bind = [&](Statement& statement) { statement.bind(1, now_ms); };
  run("UPDATE results SET used = ?1 WHERE used > ?1", bind);
  run("UPDATE blobs SET used = ?1 WHERE used > ?1", bind);
}

void ResultIndex::Writer::remove_all() {
  run("DELETE FROM results", [](Statement&) {});
  run("DELETE FROM blobs", [](Statement&) {});
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

}  // namespace devtask
