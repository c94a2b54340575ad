// `.devtask/journal`: per task the last success in this checkout, and what an attempt found in its output
// folders. The append of a success is the commit of a task, the last thing that happens.
//
// A record (store/record_log.h) is text, escaped like results:
//   done <task id>           started <task id>           forgotten <task id>
//   key <sha256>             key <sha256>                (clean: nothing is known any more)
//   at <unix ms>             foreign <path> …
//                            ended                      (it was not killed)
//                            made <path> …
//   <result text>
//
// Later records replace earlier ones of the same task; those of an unknown word are ignored. Compacted on
// open when more than half is stale (and at least 64 KiB), under the file's lock, so that no process loses
// another's appends.
//
// Thread-safe. Unaware of: what makes a task stale, where outputs are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "action/action_result.h"
#include "store/record_log.h"

namespace devtask {

struct JournalEntry {
  Digest key;
  std::int64_t at_ms = 0;  // unix time of the commit
  ActionResult result;
};

// A task whose last attempt did not end in success: what was in its outputs before and is not devtask's.
struct StartedEntry {
  Digest key;                        // that the attempt was for; all zero for a task without one
  std::vector<std::string> foreign;  // sorted paths
  bool ended = false;                // false: it still runs, or was killed
  std::vector<std::string>
      made;  // sorted paths that the attempt left, if it could still say so when it ended
};

class Journal {
 public:
  // `folder` is .devtask; the first write creates it. Reads what is there; a broken journal is one that ends
  // before what is broken. `read_only`: looking commands; commit, start and forget fail, nothing is
  // compacted.
  Journal(const std::string& folder, bool read_only);

  // nullptr if the task never succeeded here. A result is parsed when it is first asked for.
  std::shared_ptr<const JournalEntry> last_success(std::string_view task_id) const;
  // The key of it, without the rest being parsed.
  std::optional<Digest> last_key(std::string_view task_id) const;
  // Set if an attempt began after the last success and did not end in one.
  std::optional<StartedEntry> unfinished(std::string_view task_id) const;
  std::vector<std::string> task_ids() const;  // those with a last success, sorted

  Result<void> start(const std::string& task_id, const StartedEntry& attempt);
  Result<void> commit(const std::string& task_id, const Digest& key, const ActionResult& result);
  Result<void> forget(const std::string& task_id);
  // Reads what other processes have appended since.
  void refresh();

 private:
  struct State {
    std::string_view done_text;                // of a `done` not parsed yet, in `file`
    std::shared_ptr<const MappedFile> file;    // keeps done_text
    std::shared_ptr<const JournalEntry> done;  // once parsed
    std::optional<StartedEntry> started;
  };

  void apply(RecordLog::Contents contents);
  Result<void> append(const std::string& record);
  // Parses what is pending; nullptr (and forgotten) if it is broken.
  static const std::shared_ptr<const JournalEntry>& parsed(State& state);

  std::string folder_;
  bool read_only_;
  mutable std::mutex mutex_;  // guards all that follows
  RecordLog log_;
  mutable std::map<std::string, State, std::less<>> tasks_;
};

}  // namespace devtask
