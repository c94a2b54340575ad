#include "config/find_files.h"

#include <algorithm>

#include "os/file.h"

namespace devtask {
namespace {

struct Search {
  const std::string& root;
  const Glob& pattern;
  Wanted wanted;
  std::set<std::string>& listed;
  std::vector<std::string> found;

  void walk(const std::string& folder) {
    listed.insert(folder);
    const auto entries = list_folder(join_path(root, folder));
    if (!entries) return;  // nothing there, or not ours to read: nothing matches
    for (const FolderEntry& entry : *entries) {
      if (entry.name.starts_with('.')) continue;
      const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
      const FileKind kind =
          entry.kind == FileKind::kLink ? stat_followed(join_path(root, path)).kind : entry.kind;
      if (kind == (wanted == Wanted::kFile ? FileKind::kRegular : FileKind::kFolder) &&
          pattern.matches(path)) {
        found.push_back(path);
      }
      if (entry.kind == FileKind::kFolder && pattern.may_match_below(path)) walk(path);
    }
  }
};

}  // namespace

std::vector<std::string> find_files(const std::string& root, const Glob& pattern, Wanted wanted,
                                    std::set<std::string>& listed) {
  Search search{root, pattern, wanted, listed, {}};
  search.walk(pattern.literal_prefix());
  std::sort(search.found.begin(), search.found.end());
  return std::move(search.found);
}

}  // namespace devtask
