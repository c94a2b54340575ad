// `devtask upgrade` and `devtask downgrade`: the database that the developer works with, as it is configured.
// Not a task: what is in a database is known to nobody but the database, and nobody wants it changed unasked.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <iostream>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/migrations_choice.h"
#include "cli/report.h"
#include "cli/session.h"
#include "cli/task_run.h"
#include "config/migration_tasks.h"
#include "exec/local_executor.h"
#include "migrate/database_url.h"
#include "migrate/plugin.h"
#include "migrate/plugin_call.h"
#include "migrate/round_trip.h"
#include "migrate/scratch_folder.h"
#include "migrate/sqlite_copy.h"
#include "os/process.h"
#include "os/terminal.h"
#include "plan/steps.h"

namespace devtask {
namespace {

struct Wish {
  MigrationsWish which;
  std::string to;
  bool down = false, sql = false, yes = false;
};

void declare(CLI::App& app, Wish& wish) {
  app.set_help_flag();
  declare(app, wish.which);
  app.add_option("--to", wish.to, "The revision to go to")->type_name("REV");
  app.add_flag("-y,--yes", wish.yes, "Do not ask");
  app.add_flag("--sql", wish.sql, "upgrade: print the SQL instead of running it");
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Wish> read_wish(const Invocation& invocation, bool down) {
  Wish wish;
  wish.down = down;
  CLI::App app;
  declare(app, wish);
  std::vector<std::string> words = invocation.words;
  std::ranges::reverse(words);
  const std::string_view verb = down ? "downgrade" : "upgrade";
  try {
    app.parse(words);
  } catch (const CLI::ParseError& problem) {
    return failure(error("`devtask {}`: {}", verb, problem.what())
                       .advise(fmt::format("`devtask {} --help` shows what can be said", verb)));
  }
  if (down && wish.sql) return failure("`--sql` belongs to `devtask upgrade`");
  if (wish.which.all_dialects || wish.which.dialects.size() > 1)
    return failure("`devtask {}` is for one database: the one that is configured", verb);
  if (wish.to.starts_with('-') && !is_number(std::string_view(wish.to).substr(1)))
    return failure("`{}` cannot be a revision", escape_line(wish.to));
  return wish;
}

std::vector<std::string> to_list(const Variables& variables) {
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) list.push_back(fmt::format("{}={}", name, value));
  return list;
}

class Upgrade {
 public:
  Upgrade(const Invocation& invocation, Wish wish) : invocation_(invocation), wish_(std::move(wish)) {}

  Result<ExitCode> run() {
    auto choice = MigrationsChoice::make(invocation_, wish_.which);
    if (!choice) return tl::unexpected(choice.error());
    choice_ = std::move(*choice);
    is_python_ = newest_revision(versions()) == "head";
    if (wish_.to.empty() && wish_.down && !is_python_) {
      return failure(error("say to which revision: `--to`")
                         .note("where the database is, only the tool knows, and one back is before that"));
    }
    if (wish_.to.empty()) wish_.to = wish_.down ? "-1" : newest_revision(versions());
    if (wish_.sql && choice_.migrations->upgrade_sql.empty()) {
      return failure(error("`{}` do not say how their tool prints SQL", choice_.migrations->name)
                         .at(choice_.migrations->where)
                         .advise("for example `upgrade-sql = [[\"alembic\", \"upgrade\", \"--sql\", "
                                 "\"{{revision}}\"]]`"));
    }
    if (auto ready = prepare(); !ready || *ready != ExitCode::kDone) return ready;
    const auto signals = SignalWatch::start(stop_);
    if (!signals) return tl::unexpected(signals.error());
    if (wish_.sql) return execute(choice_.migrations->upgrade_sql);
    auto state = look();
    if (!state) return fail(std::move(state.error()));
    if (auto right = tell(*state); !right) return tl::unexpected(right.error());
    const bool at_head = state->done() && !state->heads.empty() && state->current == state->heads;
    if (invocation_.options.status) return at_head ? ExitCode::kDone : ExitCode::kTaskFailed;
    if (!wish_.down && wish_.to == "head" && at_head) {
      say("it is at the newest revision already", invocation_.options);
      return ExitCode::kDone;
    }
    if (wish_.down && state->done() && state->current.empty()) {
      say("it is at no revision: there is nothing to go back from", invocation_.options);
      return ExitCode::kDone;
    }
    if (invocation_.options.dry_run) {
      say(fmt::format("would {} it to `{}`", verb(), wish_.to), invocation_.options);
      return ExitCode::kDone;
    }
    if (auto answer = ask(); !answer || *answer != ExitCode::kDone) return answer;
    return change(state->file);
  }

 private:
  std::string versions() const {
    return join_path(choice_.project().root, choice_.dialects.front()->versions);
  }

  std::string_view verb() const { return wish_.down ? "downgrade" : "upgrade"; }

  // The tool has to be there, and its environment is the developer's own over that of the migrations' tasks.
  Result<ExitCode> prepare() {
    const Migrations& migrations = *choice_.migrations;
    const std::string prefix = migrations.name.substr(0, migrations.name.size() - migrations.local.size());
    const auto qualified = [&](const std::string& name) {
      return name.find(':') != std::string::npos ? name : (prefix.empty() ? ":" : prefix) + name;
    };
    std::vector<std::string> words;
    for (const auto& dep : migrations.deps) words.push_back(qualified(dep.value));
    Options quiet = invocation_.options;
    quiet.verbosity = std::min(quiet.verbosity, -1);
    quiet.dry_run = quiet.status = false;  // what is looked at is the database, and the tool has to look
    if (!words.empty()) {
      auto code = run_tasks({quiet, invocation_.environment, words, invocation_.profile}, {});
      if (!code || *code != ExitCode::kDone) return code;
    }
    const std::string task =
        qualified(migration_task_name(migrations, MigrationStep::kRevision, *choice_.dialects.front()));
    auto run = TaskRun::prepare({quiet, invocation_.environment, {task}, invocation_.profile},
                                Session::Mode::kLook, [](const Diagnostic&) {});
    if (!run) return tl::unexpected(run.error());
    const auto planned = std::ranges::find_if(run->plan.tasks, &PlannedTask::requested);
    variables_ = run->session->environment().visible(*planned->task, planned->values, choice_.project().root,
                                                     planned->outputs->globs);
    for (const auto& [name, value] : invocation_.environment) {
      if (name != "PATH")
        variables_[name] = value;  // the project's folders are in front of the caller's there
    }
    std::erase_if(variables_, [](const auto& each) { return each.first.starts_with("DEVTASK_MIGRATION"); });
    return ExitCode::kDone;
  }

  const std::string& configured_url() const {
    static const std::string kNone;
    const auto found = variables_.find(choice_.migrations->url_env);
    return found == variables_.end() ? kNone : found->second;
  }

  Action make_action(const std::vector<Step>& steps) const {
    Values values;
    values.set("root", {join_path(choice_.project().root, choice_.migrations->scope->base)}, false);
    values.set("dialect", {choice_.dialects.front()->name}, false);
    values.set("revision", {wish_.to}, false);
    values.set("name", {""}, false);
    values.set("extra", {}, true);
    Action action;
    action.label = std::string(verb());
    for (PlannedStep& step : plan_steps(Task(), steps, values))
      action.steps.push_back({std::move(step.argv)});
    action.env = to_list(variables_);
    action.secrets = secrets_of_database_url(configured_url());
    std::ranges::sort(action.secrets, std::greater<>(), &std::string::size);
    action.folder = join_path(choice_.project().root, choice_.migrations->dir.value);
    return action;
  }

  // Where the tool would connect to, and what is there. Of a tool that cannot be looked into: nothing.
  Result<PluginAnswer> look() {
    const StateFolder state(choice_.project().root);
    const auto plugin = write_plugin(state.plugins());
    if (!plugin) return tl::unexpected(plugin.error());
    const auto temporary = variables_.find("TMPDIR");
    auto folder = ScratchFolder::make(scratch_places(temporary == variables_.end() ? "" : temporary->second),
                                      std::nullopt);
    if (!folder) return tl::unexpected(folder.error());
    const std::string result = folder->path() + "/result.json";
    PluginRequest request;
    request.action = "state";
    if (auto written = write_file(folder->path() + "/request.json", to_json(request, result), 0600); !written)
      return tl::unexpected(written.error());
    PluginAnswer unknown;
    unknown.url = mask_database_url(configured_url());
    if (const auto url = parse_database_url(configured_url()); url && url->dialect == "sqlite")
      unknown.file =
          join_path(join_path(choice_.project().root, choice_.migrations->dir.value), url->database);
    if (!is_python_) return unknown;
    Action action = make_action(wish_.down ? choice_.migrations->downgrade : choice_.migrations->upgrade);
    const auto given = variables_.find("PYTHONPATH");
    action.env.push_back("PYTHONPATH=" + *plugin + (given == variables_.end() ? "" : ":" + given->second));
    action.env.push_back("DEVTASK_MIGRATE=" + folder->path() + "/request.json");
    std::string said;
    LocalExecutor executor(stop_);
    const auto ended = executor.run(action, {[&](std::string_view text) { said += text; }, -1});
    if (!ended) return tl::unexpected(ended.error());
    if (stat_file(result).kind == FileKind::kAbsent) {
      Diagnostic problem =
          error("the tool does not get as far as the database (exit status {})", ended->exit_status);
      std::string_view rest = said;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        problem.notes.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return failure(std::move(problem));
    }
    const auto text = read_file(result);
    if (!text) return tl::unexpected(text.error());
    auto answer = answer_from_json(*text);
    if (answer) answer->url = mask_database_url(answer->url);
    return answer;
  }

  Result<void> tell(const PluginAnswer& state) const {
    const Dialect& dialect = *choice_.dialects.front();
    const auto& parts = dialect.url.value.parts();
    const std::string scheme =
        parts.empty() ? "" : parts.front().text.substr(0, parts.front().text.find_first_of("+:"));
    if (!state.backend.empty() && !scheme.empty() && state.backend != scheme &&
        (!wish_.which.dialects.empty() || !configured_url().empty())) {
      return failure(
          error("the configured database is of another dialect than `{}`: {}", dialect.name, state.url)
              .advise("set " + choice_.migrations->url_env + " to the one that is meant"));
    }
    const auto names = [](const std::vector<std::string>& list) {
      std::string text;
      for (const std::string& each : list) text += (text.empty() ? "" : ", ") + each;
      return text.empty() ? std::string("no revision") : text;
    };
    std::string line =
        "database: " + (state.url.empty() ? "as the tool is configured" : escape_line(state.url));
    if (state.done())
      line +=
          fmt::format("\ndevtask: it is at {}, the newest is {}", names(state.current), names(state.heads));
    say(line, invocation_.options);
    return {};
  }

  // kDone is a yes.
  Result<ExitCode> ask() const {
    if (wish_.yes) return ExitCode::kDone;
    if (!is_terminal(0)) {
      return failure(error("nobody can be asked whether to {} this database to `{}`", verb(), wish_.to)
                         .advise("`-y` says yes"));
    }
    print(fmt::format("{} it to `{}`? [y/N] ", verb(), wish_.to));
    wait_any_readable({0, stop_.stopping_fd()});
    if (stop_.stopping()) return ExitCode::kInterrupted;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes" ? ExitCode::kDone : ExitCode::kTaskFailed;
  }

  Result<ExitCode> change(const std::string& file) {
    std::string aside;
    if (!file.empty() && stat_followed(file).kind == FileKind::kRegular) {
      auto copied = copy_aside(file);
      if (!copied) return fail(std::move(copied.error()));
      aside = std::move(*copied);
    }
    auto code = execute(wish_.down ? choice_.migrations->downgrade : choice_.migrations->upgrade);
    if (code && *code == ExitCode::kDone) return code;
    if (aside.empty()) return code;
    const std::string failed = aside + "-failed";
    const StopRequest never;
    const bool kept = copy_sqlite(file, failed, never).has_value();
    if (kept)
      say(fmt::format("what the failed {} has made of it is {}", verb(), failed), invocation_.options);
    const bool is_there = stat_followed(file).kind == FileKind::kRegular;
    if (auto restored = (is_there ? restore_sqlite : copy_sqlite)(aside, file, never); !restored) {
      report(std::move(restored.error()).note("the copy from before is " + aside), invocation_.options);
      return code;
    }
    say(fmt::format("the database is as it was before; a copy is {}", aside), invocation_.options);
    return code;
  }

  Result<std::string> copy_aside(const std::string& file) const {
    const StateFolder state(choice_.project().root);
    if (auto made = state.create(); !made) return tl::unexpected(made.error());
    const std::string folder = state.path + "/databases";
    if (auto made = make_folders(folder, 0700); !made) return tl::unexpected(made.error());
    remove_leftovers(folder);
    std::string copy = fmt::format("{}/{}{}", folder, moment(), file_name(file));
    if (auto copied = copy_sqlite(file, copy, stop_); !copied) return tl::unexpected(copied.error());
    remove_old(folder, file_name(file));
    return copy;
  }

  // What a copy's name begins with: unique, always as long, and in order.
  static std::string moment() {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t now = now_ns();
    const std::time_t seconds = now / kSecond;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[sizeof "20261123-060313"] = {};
    std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
    return fmt::format("{}-{:09}-", text, now % kSecond);
  }

  static void remove_old(const std::string& folder, std::string_view file) {
    constexpr std::size_t kKept = 3;
    auto entries = list_folder(folder);
    if (!entries) return;
    const std::size_t begin = moment().size();
    std::erase_if(*entries, [&](const FolderEntry& entry) {
      return entry.name.size() < begin || std::string_view(entry.name).substr(begin) != file;
    });
    std::ranges::sort(*entries, std::greater<>(), &FolderEntry::name);
    for (std::size_t i = kKept; i < entries->size(); ++i) {
      for (const char* ending : {"", "-failed"})
        (void)remove_file(join_path(folder, (*entries)[i].name) + ending);
    }
  }

  Result<ExitCode> execute(const std::vector<Step>& steps) {
    const Action action = make_action(steps);
    LocalExecutor executor(stop_);
    const auto ended = executor.run(action, {[](std::string_view text) { print(text); }, -1});
    if (!ended) return fail(ended.error());
    if (ended->end == ExecutionResult::End::kStopped) return ExitCode::kInterrupted;
    if (ended->exit_status == 0) return ExitCode::kDone;
    return fail(error("the {} failed with exit status {}", verb(), ended->exit_status));
  }

  ExitCode fail(const Diagnostic& problem) const {
    if (stop_.stopping()) return ExitCode::kInterrupted;
    report(problem, invocation_.options);
    return ExitCode::kTaskFailed;
  }

  const Invocation& invocation_;
  Wish wish_;
  MigrationsChoice choice_;
  Variables variables_;
  bool is_python_ = false;  // the plug-in can look into its tool
  StopRequest stop_;
};

Result<ExitCode> change_database(const Invocation& invocation, bool down) {
  if (auto run = run_task_called(down ? "downgrade" : "upgrade", invocation)) return std::move(*run);
  auto wish = read_wish(invocation, down);
  if (!wish) return tl::unexpected(wish.error());
  return Upgrade(invocation, std::move(*wish)).run();
}

}  // namespace

std::string upgrade_options() {
  Wish wish;
  CLI::App app;
  declare(app, wish);
  const std::string text = app.help();
  return text.substr(std::min(text.find("Options:"), text.size()));
}

Result<ExitCode> command_upgrade(const Invocation& invocation) { return change_database(invocation, false); }
Result<ExitCode> command_downgrade(const Invocation& invocation) { return change_database(invocation, true); }

}  // namespace devtask
