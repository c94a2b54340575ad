#include "cli/migrations_choice.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "base/escape.h"
#include "base/suggest.h"
#include "cli/report.h"
#include "cli/session.h"
#include "config/saved_project.h"
#include "migrate/database_url.h"

namespace devtask {
namespace {

// The scheme of what its tool is given: "postgresql" of "postgresql+asyncpg://{{server}}".
std::string scheme_of(const Dialect& dialect) {
  const auto& parts = dialect.url.value.parts();
  if (parts.empty() || parts.front().placeholder) return {};
  return parts.front().text.substr(0, parts.front().text.find_first_of("+:"));
}

Result<const Migrations*> choose(const Project& project, const std::string& wanted,
                                 const std::string& member) {
  const auto& all = project.migrations;
  if (!wanted.empty()) {
    for (const std::string& name : {wanted.starts_with(':') ? wanted.substr(1) : member + wanted, wanted}) {
      const auto found = std::ranges::find(all, name, &Migrations::name);
      if (found != all.end()) return &*found;
    }
    std::vector<std::string> names;
    for (const Migrations& each : all) names.push_back(each.name);
    return failure(
        error("there are no migrations `{}`", escape_line(wanted)).advise(did_you_mean(wanted, names)));
  }
  if (all.empty()) {
    return failure(error("the project has no migrations")
                       .advise("`[migrations.NAME]` in tasks.toml says what they are: docs/migrations.md"));
  }
  std::vector<const Migrations*> here;
  for (const Migrations& each : all) {
    if (all.size() == 1 || each.name == member + each.local) here.push_back(&each);
  }
  if (here.size() == 1) return here.front();
  std::string names;
  for (const Migrations& each : all) names += (names.empty() ? "`" : ", `") + each.name + "`";
  return failure(error("there are several migrations: {}", names)
                     .advise(fmt::format("say which are meant: devtask migrate {} …", all.front().name)));
}

Result<std::vector<const Dialect*>> choose(const Migrations& migrations, const MigrationsWish& wish,
                                           const Variables& environment) {
  std::vector<const Dialect*> chosen;
  if (wish.all_dialects) {
    for (const Dialect& each : migrations.dialects) chosen.push_back(&each);
    return chosen;
  }
  std::vector<std::string> wanted;
  for (std::string_view rest : wish.dialects) {
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      wanted.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  std::vector<std::string> names;
  for (const Dialect& each : migrations.dialects) names.push_back(each.name);
  for (const std::string& each : wanted) {
    if (std::ranges::find(names, each) != names.end()) continue;
    return failure(error("the migrations `{}` have no dialect `{}`", migrations.name, escape_line(each))
                       .advise(did_you_mean(each, names)));
  }
  for (const Dialect& each : migrations.dialects) {
    if (std::ranges::find(wanted, each.name) != wanted.end()) chosen.push_back(&each);
  }
  if (!chosen.empty()) return chosen;
  const auto set = environment.find(migrations.url_env);
  if (set == environment.end() || set->second.empty()) return std::vector{&migrations.dialects.front()};
  const std::string scheme = set->second.substr(0, set->second.find_first_of("+:"));
  for (const Dialect& each : migrations.dialects) {
    if (each.name == scheme || scheme_of(each) == scheme) return std::vector{&each};
  }
  return failure(error("{} names a database of no dialect of `{}`: `{}`", migrations.url_env, migrations.name,
                       mask_database_url(set->second))
                     .advise("say which dialect is meant: `--dialect " + names.front() + "`"));
}

}  // namespace

void declare(CLI::App& app, MigrationsWish& wish) {
  app.add_option("NAME", wish.migrations, "Which migrations, if there are several");
  app.add_option("--dialect", wish.dialects, "For this database system")->type_name("D");
  app.add_flag("--all-dialects", wish.all_dialects, "For all of them");
}

Result<MigrationsChoice> MigrationsChoice::make(const Invocation& invocation, const MigrationsWish& wish) {
  const auto place = project_place(invocation.options);
  if (!place) return tl::unexpected(place.error());
  auto loaded =
      std::make_shared<LoadedProject>(load_project(place->root, StateFolder(place->root).project(), false));
  if (!loaded->ok()) {
    for (const Diagnostic& each : loaded->diagnostics) report(each, invocation.options);
    return failure("mistakes in the configuration, nothing was run");
  }
  MigrationsChoice choice;
  choice.loaded = loaded;
  const auto& tasks = loaded->project.tasks;
  const auto here =
      std::ranges::find_if(tasks, [&](const Task& task) { return task.scope->base == place->member; });
  const std::string member = place->member.empty() || here == tasks.end()
                                 ? ""
                                 : here->name.substr(0, here->name.size() - here->local.size());
  const auto migrations = choose(loaded->project, wish.migrations, member);
  if (!migrations) return tl::unexpected(migrations.error());
  choice.migrations = *migrations;
  auto dialects = choose(**migrations, wish, invocation.environment);
  if (!dialects) return tl::unexpected(dialects.error());
  choice.dialects = std::move(*dialects);
  return choice;
}

std::optional<Result<ExitCode>> run_task_called(const std::string& name, const Invocation& invocation) {
  const auto place = project_place(invocation.options);
  if (!place) return std::nullopt;
  const LoadedProject loaded = load_project(place->root, StateFolder(place->root).project(), false);
  const bool is_task =
      std::ranges::any_of(loaded.project.tasks, [&](const Task& task) { return task.local == name; });
  if (!loaded.ok() || !loaded.project.migrations.empty() || !is_task) return std::nullopt;
  std::vector<std::string> words{name};
  words.insert(words.end(), invocation.words.begin(), invocation.words.end());
  return command_run({invocation.options, invocation.environment, std::move(words), invocation.profile});
}

Result<void> check_name(const std::string& name) {
  constexpr std::size_t kLongest = 200;
  const bool has_controls = std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  const std::string shown = escape_line(name);
  std::string why;
  if (has_controls) why = "it has control characters or more than one line";
  if (name.starts_with('-')) why = "it begins like an option";
  const bool has_letters =
      std::ranges::any_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c >= 0x80; });
  if (!has_letters && !name.empty()) why = "it has no letter or digit, which its file would be named after";
  if (name.size() > kLongest) why = fmt::format("it has more than {} bytes", kLongest);
  if (why.empty()) return {};
  return failure(error("a migration cannot be called `{}`: {}", shown, why)
                     .advise("say in a few words what it does: `-m add_flow_run_new_column`"));
}

}  // namespace devtask
