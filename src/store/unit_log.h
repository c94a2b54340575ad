// `.devtask/units/ID`: what came of each unit of a task, or of a family of tasks, when it last ran here.
//
// A record log (store/record_log.h); a payload holds the units of one batch as lines:
//   common <sha256>                                            of the fingerprint that they share
//   pass|fail <own> <beside> <report|-> <ms> <passed> <failed> <skipped> <expected failures> <name>
//   ...
// `own` and `beside` are the other parts of the unit's fingerprint (plan/units.h), `report` the blob with its
// tests as JUnit XML, `ms` how long it took; names are escaped (base/escape.h). The last line of a name is
// right; a line that cannot be read is none.
//
// `.devtask/units/ID+DIGEST`: the same for the task with other arguments.
//
// Unaware of: what units are, when they are stale.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "report/test_case.h"

namespace devtask {

// Between an id and what tells its arguments. No id ends in it (plan/plan.h).
inline constexpr char kOtherArguments = '+';

struct UnitRecord {
  std::string name;
  bool passed = false;
  Digest common, own, beside;
  std::optional<Digest> report;
  std::chrono::milliseconds duration{0};
  TestCounts tests;

  bool operator==(const UnitRecord&) const = default;
};

class UnitRecords {
 public:
  // nullptr if it never ran here.
  const UnitRecord* find(std::string_view name) const;
  // `next`: where to look first, for names that are asked for in the order of the file; it is moved on.
  const UnitRecord* find(std::string_view name, std::size_t& next) const;
  std::size_t size() const { return records_.size(); }
  // As they were written, superseded ones too.
  auto begin() const { return records_.begin(); }
  auto end() const { return records_.end(); }

 private:
  friend class UnitLogs;
  void add(UnitRecord record);

  std::vector<UnitRecord> records_;
  bool in_order_ = true;                                              // written once: each name is there once
  mutable std::unordered_map<std::string_view, std::size_t> places_;  // of names in records_, once needed
};

class UnitLogs {
 public:
  explicit UnitLogs(std::string folder) : folder_(std::move(folder)) {}

  std::string path(std::string_view id) const { return folder_ + "/" + std::string(id); }
  // What cannot be read is not there.
  UnitRecords read(std::string_view id) const;
  // In one write. All records of one call share their `common`.
  Result<void> append(std::string_view id, const std::vector<UnitRecord>& records) const;
  // Writes it anew if most of it is superseded: once a run, as it reads all of it.
  Result<void> tidy(std::string_view id) const;
  // With any arguments. False: there was nothing.
  Result<bool> forget(std::string_view id) const;

 private:
  std::string folder_;
};

// The text of a payload, and back; for tests.
std::string to_text(const std::vector<UnitRecord>& records);

}  // namespace devtask
