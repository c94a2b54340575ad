// `devtask migrate-step STEP NAME DIALECT`: the one step of the tasks that stand for migrations
// (config/migration_tasks.h). It is not for people: `devtask migrate` is.
#include <algorithm>
#include <chrono>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "config/migration_tasks.h"
#include "config/saved_project.h"
#include "git/git.h"
#include "migrate/check_step.h"
#include "migrate/database_url.h"
#include "migrate/plugin.h"
#include "migrate/postgresql_programs.h"
#include "migrate/revision_step.h"
#include "os/process.h"
#include "os/stop.h"
#include "plan/distributions.h"
#include "plan/programs.h"

namespace devtask {
namespace {

using namespace migration_variables;

std::string value_of(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

// What the project's commands get of what we got: not what is ours alone.
std::vector<std::string> tool_environment(const Variables& variables) {
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) {
    if (!name.starts_with("DEVTASK_MIGRATION") && name != kServer) list.push_back(name + "=" + value);
  }
  return list;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "flows:" of "flows:main".
std::string prefix_of(const Migrations& migrations) {
  return migrations.name.substr(0, migrations.name.size() - migrations.local.size());
}

class StepRun {
 public:
  explicit StepRun(const Invocation& invocation) : invocation_(invocation) {}

  Result<ExitCode> run() {
    const auto& words = invocation_.words;
    if (words.size() != 3) return failure("`migrate-step` is for devtask's own tasks: use `devtask migrate`");
    if (auto opened = open(words[1], words[2]); !opened) return tl::unexpected(opened.error());
    const auto signals = SignalWatch::start(stop_);
    if (!signals) return tl::unexpected(signals.error());
    adopt_orphans();
    const auto lock = hold_dialect();
    if (!lock) return tl::unexpected(lock.error());
    auto done = stop_.stopping() ? Result<ExitCode>(ExitCode::kInterrupted) : work(words[0]);
    if (done) return *done;
    if (stop_.stopping()) return ExitCode::kInterrupted;
    report(done.error(), invocation_.options);
    return ExitCode::kTaskFailed;
  }

 private:
  Result<void> open(const std::string& name, const std::string& dialect) {
    const std::string start = value_of(invocation_.environment, "DEVTASK_ROOT");
    auto place = find_project(start.empty() ? current_folder() : start);
    if (!place) return tl::unexpected(place.error());
    root_ = place->root;
    loaded_ = load_project(root_, StateFolder(root_).project(), false);
    const auto& all = loaded_.project.migrations;
    const auto found = std::ranges::find_if(
        all, [&](const Migrations& each) { return each.local == name && each.scope->base == place->member; });
    if (!loaded_.ok() || found == all.end()) return failure("there are no migrations `{}`", name);
    migrations_ = &*found;
    const auto known = std::ranges::find(migrations_->dialects, dialect, &Dialect::name);
    if (known == migrations_->dialects.end())
      return failure("the migrations `{}` have no dialect `{}`", name, dialect);
    dialect_ = &*known;
    return {};
  }

  // Two steps of a dialect would take each other's files for the tool's.
  Result<FileLock> hold_dialect() {
    const std::string path =
        StateFolder(root_).lock(file_id("migrations " + migrations_->name + " " + dialect_->name));
    constexpr std::chrono::milliseconds kPause{50};
    while (true) {
      auto lock = FileLock::try_acquire(path);
      if (!lock) return tl::unexpected(lock.error());
      if (*lock) return std::move(**lock);
      if (wait_readable(stop_.stopping_fd(), kPause)) return FileLock();
    }
  }

  Result<ExitCode> work(const std::string& step) {
    const Variables& variables = invocation_.environment;
    const StateFolder state(root_);
    auto limits = cache_limits(variables);
    if (!limits) return tl::unexpected(limits.error());
    std::optional<LocalStore> store;
    if (!invocation_.options.no_cache) store.emplace(cache_folder(variables), *limits);
    ImageStore images(store ? &*store : nullptr, store ? &*store : nullptr);
    const std::vector<std::string> places = scratch_places(value_of(variables, "TMPDIR"));
    ScratchDatabases databases(places, state.path + "/clusters", value_of(variables, "PATH"));
    auto plugin = write_plugin(state.plugins());
    if (!plugin) return tl::unexpected(plugin.error());
    const auto git = Git::open(variables, root_);
    MigrationJob job{*migrations_,
                     *dialect_,
                     root_,
                     git ? &*git : nullptr,
                     databases,
                     places,
                     images,
                     *plugin,
                     value_of(variables, kServer),
                     "",
                     tool_environment(variables),
                     distributions(variables),
                     stop_,
                     [](std::string_view line) { print(escape_line(line) + "\n"); }};
    if (!dialect_->server.empty()) {
      auto version = server_version(job.server, value_of(variables, "PATH"));
      if (!version) return tl::unexpected(version.error());
      job.server_version = std::move(*version);
    }
    auto base = find_base(job.git, *dialect_, value_of(variables, kBase));
    if (!base) return tl::unexpected(base.error());
    const auto ended = work(step, job, *base);
    if (store) (void)store->flush();
    return ended;
  }

  Result<ExitCode> work(const std::string& step, const MigrationJob& job,
                        const std::optional<MigrationBase>& base) {
    const Variables& variables = invocation_.environment;
    if (!base) {
      job.say("no commit has these revisions yet: nothing is left out of what the tool reports");
    } else if (base->is_cut) {
      job.say(
          "warning: this clone has a part of the history only, and the base may be an older commit: fetch "
          "all of it "
          "(git fetch --unshallow; in CI fetch-depth: 0)");
    }
    if (step == name_of(MigrationStep::kCheck)) return check(job, base);
    if (step == name_of(MigrationStep::kDrift)) {
      const auto drift = find_drift(job, base);
      if (!drift) return tl::unexpected(drift.error());
      job.say(drift->empty() ? "models and revisions are equal"
                             : "models and revisions differ, in the base, too:");
      for (const std::string& each : *drift) job.say("  " + each);
      return ExitCode::kDone;
    }
    RevisionOptions options;
    options.name = value_of(variables, kName);
    options.base = base;
    options.keep = lines_of(value_of(variables, kKeep));
    options.keep_all = !value_of(variables, kKeepAll).empty();
    options.preview = step == name_of(MigrationStep::kPreview);
    if (migrations_->format) options.format = [&](const std::string& path) { return format(path); };
    const auto found = make_revision(job, options);
    if (!found) return tl::unexpected(found.error());
    // Also of a file that must be mended: it is there, and belongs into the notes.
    if (const std::string results = value_of(variables, kResults); !results.empty()) {
      if (auto made = make_folders(results, 0700); !made) return tl::unexpected(made.error());
      if (auto told = write_file(fmt::format("{}/{}", results, dialect_->name), to_text(*found)); !told)
        return tl::unexpected(told.error());
    }
    if (found->mistakes.empty()) return ExitCode::kDone;
    Diagnostic problem = error("{}: down and up again does not lead back to the same schema", found->path);
    problem.notes = found->mistakes;
    return failure(std::move(problem).advise("mend the file; `devtask migrate check` tries it again"));
  }

  Result<ExitCode> check(const MigrationJob& job, const std::optional<MigrationBase>& base) {
    const Variables& variables = invocation_.environment;
    const CheckOptions options{base, !value_of(variables, kAll).empty(),
                               !value_of(variables, kDestructive).empty()};
    const auto findings = check_revisions(job, options);
    if (!findings) return tl::unexpected(findings.error());
    bool right = true;
    for (const Finding& each : *findings) {
      right = right && each.is_warning;
      const std::string line = each.line > 0 ? fmt::format(":{}", each.line) : "";
      job.say(fmt::format("{}{}: {}: {} [{}]", each.file, line, each.is_warning ? "warning" : "error",
                          each.message, each.rule));
    }
    if (findings->empty()) job.say(fmt::format("{}: all is well", dialect_->name));
    return right ? ExitCode::kDone : ExitCode::kTaskFailed;
  }

  // Of what a migration is made with and run by.
  std::vector<std::string> distributions(const Variables& variables) const {
    const auto tool = tool_of(*migrations_);
    if (!tool) return {};
    DigestMemo memo("");
    Tree tree(root_, memo);
    std::vector<const TreeFile*> looked;
    std::vector<std::string> kept;
    for (std::string& each :
         distributions_of_program(*tool, search_folders(value_of(variables, "PATH")), tree, looked)) {
      static constexpr std::array kWanted{"alembic",  "sqlalchemy", "sqlmodel",  "psycopg",
                                          "psycopg2", "asyncpg",    "aiosqlite", "pg8000"};
      std::string name = each.substr(0, each.find(' '));
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      name = name.substr(0, name.find('-'));  // psycopg2-binary
      if (std::ranges::find(kWanted, name) != kWanted.end()) kept.push_back(std::move(each));
    }
    return kept;
  }

  Result<std::string> server_version(const std::string& url, const std::string& path) {
    if (!url.empty()) return "at " + sha256(url).hex();
    const auto programs = find_postgresql(path, stop_);
    if (!programs) return tl::unexpected(programs.error());
    return "postgresql " + programs->version;
  }

  // As a person would: the formatter's task has its own inputs, tools and results.
  Result<void> format(const std::string& path) {
    const std::string& task = migrations_->format->value;
    const std::string name = task.find(':') == std::string::npos ? prefix_of(*migrations_) + task
                             : task.starts_with(':')             ? task.substr(1)
                                                                 : task;
    ProcessRequest request;
    request.program = own_executable();
    request.argv = {"devtask", "-C", root_, "--output-logs", "errors-only", "-q", "run", name, path};
    request.env = own_environment();
    request.folder = root_;
    std::string said;
    request.output = [&](std::string_view text) { said += text; };
    const auto ended = run_process(request, stop_);
    if (!ended) return tl::unexpected(ended.error());
    if (ended->exit_status == 0) return {};
    return failure("`devtask {} {}` ended with exit status {}: {}", name, path, ended->exit_status, said);
  }

  const Invocation& invocation_;
  std::string root_;
  LoadedProject loaded_;
  const Migrations* migrations_ = nullptr;
  const Dialect* dialect_ = nullptr;
  StopRequest stop_;
};

}  // namespace

Result<ExitCode> command_migrate_step(const Invocation& invocation) { return StepRun(invocation).run(); }

}  // namespace devtask
