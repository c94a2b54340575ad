#include "config/inherit.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/suggest.h"
#include "config/keys.h"
#include "config/names.h"
#include "config/toml_reader.h"

namespace devtask {
namespace {

// These are of the one task that has them.
constexpr std::array<std::string_view, 5> kOwn{"description", "aliases", "hidden", "extends", "uses"};
constexpr std::array<std::string_view, 2> kJoined{"env", "tools"};

struct Preset {
  std::string_view name;
  std::string_view text;
};

// The plug-in writes what came of each file as soon as it is known, so that a crash takes nothing away.
constexpr std::array kPresets{Preset{"pytest", R"(
run = [["python3", "{{plugins}}/devtask_pytest.py", "--continue-on-collection-errors", "{{units}}"]]
unit-inputs = ["conftest.py", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"]
env = { DEVTASK_REPORT = "{{report}}" }
tools = { python3 = { distributions = true } }
)"}};

TomlEntry* find(TomlTable& table, std::string_view key) {
  const auto found = std::ranges::find(table, key, &TomlEntry::key);
  return found == table.end() ? nullptr : &*found;
}

// A preset has no place of its own in the file.
void put_at(TomlValue& value, const TomlPlace& place) {
  value.place = place;
  if (auto* items = std::get_if<TomlArray>(&value.data)) {
    for (TomlValue& item : *items) put_at(item, place);
  } else if (auto* table = std::get_if<TomlTable>(&value.data)) {
    for (TomlEntry& entry : *table) {
      entry.key_place = place;
      put_at(entry.value, place);
    }
  }
}

// What `task` does not say itself.
void fill(TomlTable& task, const TomlTable& from) {
  for (const TomlEntry& entry : from) {
    if (std::ranges::find(kOwn, entry.key) != kOwn.end()) continue;
    TomlEntry* own = find(task, entry.key);
    if (own == nullptr) {
      task.push_back(entry);
      continue;
    }
    auto* table = std::get_if<TomlTable>(&own->value.data);
    const TomlTable* more = entry.value.as_table();
    if (table == nullptr || more == nullptr || std::ranges::find(kJoined, entry.key) == kJoined.end())
      continue;
    for (const TomlEntry& each : *more) {
      if (find(*table, each.key) == nullptr) table->push_back(each);
    }
  }
}

class Inheritance {
 public:
  Inheritance(const FileReader& file, TomlTable& tasks) : file_(file), tasks_(tasks) {}

  void run() {
    for (TomlEntry& entry : tasks_) resolve(entry);
  }

 private:
  void resolve(TomlEntry& entry) {
    auto* task = std::get_if<TomlTable>(&entry.value.data);
    if (task == nullptr || done_[entry.key]) return;
    done_[entry.key] = true;
    if (const TomlEntry* extends = find(*task, "extends")) {
      if (const std::string* name = extends->value.as_string()) {
        if (const TomlTable* parent = parent_of(entry, *name, file_.span(extends->value.place)))
          fill(*task, *parent);
      }
    }
    const TomlEntry* uses = find(*task, "uses");
    const std::string* name = uses == nullptr ? nullptr : uses->value.as_string();
    if (name == nullptr) return;
    const auto preset = std::ranges::find(kPresets, *name, &Preset::name);
    if (preset == kPresets.end()) {
      std::vector<std::string> names;
      for (const Preset& each : kPresets) names.emplace_back(each.name);
      file_.complain(error("`uses` of task `{}` must be {}, found `{}`", shown(entry.key),
                           expectation(KeyType::kUses), shown(*name))
                         .at(file_.span(uses->value.place))
                         .advise(did_you_mean(*name, names)));
      return;
    }
    if (find(*task, "units") == nullptr) {
      file_.complain(error("task `{}` uses `{}`, and there are no `units`", shown(entry.key), *name)
                         .at(file_.span(uses->value.place))
                         .advise(fmt::format("for example `{}`", find_key(kTaskTable, "units")->example)));
      return;
    }
    auto table = parse_toml(std::make_shared<const SourceFile>(SourceFile{*name, std::string(preset->text)}));
    if (!table) return file_.complain(std::move(table.error()));
    const TomlPlace place = uses->value.place;
    for (TomlEntry& each : *table) {
      each.key_place = place;
      put_at(each.value, place);
    }
    fill(*task, *table);
  }

  const TomlTable* parent_of(const TomlEntry& child, const std::string& name, const Span& where) {
    TomlEntry* parent = find(tasks_, name);
    if (parent == nullptr || parent->value.as_table() == nullptr) {
      std::vector<std::string> names;
      for (const TomlEntry& entry : tasks_) names.push_back(entry.key);
      std::string help = did_you_mean(name, names);
      if (help.empty()) help = "it can extend a task of the same file";
      file_.complain(error("task `{}` extends `{}`, which is not in this file", shown(child.key), shown(name))
                         .at(where)
                         .advise(std::move(help)));
      return nullptr;
    }
    // Along the chain from here: does it come back?
    std::vector<const TomlEntry*> chain{&child};
    for (TomlEntry* at = parent; at != nullptr;) {
      if (std::ranges::find(chain, at) != chain.end()) {
        file_.complain(error("task `{}` extends itself", shown(child.key)).at(where));
        return nullptr;
      }
      chain.push_back(at);
      auto* table = std::get_if<TomlTable>(&at->value.data);
      TomlEntry* next = table == nullptr ? nullptr : find(*table, "extends");
      const std::string* above = next == nullptr ? nullptr : next->value.as_string();
      at = above == nullptr ? nullptr : find(tasks_, *above);
    }
    resolve(*parent);
    return parent->value.as_table();
  }

  const FileReader& file_;
  TomlTable& tasks_;
  std::map<std::string, bool> done_;
};

}  // namespace

void inherit(const FileReader& file, TomlTable& tasks) { Inheritance(file, tasks).run(); }

void join_families(std::vector<TaskDraft>& tasks) {
  if (std::ranges::all_of(tasks, [](const TaskDraft& draft) { return draft.extends.empty(); })) return;
  std::unordered_map<std::string, const TaskDraft*> by_name;
  for (const TaskDraft& draft : tasks) by_name.try_emplace(draft.task.name, &draft);
  for (TaskDraft& draft : tasks) {
    std::string above = draft.extends;
    for (std::size_t steps = 0; !above.empty() && steps < tasks.size(); ++steps) {
      const auto parent = by_name.find(above);
      if (parent == by_name.end()) break;
      const Task& task = parent->second->task;
      draft.task.family = task.name;
      if (task.units) draft.task.family_units.push_back(std::make_shared<const Patterns>(*task.units));
      above = parent->second->extends;
    }
  }
}

}  // namespace devtask
