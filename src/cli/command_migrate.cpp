// `devtask migrate`: the tasks that stand for migrations, run for some dialects together, and what only all
// of them together can do: the entry in the notes, and showing what was made.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "base/escape.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/migrations_choice.h"
#include "cli/report.h"
#include "cli/session.h"
#include "cli/task_run.h"
#include "config/migration_tasks.h"
#include "config/saved_project.h"
#include "console/terminal_text.h"
#include "git/git.h"
#include "migrate/notes_file.h"
#include "migrate/revision_step.h"
#include "os/file.h"
#include "os/process.h"
#include "os/random_name.h"

namespace devtask {
namespace {

using namespace migration_variables;

struct Wish {
  MigrationStep step = MigrationStep::kRevision;
  MigrationsWish which;
  std::string name, base;
  std::vector<std::string> keep;
  bool keep_all = false, edit = false, all = false, allow_destructive = false;
};

void declare(CLI::App& app, Wish& wish) {
  app.set_help_flag();
  declare(app, wish.which);
  app.add_option("-m,--message", wish.name, "What the migration is called: add_flow_run_new_column");
  app.add_option("--base", wish.base, "Yours is what differs from the models of this commit")
      ->type_name("REF");
  app.add_option("--keep", wish.keep, "Keep this operation although the base has it, too")->type_name("OP");
  app.add_flag("--keep-all", wish.keep_all, "Leave nothing out");
  app.add_flag("--edit", wish.edit, "Open the new files in the editor");
  app.add_flag("--all", wish.all, "check: revisions that the base has, too");
  app.add_flag("--allow-destructive", wish.allow_destructive, "check: what destroys data is meant");
}

Result<Wish> read_wish(const Invocation& invocation) {
  Wish wish;
  CLI::App app;
  declare(app, wish);
  std::vector<std::string> words = invocation.words;
  if (!words.empty() && (words[0] == "check" || words[0] == "drift")) {
    wish.step = words[0] == "check" ? MigrationStep::kCheck : MigrationStep::kDrift;
    words.erase(words.begin());
  } else if (invocation.options.dry_run) {
    wish.step = MigrationStep::kPreview;
  }
  std::ranges::reverse(words);
  try {
    app.parse(words);
  } catch (const CLI::ParseError& problem) {
    return failure(error("`devtask migrate`: {}", problem.what())
                       .advise("`devtask migrate --help` shows what can be said"));
  }
  const bool writes = wish.step == MigrationStep::kRevision || wish.step == MigrationStep::kPreview;
  if (!writes && !(wish.name + (wish.keep.empty() ? "" : "k")).empty())
    return failure("`-m` and `--keep` belong to `devtask migrate`, which writes revisions");
  if (wish.step != MigrationStep::kCheck && (wish.all || wish.allow_destructive))
    return failure("`--all` and `--allow-destructive` belong to `devtask migrate check`");
  if (auto usable = check_name(wish.name); !usable) return tl::unexpected(usable.error());
  return wish;
}

// One file of what the steps have found.
struct Found {
  const Dialect* dialect;
  RevisionFound revision;
};

class Migrate {
 public:
  Migrate(const Invocation& invocation, Wish wish)
      : invocation_(invocation), options_(invocation.options), wish_(std::move(wish)) {}

  Migrate(const Migrate&) = delete;
  Migrate& operator=(const Migrate&) = delete;
  ~Migrate() {
    if (results_.empty()) return;
    (void)remove_tree(results_);
    (void)remove_folder_if_empty(std::string(parent_folder(results_)));
  }

  Result<ExitCode> run() {
    auto choice = MigrationsChoice::make(invocation_, wish_.which);
    if (!choice) return tl::unexpected(choice.error());
    choice_ = std::move(*choice);
    if (auto prepared = prepare(); !prepared) return tl::unexpected(prepared.error());
    options_.dry_run = false;
    options_.keep_going = true;  // what is wrong with one dialect is nothing to another
    options_.force = options_.force || wish_.keep_all || !wish_.keep.empty();
    std::vector<const Dialect*> left = choice_.dialects;
    Gate gate;
    if (wish_.step == MigrationStep::kRevision) gate = [&](const TaskRun& run) { return decide(run, left); };
    auto code = run_tasks(invocation_of(left), gate);
    if (code && again_) code = run_tasks(invocation_of(left), {});
    if (!code) return code;
    return take_results(*code);
  }

 private:
  Result<void> prepare() {
    environment_ = invocation_.environment;
    const auto unique = random_name();
    if (!unique) return tl::unexpected(unique.error());
    results_ = fmt::format("{}/migrations/{}", StateFolder(choice_.project().root).path, *unique);
    const auto set = [&](const char* name, const std::string& value) {
      if (!value.empty()) environment_[name] = value;
    };
    set(kName, wish_.name);
    set(kKeepAll, wish_.keep_all ? "1" : "");
    set(kAll, wish_.all ? "1" : "");
    set(kDestructive, wish_.allow_destructive ? "1" : "");
    set("DEVTASK_NO_CACHE", options_.no_cache ? "1" : "");
    std::string keep;
    for (const std::string& each : wish_.keep) keep += each + "\n";
    set(kKeep, keep);
    if (wish_.step != MigrationStep::kCheck && wish_.step != MigrationStep::kDrift) set(kResults, results_);
    if (wish_.base.empty()) return {};
    open_git();
    const auto base = find_base(git_ ? &*git_ : nullptr, *choice_.dialects.front(), wish_.base);
    if (!base) return tl::unexpected(base.error());
    set(kBase, (*base)->commit);
    return {};
  }

  // Late: it is a process, and where nothing has changed there is none.
  void open_git() {
    if (git_) return;
    if (auto git = Git::open(invocation_.environment, choice_.project().root)) git_ = std::move(*git);
  }

  Invocation invocation_of(const std::vector<const Dialect*>& dialects) {
    const Migrations& migrations = *choice_.migrations;
    const std::string prefix = migrations.name.substr(0, migrations.name.size() - migrations.local.size());
    std::vector<std::string> words;
    for (const Dialect* each : dialects)
      words.push_back((prefix.empty() ? ":" : prefix) + migration_task_name(migrations, wish_.step, *each));
    return {options_, environment_, std::move(words), invocation_.profile};
  }

  // Nothing is asked of the tool where nobody changed anything, and a name is asked for before any work.
  Result<bool> decide(const TaskRun& run, std::vector<const Dialect*>& left) {
    if (wish_.keep_all || !wish_.keep.empty() || invocation_.options.force) return name_and_go(left);
    std::vector<const Dialect*> stale;
    for (const Dialect* each : left) {
      const std::string name = migration_task_name(*choice_.migrations, wish_.step, *each);
      const bool runs = std::ranges::any_of(run.schedule.run, [&](TaskIndex index) {
        const PlannedTask& task = run.plan.tasks[index];
        return task.requested && task.task->local == name;
      });
      if (!runs) {
        say(fmt::format("{}: nothing has changed since the last look", each->name), options_);
      } else if (auto clean = is_clean(*each); !clean) {
        return tl::unexpected(clean.error());
      } else if (!*clean) {
        stale.push_back(each);
      }
    }
    left = std::move(stale);
    if (left.empty()) return false;
    return name_and_go(left);
  }

  Result<bool> name_and_go(const std::vector<const Dialect*>& left) {
    if (wish_.name.empty() && environment_.find(kName) == environment_.end()) {
      return failure(
          error("models or revisions of {} have changed, and a new revision would have no name",
                left.front()->name)
              .advise("say what it does: `devtask migrate -m add_flow_run_new_column`; without a difference "
                      "nothing is written"));
    }
    again_ = true;
    return false;
  }

  // Models and revisions are those of the base.
  Result<bool> is_clean(const Dialect& dialect) {
    open_git();
    if (!git_) return false;
    auto base = find_base(&*git_, dialect, wish_.base);
    if (!base) return tl::unexpected(base.error());
    if (!*base || (*base)->is_cut) return false;
    const auto changed = changed_since(*git_, *choice_.migrations, dialect, **base);
    if (!changed) return tl::unexpected(changed.error());
    if (!changed->empty()) return false;
    say(fmt::format("{}: models and revisions are as in {}: nothing to migrate", dialect.name,
                    (*base)->shown),
        options_);
    return true;
  }

  Result<ExitCode> take_results(ExitCode code) {
    std::vector<Found> all;
    for (const Dialect* each : choice_.dialects) {
      const auto text = read_file(join_path(results_, each->name));
      if (!text) continue;
      auto found = revision_found_from_text(*text);
      if (!found) return tl::unexpected(found.error());
      if (!found->path.empty()) all.push_back({each, std::move(*found)});
    }
    if (all.empty()) return code;
    const bool writes = wish_.step == MigrationStep::kRevision;
    for (const Found& each : all) show(each.revision);
    if (auto noted = note(all, writes); !noted) return tl::unexpected(noted.error());
    if (writes && wish_.edit) return open_editor(all, code);
    return code;
  }

  void show(const RevisionFound& found) const {
    if (options_.verbosity < 0) return;
    const bool color = console_options(options_).color;
    std::string text = "\n" + escape_line(found.path) + "\n";
    LineCleaner cleaner(false);
    std::string_view rest = found.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string line;
      (void)cleaner.clean(rest.substr(0, end), line);
      text += paint("+" + line, "32", color) + "\n";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    print(text);
  }

  Result<void> note(const std::vector<Found>& all, bool writes) const {
    const Migrations& migrations = *choice_.migrations;
    if (!migrations.notes) return {};
    const std::string path = join_path(choice_.project().root, migrations.notes->value);
    std::string before;
    if (stat_followed(path).kind != FileKind::kAbsent) {
      auto text = read_file(path);
      if (!text) return tl::unexpected(text.error());
      before = std::move(*text);
    }
    std::vector<RevisionToNote> revisions;
    for (const Dialect& each : migrations.dialects) {
      const auto found = std::ranges::find(all, &each, &Found::dialect);
      revisions.push_back({each.label, found == all.end() ? "" : found->revision.revision});
    }
    const auto name = environment_.find(kName);
    const std::string title = title_of(name == environment_.end() ? "" : name->second);
    const std::string after = with_entry(before, title, revisions);
    if (after == before) return {};
    const std::string shown = escape_line(migrations.notes->value);
    if (options_.verbosity >= 0)
      print(fmt::format("\n{}: {} `{}`\n", shown, writes ? "has an entry" : "would have an entry", title));
    if (!writes) return {};
    return write_file(path, after);
  }

  Result<ExitCode> open_editor(const std::vector<Found>& all, ExitCode code) {
    std::string editor = "vi";
    for (const char* name : {"EDITOR", "VISUAL"}) {
      const auto set = environment_.find(name);
      if (set != environment_.end() && !set->second.empty()) editor = set->second;
    }
    ProcessRequest request;
    request.program = find_in_path(environment_, {"sh"});
    request.argv = {"sh", "-c", "exec " + editor + " \"$@\"", "sh"};
    for (const Found& each : all)
      request.argv.push_back(join_path(choice_.project().root, each.revision.path));
    request.env = own_environment();
    request.folder = current_folder();
    request.interactive = true;
    StopRequest stop;
    const auto ended = run_process(request, stop);
    if (!ended) return tl::unexpected(ended.error());
    return ended->exit_status == 0 ? code : ExitCode::kTaskFailed;
  }

  const Invocation& invocation_;
  Options options_;
  Wish wish_;
  MigrationsChoice choice_;
  Variables environment_;
  std::optional<Git> git_;
  std::string results_;  // a folder
  bool again_ = false;   // there is something to do, and it can be done
};

}  // namespace

std::string migrate_options() {
  Wish wish;
  CLI::App app;
  declare(app, wish);
  const std::string text = app.help();
  return text.substr(std::min(text.find("Options:"), text.size()));
}

Result<ExitCode> command_migrate(const Invocation& invocation) {
  if (auto run = run_task_called("migrate", invocation)) return std::move(*run);
  auto wish = read_wish(invocation);
  if (!wish) return tl::unexpected(wish.error());
  return Migrate(invocation, std::move(*wish)).run();
}

}  // namespace devtask
