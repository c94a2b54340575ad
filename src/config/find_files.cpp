#include "config/find_files.h"

#include <algorithm>

namespace devtask {
namespace {

struct Search {
  const std::string& root;
  const Glob& pattern;
  Wanted wanted;
  std::map<std::string, FileStat>& looks;
  std::vector<std::string> found;

  void walk(const std::string& folder) {
    looks.try_emplace(folder, stat_followed(join_path(root, folder)));
    const auto entries = list_folder(join_path(root, folder));
    if (!entries) return;  // nothing there, or not ours to read: nothing matches
    for (const FolderEntry& entry : *entries) {
      if (entry.name.starts_with('.')) continue;
      const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
      if (pattern.matches(path)) look(path, entry.kind);
      if (entry.kind == FileKind::kFolder && pattern.may_match_below(path)) walk(path);
    }
  }

  void look(const std::string& path, FileKind kind) {
    const bool link = kind == FileKind::kLink;
    const FileStat behind = link ? stat_followed(join_path(root, path)) : FileStat{kind};
    if (behind.kind == (wanted == Wanted::kFile ? FileKind::kRegular : FileKind::kFolder)) {
      found.push_back(path);
    } else if (link) {
      looks.try_emplace(path, behind);
    }
  }
};

}  // namespace

std::vector<std::string> find_files(const std::string& root, const Glob& pattern, Wanted wanted,
                                    std::map<std::string, FileStat>& looks) {
  Search search{root, pattern, wanted, looks, {}};
  search.walk(pattern.literal_prefix());
  std::sort(search.found.begin(), search.found.end());
  return std::move(search.found);
}

}  // namespace devtask
