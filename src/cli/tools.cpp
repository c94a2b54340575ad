#include "cli/tools.h"

#include "cli/report.h"
#include "exec/out_file.h"
#include "ninja/manifest.h"
#include "os/file.h"
#include "os/process.h"
#include "os/stream.h"
#include "plan/programs.h"

namespace devtask {

std::string shim_path() { return join_path(parent_folder(own_executable()), "devtask-shim"); }

Result<std::string> find_ninja(const Variables& environment) {
  const auto named = environment.find("DEVTASK_NINJA");
  std::vector<std::string> names = {"ninja", "ninja-build"};
  if (named != environment.end() && !named->second.empty()) names = {named->second};
  if (std::string found = find_in_path(environment, names); !found.empty()) return found;
  return failure(error("cannot find `{}`, which runs the tasks", names.front())
                     .advise("install it (apt install ninja-build, brew install ninja, pip install ninja), "
                             "or name it in DEVTASK_NINJA"));
}

void keep_memo(Session& session, const Options& options) {
  if (stat_file(session.state().path).kind != FileKind::kFolder) return;
  if (auto saved = session.memo().save(); !saved && options.verbosity > 0) {
    Diagnostic problem = saved.error();
    problem.severity = Severity::kWarning;
    report(problem, options);
  }
}

namespace {

// What dependents were last judged by: how it is, or was after its last success.
std::optional<Digest> last_seen(const Journal& journal, const PlannedTask& task, const TaskState& state) {
  if (state.verdict == Verdict::kUpToDate) return state.seen;
  const auto last = journal.last_success(task.id);
  if (!last) return std::nullopt;
  return task.task->cache == CacheMode::kLocal ? last->key : last->result.outputs_digest();
}

// Gets, whoever made it so, an out file that Ninja finds no reason in to run anything: it holds what
// dependents know of it, and is no newer than it has to be, which is as new as those of its dependencies.
Result<void> refresh_out_files(const StateFolder& folder, const Journal& journal, const Plan& plan,
                               const std::vector<TaskState>& states) {
  std::vector<std::int64_t> times(plan.tasks.size(), 0);  // groups: the newest of their dependencies
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    for (const TaskIndex dep : plan.tasks[i].deps) times[i] = std::max(times[i], times[dep]);
    if (plan.tasks[i].is_group()) continue;
    const std::string out = folder.out(plan.tasks[i].id);
    const std::int64_t before = mend_time(out);
    if (const auto seen = last_seen(journal, plan.tasks[i], states[i])) {
      const auto written = write_if_changed(out, seen->hex() + "\n");
      if (!written) return tl::unexpected(written.error());
      if (const std::int64_t time = std::max(before, times[i]); time != 0 && (*written || time != before)) {
        set_modified(out, time);
      }
    }
    times[i] = stat_file(out).mtime_ns;
  }
  return {};
}

}  // namespace

Result<void> refresh_manifests(Session& session) {
  auto plan = make_plan(session.project(), everything(session.project()));
  if (!plan) return tl::unexpected(plan.error());
  const Evaluation evaluation = session.evaluator().evaluate(*plan, {EvaluationOptions::Keep::kAll, nullptr});
  if (auto created = session.state().create(); !created) return created;
  const std::string builddir = std::string(kStateName) + "/ninja";
  if (auto made = make_folders(join_path(session.root(), builddir), 0700); !made) return made;
  mend_time(join_path(session.root(), builddir));
  if (auto written = refresh_out_files(session.state(), session.journal(), *plan, evaluation.states);
      !written)
    return written;
  const std::string text =
      project_manifest(*plan, evaluation.states, {shim_path(), builddir}, own_executable());
  const std::string manifest = session.state().path + "/build.ninja";
  const FileStat before = stat_file(manifest);
  const auto refreshed = write_if_changed(manifest, text);
  if (!refreshed) return tl::unexpected(refreshed.error());
  // Else Ninja goes on with what it has read.
  if (*refreshed && before.kind == FileKind::kRegular) make_time_differ(manifest, before.mtime_ns);
  if (!*refreshed) mend_time(manifest);
  const std::string sources = sources_manifest(*plan, evaluation.states);
  if (auto written = write_if_changed(session.state().path + "/sources.ninja", sources); !written) {
    return tl::unexpected(written.error());
  }
  return {};
}

}  // namespace devtask
