#include "config/migration_tasks.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/version.h"
#include "config/names.h"
#include "config/paths.h"

namespace devtask {
namespace {

Template literal(std::string_view text) {
  return Template::parse(escape_template(text)).value_or(Template());
}

// The same with the one placeholder filled in.
Template with_dialect(const Template& text, const std::string& dialect) {
  std::string filled;
  for (const Template::Part& part : text.parts()) {
    const bool is_dialect = part.placeholder && part.text == "dialect";
    if (part.placeholder && !is_dialect) {
      filled += "{{" + part.text + "}}";
    } else {
      filled += escape_template(is_dialect ? dialect : part.text);
    }
  }
  return Template::parse(filled).value_or(Template());
}

class TaskMaker {
 public:
  explicit TaskMaker(const Migrations& migrations) : migrations_(migrations) {}

  TaskDraft make(MigrationStep step, const Dialect& dialect) const {
    TaskDraft draft;
    Task& task = draft.task;
    task.local = migration_task_name(migrations_, step, dialect);
    const std::size_t prefix = migrations_.name.size() - migrations_.local.size();
    task.name = task.family = migrations_.name.substr(0, prefix) + task.local;
    task.scope = migrations_.scope;
    task.where = dialect.where;
    task.description = describe(step, dialect);
    task.hidden = true;
    task.dir = {migrations_.scope->base, migrations_.where};
    task.run.push_back({true, {step_text(step, dialect)}, migrations_.where});
    for (const auto& dep : migrations_.deps)
      task.deps.push_back({literal(qualified(dep.value, prefix)), dep.where});
    draft.deps_written = true;
    for (const auto& [name, value] : migrations_.env)
      task.env.emplace(name, Placed<Template>{with_dialect(value.value, dialect.name), value.where});
    // What a step finds is a matter of the steps, too, and of all that it reads in tasks.toml.
    task.env.emplace(
        "DEVTASK_MIGRATIONS",
        Placed<Template>{literal(fmt::format("{} {}", kVersion, settings(dialect))), migrations_.where});
    using namespace migration_variables;
    for (const char* name : {kName, kKeep, kKeepAll, kResults, kServer, "GIT_*", "DEVTASK_CACHE_*",
                             "DEVTASK_NO_CACHE", "XDG_CACHE_HOME"})
      task.env_pass.push_back({name, migrations_.where});
    for (const char* name : {kBase, kAll, kDestructive}) task.env_inputs.push_back({name, migrations_.where});
    if (auto tool = tool_of(migrations_)) {
      ToolSpec spec;
      spec.name = std::move(*tool);
      spec.where = migrations_.where;
      spec.distributions = true;
      task.tools.push_back(std::move(spec));
    }
    add_files(task, step, dialect);
    return draft;
  }

 private:
  // A digest of what a step reads, but for what is in its key anyway.
  std::string settings(const Dialect& dialect) const {
    std::string text;
    const auto add = [&](std::string_view value) {
      text += value;
      text += '\0';
    };
    const auto add_template = [&](const Template& value) {
      add(value.expand([](std::string_view name) { return fmt::format("{{{{{}}}}}", name); }));
    };
    for (const auto* steps :
         {&migrations_.revision, &migrations_.upgrade, &migrations_.downgrade, &migrations_.upgrade_sql}) {
      for (const Step& step : *steps) {
        add(step.shell ? "shell" : "words");
        for (const Template& word : step.words) add_template(word);
      }
      add("");
    }
    add_template(dialect.url.value);
    for (const std::string* each : {&dialect.server, &dialect.label, &dialect.rules_since,
                                    &migrations_.url_env, &migrations_.file_name})
      add(*each);
    for (const std::string& each : dialect.around) add(each);
    const std::size_t base = migrations_.scope->base.size();  // paths are the same for a member alone
    add(migrations_.dir.value.substr(std::min(base, migrations_.dir.value.size())));
    add(migrations_.format ? migrations_.format->value : "");
    for (const Dialect& each : migrations_.dialects) add(each.label);
    return sha256(text).hex().substr(0, 16);
  }

  void add_files(Task& task, MigrationStep step, const Dialect& dialect) const {
    const Placed<std::string> versions{escape_glob(dialect.versions) + "/**", dialect.where};
    Patterns inputs;
    // What `!` takes away of these is nothing to the models.
    for (const auto* list : {&migrations_.inputs, &migrations_.models})
      inputs.written.insert(inputs.written.end(), list->written.begin(), list->written.end());
    inputs.written.push_back(versions);
    if (step == MigrationStep::kCheck && migrations_.notes)
      inputs.written.push_back({escape_glob(migrations_.notes->value), migrations_.notes->where});
    compile(inputs);
    task.inputs = std::move(inputs);
    // The base: in a clone with a part of the history it is another one.
    task.commit = {{escape_template(dialect.versions), dialect.where}};
    // What they say is why they were asked.
    if (step == MigrationStep::kPreview || step == MigrationStep::kDrift) task.cache = CacheMode::kNo;
    if (step != MigrationStep::kRevision) return;
    task.creates.written.push_back(versions);
    compile(task.creates);
  }

  static void compile(Patterns& patterns) {
    std::vector<std::string> texts;
    for (const auto& each : patterns.written) texts.push_back(each.value);
    if (auto globs = GlobList::parse(texts)) patterns.globs = std::move(*globs);
  }

  std::string qualified(const std::string& name, std::size_t prefix) const {
    if (name.starts_with(':')) return name.substr(1);
    return name.find(':') == std::string::npos ? migrations_.name.substr(0, prefix) + name : name;
  }

  // DEVTASK is this program, whose place is nothing to a key.
  Template step_text(MigrationStep step, const Dialect& dialect) const {
    return literal(fmt::format("exec \"$DEVTASK\" migrate-step {} {} {}", name_of(step), migrations_.local,
                               dialect.name));
  }

  std::string describe(MigrationStep step, const Dialect& dialect) const {
    constexpr std::array<std::string_view, 4> kWhat{
        "Bring the {} revisions of `{}` up to the models", "Show what the next {} revision of `{}` would be",
        "Show in what {} revisions and models of `{}` differ", "Check the {} revisions of `{}`"};
    return fmt::format(fmt::runtime(kWhat[static_cast<std::size_t>(step)]), dialect.name, migrations_.local);
  }

  const Migrations& migrations_;
};

}  // namespace

std::string_view name_of(MigrationStep step) {
  constexpr std::array<std::string_view, 4> kNames{"revision", "preview", "drift", "check"};
  return kNames[static_cast<std::size_t>(step)];
}

std::string migration_task_name(const Migrations& migrations, MigrationStep step, const Dialect& dialect) {
  return fmt::format("{}.{}.{}", migrations.local, name_of(step), dialect.name);
}

std::optional<std::string> tool_of(const Migrations& migrations) {
  for (const Step& step : migrations.revision) {
    if (step.words.empty() || step.words.front().parts().empty()) continue;
    const Template::Part& first = step.words.front().parts().front();
    if (first.placeholder) continue;
    const std::string name = first.text.substr(0, first.text.find_first_of(" \t\n"));
    if (is_tool_name(name)) return name;
  }
  return std::nullopt;
}

std::vector<TaskDraft> migration_tasks(const Migrations& migrations) {
  std::vector<TaskDraft> drafts;
  const TaskMaker maker(migrations);
  for (const MigrationStep step : kMigrationSteps) {
    for (const Dialect& dialect : migrations.dialects) drafts.push_back(maker.make(step, dialect));
  }
  return drafts;
}

}  // namespace devtask
