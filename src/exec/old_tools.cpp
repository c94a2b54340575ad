#include "exec/old_tools.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/pin_tools.h"
#include "os/file.h"

namespace devtask {

namespace {

// For going back to another branch, and for a `watch` that still works with what the configuration was.
constexpr std::size_t kKept = 3;

}  // namespace

void remove_old_tools(const Project& project, const PlannedTask& made, const StateFolder& state,
                      Journal& journal) {
  if (!made.task->makes_tools) return;
  std::set<std::string> wanted;
  for (const Task& task : project.tasks) {
    if (task.makes_tools) wanted.insert(tools_folder(task.name));
  }
  const std::string folder = join_path(project.root, kToolsFolder);
  const auto entries = list_folder(folder);
  if (!entries) return;
  std::vector<std::pair<std::int64_t, std::string>> old;  // when it was made, and its name
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != FileKind::kFolder || wanted.contains(join_path(kToolsFolder, entry.name))) continue;
    old.emplace_back(stat_file(join_path(folder, entry.name)).mtime_ns, entry.name);
  }
  std::ranges::sort(old, std::ranges::greater{});
  for (std::size_t i = kKept; i < old.size(); ++i) {
    const std::string id = kToolsPrefix + old[i].second;
    const auto lock = FileLock::try_acquire(state.lock(id));
    if (!lock || !*lock) continue;  // somebody makes it
    if (remove_tree(join_path(folder, old[i].second))) (void)journal.forget(id);
  }
}

}  // namespace devtask
