// `devtask TASK --staged`: the tasks work on what is staged in git, on copies; what they make of it is staged
// instead, and gets into the work tree without touching what is not staged.
#include <algorithm>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/look.h"
#include "cli/report.h"
#include "cli/session.h"
#include "cli/staged_files.h"
#include "cli/task_run.h"
#include "git/git.h"
#include "os/process.h"
#include "os/stop.h"
#include "plan/units.h"

namespace devtask {
namespace {

bool is_unit_of_any(const Plan& plan, const std::string& path) {
  return std::ranges::any_of(plan.tasks, [&](const PlannedTask& task) {
    return task.units && task.units->given && is_unit(task, path);
  });
}

std::vector<Replacement> replacements(const std::vector<StagedFile>& staged, const GivenFiles& given) {
  std::vector<Replacement> all;
  for (const StagedFile& file : staged) {
    auto now = given.find(file.path);
    if (now && now->content != file.content) all.push_back({file, std::move(now->content)});
  }
  return all;
}

// Empty, and removed in the end.
struct Folder {
  explicit Folder(std::string at) : path(std::move(at)) {
    made = remove_tree(path);
    if (made) made = make_folders(path, 0700);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { (void)remove_tree(path); }
  std::string path;
  Result<void> made;
};

void tell(const Replaced& file, const Options& options) {
  const std::string path = escape_line(file.path);
  if (options.verbosity >= 0)
    print(fmt::format("staged: {}{}\n", path, file.has_more ? " (without what was not staged)" : ""));
  if (file.left_alone.empty()) return;
  report(
      warning("`{}` {}: it is left as it is there, only what is staged was changed", path, file.left_alone),
      options);
}

}  // namespace

Result<ExitCode> command_staged(const Invocation& invocation) {
  const Options& options = invocation.options;
  const auto project = project_place(options);
  if (!project) return tl::unexpected(project.error());
  const StateFolder state(project->root);
  const bool looking = options.dry_run || options.status;
  const Tell say_it = [&](Diagnostic said) { report(said, options); };
  const auto given = std::make_shared<GivenFiles>();
  auto run =
      TaskRun::prepare(invocation, looking ? Session::Mode::kLook : Session::Mode::kWork, say_it, given);
  if (!run) return tl::unexpected(run.error());
  auto git = Git::open(invocation.environment, project->root);
  if (!git) return tl::unexpected(git.error());
  if (auto made = state.create(); !made) return tl::unexpected(made.error());
  // One at a time: what one has staged the other finds.
  const auto alone = FileLock::acquire(state.staged_lock());
  if (!alone) return tl::unexpected(alone.error());
  const Folder folder(state.staged());
  if (!folder.made) return tl::unexpected(folder.made.error());
  git->use_folder(state.staged());

  auto staged = list_staged(*git);
  if (!staged) return tl::unexpected(staged.error());
  std::erase_if(*staged, [&](const StagedFile& file) { return !is_unit_of_any(run->plan, file.path); });
  if (staged->empty()) {
    say("nothing is staged that these tasks rewrite", options);
    return ExitCode::kDone;
  }
  if (auto read = read_staged(*git, state.staged() + "/files", *staged); !read)
    return tl::unexpected(read.error());
  for (const StagedFile& file : *staged)
    given->put(file.path, file.content, file.mode == "100755" ? 0755 : 0644);

  run->look(invocation, nullptr);
  run->tell_problems(say_it);
  if (looking) return run->show(options);
  StopRequest stop;
  adopt_orphans();
  const auto signals = SignalWatch::start(stop);
  if (!signals) return tl::unexpected(signals.error());
  auto code = run->build(invocation, stop);
  if (!code || *code != ExitCode::kDone || options.check) return code;
  const std::vector<Replacement> changed = replacements(*staged, *given);
  if (changed.empty()) return code;
  const auto replaced = replace_staged(*git, state.staged(), changed);
  if (!replaced) {
    report(replaced.error(), options);
    return ExitCode::kTaskFailed;
  }
  for (const Replaced& file : *replaced) tell(file, options);
  return code;
}

}  // namespace devtask
