// Everything one invocation is made of, put together once: project, stores, evaluator.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "config/load.h"
#include "exec/in_hand.h"
#include "exec/state_folder.h"
#include "git/last_changes.h"
#include "plan/environment.h"
#include "plan/evaluate.h"
#include "plan/plan.h"
#include "store/digest_memo.h"
#include "store/journal.h"
#include "store/local_store.h"
#include "store/unit_log.h"

namespace devtask {

// Where the shared cache is: `$XDG_CACHE_HOME/devtask`, else `~/.cache/devtask`; DEVTASK_CACHE_DIR goes
// before both.
std::string cache_folder(const Variables& environment);
// DEVTASK_CACHE_MAX_SIZE ("10G", "500M") and DEVTASK_CACHE_MAX_AGE ("30d", "12h").
Result<CacheLimits> cache_limits(const Variables& environment, const std::string& max_size = {},
                                 const std::string& max_age = {});

class Session {
 public:
  // Looking commands change nothing: stores are opened for reading, and the memo is not saved.
  enum class Mode { kLook, kWork };

  // True if the configuration was read without a word.
  bool silent() const { return silent_; }

  // Prints warnings and mistakes of the configuration to standard error, or tells them. On failure the exit
  // code is 2.
  static Result<std::unique_ptr<Session>> open(const Invocation& invocation, Mode mode);
  static Result<std::unique_ptr<Session>> open(const Invocation& invocation, Mode mode, const Tell& tell);

  const Project& project() const { return project_; }
  const std::string& root() const { return project_.root; }
  // Where devtask was started.
  const Caller& caller() const { return caller_; }
  const std::string& member() const { return caller_.member; }
  const Environment& environment() const { return environment_; }
  Journal& journal() { return journal_; }
  const StateFolder& state() const { return state_; }
  ActionCache* action_cache() { return store_ ? &*store_ : nullptr; }
  BlobStore* blob_store() { return store_ ? &*store_ : nullptr; }
  LocalStore* store() { return store_ ? &*store_ : nullptr; }
  const UnitLogs& units() const { return units_; }
  DigestMemo& memo() { return memo_; }
  const Evaluator& evaluator() const { return evaluator_; }

 private:
  Session(Project project, const Invocation& invocation, CacheLimits limits, Mode mode);

  bool silent_ = true;
  Caller caller_;
  Project project_;
  StateFolder state_;
  Environment environment_;
  DigestMemo memo_;
  Journal journal_;
  UnitLogs units_;
  std::optional<LocalStore> store_;
  LastChanges last_changes_;
  Evaluator evaluator_;
};

// The folder to start from: -C, else the current one; absolute.
std::string start_folder(const Options& options);
Result<ProjectPlace> project_place(const Options& options);  // the project that folder belongs to

}  // namespace devtask
