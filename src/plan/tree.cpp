#include "plan/tree.h"

#include <algorithm>
#include <unordered_set>

#include "os/parallel.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr std::size_t kHashBlock = 8;

FileIdentity identity_of(const FileStat& stat) {
  return {stat.size, stat.mtime_ns, stat.ctime_ns, stat.inode, stat.device};
}

}  // namespace

bool Exclusion::holds(std::string_view path) const {
  if (!globs->matches(path)) return false;
  if (recorded == nullptr) return true;
  const OutputEntry* found = find_output(*recorded, path);
  return found != nullptr && found->is_owned();
}

Tree::Tree(std::string root, DigestMemo& memo) : root_(std::move(root)), memo_(memo) {}

Tree::Folder& Tree::folder(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  auto& entry = folders_[std::string(path)];
  if (!entry) entry = std::make_unique<Folder>();
  return *entry;
}

std::vector<TreeFile*> Tree::list(const FileSelection& selection, std::vector<const TreeFile*>& looked) {
  std::vector<TreeFile*> found;
  const auto excluded = [&](std::string_view path) {
    if (selection.ignore != nullptr && selection.ignore->matches(path)) return true;
    return std::any_of(selection.excluded.begin(), selection.excluded.end(),
                       [&](const Exclusion& exclusion) { return exclusion.holds(path); });
  };
  for (const std::string& path : selection.globs->literals()) {
    if (excluded(path)) continue;
    TreeFile* single = file(path);
    looked.push_back(single);
    if (single->stat.kind == FileKind::kRegular || single->stat.kind == FileKind::kLink)
      found.push_back(single);
  }
  const std::size_t literals = found.size();
  for (const std::string& root : selection.globs->roots()) walk(root, selection, found, looked);
  std::sort(found.begin(), found.end(),
            [](const TreeFile* a, const TreeFile* b) { return a->path < b->path; });
  if (literals > 0) {  // a literal may also match a pattern with wildcards
    found.erase(std::unique(found.begin(), found.end(),
                            [](const TreeFile* a, const TreeFile* b) { return a->path == b->path; }),
                found.end());
  }
  return found;
}

void Tree::walk(const std::string& path, const FileSelection& selection, std::vector<TreeFile*>& found,
                std::vector<const TreeFile*>& looked) {
  if (!selection.globs->may_match_below(path)) return;
  if (selection.ignore != nullptr && selection.ignore->covers_all_below(path)) return;
  for (const Exclusion& exclusion : selection.excluded) {
    if (exclusion.recorded == nullptr && exclusion.globs->covers_all_below(path)) return;
  }
  const std::string absolute = join_path(root_, path);
  Folder& here = folder(path);
  std::vector<std::string> below;
  {
    const std::scoped_lock lock(here.mutex);
    Fd opened =
        list_once(here, path);  // stat relative to the folder spares the kernel the walk along the path
    looked.push_back(&here.self);
    for (std::size_t i = 0; i < here.entries.size(); ++i) {
      const FolderEntry& entry = here.entries[i];
      if (entry.kind == FileKind::kOther) continue;
      std::string entry_path = join_path(path, entry.name);
      if (entry.kind == FileKind::kFolder) {
        below.push_back(std::move(entry_path));
        continue;
      }
      if (!selection.globs->matches(entry_path)) continue;
      if (selection.ignore != nullptr && selection.ignore->matches(entry_path)) continue;
      if (std::any_of(selection.excluded.begin(), selection.excluded.end(),
                      [&](const Exclusion& exclusion) { return exclusion.holds(entry_path); })) {
        continue;
      }
      auto& slot = here.files[i];
      if (!slot) {
        slot = std::make_unique<TreeFile>();
        slot->path = std::move(entry_path);
        if (!opened) opened = open_folder(absolute);
        slot->stat = stat_file(entry.name.c_str(), opened.get());
        slot->looked = true;
      }
      looked.push_back(slot.get());
      if (slot->stat.kind == FileKind::kRegular || slot->stat.kind == FileKind::kLink)
        found.push_back(slot.get());
    }
  }
  for (const std::string& sub : below) walk(sub, selection, found, looked);
}

// With its mutex held. The open folder, if it was not listed before.
Fd Tree::list_once(Folder& here, const std::string& path) {
  if (here.listed) return {};
  here.listed = true;
  const std::string absolute = join_path(root_, path);
  Fd opened = open_folder(absolute);
  here.self.path = path.empty() ? "." : path;
  if (opened) here.self.stat = stat_open(opened);
  if (opened) here.entries = list_folder(opened, absolute).value_or(std::vector<FolderEntry>());
  here.files.resize(here.entries.size());
  return opened;
}

std::span<const FolderEntry> Tree::entries(const std::string& path, std::vector<const TreeFile*>& looked) {
  Folder& here = folder(path);
  const std::scoped_lock lock(here.mutex);
  (void)list_once(here, path);
  looked.push_back(&here.self);
  return here.entries;
}

TreeFile* Tree::file(std::string_view path) {
  TreeFile* single = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    auto& entry = singles_[std::string(path)];
    if (!entry) {
      entry = std::make_unique<TreeFile>();
      entry->path = path;
      entry->stat = stat_file(join_path(root_, path));
      entry->looked = true;
    }
    single = entry.get();
  }
  return single;
}

FileStat Tree::followed(const std::string& path) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto known = followed_.find(path); known != followed_.end()) return known->second;
  }
  const FileStat stat = stat_followed(join_path(root_, path));
  const std::scoped_lock lock(mutex_);
  return followed_.try_emplace(path, stat).first->second;
}

std::string Tree::below_root(const std::string& path) const {
  return path.starts_with(root_ + "/") ? path.substr(root_.size() + 1) : path;
}

Observation observe(const TreeFile& file) {
  Observation seen{file.path, false, false, file.stat, std::nullopt};
  if (file.read && file.stat.kind == FileKind::kRegular && file.problem.empty()) seen.digest = file.digest;
  return seen;
}

std::vector<Observation> Tree::common_observations() const {
  std::vector<Observation> seen;
  for (const auto& [path, file] : singles_) {
    if (file->common) seen.push_back(observe(*file));
  }
  for (const auto& [path, stat] : followed_) seen.push_back({path, true, false, stat, std::nullopt});
  return seen;
}

LookedAt Tree::looked_at() const {
  LookedAt looked;
  std::unordered_set<std::string> folders;
  const auto add = [&](const std::string& path) { folders.emplace(parent_folder(path)); };
  for (const auto& [path, folder] : folders_) {
    if (folder->listed) folders.insert(join_path(root_, path));
    looked.files += static_cast<std::size_t>(
        std::ranges::count_if(folder->files, [](const auto& file) { return file != nullptr; }));
  }
  for (const auto& [path, file] : singles_) {
    add(join_path(root_, path));
    if (!path.starts_with('/') && file->stat.kind == FileKind::kRegular) ++looked.files;
  }
  for (const auto& [path, stat] : followed_) {
    const std::string absolute = join_path(root_, path);
    add(absolute);
    if (const auto behind = real_path(absolute)) add(*behind);
  }
  looked.folders.assign(folders.begin(), folders.end());
  return looked;
}

void Tree::assume(const std::vector<Observation>& known) {
  for (const Observation& each : known) {
    if (each.digest && !each.follow) assumed_.emplace(each.path, each);
  }
}

void Tree::read(std::span<TreeFile* const> files) {
  std::vector<TreeFile*> unknown;
  for (TreeFile* file : files) {
    if (file->read) continue;
    file->read = true;
    if (file->stat.kind == FileKind::kRegular) {
      if (const auto known = memo_.find(file->path, identity_of(file->stat), cursor_)) {
        file->digest = *known;
        continue;
      }
      if (const auto known = assumed_.find(file->path);
          known != assumed_.end() && known->second.stat == file->stat) {
        file->digest = *known->second.digest;
        continue;
      }
    }
    unknown.push_back(file);
  }
  parallel_for(unknown.size(), kHashBlock, [&](std::size_t i) { hash(*unknown[i]); });
}

void Tree::hash(TreeFile& file) {
  const std::string absolute = join_path(root_, file.path);
  switch (file.stat.kind) {
    case FileKind::kAbsent:
      return;
    case FileKind::kLink: {
      auto target = read_link(absolute);
      if (!target) {
        file.problem = target.error().message;
        return;
      }
      file.target = std::move(*target);
      file.behind = followed(file.path);
      if (file.behind.kind != FileKind::kRegular) return;
      if (const auto digest = hash_file(absolute)) file.digest = *digest;
      return;
    }
    case FileKind::kRegular:
      break;
    default:
      return;
  }
  const std::int64_t before = now_ns();
  const auto digest = hash_file(absolute);
  if (!digest) {
    file.problem = digest.error().message;
    return;
  }
  file.digest = *digest;
  // The stat came first: a file that changed in between has another identity now and is not found under the
  // old one.
  memo_.remember(file.path, identity_of(file.stat), *digest, before);
}

}  // namespace devtask
