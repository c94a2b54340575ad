#include "config/load.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/version.h"
#include "config/bind_migrations.h"
#include "config/bind_project.h"
#include "config/bind_task.h"
#include "config/complaints.h"
#include "config/find_files.h"
#include "config/inherit.h"
#include "config/keys.h"
#include "config/messages.h"
#include "config/migration_tasks.h"
#include "config/names.h"
#include "config/paths.h"
#include "config/pin_tools.h"
#include "config/pre_commit.h"
#include "config/toml_reader.h"
#include "config/validate.h"
#include "config/yaml_reader.h"
#include "os/file.h"

namespace devtask {
namespace {

constexpr std::string_view kFileName = "tasks.toml";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class Loader {
 public:
  explicit Loader(const std::string& root) { project_.root = root; }

  LoadedProject load() {
    load_root();
    if (project_.scope != nullptr) {
      for (TaskDraft& task : pinner_.tasks(*project_.scope)) tasks_.push_back(std::move(task));
    }
    join_families(tasks_);
    validate(tasks_, pools_, complete_, complaints_);
    finish();
    return {std::move(project_), complaints_.sorted(files_), std::move(looks_)};
  }

 private:
  void load_root() {
    auto root = load_scope("", nullptr, nullptr);
    if (!root) return;
    project_.scope = root->scope;
    project_.requires_version = root->requires_version;
    std::map<std::string, std::pair<std::string, Span>>
        names;  // of members, with folder and place of the pattern
    for (const auto& [folder, where] : member_folders(*root)) {
      const std::size_t before = tasks_.size();
      auto member = load_scope(folder, &*root, &where);
      if (!member) continue;
      const auto [other, added] = names.try_emplace(member->scope->name, folder, where);
      if (added) continue;
      tasks_.resize(before);  // each would be complained about as defined twice
      complete_ = false;
      complaints_.add(error("the members `{}` and `{}` are both called `{}`", other->second.first, folder,
                            member->scope->name)
                          .at(where)
                          .advise("give one of them another `name` in its `[project]`"));
    }
  }

  // One tasks.toml with its includes. nullopt, with a complaint, if it cannot be read.
  std::optional<ScopeDraft> load_scope(const std::string& base, const ScopeDraft* parent,
                                       const Span* wanted_by) {
    auto opened =
        open(base.empty() ? std::string(kFileName) : fmt::format("{}/{}", base, kFileName), wanted_by);
    if (!opened) return std::nullopt;
    auto& [file, table] = *opened;
    TableReader top(file, table, kTopTable, "tasks.toml");
    TomlTable empty;
    TomlEntry* settings = top.get("project");
    TomlTable& fields = settings == nullptr ? empty : std::get<TomlTable>(settings->value.data);
    const std::size_t first_task = tasks_.size();
    const std::string folder = base.empty() ? project_.root : base;
    ScopeDraft scope = bind_project(file, fields, base, std::string(file_name(folder)), parent);
    load_tables(top, scope);
    for (const auto& [path, where] : included_files(scope)) {
      auto included = open(path, &where);
      if (!included) continue;
      TableReader tables(included->first, included->second, kTopTable, "an included file");
      if (tables.written("project")) {
        tables.complain(error("an included file cannot have `[project]`")
                            .at(tables.key_place("project"))
                            .advise("it may hold `[tasks]`, `[migrations]` and `[pools]`"));
      }
      load_tables(tables, scope);
    }
    pin_tools(base, first_task);
    return scope;
  }

  // Of the tasks from `first` on, whose tasks.toml is in folder `base`.
  void pin_tools(const std::string& base, std::size_t first) {
    std::optional<std::vector<PreCommitHook>> hooks;
    for (std::size_t i = first; i < tasks_.size(); ++i) {
      if (tasks_[i].pins.empty()) continue;
      if (!hooks) hooks = read_hooks(base, tasks_[i]);
      if (!hooks) return;
      pinner_.pin(tasks_[i], *hooks);
    }
  }

  // nullopt, with a complaint, if they cannot be read. `wanted_by`: the first task that has pins.
  std::optional<std::vector<PreCommitHook>> read_hooks(const std::string& base, const TaskDraft& wanted_by) {
    const std::string path = join_path(base, kPreCommitFile);
    auto text = look_and_read(path);
    if (!text) {
      complaints_.add(std::move(text.error())
                          .at(wanted_by.pins.front().hook.where)
                          .advise("it is read beside the tasks.toml that pins a tool"));
      return std::nullopt;
    }
    const auto top = parse_yaml(files_.back());
    if (!top) {
      complaints_.add(top.error());
      return std::nullopt;
    }
    return bind_pre_commit({files_.back(), &complaints_}, *top);
  }

  void load_tables(TableReader& top, const ScopeDraft& scope) {
    if (TomlEntry* pools = top.get("pools")) {
      bind_pools(top.file(), std::get<TomlTable>(pools->value.data), scope.prefix, pools_);
    }
    if (TomlEntry* migrations = top.get("migrations"))
      load_migrations(top, std::get<TomlTable>(migrations->value.data), scope);
    TomlEntry* tasks = top.get("tasks");
    if (tasks == nullptr) return;
    inherit(top.file(), std::get<TomlTable>(tasks->value.data));
    for (TomlEntry& entry : std::get<TomlTable>(tasks->value.data)) {
      if (entry.value.as_table() != nullptr) {
        tasks_.push_back(bind_task(top.file(), entry, scope));
      } else {
        top.complain(error("task `{}` must be a table, found {}", shown(entry.key), entry.value.kind_name())
                         .at(top.file().span(entry.value.place))
                         .advise(fmt::format("write `[tasks.NAME]` and `run = …` below it")));
        complete_ = false;
      }
    }
  }

  void load_migrations(TableReader& top, TomlTable& table, const ScopeDraft& scope) {
    for (TomlEntry& entry : table) {
      if (entry.value.as_table() == nullptr) {
        top.complain(
            error("migrations `{}` must be a table, found {}", shown(entry.key), entry.value.kind_name())
                .at(top.file().span(entry.value.place))
                .advise("write `[migrations.NAME]` and its keys below it"));
        continue;
      }
      Migrations made = bind_migrations(top.file(), entry, scope);
      const auto twin = std::ranges::find(project_.migrations, made.name, &Migrations::name);
      if (twin != project_.migrations.end()) {
        complaints_.add(error("migrations `{}` are defined twice", made.name)
                            .at(made.where)
                            .note("the first ones are at " + place_text(twin->where)));
      } else {
        for (TaskDraft& task : migration_tasks(made)) tasks_.push_back(std::move(task));
      }
      project_.migrations.push_back(std::move(made));
    }
  }

  // Its text is the last of files_.
  Result<void> look_and_read(const std::string& path) {
    const FileStat stat = stat_followed(join_path(project_.root, path));
    auto text = read_file(join_path(project_.root, path));
    if (!text) {
      return stat.kind == FileKind::kAbsent && path != kFileName ? failure("there is no file `{}`", path)
                                                                 : failure(std::move(text.error()));
    }
    if (text->starts_with(kByteOrderMark)) text->erase(0, kByteOrderMark.size());
    project_.files.push_back(path);
    looks_.push_back({path, stat});
    files_.push_back(std::make_shared<const SourceFile>(SourceFile{path, std::move(*text)}));
    return {};
  }

  // `wanted_by` is the pattern that names the file, nullptr for the root's.
  std::optional<std::pair<FileReader, TomlTable>> open(const std::string& path, const Span* wanted_by) {
    auto read = look_and_read(path);
    if (!read) {
      complete_ = false;
      complaints_.add(wanted_by == nullptr ? std::move(read.error())
                                           : std::move(read.error()).at(*wanted_by));
      return std::nullopt;
    }
    auto table = parse_toml(files_.back());
    if (!table) {
      complete_ = false;
      complaints_.add(std::move(table.error()));
      return std::nullopt;
    }
    FileReader reader{files_.back(), &complaints_};
    reject_later_tables(reader, *table);
    return std::pair(std::move(reader), std::move(*table));
  }

  // A table that newer versions have: people who copy it deserve more than "unknown key".
  static void reject_later_tables(const FileReader& file, TomlTable& table) {
    std::erase_if(table, [&](const TomlEntry& entry) {
      if (entry.key != "services") return false;
      file.complain(error("unknown key `{}` in tasks.toml", entry.key)
                        .at(file.span(entry.key_place))
                        .advise(fmt::format("devtask {} does not have `[{}]` yet; later versions will",
                                            kVersion, entry.key)));
      return true;
    });
  }

  using FoundPaths = std::vector<std::pair<std::string, Span>>;

  FoundPaths included_files(const ScopeDraft& scope) {
    FoundPaths files;
    for (const Placed<std::string>& pattern : scope.include) {
      for (std::string& path : expand("include", scope, pattern, Wanted::kFile)) {
        const bool seen =
            std::find(project_.files.begin(), project_.files.end(), path) != project_.files.end() ||
            std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.first == path; });
        if (!seen) files.emplace_back(std::move(path), pattern.where);
      }
    }
    return files;
  }

  FoundPaths member_folders(const ScopeDraft& root) {
    std::map<std::string, Span> folders;
    for (const Placed<std::string>& pattern : root.members) {
      for (std::string& path : expand("members", root, pattern, Wanted::kFolder)) {
        if (path.empty()) {
          complaints_.add(error("the root cannot be a member of itself").at(pattern.where));
        } else {
          folders.try_emplace(std::move(path), pattern.where);
        }
      }
    }
    return {folders.begin(), folders.end()};
  }

  // A pattern without wildcards is taken at its word: opening what is not there is the error to show.
  std::vector<std::string> expand(std::string_view key, const ScopeDraft& scope,
                                  const Placed<std::string>& pattern, Wanted wanted) {
    const auto complain = [&](Diagnostic problem) {
      problem.message = fmt::format("`{}` of `[project]`: {}", key, problem.message);
      complaints_.add(std::move(problem).at(pattern.where));
      return std::vector<std::string>();
    };
    auto placed = place_path(escape_glob(scope.scope->base), pattern.value);
    if (!placed) return complain(std::move(placed.error()));
    if (wanted == Wanted::kFolder && placed->ends_with('/')) placed->pop_back();
    if (placed->empty()) return {""};
    auto glob = Glob::parse(*placed);
    if (!glob) return complain(std::move(glob.error()));
    if (const std::string literal = glob->literal(); !literal.empty()) return {literal};
    auto found = find_files(project_.root, *glob, wanted, folders_);
    if (wanted == Wanted::kFolder) {
      std::erase_if(found, [&](const std::string& folder) {
        std::string file = fmt::format("{}/{}", folder, kFileName);
        const FileStat stat = stat_followed(join_path(project_.root, file));
        if (stat.kind == FileKind::kRegular) return false;
        folders_.try_emplace(std::move(file), stat);
        return true;
      });
    }
    if (found.empty()) {
      complaints_.add(
          warning("`{}` of `[project]`: `{}` matches nothing", key, pattern.value).at(pattern.where));
    }
    return found;
  }

  void finish() {
    for (const auto& [name, depth] : pools_) project_.pools.emplace(name, depth.value);
    for (auto& [path, stat] : folders_) {
      project_.folders.push_back(path);
      looks_.push_back({path, stat});
    }
    project_.tasks.reserve(tasks_.size());
    for (TaskDraft& draft : tasks_) project_.tasks.push_back(std::move(draft.task));
    for (std::size_t i = 0; i < project_.tasks.size(); ++i)
      project_.index.try_emplace(project_.tasks[i].name, i);
    for (std::size_t i = 0; i < project_.tasks.size(); ++i) {
      for (const std::string& alias : project_.tasks[i].aliases) project_.index.try_emplace(alias, i);
    }
  }

  Project project_;
  Complaints complaints_;
  std::vector<std::shared_ptr<const SourceFile>> files_;
  std::vector<Look> looks_;
  std::map<std::string, FileStat> folders_;  // to be project_.folders
  std::vector<TaskDraft> tasks_;
  ToolPinner pinner_{complaints_};
  PoolDrafts pools_;
  bool complete_ = true;  // every file was read
};

std::string folder_above(const std::string& folder) {
  const std::string_view above = parent_folder(folder);
  return above.empty() ? "/" : std::string(above);
}

// At or above `folder`.
std::optional<std::string> folder_with_tasks(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  while (true) {
    if (stat_followed(join_path(folder, kFileName)).kind == FileKind::kRegular) return folder;
    if (folder.empty() || folder == "/") return std::nullopt;
    folder = folder_above(folder);
  }
}

// `folder` as seen from `root`, which is at or above it.
std::string below(std::string_view folder, std::string_view root) {
  folder.remove_prefix(std::min(folder.size(), root == "/" ? 0 : root.size()));
  while (folder.starts_with('/')) folder.remove_prefix(1);
  while (folder.ends_with('/')) folder.remove_suffix(1);
  return std::string(folder);
}

// A tasks.toml that cannot be read says so when it is loaded; until then it names nobody.
bool names_member(const std::string& root, const std::string& path) {
  auto text = read_file(join_path(root, kFileName));
  if (!text) return false;
  const auto top =
      parse_toml(std::make_shared<const SourceFile>(SourceFile{std::string(kFileName), std::move(*text)}));
  if (!top) return false;
  const auto value_of = [](const TomlTable& table, std::string_view key) {
    const auto entry = std::ranges::find(table, key, &TomlEntry::key);
    return entry == table.end() ? nullptr : &entry->value;
  };
  const TomlValue* project = value_of(*top, "project");
  const TomlTable* settings = project == nullptr ? nullptr : project->as_table();
  const TomlValue* members = settings == nullptr ? nullptr : value_of(*settings, "members");
  const TomlArray* patterns = members == nullptr ? nullptr : members->as_array();
  return patterns != nullptr && std::ranges::any_of(*patterns, [&](const TomlValue& each) {
           std::string pattern = each.as_string() == nullptr ? std::string() : *each.as_string();
           if (pattern.ends_with('/')) pattern.pop_back();
           const auto glob = Glob::parse(pattern);
           return glob && glob->matches(path);
         });
}

}  // namespace

const Task* Project::find(std::string_view name) const {
  if (!index.empty()) {
    const auto found = index.find(name);
    return found == index.end() ? nullptr : &tasks[found->second];
  }
  for (const Task& task : tasks) {
    if (task.name == name ||
        std::find(task.aliases.begin(), task.aliases.end(), name) != task.aliases.end()) {
      return &task;
    }
  }
  return nullptr;
}

bool LoadedProject::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::kError; });
}

LoadedProject load_project(const std::string& root) {
  std::string folder = root;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return Loader(folder).load();
}

Result<ProjectPlace> find_project(const std::string& start) {
  const auto nearest = folder_with_tasks(start);
  if (!nearest) {
    return failure(error("there is no tasks.toml in `{}` or in a folder above it", start)
                       .advise("`devtask init` writes a first one"));
  }
  for (auto above = folder_with_tasks(folder_above(*nearest)); above;
       above = folder_with_tasks(folder_above(*above))) {
    const std::string path = nearest->substr(*above == "/" ? 1 : above->size() + 1);
    if (names_member(*above, path)) return ProjectPlace{*above, path, below(start, *above)};
    if (*above == "/") break;
  }
  return ProjectPlace{*nearest, "", below(start, *nearest)};
}

}  // namespace devtask
