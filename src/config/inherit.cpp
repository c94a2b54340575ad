#include "config/inherit.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
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

// Nobody writes more by hand, and each has all that is above it.
constexpr std::size_t kDeepest = 100;

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
  Inheritance(const FileReader& file, TomlTable& tasks) : file_(file), tasks_(tasks) {
    for (TomlEntry& entry : tasks) by_name_.try_emplace(entry.key, Known{&entry});
  }

  void run() {
    for (TomlEntry& entry : tasks_) resolve(by_name_.at(entry.key));
  }

 private:
  struct Known {
    TomlEntry* entry;
    enum class State { kOpen, kBegun, kDone } state = State::kOpen;
    Known* parent = nullptr;
    std::size_t depth = 0;  // how many it extends, one through the other
  };

  // What a task extends comes before it.
  void resolve(Known& first) {
    std::vector<Known*> chain;
    for (Known* task = &first; task != nullptr && task->state == Known::State::kOpen; task = task->parent) {
      task->state = Known::State::kBegun;
      task->parent = parent_of(*task);
      chain.push_back(task);
    }
    for (Known* task : chain | std::views::reverse) {
      task->state = Known::State::kDone;
      auto* table = std::get_if<TomlTable>(&task->entry->value.data);
      if (table == nullptr) continue;
      if (task->parent != nullptr) take_over(*task, *table);
      use_preset(*task->entry, *table);
    }
  }

  // nullptr: nothing, or nothing that can be.
  Known* parent_of(const Known& child) {
    auto* task = std::get_if<TomlTable>(&child.entry->value.data);
    const TomlEntry* extends = task == nullptr ? nullptr : find(*task, "extends");
    const std::string* name = extends == nullptr ? nullptr : extends->value.as_string();
    if (name == nullptr) return nullptr;
    const Span where = file_.span(extends->value.place);
    const auto parent = by_name_.find(*name);
    if (parent == by_name_.end() || parent->second.entry->value.as_table() == nullptr) {
      std::vector<std::string> names;
      for (const TomlEntry& entry : tasks_) names.push_back(entry.key);
      std::string help = did_you_mean(*name, names);
      if (help.empty()) help = "it can extend a task of the same file";
      file_.complain(
          error("task `{}` extends `{}`, which is not in this file", shown(child.entry->key), shown(*name))
              .at(where)
              .advise(std::move(help)));
      return nullptr;
    }
    if (parent->second.state == Known::State::kBegun) {
      file_.complain(error("task `{}` extends itself", shown(child.entry->key)).at(where));
      return nullptr;
    }
    return &parent->second;
  }

  void take_over(Known& task, TomlTable& table) {
    task.depth = task.parent->depth + 1;
    if (task.depth <= kDeepest) return fill(table, *task.parent->entry->value.as_table());
    task.depth = 0;
    file_.complain(error("task `{}` extends more than {} others, one through the other",
                         shown(task.entry->key), kDeepest)
                       .at(file_.span(find(table, "extends")->value.place))
                       .advise("let it extend the first of them"));
  }

  void use_preset(const TomlEntry& entry, TomlTable& task) {
    const TomlEntry* uses = find(task, "uses");
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
    if (find(task, "units") == nullptr) {
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
    fill(task, *table);
  }

  const FileReader& file_;
  TomlTable& tasks_;
  std::unordered_map<std::string_view, Known> by_name_;
};

}  // namespace

void inherit(const FileReader& file, TomlTable& tasks) { Inheritance(file, tasks).run(); }

void join_families(std::vector<TaskDraft>& tasks) {
  if (std::ranges::all_of(tasks, [](const TaskDraft& draft) { return draft.extends.empty(); })) return;
  struct Parent {
    const TaskDraft* draft;
    std::shared_ptr<const Patterns> units;
  };
  std::unordered_map<std::string_view, Parent> by_name;
  for (const TaskDraft& draft : tasks) {
    const auto& units = draft.task.units;
    by_name.try_emplace(draft.task.name,
                        Parent{&draft, units ? std::make_shared<const Patterns>(*units) : nullptr});
  }
  for (TaskDraft& draft : tasks) {
    std::string_view above = draft.extends;
    for (std::size_t steps = 0; !above.empty() && steps < kDeepest; ++steps) {
      const auto parent = by_name.find(above);
      if (parent == by_name.end()) break;
      draft.task.family = parent->first;
      if (parent->second.units) draft.task.family_units.push_back(parent->second.units);
      above = parent->second.draft->extends;
    }
  }
}

}  // namespace devtask
