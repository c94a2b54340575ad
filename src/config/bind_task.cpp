#include "config/bind_task.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "config/bind_steps.h"
#include "config/bind_tools.h"
#include "config/bind_values.h"
#include "config/keys.h"
#include "config/matrix.h"
#include "config/names.h"
#include "config/paths.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;

const std::array<std::string, 2> kShells{"sh", "bash"};
const std::array<std::string, 3> kCacheModes{"yes", "local", "no"};

class TaskBinder {
 public:
  TaskBinder(const FileReader& file, TomlEntry& entry, const ScopeDraft& scope)
      : table_(file, std::get<TomlTable>(entry.value.data), kTaskTable,
               fmt::format("task `{}{}`", scope.prefix, shown(entry.key))),
        scope_(scope) {
    Task& task = draft_.task;
    task.local = entry.key;
    task.name = scope.prefix + entry.key;
    task.scope = scope.scope;
    task.where = file.span(entry.key_place);
  }

  TaskDraft bind() {
    bind_names();
    bind_command();
    bind_files();
    bind_environment();
    bind_dependencies();
    bind_limits();
    bind_units();
    check_cache();
    check_interactive();
    check_group();
    return std::move(draft_);
  }

 private:
  void bind_names() {
    Task& task = draft_.task;
    check_task_name("a task", task.local, task.where);
    if (auto text = table_.string("description")) task.description = std::move(text->value);
    task.hidden = table_.flag("hidden");
    for (auto& alias : table_.strings("aliases")) {
      if (!check_task_name("an alias", alias.value, alias.where)) continue;
      task.aliases.push_back(scope_.prefix + alias.value);
      draft_.alias_places.push_back(std::move(alias.where));
    }
  }

  bool check_task_name(std::string_view what, const std::string& name, const Span& where) {
    if (is_task_name(name)) return true;
    table_.complain(
        error("{} cannot be called `{}`", what, shown(name))
            .at(where)
            .advise("names have ASCII letters, digits, `_`, `.` and `-`, and do not begin with `.` or `-`"));
    return false;
  }

  void bind_command() {
    Task& task = draft_.task;
    task.matrix = bind_matrix(table_);
    task.args = bind_args(table_, task.matrix);
    task.shell = table_.choice("shell", kShells).value_or(scope_.shell);
    axes_.complete = !table_.written("matrix") || table_.get("matrix") != nullptr;
    for (const MatrixAxis& axis : task.matrix) axes_.names.push_back(axis.name);
    rows_ = matrix_rows(task.matrix);

    known_ = {{"root", "task", "extra"}, {"extra"}, axes_.complete, {}};
    known_.complete = known_.complete && (!table_.written("args") || table_.get("args") != nullptr);
    for (const ArgSpec& arg : task.args) {
      known_.names.push_back(arg.name);
      if (arg.many) known_.lists.push_back(arg.name);
    }
    known_.names.insert(known_.names.end(), axes_.names.begin(), axes_.names.end());
    bind_tools(table_, draft_, known_);
    if (table_.written("units")) {
      for (const char* name : {"units", "report", "plugins"}) known_.names.emplace_back(name);
      known_.lists.emplace_back("units");
    }
    task.run = bind_steps(table_, "run", known_);
    task.check = bind_steps(table_, "check", known_);
  }

  // Outputs are removed and replaced: nobody means the repository and the task file itself.
  void refuse_project_as_output(const Patterns& outputs) {
    if (outputs.templated) return;
    const std::string& base = scope_.scope->base;
    const std::string in_base = base.empty() ? "" : base + "/";
    for (const std::string& path :
         {std::string(".git/HEAD"), in_base + ".git/HEAD", std::string(".devtask/journal"),
          std::string("tasks.toml"), in_base + "tasks.toml"}) {
      if (!outputs.globs.matches(path)) continue;
      for (const Placed<std::string>& pattern : outputs.written) {
        const auto glob = Glob::parse(pattern.value);
        if (!glob || !glob->matches(path)) continue;
        table_.complain(
            error("{} takes in `{}`, which is not the task's to remove", table_.of("outputs"), path)
                .at(pattern.where)
                .advise("name the files and folders that the task makes"));
        return;
      }
    }
  }

  void bind_files() {
    Task& task = draft_.task;
    const std::string& base = scope_.scope->base;
    if (table_.get("inputs") != nullptr) task.inputs = bind_list("inputs");
    task.outputs = bind_list("outputs");
    refuse_project_as_output(task.outputs);
    task.creates = bind_list("creates");
    if (TomlEntry* units = table_.get("units")) {
      task.units = bind_list("units");
      if (const TomlArray* items = units->value.as_array(); items != nullptr && items->empty()) {
        table_.complain(error("{} is empty", table_.of("units"))
                            .at(table_.key_place("units"))
                            .advise("name the files that have a result each"));
      }
    }
    if (TomlEntry* edits = table_.get("edits"); edits != nullptr && edits->value.as_bool() != nullptr) {
      if (task.units) task.edits = *task.units;
    } else {
      task.edits = bind_list("edits");
    }
    task.dir.value = base;
    if (auto dir = bind_templated_path("dir")) task.dir = std::move(*dir);
    if (auto witness = bind_templated_path("witness")) {
      if (witness->value.find_first_of("*?") != std::string::npos || witness->value.empty()) {
        table_.complain(
            error("{} must name one file", table_.of("witness"))
                .at(witness->where)
                .advise(fmt::format("for example `{}`", find_key(kTaskTable, "witness")->example)));
      } else {
        task.witness = std::move(*witness);
      }
    }
    bind_commit();
  }

  void bind_commit() {
    TomlEntry* entry = table_.get("commit");
    if (entry == nullptr) return;
    auto& commit = draft_.task.commit;
    if (const bool* any = entry->value.as_bool(); any != nullptr) {
      if (*any) commit.emplace();
      return;
    }
    if (entry->value.as_array()->empty()) {
      table_.complain(error("{} is empty", table_.of("commit"))
                          .at(table_.key_place("commit"))
                          .advise("name files and folders, or write `true` for any commit"));
    }
    commit.emplace();
    for (Placed<std::string>& text : table_.strings("commit")) {
      auto path = bind_templated_path("commit", std::move(text));
      if (!path) continue;
      if (path->value.find_first_of("*?") != std::string::npos) {
        table_.complain(error("`{}` in {} must be a file or a folder, not a pattern", shown(path->value),
                              table_.of("commit"))
                            .at(path->where)
                            .advise("a folder stands for all that is in it"));
      }
      commit->push_back(std::move(*path));
    }
  }

  Patterns bind_list(std::string_view key) {
    if (TomlEntry* entry = table_.get(key)) {
      const TomlArray& items = *entry->value.as_array();
      const std::string* first = items.empty() ? nullptr : items.front().as_string();
      if (first != nullptr && first->starts_with('!')) {
        table_.complain(
            error("`{}` excludes nothing: no pattern comes before it in {}", shown(*first), table_.of(key))
                .at(table_.file().span(items.front().place))
                .advise("a `!` pattern takes away from the patterns before it"));
      }
    }
    return bind_patterns(table_, key, scope_.scope->base, axes_, rows_);
  }

  // A path in which axes may stand; each row's path must lie inside the project.
  std::optional<Placed<std::string>> bind_templated_path(std::string_view key) {
    auto text = table_.string(key);
    return text ? bind_templated_path(key, std::move(*text)) : std::nullopt;
  }

  std::optional<Placed<std::string>> bind_templated_path(std::string_view key, Placed<std::string> text) {
    if (!has_placeholder(text.value)) return bind_path(table_, key, scope_.scope->base, std::move(text));
    if (!bind_template(table_, key, text, axes_)) return std::nullopt;
    auto path = bind_path(table_, key, escape_template(scope_.scope->base), std::move(text));
    if (!path) return std::nullopt;
    for (const MatrixRow& row : rows_) {
      auto expanded = expand_axes(path->value, row);
      if (expanded && !bind_path(table_, key, "", {*expanded, path->where})) return std::nullopt;
    }
    return path;
  }

  void bind_environment() {
    Task& task = draft_.task;
    task.env = bind_env(table_, known_);
    task.env_inputs = bind_variable_patterns(table_, "env-inputs");
    task.env_pass = bind_variable_patterns(table_, "env-pass");
  }

  void bind_dependencies() {
    draft_.deps_written = table_.written("deps");
    for (Placed<std::string>& dep : table_.strings("deps")) {
      if (dep.value.empty()) {
        table_.complain(error("a name in {} is empty", table_.of("deps")).at(dep.where));
        continue;
      }
      if (!bind_template(table_, "deps", dep, axes_)) continue;
      auto qualified = Template::parse(qualify(dep.value));
      if (qualified) draft_.task.deps.push_back({std::move(*qualified), std::move(dep.where)});
    }
  }

  std::string qualify(const std::string& name) const {
    if (name.front() == ':') return name.substr(1);
    return name.find(':') == std::string::npos ? scope_.prefix + name : name;
  }

  void bind_limits() {
    Task& task = draft_.task;
    task.interactive = table_.flag("interactive");
    const auto mode = table_.choice("cache", kCacheModes);
    cache_known_ = mode || !table_.written("cache");
    if (mode) {
      task.cache = *mode == "yes" ? CacheMode::kYes : *mode == "local" ? CacheMode::kLocal : CacheMode::kNo;
    }
    if (auto pool = table_.string("pool")) {
      task.pool = std::move(pool->value);
      draft_.pool_place = std::move(pool->where);
    }
    auto timeout = table_.string("timeout");
    if (!timeout) return;
    task.timeout = parse_duration(timeout->value);
    if (!task.timeout || task.timeout->count() == 0) {
      table_.complain(error("{} must be {}, found `{}`", table_.of("timeout"),
                            expectation(KeyType::kDuration), shown(timeout->value))
                          .at(timeout->where)
                          .advise("units are `h`, `m`, `s` and `ms`, and the time is more than nothing"));
      task.timeout.reset();
    }
  }

  // What only tasks with units have.
  void bind_units() {
    Task& task = draft_.task;
    task.family = task.name;
    if (auto parent = table_.string("extends")) draft_.extends = qualify(parent->value);
    for (const std::string_view key : {"unit-inputs", "check", "processes"}) {
      if (table_.written(key) && !table_.written("units")) {
        table_.complain(error("{} has no effect without `units`", table_.of(key))
                            .at(table_.key_place(key))
                            .advise("name the files that have a result each in `units`"));
      }
    }
    if (TomlEntry* edits = table_.get("edits");
        edits != nullptr && table_.written("units") && edits->value.as_bool() == nullptr) {
      table_.complain(error("{} names files, and it has `units`", table_.of("edits"))
                          .at(table_.key_place("edits"))
                          .advise("write `edits = true`: its units are what it rewrites"));
    } else if (edits != nullptr && edits->value.as_bool() != nullptr && !table_.written("units")) {
      table_.complain(error("{} is `true`, and there are no `units`", table_.of("edits"))
                          .at(table_.key_place("edits"))
                          .advise("name the files that it rewrites in `units`, or in `edits`"));
    }
    if (!table_.written("units")) return;
    for (auto& name : table_.strings("unit-inputs")) {
      if (name.value.empty() || name.value.find_first_of("/*?[") != std::string::npos) {
        table_.complain(error("`{}` in {} must be the name of a file, without folder and wildcards",
                              shown(name.value), table_.of("unit-inputs"))
                            .at(name.where));
        continue;
      }
      task.unit_inputs.push_back(std::move(name.value));
    }
    if (TomlEntry* processes = table_.get("processes")) {
      const std::int64_t number = *processes->value.as_integer();
      constexpr std::int64_t kMost = 10'000;
      if (number < 1) {
        table_.complain(
            error("{} must be {}, found {}", table_.of("processes"), expectation(KeyType::kDepth), number)
                .at(table_.file().span(processes->value.place)));
      }
      task.processes = static_cast<std::size_t>(std::clamp<std::int64_t>(number, 1, kMost));
    }
    for (const std::string_view key : {"outputs", "creates", "args", "interactive"}) {
      if (!table_.written(key)) continue;
      table_.complain(error("{} has `units`, so it cannot have `{}`", table_.owner(), key)
                          .at(table_.key_place(key))
                          .advise(key == "args" ? "paths behind its name choose units"
                                                : "a task with units is about their results"));
    }
    if (task.cache == CacheMode::kLocal) {
      table_.complain(error("{} has `units`, so its cache cannot be `local`", table_.owner())
                          .at(table_.key_place("cache")));
    }
    const auto names = [](const Template& text, std::string_view name) {
      return std::ranges::any_of(text.parts(),
                                 [&](const auto& part) { return part.placeholder && part.text == name; });
    };
    const auto steps_name = [&](const std::vector<Step>& steps, std::string_view name) {
      return std::ranges::any_of(steps, [&](const Step& step) {
        return std::ranges::any_of(step.words, [&](const Template& word) { return names(word, name); });
      });
    };
    task.reports = steps_name(task.run, "report") || std::ranges::any_of(task.env, [&](const auto& each) {
                     return names(each.second.value, "report");
                   });
    task.takes_parts = steps_name(task.run, "plugins");
    for (const auto& [key, steps] : {std::pair("run", &task.run), std::pair("check", &task.check)}) {
      if (steps->empty() || steps_name(*steps, "units") || !known_.complete) continue;
      table_.complain(error("no step in {} says where its units go", table_.of(key))
                          .at(table_.key_place(key))
                          .advise("for example `[[\"black\", \"{{units}}\"]]`"));
    }
  }

  void check_cache() {
    const Task& task = draft_.task;
    if (!cache_known_) return;
    const bool local = task.cache == CacheMode::kLocal;
    if (table_.written("witness") && !local) {
      table_.complain(error("{} needs `cache = \"local\"`", table_.of("witness"))
                          .at(table_.key_place("witness"))
                          .advise("outputs of other tasks are checked file by file"));
    } else if (table_.written("witness") && !table_.written("outputs")) {
      table_.complain(error("{} needs `outputs` that it can stand for", table_.of("witness"))
                          .at(table_.key_place("witness")));
    }
    if (local && table_.written("outputs") && !table_.written("witness")) {
      table_.complain(
          error("{} has `cache = \"local\"` and outputs, but no `witness`", table_.owner())
              .at(table_.key_place("cache"))
              .advise(fmt::format("name a file that is there when the outputs are, for example `{}`",
                                  find_key(kTaskTable, "witness")->example)));
    }
  }

  void check_interactive() {
    Task& task = draft_.task;
    if (!task.interactive) return;
    if (table_.written("outputs")) {
      table_.complain(error("{} is interactive, so it cannot have outputs", table_.owner())
                          .at(table_.key_place("outputs"))
                          .advise("an interactive task is never cached"));
    }
    if (table_.written("cache") && cache_known_ && task.cache != CacheMode::kNo) {
      table_.complain(error("{} is interactive, so it cannot be cached", table_.owner())
                          .at(table_.key_place("cache"))
                          .advise("leave `cache` out"));
    }
    task.cache = CacheMode::kNo;
  }

  void check_group() {
    if (table_.written("run")) return;
    if (!draft_.deps_written) {
      // What it should have been given is missing, which is told already.
      if (table_.written("extends") || table_.written("uses")) return;
      table_.complain(error("{} has neither `run` nor `deps`", table_.owner())
                          .at(draft_.task.where)
                          .advise("say what to do with `run`, or which tasks it stands for with `deps`"));
      return;
    }
    for (const std::string_view key : {"inputs", "outputs", "creates", "edits", "units", "commit", "witness",
                                       "args", "timeout", "interactive"}) {
      if (!table_.written(key)) continue;
      table_.complain(error("{} has no effect without `run`", table_.of(key))
                          .at(table_.key_place(key))
                          .advise("a task without `run` only stands for its dependencies"));
    }
  }

  TableReader table_;
  const ScopeDraft& scope_;
  TaskDraft draft_;
  Placeholders axes_;   // of patterns, paths and dependencies
  Placeholders known_;  // of `run` and `env`
  std::vector<MatrixRow> rows_;
  bool cache_known_ = true;
};

}  // namespace

TaskDraft bind_task(const FileReader& file, TomlEntry& entry, const ScopeDraft& scope) {
  return TaskBinder(file, entry, scope).bind();
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr std::array<Unit, 4> kUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
  constexpr std::int64_t kMostMilliseconds =
      std::int64_t{1'000'000} * 3'600'000;  // keeps sums far from overflow
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || number < 0 || text.front() == '-') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size() || number > kMostMilliseconds / kUnits[next_unit].milliseconds)
      return std::nullopt;
    total += number * kUnits[next_unit].milliseconds;
    text.remove_prefix(name.size());
    ++next_unit;
  }
  return milliseconds(total);
}

}  // namespace devtask
