#include "migrate/python_package.h"

#include "os/file.h"

namespace devtask {

std::string package_root(const std::string& tree, const Patterns& models) {
  std::string folder;
  for (const auto& each : models.written) {
    if (each.value.starts_with('!')) continue;
    const auto glob = Glob::parse(each.value);
    if (!glob) continue;
    const std::string literal = glob->literal();
    folder = literal.empty() ? std::string(glob->literal_prefix()) : std::string(parent_folder(literal));
    break;
  }
  while (folder.ends_with('/')) folder.pop_back();
  while (!folder.empty() &&
         stat_followed(fmt::format("{}/{}/__init__.py", tree, folder)).kind == FileKind::kRegular) {
    folder = parent_folder(folder);
  }
  return join_path(tree, folder);
}

}  // namespace devtask
