#include "plan/damage.h"

#include <algorithm>

#include "base/escape.h"

namespace devtask {

std::string damage_of(const OutputEntry& entry, const TreeFile& file) {
  using Kind = OutputEntry::Kind;
  const FileKind wanted = entry.kind == Kind::kLink  ? FileKind::kLink
                          : entry.kind == Kind::kDir ? FileKind::kFolder
                                                     : FileKind::kRegular;
  if (file.stat.kind == FileKind::kAbsent) return "its output " + escape_line(entry.path) + " was deleted";
  bool same = file.stat.kind == wanted && file.problem.empty();
  if (same && entry.kind == Kind::kLink) same = file.target == entry.target;
  if (same && entry.kind == Kind::kFile) {
    same = file.digest == entry.digest && (file.stat.mode & 0100) == (entry.mode & 0100);
  }
  return same ? std::string() : "its output " + escape_line(entry.path) + " was changed";
}

// Only what it leads to counts: it may be a link, and has no mode.
std::string damage_of_witness(const OutputEntry& entry, const TreeFile& file) {
  const bool is_file = file.stat.kind == FileKind::kRegular || file.stat.kind == FileKind::kLink;
  if (is_file && file.problem.empty() && file.digest == entry.digest) return {};
  const bool deleted = file.stat.kind == FileKind::kAbsent;
  return "its output " + escape_line(entry.path) + (deleted ? " was deleted" : " was changed");
}

// Outputs are never looked at, written or removed through a link that somebody put in place of a folder.
bool is_behind_link(std::string_view path, Tree& tree, std::vector<const TreeFile*>& looked) {
  for (std::string_view folder = parent_folder(path); !folder.empty(); folder = parent_folder(folder)) {
    looked.push_back(tree.file(folder));
    if (looked.back()->stat.kind == FileKind::kLink) return true;
  }
  return false;
}

std::string damage_by_link(const OutputEntry& entry) {
  return "its output " + escape_line(entry.path) + " is behind a link";
}

std::string left_by(const StartedEntry& attempt, const ActionResult& result,
                    const std::vector<std::string>& beside) {
  std::vector<std::string> suspects = attempt.made;
  std::set_difference(beside.begin(), beside.end(), attempt.foreign.begin(), attempt.foreign.end(),
                      std::back_inserter(suspects));
  for (const std::string& path : suspects) {
    const bool known = std::any_of(result.outputs.begin(), result.outputs.end(),
                                   [&](const OutputEntry& entry) { return entry.path == path; });
    if (!known) return "a failed run left " + escape_line(path);
  }
  return {};
}

std::string first_damage(const ActionResult& result, Tree& tree) {
  std::vector<TreeFile*> files;
  for (const OutputEntry& entry : result.outputs) files.push_back(tree.file(entry.path));
  tree.read(files);
  std::vector<const TreeFile*> parents;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (result.outputs[i].kind == OutputEntry::Kind::kCreate) continue;
    if (is_behind_link(result.outputs[i].path, tree, parents)) return damage_by_link(result.outputs[i]);
    if (std::string damage = damage_of(result.outputs[i], *files[i]); !damage.empty()) return damage;
  }
  return {};
}

}  // namespace devtask
