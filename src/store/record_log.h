// An append-only file of checksummed records: the form of the journal and the memo.
//
//   8 bytes magic (names the kind of file and its version) | u64 generation, then records:
//   u32 length of payload | u32 reserved 0 | u64 XXH3 of payload | payload | zero bytes up to a multiple of 8
//
// Little-endian. The generation is a random number of each file that was begun anew, by which a reader sees
// that what it knows was replaced. A torn or damaged tail is ignored: reading stops at the first record that
// does not check. Appends are one write under a lock, so that records of two processes never mix.
//
// Unaware of: what is in the records. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "os/locked_file.h"

namespace devtask {

class RecordLog {
 public:
  // `magic` has 8 bytes. The file is created by the first append.
  RecordLog(std::string path, std::string_view magic);

  // What read() and read_new() found. The payloads, oldest first, are views into `file`.
  struct Contents {
    MappedFile file;
    std::vector<std::string_view> payloads;
    // Of the whole file; 0: missing, of another kind or version, or cut inside the magic.
    std::uint64_t good_bytes = 0;
    bool damaged = false;    // something behind them was ignored
    bool from_start = true;  // of read_new(): the file was replaced, what was read before is void
  };
  // Everything. A missing file, one with another magic and one that cannot be read have no records.
  Contents read();
  // What came after that which read(), read_new() and own appends have seen, whoever appended it.
  Contents read_new();

  // In one write. A file with another magic is begun anew, a damaged tail is cut off before. Payloads are
  // below 4 GiB.
  Result<void> append(const std::vector<std::string_view>& payloads);

  // Replaces the content by what `choose` picks of (or makes from) it, while no one else can append:
  // temporary file, then rename. The views need to live until this returns. Afterwards everything counts as
  // seen.
  Result<void> rewrite(const std::function<std::vector<std::string_view>(const Contents&)>& choose);

  const std::string& path() const { return path_; }

 private:
  bool nothing_new() const;
  Contents parse(MappedFile file, std::uint64_t from) const;
  std::string header_text(std::uint64_t generation) const;

  LockedFile file_;  // open once something was appended
  std::string path_;
  std::string magic_;
  // Up to where a file of this generation is known to be good, and up to where its records were given out.
  std::uint64_t generation_ = 0;
  std::uint64_t good_ = 0;
  std::uint64_t seen_ = 0;
};

}  // namespace devtask
