// Results of actions by key, as text, with their last use, and small blobs: `index-N.db` (SQLite) in a
// folder.
//
//   results(key, text, checksum, used)   checksum: XXH3 of key and text, as SQLite has none;
//                                        used: unix milliseconds
//   blobs(digest, used, size, content)   used: when it was last put or taken into a result; content: as it
//                                        is, or as one zstd frame if it is not of that size; last, as what
//                                        stands behind it costs its reading
//   numbers(name, value)                 what garbage collection wants to know
//
// The highest N counts. An index that is broken or of another version stays behind and N + 1 is begun: a
// database that others have open must be neither renamed nor replaced, since their journal would then be
// taken for the new one's.
//
// Thread-safe and safe between processes. Unaware of: blobs in files, what a result says, what a blob holds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "store/blob_content.h"
#include "store/database.h"

namespace devtask {

class ResultIndex {
 public:
  struct Row {
    Digest key;
    std::string_view text;  // empty if its checksum is wrong
    std::int64_t used_ms = 0;
  };
  struct BlobRow {
    Digest digest;
    std::uint64_t stored_bytes = 0, content_bytes = 0;
    std::int64_t used_ms = 0;
  };

  // Changes within one transaction, in which no other process can write. The first error ends it: what
  // follows does nothing, and the transaction is undone.
  class Writer {
   public:
    void put(const Digest& key, std::string_view text, std::int64_t used_ms);
    // False if there is none.
    bool set_used(const Digest& key, std::int64_t used_ms);
    bool remove(const Digest& key);
    // False if it is gone or was used since.
    bool remove_if_used(const Digest& key, std::int64_t used_ms);
    // True if it was not there before. What is there stays; then only its last use counts.
    bool put_blob(const Digest& digest, const KeptContent& kept, std::int64_t used_ms);
    // Marks it as used, which may be left out if that was a little while ago. False if it is not there.
    bool touch_blob(const Digest& digest, std::int64_t used_ms);
    bool remove_blob(const Digest& digest);
    // False if it is gone or was used since.
    bool remove_blob_unused_since(const Digest& digest, std::int64_t before_ms);
    // Nothing counts as used later than now.
    void limit_used(std::int64_t now_ms);
    void remove_all();
    std::int64_t number(std::string_view name);  // 0 if it was never set
    void set_number(std::string_view name, std::int64_t value);

   private:
    friend class ResultIndex;
    explicit Writer(Database& database) : database_(database) {}
    // True if there is a row or one was changed. The text lives as long as the program.
    bool run(std::string_view sql, const std::function<void(Statement&)>& bind,
             std::int64_t* number = nullptr);

    Database& database_;
    std::map<const char*, Statement> statements_;
    std::optional<SqlError> error_;
  };

  // The first change() creates folder and index. `read_only`: nothing is ever written.
  ResultIndex(std::string folder, bool read_only);

  struct Found {
    std::string text;  // empty if its checksum is wrong
    std::int64_t used_ms = 0;
    std::vector<Digest> blobs;  // those of the wanted ones that are not rows
  };
  // `wanted` tells from the text which blobs are asked for.
  using Wanted = std::function<std::vector<Digest>(const std::string& text)>;
  Result<std::optional<Found>> find(const Digest& key, const Wanted& wanted);
  Result<std::optional<KeptContent>> blob(const Digest& digest);
  Result<bool> has_blob(const Digest& digest);
  // No index has no rows. The views live during the call.
  Result<void> each_blob(const std::function<void(const BlobRow&)>& row);
  Result<void> each(const std::function<void(const Row&)>& row);
  Result<std::int64_t> number(std::string_view name);

  // Commits what `body` did if it succeeds, else undoes it. `body` runs again if the index had to be begun
  // anew.
  Result<void> change(const std::function<Result<void>(Writer&)>& body);
  // Gives the room of removed rows back to the disk, a little at a time.
  Result<void> compact();

  // Reads it all. False if it is broken; it is then begun anew.
  Result<bool> check();
  // Opens the one that counts now, if another process has begun it. Called before a decision on what to
  // delete.
  void use_newest();
  // Those that do not count any more.
  void remove_older();

 private:
  SqlResult<bool> open(bool create);
  SqlResult<bool> prepare(Database& database) const;
  Diagnostic describe(const SqlError& error) const;
  Diagnostic give_up(const SqlError& error);
  void close();
  // Whether the row of that blob is there, within a transaction or without.
  SqlResult<bool> look_for_blob(const Digest& digest);
  std::int64_t newest_on_disk() const;
  std::string path_of(std::int64_t number) const;
  // Runs `work` on the open index; does nothing if there is none.
  Result<void> read(const std::function<SqlResult<void>()>& work);

  std::string folder_;
  bool read_only_;
  std::mutex mutex_;  // guards what follows
  Database database_;
  Statement find_, find_blob_, has_blob_;
  std::int64_t number_ = 0;  // of the open index, or of one that is known to be broken
  bool broken_ = false;      // number_ is
};

}  // namespace devtask
