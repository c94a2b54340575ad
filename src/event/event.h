// What happened during a run, as plain structs, and the sink they go to.
// Unaware of: terminals, text.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"

namespace devtask {

// How a task of a run ended.
enum class Outcome {
  kUpToDate,   // nothing had to happen
  kRestored,   // outputs came from the cache
  kRan,        // the command ran and succeeded
  kFailed,     // the command ran and failed
  kTimedOut,   // the command was ended at its time limit
  kSkipped,    // a dependency failed
  kCancelled,  // interrupted
};

constexpr bool succeeded(Outcome outcome) {
  return outcome == Outcome::kUpToDate || outcome == Outcome::kRestored || outcome == Outcome::kRan;
}

struct RunStarted {
  std::size_t tasks = 0;  // everything the request reaches that may have to do something (not groups)
  std::size_t up_to_date = 0;
  std::size_t to_restore = 0;
  std::size_t to_run = 0;  // an upper bound: early cutoff may spare some
  int jobs = 1;
  std::size_t processes = 0;  // that share the units of one task, at most
};

struct TaskStarted {
  std::string task;          // label, as a person would type it
  std::string why;           // one line, e.g. "`ui/src/main.ts` changed"
  std::string command;       // for people, with -v
  bool interactive = false;  // it owns the terminal until TaskFinished: nothing else may be drawn
};

// A piece of a task's output as it came, standard output and standard error mixed in order. Not line-aligned.
struct TaskOutput {
  std::string task;
  std::string bytes;
};

struct TaskFinished {
  std::string task;
  Outcome outcome = Outcome::kRan;
  int exit_status = 0;                    // of the command; 128 + n if a signal ended it
  std::chrono::milliseconds duration{0};  // of this run, or of the run that was saved (restored, up to date)
  std::string why;                        // of restored tasks
  std::string log;                        // failed: the output, or the end of a long one
  std::string rerun;                      // failed: the command line that runs just this again
  std::string blocked_by;                 // skipped: label of the task that failed
  std::chrono::milliseconds time_limit{0};  // timed out: the limit that was exceeded
  std::uint64_t log_left_out = 0;           // failed: bytes of output before `log`…
  std::string log_path = {};                // …and the file that has all of it, if there is one
  // Restored, up to date: hands the output of back then on, piece by piece. Called while the event is
  // handled, or not at all.
  std::function<void(const std::function<void(std::string_view)>& piece)> replay = {};
};

// Once for each task with units that are tests, when it has ended or was found up to date. Text comes from
// the tests: anything may be in it.
struct TestsReported {
  struct Failure {
    std::string where;  // "tests/a.py:12"; without a line if that is not known
    std::string name;
    std::string message;  // one line
    std::string detail;
  };

  std::string task;  // label
  // Of all selected units, the cached ones too. Skipped includes the expected failures.
  std::size_t passed = 0, failed = 0, skipped = 0, expected_failures = 0;
  std::size_t units_ran = 0, units_cached = 0, units_not_run = 0;
  std::chrono::milliseconds saved{0};  // recorded durations of the cached ones
  std::vector<Failure> failures;       // sorted
  std::vector<std::string> not_run;    // "tests/a.py: the process ended before it (exit status 139)"
  std::vector<std::pair<std::string, std::chrono::milliseconds>> slowest;  // empty: not asked for
  std::string rerun;  // the command line that runs all of the failures again
};

// Once for each task with units that are no tests, when it has ended or was found up to date, if there is
// something to say of single files.
struct FilesReported {
  struct File {
    std::string path;
    std::string text;  // would change: the difference, or ""; failed: the reason, if its tool does not say it
  };

  std::string task;                               // label
  bool checked = false;                           // nothing was to be changed
  std::vector<File> would_change, failed;         // sorted by path
  std::size_t clean = 0, known = 0, not_run = 0;  // known: nobody had to look at them again
};

struct Notice {
  Diagnostic diagnostic;
};

struct RunFinished {
  std::size_t ran = 0, restored = 0, up_to_date = 0, failed = 0, skipped = 0, cancelled = 0;
  std::chrono::milliseconds duration{0};
  std::chrono::milliseconds saved{0};  // recorded durations of what was not run again
  int exit_code = 0;
};

using Event = std::variant<RunStarted, TaskStarted, TaskOutput, TaskFinished, TestsReported, FilesReported,
                           Notice, RunFinished>;

// Called from any thread; implementations serialise for themselves.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on(const Event& event) = 0;
};

}  // namespace devtask
