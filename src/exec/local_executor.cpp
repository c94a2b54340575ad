#include "exec/local_executor.h"

#include "base/escape.h"
#include "exec/secret_mask.h"
#include "os/process.h"
#include "plan/programs.h"

namespace devtask {
namespace {

std::vector<std::string> search_path(const std::vector<std::string>& env) {
  constexpr std::string_view kPath = "PATH=";
  for (const std::string& variable : env) {
    if (variable.starts_with(kPath)) return search_folders(std::string_view(variable).substr(kPath.size()));
  }
  return {};
}

}  // namespace

Result<ExecutionResult> LocalExecutor::run(const Action& action, const ExecutionHooks& hooks) {
  ExecutionResult result;
  const std::vector<std::string> folders = search_path(action.env);
  SecretMask mask(action.secrets);
  ProcessRequest request;
  request.env = action.env;
  request.folder = action.folder;
  request.interactive = action.interactive;
  request.inherited_fd = hooks.lock_fd;
  request.output = [&](std::string_view bytes) {
    if (const std::string shown = mask.feed(bytes); !shown.empty() && hooks.output) hooks.output(shown);
  };
  for (const Action::Step& step : action.steps) {
    if (stop_.stopping()) {
      result.end = ExecutionResult::End::kStopped;
      return result;
    }
    request.program = find_program(step.argv.at(0), folders, action.folder);
    if (request.program.empty()) {
      return failure(error("task `{}`: command not found: `{}`", action.label, escape_line(step.argv[0]))
                         .advise("install it, or name its folder in `path` of [project]"));
    }
    request.argv = step.argv;
    if (action.timeout)
      request.timeout = std::max(*action.timeout - result.duration, std::chrono::milliseconds(1));
    auto ended = run_process(request, stop_);
    if (!ended) return tl::unexpected(std::move(ended.error()));
    result.duration += ended->duration;
    result.exit_status = ended->exit_status;
    if (const std::string rest = mask.finish(); !rest.empty() && hooks.output) hooks.output(rest);
    if (ended->stopped || ended->timed_out || ended->exit_status != 0) {
      result.end = ended->stopped     ? ExecutionResult::End::kStopped
                   : ended->timed_out ? ExecutionResult::End::kTimedOut
                                      : ExecutionResult::End::kFailed;
      return result;
    }
  }
  return result;
}

}  // namespace devtask
