// One run of the tasks that a command line names: the project is read, the plan made, everything looked at,
// and what is stale is built. `devtask TASK` does it once, `devtask watch TASK` again and again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/session.h"
#include "event/event.h"
#include "os/stop.h"
#include "plan/evaluate.h"
#include "plan/plan.h"
#include "plan/schedule.h"
#include "plan/seal.h"

namespace devtask {

struct TaskRun {
  std::unique_ptr<Session> session;
  Plan plan;
  Evaluation evaluation;
  Schedule schedule;
  std::map<std::string, Outcome> outcomes;  // after build(), by label, of those that were told

  // Reads the project and plans what the words say. `tell` gets what is to be said of the configuration.
  // `given`: tasks that rewrite files work on these; null: on what is on disk.
  static Result<TaskRun> prepare(const Invocation& invocation, Session::Mode mode, const Tell& tell,
                                 std::shared_ptr<GivenFiles> given = {});

  // Fills `evaluation` and `schedule`. `seal`: of the same question, or null.
  void look(const Invocation& invocation, const Seal* seal);
  void tell_problems(const Tell& tell) const;

  // Prints what would be done, or with `--status` whether anything would be.
  ExitCode show(const Options& options) const;

  // Brings up to date what is stale, and keeps what was learned. To be called once after a look. Fails if
  // there is no Ninja to run something.
  Result<ExitCode> build(const Invocation& invocation, StopRequest& stop);
};

// Asked when there is something to do, before it is done; false: it is left undone.
using Gate = std::function<Result<bool>(const TaskRun&)>;

// `devtask run`: brings up to date what the words say.
Result<ExitCode> run_tasks(const Invocation& invocation, const Gate& gate);

}  // namespace devtask
