#include "exec/ownership.h"

#include <algorithm>
#include <set>

#include "base/escape.h"
#include "exec/outputs.h"
#include "exec/state_folder.h"

namespace devtask {
namespace {

// What the last success made where the task's outputs no longer are, and nobody has changed since.
std::vector<OutputEntry> former_outputs(const std::string& root, const PlannedTask& task,
                                        const JournalEntry& last, const Journal& journal) {
  std::vector<OutputEntry> former;
  std::copy_if(last.result.outputs.begin(), last.result.outputs.end(), std::back_inserter(former),
               [&](const OutputEntry& entry) {
                 return entry.is_owned() && !task.may_make(entry) && is_in_place(root, entry);
               });
  if (former.empty()) return former;
  for (const std::string& id : journal.task_ids()) {
    const auto other = id == task.id ? nullptr : journal.last_success(id);
    if (!other) continue;
    std::erase_if(former, [&](const OutputEntry& entry) {
      return find_output(other->result.outputs, entry.path) != nullptr;
    });
  }
  return former;
}

// In the task's outputs, and as another one has left it: the same with other arguments, or one that is no
// more.
std::set<std::string> made_by_others(const std::string& root, const PlannedTask& task,
                                     const Journal& journal) {
  std::set<std::string> made;
  for (const std::string& id : journal.task_ids()) {
    const auto other = id == task.id ? nullptr : journal.last_success(id);
    if (!other) continue;
    for (const OutputEntry& entry : other->result.outputs) {
      if (entry.is_owned() && task.may_make(entry) && is_in_place(root, entry)) made.insert(entry.path);
    }
  }
  return made;
}

}  // namespace

Ownership take_stock(const std::string& root, const PlannedTask& task, const Journal& journal) {
  const auto last = journal.last_success(task.id);
  const auto attempt = journal.unfinished(task.id);
  std::set<std::string_view> known;
  if (last) {
    for (const OutputEntry& entry : last->result.outputs) {
      if (entry.is_owned()) known.insert(entry.path);
    }
  }
  if (attempt) known.insert(attempt->made.begin(), attempt->made.end());
  Ownership ownership;
  std::vector<OutputEntry> found = scan_outputs(root, task.outputs->globs);
  const bool all_known =
      std::ranges::all_of(found, [&](const OutputEntry& entry) { return known.contains(entry.path); });
  const std::set<std::string> others =
      all_known ? std::set<std::string>() : made_by_others(root, task, journal);
  known.insert(others.begin(), others.end());
  for (OutputEntry& entry : found) {
    const bool killed = attempt && !attempt->ended;
    const bool was_there =
        killed && std::binary_search(attempt->foreign.begin(), attempt->foreign.end(), entry.path);
    auto& list = known.contains(entry.path) ? ownership.owned
                 : killed && !was_there     ? ownership.doubtful
                                            : ownership.foreign;
    list.push_back(std::move(entry));
  }
  std::erase_if(ownership.foreign,
                [](const OutputEntry& entry) { return entry.kind == OutputEntry::Kind::kDir; });
  if (last) {
    std::vector<OutputEntry> former = former_outputs(root, task, *last, journal);
    std::move(former.begin(), former.end(), std::back_inserter(ownership.owned));
  }
  return ownership;
}

Result<SetAside> set_aside(const std::string& root, const std::string& aside,
                           const std::vector<OutputEntry>& entries) {
  SetAside moved;
  int number = 1;
  while (stat_file(join_path(aside, std::to_string(number))).kind != FileKind::kAbsent) ++number;
  moved.folder = join_path(aside, std::to_string(number));
  for (const OutputEntry& entry : entries) {
    const std::string from = join_path(root, entry.path);
    if (entry.kind == OutputEntry::Kind::kDir) {
      remove_folder_if_empty(from);
      continue;
    }
    const std::string to = join_path(moved.folder, entry.path);
    auto done = make_folders(std::string(parent_folder(to)), 0700);
    if (done) done = rename_file(from, to);
    if (!done) {
      return failure(error("`{}` is in the way, and cannot be moved to {}/aside: {}", escape_line(entry.path),
                           kStateName, done.error().message)
                         .advise("remove it, or move it to where it belongs"));
    }
    moved.paths.push_back(entry.path);
  }
  return moved;
}

std::vector<OutputEntry> in_the_way(const std::string& root, const std::vector<OutputEntry>& foreign,
                                    const ActionResult& result) {
  std::vector<OutputEntry> found;
  std::ranges::copy_if(foreign, std::back_inserter(found), [&](const OutputEntry& entry) {
    const OutputEntry* wanted = find_output(result.outputs, entry.path);
    return wanted != nullptr && !is_placeholder(entry) && !is_in_place(root, *wanted);
  });
  return found;
}

std::string first_beside(const std::string& root, const PlannedTask& task, const ActionResult& result) {
  if (task.outputs->globs.roots().empty()) return {};
  for (const OutputEntry& entry : scan_outputs(root, task.outputs->globs)) {
    const bool counts = entry.kind != OutputEntry::Kind::kDir && !is_placeholder(entry) &&
                        !task.task->scope->ignore.matches(entry.path);
    if (counts && find_output(result.outputs, entry.path) == nullptr) return entry.path;
  }
  return {};
}

std::vector<Foreign> look_at(const std::string& root, std::vector<OutputEntry> entries) {
  std::vector<Foreign> looked;
  for (const OutputEntry& entry : entries) looked.push_back({entry, stat_file(join_path(root, entry.path))});
  auto read = take_outputs(root, std::move(entries), nullptr);
  for (std::size_t i = 0; read && i < looked.size(); ++i) looked[i].entry = std::move(read->entries[i]);
  return looked;
}

const Foreign* find_foreign(const std::vector<Foreign>& foreign, std::string_view path) {
  const auto found =
      std::lower_bound(foreign.begin(), foreign.end(), path,
                       [](const Foreign& each, std::string_view name) { return each.entry.path < name; });
  return found != foreign.end() && found->entry.path == path ? &*found : nullptr;
}

std::string mark_kept(const std::string& root, const std::vector<Foreign>& foreign,
                      std::vector<OutputEntry>& found) {
  std::string kept;
  std::erase_if(found, [&](OutputEntry& entry) {
    const Foreign* before = find_foreign(foreign, entry.path);
    if (before == nullptr) return false;
    // chmod on the whole folder writes to none.
    const bool written = !is_same_file(before->stat, stat_file(join_path(root, entry.path)));
    const auto now = written ? Result<TakenOutputs>() : take_outputs(root, {entry}, nullptr);
    if (written || !now || now->entries[0].digest != before->entry.digest ||
        now->entries[0].target != before->entry.target)
      return false;
    if (is_placeholder(entry)) return true;
    entry.kept = true;
    if (kept.empty()) kept = entry.path;
    return false;
  });
  return kept;
}

bool is_placeholder(const OutputEntry& entry) {
  return entry.kind == OutputEntry::Kind::kFile && entry.size == 0 && file_name(entry.path).starts_with('.');
}

bool is_same_file(const FileStat& before, const FileStat& after) {
  if (before.kind == FileKind::kFolder) return after.kind == FileKind::kFolder;
  return before.kind == after.kind && before.size == after.size && before.inode == after.inode &&
         before.mtime_ns == after.mtime_ns && (before.mode & 0100) == (after.mode & 0100);
}

}  // namespace devtask
