// What an evaluation looked at, kept with what came of it, so that the next one need not look so closely. An
// evaluation is a function of what it looks at: if the same question is asked again and every file and folder
// looks as it did then, the outcome is the same; if some do not, only the tasks that looked at those are
// evaluated again. A file that looks different and has the same content is the same.
//
// `.devtask/seals/ID`, little-endian: head | entries of observations | entries of tasks | u32 numbers | bytes
// of paths and ids; the structs in seal.cpp say what is in them. The head has 8 bytes magic, the XXH3 of all
// that follows it, and the question.
//
// Only what is older than two seconds is sealed: a file system with coarse times could hide a later change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "os/file.h"
#include "report/test_case.h"

namespace devtask {

// How something looked. Paths inside the project are relative to its root, others absolute.
struct Observation {
  std::string path;
  bool follow = false;             // links were followed
  bool kind_only = false;          // what else there is to see does not matter
  FileStat stat{};                 // kAbsent: nothing was there
  std::optional<Digest> digest{};  // of a regular file that was read
};

// Changed so shortly before the clock was `looked_ns` that a later change may leave the times as they are.
bool is_young(const FileStat& stat, std::int64_t looked_ns);

// Whether it is still so, and was so all the time. `root` is the open project root and its path; `looked_ns`:
// the clock before it was looked at. What was young then is read again as well, and counts as changed if
// there is nothing to read.
bool still_holds(const Observation& seen, const Fd& root, const std::string& root_path,
                 std::int64_t looked_ns);

// Of a task with test units: what there is to tell of it when nothing has to run.
struct SealedTests {
  std::string label;
  TestCounts tests;
  std::uint64_t units = 0;
  std::int64_t saved_ms = 0;

  bool operator==(const SealedTests&) const = default;
};

struct SealedTask {
  std::string id;
  std::optional<Digest> key;   // absent: a group, or it always runs
  std::optional<Digest> seen;  // what went into the keys of dependents
  // Positions of the observations that decided about its key (but for the common ones), and of those that
  // decided whether its outputs are in place.
  std::vector<std::uint32_t> inputs, outputs;
  std::optional<SealedTests> tests;
};

struct SealedOutcome {
  std::uint64_t tasks = 0;  // that were up to date
  std::int64_t saved_ms = 0;
  bool nothing_to_do = false;  // false: some tasks always run
};

struct SealContents {
  SealedOutcome outcome;
  FileStat journal;                       // how it looked before it was read
  std::vector<Observation> observations;  // those that no task names are common to all
  std::vector<SealedTask> tasks;          // in plan order
};

// Where the seal of a question is kept.
struct SealPlace {
  std::string folder;   // `.devtask/seals`
  std::string root;     // of the project
  std::string journal;  // path of the journal
  Digest question;      // of everything that is asked but not looked at on disk

  std::string path() const;
};

// A seal that was read and compared with what is there now.
class Seal {
 public:
  // Looks at everything, in parallel. nullopt: there is none, it is damaged, or the common things have
  // changed.
  static std::optional<Seal> compare(const SealPlace& place);

  // Everything is as it was, so the outcome is what it was.
  bool holds() const { return holds_ && outcome_.nothing_to_do; }
  const SealedOutcome& outcome() const { return outcome_; }

  // What is known of a task of the plan; nullptr if the seal is of another plan.
  struct Task {
    std::string_view id;
    std::optional<Digest> key, seen;
    bool inputs_hold = false, outputs_hold = false;
    std::optional<SealedTests> tests;
  };
  const Task* task(std::size_t index, std::string_view id) const;
  const std::vector<Task>& tasks() const { return tasks_; }

  // Files that had to be read, as they are now.
  const std::vector<Observation>& read_again() const { return read_again_; }
  // Some of them would not have to be read the next time if the contents were written anew.
  bool is_worn() const { return worn_; }
  // With how they look now, for tasks and common observations that hold.
  SealContents contents() const;

 private:
  Seal() = default;

  MappedFile file_;
  SealedOutcome outcome_;
  FileStat journal_;
  bool holds_ = false, worn_ = false;
  std::vector<Task> tasks_;
  std::vector<Observation> read_again_;
  std::vector<std::pair<std::uint32_t, FileStat>> changed_looks_;  // same content, sorted by position
};

// Does nothing if something is too young, by our clock or by that of the file system with the seals;
// `looked_ns` is our clock before the looking began. Keeps a few seals.
Result<void> write_seal(const SealPlace& place, const SealContents& contents, std::int64_t looked_ns);

}  // namespace devtask
