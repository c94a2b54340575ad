#include "cli/commands.h"
#include "cli/look.h"
#include "cli/report.h"
#include "cli/session.h"
#include "plan/refuse_unmatched.h"

namespace devtask {

Result<ExitCode> command_why(const Invocation& invocation) {
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  if (invocation.words.empty()) return failure(error("no task is named").advise("devtask why TASK"));
  auto session = Session::open(invocation, Session::Mode::kLook);
  if (!session) return tl::unexpected(session.error());
  auto request =
      read_request((*session)->project(), invocation.words, invocation.options.extra, (*session)->caller());
  if (!request) return tl::unexpected(request.error());
  auto plan = make_plan((*session)->project(), *request);
  if (!plan) return tl::unexpected(plan.error());
  const Evaluation evaluation = (*session)->evaluator().evaluate(*plan);
  for (const Diagnostic& each : evaluation.warnings) report(each, invocation.options);
  if (auto meant = refuse_unmatched(*plan, evaluation.states); !meant) {
    report(meant.error(), invocation.options);
    return ExitCode::kNoTests;
  }
  for (TaskIndex i = 0; i < plan->tasks.size(); ++i) {
    if (plan->tasks[i].requested) print(why_text(*plan, evaluation, i));
  }
  return ExitCode::kDone;
}

}  // namespace devtask
