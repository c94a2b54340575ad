// The shortest way to "nothing to do": everything that an evaluation looked at, kept with its outcome. If the
// same question is asked again and every file and folder looks as it did then, the answer is the same,
// because an evaluation is a function of what it looks at. Anything else is answered by evaluating.
//
// `.devtask/seals/ID`, little-endian: 8 bytes magic | u64 XXH3 of the rest | question (32 bytes) | u64 tasks
// | i64 saved ms | u64 count, then for each observation: FileStat fields | u32 follow | u32 length of path |
// path.
//
// Only what is older than two seconds is sealed: a file system with coarse times could hide a later change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "os/file.h"

namespace devtask {

// How something looked. Paths inside the project are relative to its root, others absolute.
struct Observation {
  std::string path;
  bool follow = false;  // links were followed
  FileStat stat;        // kAbsent: nothing was there
};

struct SealedOutcome {
  std::uint64_t tasks = 0;  // that were up to date
  std::int64_t saved_ms = 0;
};

class Seal {
 public:
  // `folder` is `.devtask/seals`; `question`: digest of everything that is asked but not looked at on disk.
  Seal(std::string folder, std::string root, Digest question);

  // The outcome, if all observations hold. Looks in parallel; a missing or damaged file is no seal.
  std::optional<SealedOutcome> check() const;

  // Does nothing if something is too young; `looked_ns` is the clock before the looking began. Keeps a few
  // seals.
  Result<void> write(const std::vector<Observation>& observations, const SealedOutcome& outcome,
                     std::int64_t looked_ns) const;

 private:
  std::string folder_, root_;
  Digest question_;
};

}  // namespace devtask
