#include "config/bind_migrations.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/bind_steps.h"
#include "config/bind_values.h"
#include "config/keys.h"
#include "config/names.h"
#include "config/paths.h"

namespace devtask {
namespace {

const std::array<std::string, 1> kServers{"postgresql"};

class MigrationsBinder {
 public:
  MigrationsBinder(const FileReader& file, TomlEntry& entry, const ScopeDraft& scope)
      : table_(file, std::get<TomlTable>(entry.value.data), kMigrationsTable,
               fmt::format("migrations `{}{}`", scope.prefix, shown(entry.key))),
        scope_(scope) {
    made_.local = entry.key;
    made_.name = scope.prefix + entry.key;
    made_.scope = scope.scope;
    made_.where = file.span(entry.key_place);
  }

  Migrations bind() {
    if (!is_task_name(made_.local)) {
      table_.complain(
          error("migrations cannot be called `{}`", shown(made_.local))
              .at(made_.where)
              .advise(
                  "names have ASCII letters, digits, `_`, `.` and `-`, and do not begin with `.` or `-`"));
    }
    bind_dialects();
    bind_steps_of();
    bind_files();
    made_.deps = table_.strings("deps");
    made_.env = bind_env(table_, {{"root", "dialect"}, {}, true, {}});
    bind_url_env();
    if (auto task = table_.string("format")) made_.format = std::move(*task);
    return std::move(made_);
  }

 private:
  void require(std::string_view key) {
    if (table_.written(key)) return;
    table_.complain(error("{} has no `{}`", table_.owner(), key)
                        .at(made_.where)
                        .advise(fmt::format("for example `{}`", find_key(kMigrationsTable, key)->example)));
  }

  void bind_dialects() {
    require("dialects");
    TomlEntry* dialects = table_.get("dialects");
    if (dialects == nullptr) return;
    auto& entries = std::get<TomlTable>(dialects->value.data);
    if (entries.empty()) {
      table_.complain(
          error("{} has no dialects", table_.owner())
              .at(table_.key_place("dialects"))
              .advise(fmt::format("for example `{}`", find_key(kMigrationsTable, "dialects")->example)));
    }
    for (TomlEntry& entry : entries) {
      const Span where = table_.file().span(entry.key_place);
      auto* fields = std::get_if<TomlTable>(&entry.value.data);
      if (!is_task_name(entry.key)) {
        table_.complain(
            error("a dialect of {} cannot be called `{}`", table_.owner(), shown(entry.key))
                .at(where)
                .advise(
                    "names have ASCII letters, digits, `_`, `.` and `-`, and do not begin with `.` or `-`"));
      } else if (fields == nullptr) {
        table_.complain(
            error("dialect `{}` of {} must be a table, found {}", entry.key, table_.owner(),
                  entry.value.kind_name())
                .at(table_.file().span(entry.value.place))
                .advise(fmt::format("for example `{}`", find_key(kMigrationsTable, "dialects")->example)));
      } else {
        TableReader dialect(table_.file(), *fields, kDialectTable,
                            fmt::format("dialect `{}` of {}", entry.key, table_.owner()));
        made_.dialects.push_back(bind_dialect(dialect, entry.key, where));
      }
    }
  }

  Dialect bind_dialect(TableReader& fields, const std::string& name, const Span& where) {
    Dialect dialect;
    dialect.name = dialect.label = name;
    dialect.where = where;
    if (auto label = fields.string("label")) dialect.label = std::move(label->value);
    if (auto server = fields.choice("server", kServers)) dialect.server = std::move(*server);
    if (auto since = fields.string("rules-since")) dialect.rules_since = std::move(since->value);
    const bool serves = !dialect.server.empty() || fields.written("server");
    const Placeholders known{
        serves ? std::vector<std::string>{"server"} : std::vector<std::string>{"scratch"}, {}, true, {}};
    if (auto url = fields.string("url")) {
      const Span place = url->where;
      if (auto text = bind_template(fields, "url", *url, known)) {
        check_url(fields, *text, known.names.front(), place);
        dialect.url = {std::move(*text), place};
      }
    } else if (!fields.written("url")) {
      fields.complain(error("{} has no `url`", fields.owner())
                          .at(where)
                          .advise(fmt::format("for example `{}`", find_key(kDialectTable, "url")->example)));
    }
    bind_around(fields, dialect);
    return dialect;
  }

  // With a fixed address it would be the developer's own database.
  static void check_url(const TableReader& fields, const Template& url, const std::string& name,
                        const Span& where) {
    const bool named = std::ranges::any_of(
        url.parts(), [&](const Template::Part& part) { return part.placeholder && part.text == name; });
    if (named) return;
    fields.complain(
        error("{} must name a database of devtask's own: `{{{{{}}}}}` is not in it", fields.of("url"), name)
            .at(where)
            .advise(fmt::format("for example `{}`", find_key(kDialectTable, "url")->example)));
  }

  static void bind_around(TableReader& fields, Dialect& dialect) {
    constexpr std::size_t kFirstAndLast = 2;
    auto around = fields.strings("around");
    const TomlEntry* entry = fields.get("around");
    if (entry != nullptr && entry->value.as_array()->size() != kFirstAndLast) {
      fields.complain(
          error("{} must be two statements, the first and the last of a migration, found {}",
                fields.of("around"), entry->value.as_array()->size())
              .at(fields.file().span(entry->value.place))
              .advise(fmt::format("for example `{}`", find_key(kDialectTable, "around")->example)));
      return;
    }
    for (auto& statement : around) dialect.around.push_back(std::move(statement.value));
  }

  void bind_steps_of() {
    for (const char* key : {"revision", "upgrade", "downgrade"}) require(key);
    made_.revision = bind_steps(table_, "revision", {{"root", "dialect", "name"}, {}, true, {}});
    const Placeholders to{{"root", "dialect", "revision"}, {}, true, {}};
    made_.upgrade = bind_steps(table_, "upgrade", to);
    made_.downgrade = bind_steps(table_, "downgrade", to);
    made_.upgrade_sql = bind_steps(table_, "upgrade-sql", to);
    made_.dir = {scope_.scope->base, made_.where};
    if (auto dir = table_.string("dir")) {
      if (auto placed = bind_path(table_, "dir", scope_.scope->base, std::move(*dir)))
        made_.dir = std::move(*placed);
    }
  }

  void bind_files() {
    for (const char* key : {"models", "versions"}) require(key);
    const std::string& base = scope_.scope->base;
    const Placeholders none{{}, {}, true, "no placeholder can stand here"};
    made_.models = bind_patterns(table_, "models", base, none, {});
    made_.inputs = bind_patterns(table_, "inputs", base, none, {});
    if (auto pattern = table_.string("file-name")) made_.file_name = std::move(pattern->value);
    if (auto notes = table_.string("notes"))
      made_.notes = bind_path(table_, "notes", base, std::move(*notes));
    auto versions = table_.string("versions");
    if (!versions) return;
    const auto text = bind_template(table_, "versions", *versions, {{"dialect"}, {}, true, {}});
    if (!text) return;
    for (Dialect& dialect : made_.dialects) {
      std::string folder = text->expand([&](std::string_view) { return dialect.name; });
      auto placed = bind_path(table_, "versions", base, {std::move(folder), versions->where});
      if (!placed) return;
      dialect.versions = std::move(placed->value);
      const auto twin = std::ranges::find(made_.dialects, dialect.versions, &Dialect::versions);
      if (twin->name == dialect.name) continue;
      table_.complain(error("the dialects `{}` and `{}` of {} have the same `versions`, `{}`", twin->name,
                            dialect.name, table_.owner(), shown(dialect.versions))
                          .at(versions->where)
                          .advise("write `{{dialect}}` in it: each dialect has revisions of its own"));
      return;
    }
  }

  void bind_url_env() {
    require("url-env");
    auto name = table_.string("url-env");
    if (!name) return;
    if (!is_variable_name(name->value)) {
      table_.complain(
          error("`{}` cannot be the name of an environment variable", shown(name->value))
              .at(name->where)
              .advise("it is the variable through which the tool is told which database to connect to"));
    }
    made_.url_env = std::move(name->value);
  }

  TableReader table_;
  const ScopeDraft& scope_;
  Migrations made_;
};

}  // namespace

Migrations bind_migrations(const FileReader& file, TomlEntry& entry, const ScopeDraft& scope) {
  return MigrationsBinder(file, entry, scope).bind();
}

}  // namespace devtask
