#include "exec/old_tools.h"

#include <set>
#include <string>

#include "config/pin_tools.h"
#include "os/file.h"

namespace devtask {

void remove_old_tools(const Project& project, const PlannedTask& made, Journal& journal) {
  if (!made.task->makes_tools) return;
  std::set<std::string> wanted;
  for (const Task& task : project.tasks) {
    if (task.makes_tools) wanted.insert(tools_folder(task.name));
  }
  const std::string folder = join_path(project.root, kToolsFolder);
  const auto entries = list_folder(folder);
  if (!entries) return;
  for (const FolderEntry& entry : *entries) {
    const std::string path = join_path(kToolsFolder, entry.name);
    if (entry.kind != FileKind::kFolder || wanted.contains(path)) continue;
    if (remove_tree(join_path(project.root, path))) (void)journal.forget(kToolsPrefix + entry.name);
  }
}

}  // namespace devtask
