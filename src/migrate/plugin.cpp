#include "migrate/plugin.h"

#include "migrate/plugin_files.h"
#include "os/file.h"

namespace devtask {
namespace {

Result<void> put_files(const std::string& folder) {
  for (const PluginFile& file : plugin_files()) {
    const std::string path = join_path(folder, file.path);
    if (auto made = make_folders(std::string(parent_folder(path))); !made) return made;
    if (auto written = write_if_changed(path, file.text); !written) return tl::unexpected(written.error());
  }
  return {};
}

// Of processes that were killed.
void remove_drafts(const std::string& folder) {
  for (const FolderEntry& entry : list_folder(folder).value_or(std::vector<FolderEntry>())) {
    if (is_leftover(entry.name)) (void)remove_tree(join_path(folder, entry.name));
  }
}

}  // namespace

Digest plugin_digest() { return *Digest::from_hex(plugin_files_digest()); }

Result<std::string> write_plugin(const std::string& folder) {
  const std::string parent = join_path(current_folder(), folder);
  const std::string whole = join_path(parent, plugin_files_digest());
  if (stat_file(whole).kind == FileKind::kAbsent) {
    remove_drafts(parent);
    const std::string draft = temporary_name(whole);
    auto written = put_files(draft);
    // Fails where another process was quicker: what is there is looked at below.
    if (!written || !rename_file(draft, whole)) (void)remove_tree(draft);
    if (!written) return tl::unexpected(written.error());
  }
  if (auto right = put_files(whole); !right) return tl::unexpected(right.error());
  return whole;
}

}  // namespace devtask
