#include "cli/tools.h"

#include "cli/report.h"
#include "ninja/manifest.h"
#include "os/file.h"
#include "os/process.h"
#include "plan/programs.h"

namespace devtask {

std::string shim_path() { return join_path(parent_folder(own_executable()), "devtask-shim"); }

Result<std::string> find_ninja(const Variables& environment) {
  const auto named = environment.find("DEVTASK_NINJA");
  std::vector<std::string> folders;
  if (const auto path = environment.find("PATH"); path != environment.end()) {
    std::string_view rest = path->second;
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      if (colon != 0) folders.emplace_back(rest.substr(0, colon));
      rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
  }
  std::vector<std::string> names = {"ninja", "ninja-build"};
  if (named != environment.end() && !named->second.empty()) names = {named->second};
  for (const std::string& name : names) {
    if (std::string found = find_program(name, folders, current_folder()); !found.empty()) return found;
  }
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

Result<void> refresh_manifests(Session& session) {
  auto plan = make_plan(session.project(), everything(session.project()));
  if (!plan) return tl::unexpected(plan.error());
  const Evaluation evaluation = session.evaluator().evaluate(*plan, {true, nullptr});
  if (auto created = session.state().create(); !created) return created;
  const std::string builddir = std::string(kStateName) + "/ninja";
  if (auto made = make_folders(join_path(session.root(), builddir), 0700); !made) return made;
  // Ninja takes a missing output for a reason to build: what is up to date gets its file.
  for (TaskIndex i = 0; i < plan->tasks.size(); ++i) {
    const TaskState& state = evaluation.states[i];
    const std::string out = session.state().out(plan->tasks[i].id);
    if (plan->tasks[i].is_group() || state.verdict != Verdict::kUpToDate || !state.seen) continue;
    if (stat_file(out).kind != FileKind::kAbsent) continue;
    if (auto written = write_file(out, state.seen->hex() + "\n"); !written) return written;
  }
  const std::string text =
      project_manifest(*plan, evaluation.states, {shim_path(), builddir}, own_executable());
  if (auto written = write_if_changed(session.state().path + "/build.ninja", text); !written) {
    return tl::unexpected(written.error());
  }
  const std::string sources = sources_manifest(*plan, evaluation.states);
  if (auto written = write_if_changed(session.state().path + "/sources.ninja", sources); !written) {
    return tl::unexpected(written.error());
  }
  return {};
}

}  // namespace devtask
