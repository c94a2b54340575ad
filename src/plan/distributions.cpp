#include "plan/distributions.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "action/action_result.h"
#include "base/glob.h"
#include "os/file.h"
#include "plan/programs.h"

namespace devtask {
namespace {

constexpr std::string_view kHead = "devtask-installed 1\n";
constexpr std::string_view kConfiguration = "pyvenv.cfg";

// Of the result whose log is the text.
Digest record_key(const Digest& key) { return sha256("installed " + key.hex()); }

// "black 23.1.0" of "black-23.1.0.dist-info"; empty of what pip is about to remove and of other files.
std::string distribution_of(std::string_view name) {
  const bool egg = name.ends_with(".egg-info");
  if ((!egg && !name.ends_with(".dist-info")) || name.starts_with('~')) return {};
  name.remove_suffix(name.size() - name.rfind('.'));
  if (const std::size_t python = name.rfind("-py3"); egg && python != std::string_view::npos)
    name = name.substr(0, python);
  const std::size_t dash = name.find('-');
  std::string text;
  for (const char c : name.substr(0, dash))
    text += c == '_' || c == '.' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text + (dash == std::string_view::npos ? "" : " " + std::string(name.substr(dash + 1)));
}

void add_packages(Tree& tree, const std::string& folder, Distributions& found,
                  std::vector<const TreeFile*>& looked) {
  for (const FolderEntry& entry : tree.entries(folder, looked)) {
    if (std::string text = distribution_of(entry.name); !text.empty()) found.push_back(std::move(text));
  }
}

// `lib64` is a link to `lib` in most environments, and then not entered.
void add_libraries(Tree& tree, const std::string& folder, Distributions& found,
                   std::vector<const TreeFile*>& looked) {
  for (const std::string_view library : {"lib", "lib64", "local/lib"}) {
    const std::string path = join_path(folder, library);
    const TreeFile* file = tree.file(path);
    looked.push_back(file);
    if (file->stat.kind != FileKind::kFolder) continue;
    for (const FolderEntry& entry : tree.entries(path, looked)) {
      if (!entry.name.starts_with("python3")) continue;
      for (const std::string_view packages : {"site-packages", "dist-packages"})
        add_packages(tree, join_path(join_path(path, entry.name), packages), found, looked);
    }
  }
}

// The interpreter of a script by its first line, found in `folders` if that asks for it; else empty.
std::string interpreter_of(const std::string& program, const std::vector<std::string>& folders) {
  const std::string head = read_head(program, 256).value_or(std::string());
  if (!head.starts_with("#!")) return {};
  std::vector<std::string> words;
  for (std::string_view rest = std::string_view(head).substr(2, head.find('\n') - 2); !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of(" \t\r"), rest.size());
    if (end > 0) words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (words.empty() || file_name(words.front()) != "env")
    return words.empty() ? std::string() : words.front();
  const auto name = std::find_if(words.begin() + 1, words.end(),
                                 [](const std::string& word) { return !word.starts_with('-'); });
  return name == words.end() ? std::string() : find_program(*name, folders, "/");
}

// The folder of the environment whose program it is: of its own, of its interpreter, else the prefix of that.
std::string environment_of(const std::string& program, const std::vector<std::string>& folders, Tree& tree,
                           std::vector<const TreeFile*>& looked) {
  std::string prefix;
  for (const std::string& each : {program, interpreter_of(program, folders)}) {
    if (each.empty()) continue;
    prefix = tree.below_root(std::string(parent_folder(parent_folder(each))));
    const TreeFile* file = tree.file(join_path(prefix, kConfiguration));
    looked.push_back(file);
    if (file->stat.kind == FileKind::kRegular) break;
  }
  return prefix;
}

// The value of `name = value` in pyvenv.cfg; empty if there is none.
std::string setting(std::string_view text, std::string_view name) {
  const auto trimmed = [](std::string_view part) {
    const std::size_t first = part.find_first_not_of(" \t\r");
    return first == std::string_view::npos ? std::string_view()
                                           : part.substr(first, part.find_last_not_of(" \t\r") - first + 1);
  };
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos && trimmed(line.substr(0, equals)) == name)
      return std::string(trimmed(line.substr(equals + 1)));
  }
  return {};
}

// The lines after the head and the key.
std::map<std::string, std::string> versions_in(std::string_view text) {
  std::map<std::string, std::string> versions;
  for (int line = 0; !text.empty(); ++line) {
    const std::string_view one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (line < 2) continue;
    const std::size_t blank = one.find(' ');
    std::string& version = versions[std::string(one.substr(0, blank))];
    if (blank != std::string_view::npos)
      version += (version.empty() ? "" : " and ") + std::string(one.substr(blank + 1));
  }
  return versions;
}

}  // namespace

Distributions installed_distributions(Tree& tree, const std::string& folder,
                                      std::vector<const TreeFile*>& looked) {
  Distributions found;
  const std::string path = join_path(folder, kConfiguration);
  const TreeFile* file = tree.file(path);
  looked.push_back(file);
  add_libraries(tree, folder, found, looked);
  if (file->stat.kind == FileKind::kRegular) {
    const std::string text = read_file(join_path(tree.root(), path)).value_or(std::string());
    // `home` is the folder of the base installation's programs.
    const std::string home = setting(text, "home");
    if (setting(text, "include-system-site-packages") == "true" && home.starts_with('/')) {
      const std::string base(parent_folder(home));
      add_libraries(tree, base, found, looked);
      if (base == "/usr") add_libraries(tree, "/usr/local", found, looked);  // as Debian's looks there, too
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Distributions distributions_of_program(const std::string& name, const std::vector<std::string>& folders,
                                       Tree& tree, std::vector<const TreeFile*>& looked) {
  const std::string program = find_program(name, folders, tree.root());
  if (program.empty()) return {};
  const std::string folder = environment_of(program, folders, tree, looked);
  Distributions found = installed_distributions(tree, folder, looked);
  if (folder == "/usr") add_libraries(tree, "/usr/local", found, looked);
  return found;
}

Distributions distributions_of_tools(const PlannedTask& task, const std::vector<std::string>& folders,
                                     Tree& tree, std::vector<const TreeFile*>& looked) {
  Distributions all;
  for (const ToolSpec& tool : task.task->tools) {
    const bool made = std::ranges::any_of(folders, [&](const std::string& folder) {
      const std::string path = tree.below_root(join_path(folder, tool.name));
      return !path.starts_with('/') && std::ranges::any_of(task.made_by_deps, [&](const GlobList* list) {
        return list->matches(path);
      });
    });
    if (!tool.distributions || made) continue;
    Distributions more = distributions_of_program(tool.name, folders, tree, looked);
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::string installed_text(const PlannedTask& task, const Digest& key, Tree& tree,
                           std::vector<const TreeFile*>& looked) {
  Distributions all;
  for (const std::string& folder : task.outputs->globs.roots()) {
    const TreeFile* file = tree.file(join_path(folder, kConfiguration));
    looked.push_back(file);
    if (file->stat.kind != FileKind::kRegular || !task.outputs->globs.matches(file->path)) continue;
    Distributions more = installed_distributions(tree, folder, looked);
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end());
  std::string text = std::string(kHead) + key.hex() + "\n";
  for (const std::string& each : all) text += each + "\n";
  return text;
}

bool is_installed_text(std::string_view text) { return text.starts_with(kHead); }

std::string recorded_installed(const Digest& key, ActionCache& cache, BlobStore& blobs) {
  const auto record = cache.find(record_key(key));
  if (!record || !*record || !(*record)->log) return {};
  auto text = blobs.get_bytes(*(*record)->log);
  return text && is_installed_text(*text) ? std::move(*text) : std::string();
}

Result<void> record_installed(const Digest& key, const std::string& text, ActionCache& cache,
                              BlobStore& blobs) {
  ActionResult record;
  const auto blob = blobs.put_bytes(text);
  if (!blob) return tl::unexpected(blob.error());
  record.log = *blob;
  return cache.store(record_key(key), record);
}

std::string installed_changes(std::string_view before, std::string_view after) {
  const auto old_versions = versions_in(before), new_versions = versions_in(after);
  std::string said;
  const auto say = [&](const std::string& name, const std::string& version, std::string_view what) {
    said +=
        fmt::format("{}{}{} {}", said.empty() ? "" : ", ", name, version.empty() ? "" : " " + version, what);
  };
  for (const auto& [name, version] : old_versions) {
    const auto now = new_versions.find(name);
    if (now == new_versions.end()) {
      say(name, version, "removed");
    } else if (now->second != version) {
      say(name, version, "→ " + now->second);
    }
  }
  for (const auto& [name, version] : new_versions) {
    if (!old_versions.contains(name)) say(name, version, "added");
  }
  return said;
}

}  // namespace devtask
