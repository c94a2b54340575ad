#include "plan/units.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>

#include "base/escape.h"
#include "base/suggest.h"
#include "os/file.h"
#include "plan/paths_below.h"

namespace devtask {
namespace {

// The files of `unit-inputs` in the folder and in all above it, those of the project and others: a tool that
// looks upward for its configuration does not know where the project ends.
std::vector<UnitFiles::Beside> besides_of(const PlannedTask& task, std::string_view folder, Tree& tree,
                                          std::vector<const TreeFile*>& looked) {
  std::vector<UnitFiles::Beside> found;
  if (task.task->unit_inputs.empty()) return found;
  const std::string& base = task.task->scope->base;
  std::string above;  // "../" for each folder above that of the tasks.toml
  const auto look = [&](std::string_view at) {
    for (const std::string& name : task.task->unit_inputs) {
      TreeFile* file = tree.file(join_path(at, name));
      looked.push_back(file);
      if (file->stat.kind != FileKind::kRegular && file->stat.kind != FileKind::kLink) continue;
      found.push_back({above.empty() ? std::string(below_base(file->path, base)) : above + name, file});
    }
  };
  for (std::string_view at = folder;; at = parent_folder(at)) {
    look(at);
    if (!above.empty() || at == base) above += "../";
    if (at.empty()) break;
  }
  for (std::string_view at = tree.root(); at.size() > 1; above += "../") {
    at = parent_folder(at);
    look(at.empty() ? "/" : at);
  }
  std::ranges::sort(found, {}, &UnitFiles::Beside::name);
  return found;
}

// The nearest of what could have been meant.
std::string suggest_unit(const UnitChoice& choice, const std::vector<TreeFile*>& all) {
  std::set<std::string> paths;
  for (const TreeFile* file : all) {
    paths.insert(file->path);
    for (auto folder = parent_folder(file->path); !folder.empty(); folder = parent_folder(folder))
      paths.emplace(folder);
  }
  // A name alone is often right where the folder is wrong.
  const std::string_view name = file_name(choice.path);
  for (const std::string& path : paths) {
    if (file_name(path) == name) return fmt::format("did you mean `{}`?", path + choice.part);
  }
  return did_you_mean(choice.path, std::vector<std::string>(paths.begin(), paths.end()));
}

// Of all, which are sorted by path: the file of that path, and what is below it.
std::vector<TreeFile*> at_or_below(const std::vector<TreeFile*>& all, const std::string& path) {
  if (path.empty()) return all;
  const auto from = [&](const std::string& least) {
    return std::ranges::lower_bound(all, least, {}, &TreeFile::path);
  };
  constexpr char kAfterSlash = '/' + 1;
  std::vector<TreeFile*> found(from(path + '/'), from(path + kAfterSlash));
  if (const auto file = from(path); file != all.end() && (*file)->path == path) found.push_back(*file);
  return found;
}

void add_chosen(const PlannedTask& task, const std::vector<TreeFile*>& all, Tree& tree,
                std::map<std::pair<std::string, std::string>, TreeFile*>& chosen, UnitFiles& files,
                std::vector<const TreeFile*>& looked) {
  std::set<std::string> whole;
  for (const UnitChoice& choice : task.units->chosen) {
    bool found = false;
    for (TreeFile* file : at_or_below(all, choice.path)) {
      if (!choice.part.empty() && file->path != choice.path) continue;
      found = true;
      chosen.emplace(std::pair(file->path, choice.part), file);
      if (choice.part.empty()) whole.insert(file->path);
    }
    // What is not among the given files may be a unit all the same.
    if (found || !files.unmatched.empty() || task.units->given) continue;
    const TreeFile* there = tree.file(choice.path.empty() ? "." : choice.path);
    looked.push_back(there);
    files.help = suggest_unit(choice, all);
    if (there->stat.kind == FileKind::kAbsent) {
      files.unmatched = fmt::format("there is no `{}`", escape_line(choice.path));
      if (choice.path.find_first_of("*?[{") != std::string::npos)
        files.help = "it is no pattern here: without quotes the shell says which files match it";
    } else {
      files.unmatched = fmt::format("`{}` is no unit of task `{}`, nor has it any",
                                    escape_line(choice.text()), task.task->name);
      std::string patterns;
      for (const auto& pattern : task.units->patterns->written)
        patterns += fmt::format("{}`{}`", patterns.empty() ? "" : ", ", pattern.value);
      files.help = "its units are " + patterns;
    }
  }
  // A part of what is chosen as a whole is chosen already.
  std::erase_if(chosen, [&](const auto& entry) {
    return !entry.first.second.empty() && whole.contains(entry.first.first);
  });
}

// A file without tests is as good as one whose tests pass, but a run without any test is no success, nor does
// it become one when it is asked for again.
bool has_no_tests(const PlannedTask& task, const UnitStates& states) {
  return task.task->reports && std::ranges::all_of(states.units, [](const UnitState& unit) {
           return unit.what == UnitState::What::kFresh && unit.record->tests.total() == 0;
         });
}

// The file whose line is in one of the texts only, "" if that cannot be said.
std::string changed_line(std::string_view before, std::string_view after) {
  const auto lines = [](std::string_view text) {
    std::set<std::string_view> all;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1);
      all.insert(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    return all;
  };
  const auto old_lines = lines(before), new_lines = lines(after);
  for (const auto& [one, other] : {std::pair(&new_lines, &old_lines), std::pair(&old_lines, &new_lines)}) {
    for (const std::string_view line : *one) {
      if (!other->contains(line)) return std::string(line.substr(0, line.rfind(' ')));
    }
  }
  return {};
}

// As the end of a sentence that begins with its name. "": what all share changed.
std::string change_of(const UnitState& unit, const UnitStates& states, BlobStore* blobs) {
  if (!unit.record) return "never ran here";
  if (unit.record->own != unit.own) return "changed";
  if (unit.record->beside != unit.beside) {
    const auto before = blobs != nullptr ? blobs->get_bytes(unit.record->beside)
                                         : Result<std::string>(failure("no store of fingerprints"));
    const std::string path =
        before ? changed_line(*before, states.beside_texts.at(unit.beside)) : std::string();
    return path.empty() ? "depends on a file beside it that changed"
                        : "depends on `" + path + "`, which changed";
  }
  if (unit.record->common != states.common) return "";
  return unit.record->passed ? "has a result that is gone" : "did not pass last time";
}

}  // namespace

std::size_t UnitStates::count(UnitState::What what) const {
  return static_cast<std::size_t>(std::ranges::count(units, what, &UnitState::what));
}

std::chrono::milliseconds UnitStates::saved() const {
  std::chrono::milliseconds all{0};
  for (const UnitState& unit : units) {
    if (unit.what == UnitState::What::kFresh) all += unit.record->duration;
    if (unit.what == UnitState::What::kCached) all += unit.cached->duration;
  }
  return all;
}

bool is_unit(const PlannedTask& task, std::string_view path) {
  return task.units->patterns->globs.matches(path) && !task.task->scope->ignore.matches(path);
}

bool is_unit_input(const Task& task, const UnitFiles& files, std::string_view path) {
  if (!files.folders.contains(parent_folder(path))) return false;  // it counts for no unit
  return std::ranges::find(task.unit_inputs, file_name(path)) != task.unit_inputs.end();
}

UnitFiles find_units(const PlannedTask& task, Tree& tree, std::vector<const TreeFile*>& looked) {
  UnitFiles files;
  std::map<const TreeFile*, GivenFiles::Known> given;
  std::vector<TreeFile*> all;
  if (task.units->given) {
    for (GivenFiles::Known& file : task.units->given->all()) {
      if (!is_unit(task, file.path)) continue;
      all.push_back(tree.file(file.path));
      given.emplace(all.back(), std::move(file));
    }
  } else {
    all = tree.list({&task.units->patterns->globs, &task.task->scope->ignore, {}}, looked);
  }
  files.nothing = all.empty();
  std::vector<TreeFile*> family = all;
  for (const Patterns* each : task.units->family) {
    const auto more = tree.list({&each->globs, &task.task->scope->ignore, {}}, looked);
    family.insert(family.end(), more.begin(), more.end());
  }
  for (const TreeFile* file : family) {
    for (auto folder = parent_folder(file->path); files.folders.emplace(folder).second && !folder.empty();)
      folder = parent_folder(folder);
  }
  std::map<std::pair<std::string, std::string>, TreeFile*> chosen;
  if (task.units->chosen.empty()) {
    for (TreeFile* file : all) files.units.push_back({file, "", 0, false, {}});
  } else {
    add_chosen(task, all, tree, chosen, files, looked);
    for (const auto& [name, file] : chosen) files.units.push_back({file, name.second, 0, false, {}});
  }
  std::map<std::string, std::size_t, std::less<>> folders;
  for (UnitFiles::Unit& unit : files.units) {
    const std::string_view folder = parent_folder(unit.file->path);
    auto beside = folders.find(folder);
    if (beside == folders.end()) {
      beside = folders.emplace(folder, files.besides.size()).first;
      files.besides.push_back(besides_of(task, folder, tree, files.beside_looked));
    }
    unit.beside = beside->second;
    const auto known = given.find(unit.file);
    if (known != given.end()) unit.given = known->second.digest;
    FileStat stat = unit.file->stat;
    if (known != given.end()) {
      stat.kind = FileKind::kRegular;
      stat.mode = known->second.mode;
    }
    unit.executable = is_executable_unit(stat);
  }
  std::ranges::sort(files.beside_looked, {}, &TreeFile::path);
  const auto twins = std::ranges::unique(files.beside_looked);
  files.beside_looked.erase(twins.begin(), twins.end());
  looked.insert(looked.end(), files.beside_looked.begin(), files.beside_looked.end());
  return files;
}

bool is_executable_unit(const FileStat& stat) {
  constexpr std::uint32_t kExecutable = 0100;
  return stat.kind == FileKind::kRegular && (stat.mode & kExecutable) != 0;
}

Digest unit_content(const Digest& content, bool executable) {
  return executable ? sha256("executable " + content.hex()) : content;
}

Digest unit_key(const Task& task, const Digest& common, const Digest& own, const Digest& beside,
                std::string_view name) {
  std::string text = "devtask-unit 1\ncommon ";
  common.append_hex(text);
  text += "\nunit ";
  own.append_hex(text);
  text += ' ';
  text += escape_line(below_base(name, task.scope->base));
  text += "\nbeside ";
  beside.append_hex(text);
  text += '\n';
  return sha256(text);
}

namespace {

// Parts of files that failed, but not if the whole file ran after that.
std::set<std::string, std::less<>> failed_parts(const UnitRecords& records) {
  std::set<std::string, std::less<>> failed;
  for (const UnitRecord& record : records) {
    if (record.name.find("::") == std::string::npos) {
      auto part = failed.lower_bound(record.name + "::");
      while (part != failed.end() && part->starts_with(record.name + "::")) part = failed.erase(part);
    } else if (record.passed) {
      failed.erase(record.name);
    } else {
      failed.insert(record.name);
    }
  }
  return failed;
}

// A part of all units, whatever is stale.
void filter_units(const PlannedUnits& units, const UnitRecords& records, UnitStates& states) {
  const UnitFilter& filter = units.filter;
  if (filter.shards > 0) {
    const Shards shards(filter.shards, filter.durations);
    std::erase_if(states.units,
                  [&](const UnitState& unit) { return shards.part_of(unit.name) != filter.shard; });
  }
  if (filter.failed) {
    const auto parts = failed_parts(records);
    std::erase_if(states.units, [&](const UnitState& unit) {
      const auto part = parts.lower_bound(unit.name + "::");
      const bool part_failed = part != parts.end() && part->starts_with(unit.name + "::");
      // What passed with another key may have done so for another of the family.
      const bool passed =
          unit.record && unit.record->passed && (!units.shares_log || unit.record->common == states.common);
      return passed && !part_failed;
    });
  }
}

}  // namespace

UnitStates judge_units(const PlannedTask& task, const UnitFiles& files, const Digest& common,
                       const UnitSources& sources, bool forced) {
  UnitStates states;
  states.common = common;
  states.unmatched = files.unmatched;
  states.help = files.help;
  states.nothing = files.nothing;
  std::vector<Digest> besides;
  for (const auto& list : files.besides) {
    std::string text;
    for (const UnitFiles::Beside& beside : list) {
      text += escape_line(beside.name) + ' ';
      beside.file->digest.append_hex(text);
      text += '\n';
    }
    besides.push_back(sha256(text));
    states.beside_texts.try_emplace(besides.back(), std::move(text));
  }
  for (const TreeFile* file : files.beside_looked)
    states.besides.push_back({file->path, true, false, file->content_stat(), std::nullopt});
  states.units.reserve(files.units.size());
  std::size_t next = 0;
  for (const UnitFiles::Unit& file : files.units) {
    UnitState unit;
    unit.path = file.file->path;
    unit.name = unit.path + file.part;
    unit.executable = file.executable;
    unit.own = unit_content(file.given.value_or(file.file->digest), unit.executable);
    unit.beside = besides[file.beside];
    unit.stat = file.file->stat;
    unit.content = file.file->content_stat();
    if (const UnitRecord* record = sources.records.find(unit.name, next)) unit.record = *record;
    const bool same = unit.record && unit.record->common == common && unit.record->own == unit.own &&
                      unit.record->beside == unit.beside;
    unit.tried = same && !unit.record->passed;
    if (forced) {
      unit.why = "forced";
    } else if (same && unit.record->passed) {
      unit.what = UnitState::What::kFresh;
    } else {
      // What failed here as it is now is not believed to pass because it once did elsewhere.
      if (sources.cache != nullptr && !unit.tried) {
        auto found = sources.cache->find(unit_key(*task.task, common, unit.own, unit.beside, unit.name));
        if (found && *found && (*found)->outputs.empty()) {
          unit.cached = std::make_shared<const ActionResult>(std::move(**found));
          unit.what = UnitState::What::kCached;
        }
      }
      if (unit.what == UnitState::What::kStale) unit.why = change_of(unit, states, sources.blobs);
    }
    states.units.push_back(std::move(unit));
  }
  if (has_no_tests(task, states)) {
    for (UnitState& unit : states.units) {
      unit.what = UnitState::What::kStale;
      unit.why = "has no tests";
      unit.tried = true;
    }
  }
  filter_units(*task.units, sources.records, states);
  return states;
}

SealedTests sealed_tests(const PlannedTask& task, const UnitStates& states) {
  SealedTests sealed{task.label, {}, states.units.size(), states.saved().count()};
  for (const UnitState& unit : states.units) sealed.tests += unit.record->tests;
  return sealed;
}

std::string why_units(const UnitStates& states, const std::string& common) {
  const std::size_t stale = states.count(UnitState::What::kStale);
  const UnitState* first = nullptr;
  std::string said = common;
  for (const UnitState& unit : states.units) {
    if (unit.what != UnitState::What::kStale || (unit.why.empty() && !said.empty())) continue;
    first = &unit;
    if (!unit.why.empty()) break;
  }
  if (said.empty() && first != nullptr) {
    said = first->why == "forced"           ? first->why
           : first->why == "never ran here" ? fmt::format("`{}` never ran here", escape_line(first->name))
           : first->why.empty()             ? "something that all of them depend on changed"
                                            : fmt::format("`{}` {}", escape_line(first->name), first->why);
  }
  return fmt::format("{} ({} of {} {})", said, stale, states.units.size(),
                     states.units.size() == 1 ? "file" : "files");
}

std::vector<std::vector<std::size_t>> share_units(const UnitStates& states, std::vector<std::size_t> units,
                                                  std::size_t most) {
  if (units.empty()) return {};
  // Who never ran here takes as long as the others on average.
  std::chrono::milliseconds known{0};
  std::int64_t knowing = 0;
  for (const std::size_t unit : units) {
    if (const auto& record = states.units[unit].record) {
      known += record->duration;
      ++knowing;
    }
  }
  const std::int64_t usual = knowing > 0 ? std::max<std::int64_t>(known.count() / knowing, 1) : 1;
  const auto duration = [&](std::size_t unit) {
    const auto& record = states.units[unit].record;
    return record ? std::max<std::int64_t>(record->duration.count(), 1) : usual;
  };
  std::ranges::stable_sort(units, std::ranges::greater{}, duration);
  std::vector<std::vector<std::size_t>> shares(std::min(units.size(), std::max<std::size_t>(most, 1)));
  using Load = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (std::size_t i = 0; i < shares.size(); ++i) loads.emplace(0, i);
  for (const std::size_t unit : units) {
    auto [load, place] = loads.top();
    loads.pop();
    shares[place].push_back(unit);
    loads.emplace(load + duration(unit), place);
  }
  return shares;
}

}  // namespace devtask
