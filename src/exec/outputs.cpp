#include "exec/outputs.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "base/escape.h"
#include "os/file.h"
#include "os/parallel.h"
#include "os/stream.h"

namespace devtask {
namespace {

constexpr std::size_t kFilesPerBlock = 4;
using Kind = OutputEntry::Kind;

void add_entry(const std::string& path, const FileStat& stat, std::vector<OutputEntry>& found) {
  OutputEntry entry;
  entry.path = path;
  if (stat.kind == FileKind::kRegular) {
    entry.mode = (stat.mode & 0100) != 0 ? 0755 : 0644;
    entry.size = stat.size;
  } else if (stat.kind == FileKind::kLink) {
    entry.kind = Kind::kLink;
  } else if (stat.kind == FileKind::kFolder) {
    entry.kind = Kind::kDir;
    entry.mode = 0755;
  } else {
    return;
  }
  found.push_back(std::move(entry));
}

// Whatever the patterns say.
bool is_never_output(std::string_view path) { return file_name(path) == ".git" || path == ".devtask"; }

void scan(const std::string& root, const std::string& path, const GlobList& globs,
          std::vector<OutputEntry>& found) {
  if (!globs.may_match_below(path)) return;
  const auto entries = list_folder(join_path(root, path));
  if (!entries) return;
  for (const FolderEntry& entry : *entries) {
    const std::string entry_path = join_path(path, entry.name);
    if (is_never_output(entry_path)) continue;
    if (entry.kind == FileKind::kFolder) {
      const auto below = list_folder(join_path(root, entry_path));
      if (below && below->empty() && globs.matches(entry_path)) {
        add_entry(entry_path, stat_file(join_path(root, entry_path)), found);
      }
      scan(root, entry_path, globs, found);
    } else if (globs.matches(entry_path) && !is_leftover(entry.name)) {
      add_entry(entry_path, stat_file(join_path(root, entry_path)), found);
    }
  }
}

void clear_below(const std::string& root, const std::string& path, const GlobList& globs) {
  if (!globs.may_match_below(path)) return;
  remove_leftovers(join_path(root, path));
  const auto entries = list_folder(join_path(root, path));
  if (!entries) return;
  for (const FolderEntry& entry : *entries) {
    if (entry.kind == FileKind::kFolder) clear_below(root, join_path(path, entry.name), globs);
  }
}

// Whether a text file holds `needle`, not as the beginning of a longer name. A NUL in its first bytes makes
// it binary, as git decides. Read in pieces: it may be large, and somebody may be writing it.
bool text_holds(const std::string& path, std::string_view needle) {
  constexpr std::size_t kHead = 8000;
  constexpr std::size_t kPiece = 256 * 1024;
  auto file = FileReader::open(path);
  if (!file) return false;
  const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(file->size() + 1, kPiece));
  std::string window;
  for (bool first = true;; first = false) {
    const std::size_t before = window.size();
    window.resize(before + piece);
    const auto got = file->read(window.data() + before, piece);
    if (!got || *got == 0) break;
    window.resize(before + *got);
    if (first && std::string_view(window).substr(0, kHead).find('\0') != std::string_view::npos) return false;
    for (std::size_t at = window.find(needle); at != std::string::npos; at = window.find(needle, at + 1)) {
      // `/src/app` is not in `/src/application`; at the end of a piece the next byte is not known, which
      // counts as found.
      const std::size_t end = at + needle.size();
      const char next = end < window.size() ? window[end] : '/';
      if (std::isalnum(static_cast<unsigned char>(next)) == 0 && next != '_' && next != '-') return true;
    }
    if (window.size() > needle.size()) window.erase(0, window.size() - needle.size());
  }
  return false;
}

// A relative target, followed from the link's folder, that stays below the root. `..` behind a name is not
// followed: that name may be a link, and then its parent is not what the text says.
bool stays_inside(std::string_view path, std::string_view target) {
  if (target.starts_with('/')) return false;
  auto depth = std::ranges::count(path, '/');
  bool named = false;
  while (!target.empty()) {
    const std::size_t slash = target.find('/');
    const std::string_view part = target.substr(0, slash);
    target.remove_prefix(slash == std::string_view::npos ? target.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      named = true;
    } else if (named || depth-- == 0) {
      return false;
    }
  }
  return true;
}

// What the mode of a regular file should be besides.
bool has_content(const std::string& absolute, const FileStat& stat, const OutputEntry& entry) {
  switch (entry.kind) {
    case Kind::kDir:
      return stat.kind == FileKind::kFolder;
    case Kind::kLink:
      return stat.kind == FileKind::kLink && read_link(absolute).value_or("") == entry.target;
    case Kind::kCreate:
      return stat.kind != FileKind::kAbsent;
    case Kind::kFile:
      break;
  }
  if (stat.kind != FileKind::kRegular || stat.size != entry.size) return false;
  const auto digest = hash_file(absolute);
  return digest && *digest == entry.digest;
}

bool has_mode(const FileStat& stat, const OutputEntry& entry) {
  return entry.kind != Kind::kFile || (stat.mode & 0100) == (entry.mode & 0100);
}

// Whether every folder on the way to `path` is one, and no link. `checked`: what is known of folders.
bool has_real_parents(const std::string& root, std::string_view path,
                      std::map<std::string_view, bool>& checked) {
  const std::string_view folder = parent_folder(path);
  if (folder.empty()) return true;
  const auto known = checked.find(folder);
  if (known != checked.end()) return known->second;
  const bool real =
      has_real_parents(root, folder, checked) && stat_file(join_path(root, folder)).kind == FileKind::kFolder;
  checked.emplace(folder, real);
  return real;
}

// Folders on the way to `path`, made where they are missing. A link on the way is refused: it may lead
// anywhere.
Result<void> make_parents(const std::string& root, std::string_view path, std::set<std::string>& made) {
  const std::string folder(parent_folder(path));
  if (folder.empty() || made.contains(folder)) return {};
  if (auto parents = make_parents(root, folder, made); !parents) return parents;
  const std::string absolute = join_path(root, folder);
  const FileKind kind = stat_file(absolute).kind;
  if (kind == FileKind::kAbsent) {
    if (auto created = make_folders(absolute); !created) return created;
  } else if (kind != FileKind::kFolder) {
    return failure("`{}` is in the way: a folder was expected", escape_line(folder));
  }
  made.insert(folder);
  return {};
}

Result<void> put_back(const std::string& root, const OutputEntry& entry, BlobStore& blobs) {
  const std::string absolute = join_path(root, entry.path);
  const FileStat stat = stat_file(absolute);
  if (has_content(absolute, stat, entry) && (has_mode(stat, entry) || set_mode(absolute, entry.mode)))
    return {};
  if (stat.kind == FileKind::kFolder && !remove_folder_if_empty(absolute)) {
    return failure("the folder `{}` is in the way of a file", escape_line(entry.path));
  }
  switch (entry.kind) {
    case Kind::kDir:
      return make_folders(absolute, entry.mode);
    case Kind::kLink:
      if (!stays_inside(entry.path, entry.target)) {
        return failure("the link `{}` leads out of the project", escape_line(entry.path));
      }
      return make_link(entry.target, absolute);
    case Kind::kFile:
    case Kind::kCreate:
      break;
  }
  return blobs.get_file(entry.digest, absolute, entry.mode);
}

}  // namespace

std::vector<OutputEntry> scan_outputs(const std::string& root, const GlobList& globs) {
  std::vector<OutputEntry> found;
  const auto is_reached = [&](const std::string& path) {
    std::map<std::string_view, bool> checked;
    return has_real_parents(root, path, checked);
  };
  for (const std::string& path : globs.literals()) {
    if (is_reached(path)) add_entry(path, stat_file(join_path(root, path)), found);
  }
  for (const std::string& folder : globs.roots()) {
    if (!is_reached(folder)) continue;
    const std::string absolute = join_path(root, folder);
    if (stat_file(absolute).kind == FileKind::kFolder) scan(root, folder, globs, found);
    const auto below = list_folder(absolute);
    if (below && below->empty() && !folder.empty()) add_entry(folder, stat_file(absolute), found);
  }
  std::sort(found.begin(), found.end(),
            [](const OutputEntry& a, const OutputEntry& b) { return a.path < b.path; });
  found.erase(std::unique(found.begin(), found.end(),
                          [](const OutputEntry& a, const OutputEntry& b) { return a.path == b.path; }),
              found.end());
  return found;
}

Result<TakenOutputs> take_outputs(const std::string& root, std::vector<OutputEntry> found, BlobStore* blobs) {
  TakenOutputs taken;
  taken.entries = std::move(found);
  std::mutex mutex;
  std::optional<Diagnostic> failed;
  parallel_for(taken.entries.size(), kFilesPerBlock, [&](std::size_t i) {
    OutputEntry& entry = taken.entries[i];
    const std::string absolute = join_path(root, entry.path);
    if (entry.kind == Kind::kDir) return;
    if (entry.kind == Kind::kLink) {
      auto target = read_link(absolute);
      const std::scoped_lock lock(mutex);
      if (!target) {
        failed = target.error();
        return;
      }
      entry.target = std::move(*target);
      taken.leaves_project = taken.leaves_project || !stays_inside(entry.path, entry.target);
      return;
    }
    auto digest = blobs != nullptr ? blobs->put_file(absolute) : hash_file(absolute);
    if (!digest && blobs != nullptr) {  // the store failed, the task did not
      const std::scoped_lock lock(mutex);
      if (taken.stored) taken.warnings.push_back(std::move(digest.error()));
      taken.stored = false;
      digest = hash_file(absolute);
    }
    const bool names = digest && blobs != nullptr && text_holds(absolute, root);
    const std::scoped_lock lock(mutex);
    if (!digest) {
      failed = std::move(digest.error());
      return;
    }
    entry.digest = *digest;
    taken.names_checkout = taken.names_checkout || names;
  });
  if (failed) return tl::unexpected(std::move(*failed));
  if (blobs == nullptr) taken.stored = false;
  return taken;
}

bool is_in_place(const std::string& root, const OutputEntry& entry) {
  const std::string absolute = join_path(root, entry.path);
  const FileStat stat = stat_file(absolute);
  return has_content(absolute, stat, entry) && has_mode(stat, entry);
}

Result<void> restore_outputs(const std::string& root, const GlobList& globs, const ActionResult& result,
                             const std::vector<OutputEntry>& owned, BlobStore& blobs) {
  std::set<std::string_view> wanted;
  for (const OutputEntry& entry : result.outputs) wanted.insert(entry.path);
  std::vector<OutputEntry> gone = owned;
  std::erase_if(gone, [&](const OutputEntry& entry) { return wanted.contains(entry.path); });
  remove_outputs(root, gone, globs);
  std::set<std::string> made;
  for (const OutputEntry& entry : result.outputs) {
    if (auto parents = make_parents(root, entry.path, made); !parents) return parents;
  }
  std::mutex mutex;
  Result<void> outcome;
  parallel_for(result.outputs.size(), kFilesPerBlock, [&](std::size_t i) {
    auto put = put_back(root, result.outputs[i], blobs);
    if (put) return;
    const std::scoped_lock lock(mutex);
    outcome = std::move(put);
  });
  return outcome;
}

RemovedOutputs remove_outputs(const std::string& root, const std::vector<OutputEntry>& entries,
                              const GlobList& globs) {
  RemovedOutputs removed;
  std::set<std::string> folders;
  std::map<std::string_view, bool> checked;
  for (const OutputEntry& entry : entries) {
    const std::string absolute = join_path(root, entry.path);
    if (!has_real_parents(root, entry.path, checked)) continue;  // what is behind a link is not ours
    if (entry.kind == Kind::kDir) {
      remove_folder_if_empty(absolute);
    } else if (const FileKind kind = stat_file(absolute).kind;
               kind == FileKind::kRegular || kind == FileKind::kLink) {
      if (auto gone = remove_file(absolute)) {
        ++removed.files;
      } else if (!removed.failed) {
        removed.failed = std::move(gone.error());
      }
    }
    folders.emplace(parent_folder(entry.path));
  }
  // Deepest first: the longer of two nested paths sorts later.
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    std::string_view at = *folder;
    const auto is_ours = [&] { return globs.matches(at) || globs.covers_all_below(at); };
    while (!at.empty() && is_ours() && remove_folder_if_empty(join_path(root, at))) at = parent_folder(at);
  }
  return removed;
}

void clear_leftovers(const std::string& root, const GlobList& outputs) {
  for (const std::string& folder : outputs.roots()) clear_below(root, folder, outputs);
  for (const std::string& path : outputs.literals()) remove_leftovers(join_path(root, parent_folder(path)));
}

namespace {

// What a pattern without wildcards names: a path, or with a slash at its end a folder. Of others the folder
// in which the wildcards begin, which need not be there.
struct NamedOutput {
  const Placed<std::string>* pattern;
  std::string path;
  bool is_folder, is_wild;
};

std::vector<NamedOutput> named_outputs(const Patterns& outputs) {
  std::vector<NamedOutput> named;
  for (const auto& pattern : outputs.written) {
    if (pattern.value.starts_with('!')) continue;
    const auto glob = Glob::parse(pattern.value);
    if (!glob) continue;
    const std::string literal = glob->literal();
    if (!literal.empty()) {
      named.push_back({&pattern, literal, false, false});
    } else {
      const bool is_wild =
          !pattern.value.ends_with('/') || pattern.value.find_first_of("*?[{\\") != std::string::npos;
      if (!glob->literal_prefix().empty()) named.push_back({&pattern, glob->literal_prefix(), true, is_wild});
    }
  }
  return named;
}

}  // namespace

std::vector<Diagnostic> linked_outputs(const std::string& root, const std::string& task,
                                       const Patterns& outputs) {
  std::vector<Diagnostic> linked;
  for (const NamedOutput& output : named_outputs(outputs)) {
    std::map<std::string_view, bool> checked;
    const FileKind kind = stat_file(join_path(root, output.path)).kind;
    if (kind == FileKind::kAbsent) continue;
    if (has_real_parents(root, output.path, checked) && !(output.is_folder && kind == FileKind::kLink))
      continue;
    linked.push_back(error("output `{}` of task `{}` is reached through a link", output.pattern->value, task)
                         .advise("make it a folder: devtask neither stores nor restores what is behind links")
                         .at(output.pattern->where));
  }
  return linked;
}

std::vector<Diagnostic> missing_outputs(const std::string& root, const std::string& task,
                                        const Patterns& outputs) {
  std::vector<Diagnostic> missing = linked_outputs(root, task, outputs);
  if (!missing.empty()) return missing;
  for (const NamedOutput& output : named_outputs(outputs)) {
    if (output.is_wild) continue;
    const std::string& pattern = output.pattern->value;
    const FileKind kind = stat_file(join_path(root, output.path)).kind;
    if (kind == FileKind::kAbsent) {
      missing.push_back(
          error("task `{}` did not make its output `{}`", task, pattern).at(output.pattern->where));
    } else if (!output.is_folder && kind == FileKind::kFolder) {
      missing.push_back(error("output `{}` of task `{}` is a folder", pattern, task)
                            .advise(fmt::format("write `{}/` for everything in it", pattern))
                            .at(output.pattern->where));
    } else if (output.is_folder && kind != FileKind::kFolder) {
      missing.push_back(error("output `{}` of task `{}` is no folder", pattern, task)
                            .advise("leave out the slash at its end")
                            .at(output.pattern->where));
    }
  }
  return missing;
}

}  // namespace devtask
