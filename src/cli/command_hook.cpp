// `devtask hook install|uninstall`: git's pre-commit hook that runs a task on what is staged. The hook is a
// short shell script; somebody else's hook is never lost.
#include "base/escape.h"
#include "base/replace_all.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "git/git.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr std::string_view kMark =
    "# Written by `devtask hook install`; `devtask hook uninstall` removes it.\n";

// git starts it at the top of the work tree, with variables that are relative to that: so it stays there.
constexpr std::string_view kScript = R"sh(folder={folder}
before=$(dirname "$0")/pre-commit.before-devtask
if [ -x "$before" ]; then "$before" "$@" || exit $?; fi
[ -e "$folder/tasks.toml" ] || exit 0  # this branch has no tasks
for devtask in {devtask} "$(command -v devtask)" "$folder/devtaskw" ./devtaskw; do
  if [ -f "$devtask" ] && [ -x "$devtask" ]; then exec "$devtask" -C "$folder" {task} --staged; fi
done
echo "devtask is not here any more, so nothing was committed: the pre-commit hook runs \`devtask "{task}" --staged\`." >&2
echo "Put devtask into PATH, or remove the hook: rm $0. \`git commit --no-verify\` goes without it." >&2
exit 1
)sh";

std::string hook_script(const std::string& devtask, const std::string& folder, const std::string& task) {
  std::string text = "#!/bin/sh\n" + std::string(kMark) + std::string(kScript);
  replace_all(text, "{devtask}", shell_quote(devtask));
  replace_all(text, "{task}", shell_quote(task));
  replace_all(text, "{folder}", shell_quote(folder.empty() ? "." : folder));
  return text;
}

struct HookPlace {
  std::string folder;  // of the project, relative to the top of the work tree, "" is the top
  std::string hook;    // absolute
  std::string before;  // where a hook that was there is kept
};

Result<HookPlace> find_hook(const Invocation& invocation, const std::string& project) {
  const auto git = Git::open(invocation.environment, project);
  if (!git) return tl::unexpected(git.error());
  const auto scope = git->run({"config", "--show-scope", "--get", "core.hooksPath"});
  if (!scope) return tl::unexpected(scope.error());
  if (scope->out.starts_with("global\t") || scope->out.starts_with("system\t")) {
    const std::string folder = scope->out.substr(7, scope->out.find('\n') - 7);
    return failure(error("the hooks of all repositories are in `{}` (core.hooksPath)", folder)
                       .advise("give this one its own: git config core.hooksPath .git/hooks"));
  }
  auto hooks = git->ask({"rev-parse", "--git-path", "hooks"});
  if (!hooks) return tl::unexpected(hooks.error());
  while (hooks->ends_with('\n')) hooks->pop_back();
  HookPlace place;
  place.folder = git->prefix();
  place.hook = join_path(join_path(git->top(), *hooks), "pre-commit");
  place.before = place.hook + ".before-devtask";
  return place;
}

enum class Owner { kNobody, kDevtask, kOther };

Owner owner_of(const std::string& hook) {
  const FileKind kind = stat_file(hook).kind;
  if (kind == FileKind::kAbsent) return Owner::kNobody;
  const auto text = kind == FileKind::kRegular ? read_file(hook) : failure("not a file");
  return text && text->find(kMark) != std::string::npos ? Owner::kDevtask : Owner::kOther;
}

Result<ExitCode> install(const Invocation& invocation, const HookPlace& place, const std::string& task) {
  if (owner_of(place.hook) == Owner::kOther) {
    if (!invocation.options.force) {
      return failure(error("there is another hook: `{}`", place.hook)
                         .advise("`devtask hook install --force` keeps it and runs it first"));
    }
    if (stat_file(place.before).kind != FileKind::kAbsent) {
      return failure(error("there are two other hooks, `{}` and `{}`", place.hook, place.before)
                         .advise("make one of them"));
    }
    if (auto kept = rename_file(place.hook, place.before); !kept) return tl::unexpected(kept.error());
    print(fmt::format("kept the hook that was there as {}\n", place.before));
  }
  if (auto made = make_folders(std::string(parent_folder(place.hook))); !made)
    return tl::unexpected(made.error());
  const std::string script = hook_script(own_executable(), place.folder, task);
  if (auto written = write_file(place.hook, script, 0755); !written) return tl::unexpected(written.error());
  print(fmt::format("wrote {}: `devtask {} --staged` before each commit\n", place.hook, task));
  return ExitCode::kDone;
}

Result<ExitCode> uninstall(const HookPlace& place) {
  switch (owner_of(place.hook)) {
    case Owner::kNobody:
      print("there is no pre-commit hook\n");
      return ExitCode::kDone;
    case Owner::kOther:
      return failure(error("`{}` is not a hook of devtask's", place.hook).advise("it was left as it is"));
    case Owner::kDevtask:
      break;
  }
  if (auto removed = remove_file(place.hook); !removed) return tl::unexpected(removed.error());
  print(fmt::format("removed {}\n", place.hook));
  if (stat_file(place.before).kind == FileKind::kAbsent) return ExitCode::kDone;
  if (auto back = rename_file(place.before, place.hook); !back) return tl::unexpected(back.error());
  print("the hook that was there before is back\n");
  return ExitCode::kDone;
}

}  // namespace

Result<ExitCode> command_hook(const Invocation& invocation) {
  if (auto refused = refuse_options(invocation.words); !refused) return tl::unexpected(refused.error());
  const std::vector<std::string>& words = invocation.words;
  const std::string verb = words.empty() ? std::string() : words[0];
  const bool installs = verb == "install" && words.size() <= 2;
  if (!installs && !(verb == "uninstall" && words.size() == 1)) {
    return failure(error("`hook` does not know what to do")
                       .advise("devtask hook install [TASK], devtask hook uninstall"));
  }
  const auto project = project_place(invocation.options);
  if (!project) return tl::unexpected(project.error());
  const auto place = find_hook(invocation, join_path(project->root, project->member));
  if (!place) return tl::unexpected(place.error());
  if (!installs) return uninstall(*place);
  const std::string task = words.size() > 1 ? words[1] : "format";
  auto session = Session::open(invocation, Session::Mode::kLook);
  if (!session) return tl::unexpected(session.error());
  auto request = read_request((*session)->project(), {task}, {}, (*session)->caller());
  if (!request) return tl::unexpected(request.error());
  return install(invocation, *place, task);
}

}  // namespace devtask
