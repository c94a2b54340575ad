// The project's files as they are now: which match some globs, and what they contain. One Tree is one look; a
// later look is another Tree. What was listed, stat-ed or hashed once is not asked for again. Unaware of:
// tasks, keys.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "action/action_result.h"
#include "base/digest.h"
#include "base/glob.h"
#include "os/file.h"
#include "plan/seal.h"
#include "store/digest_memo.h"

namespace devtask {

struct TreeFile {
  std::string path;  // relative to the root
  FileStat stat;
  bool looked = false;  // `stat` is filled
  bool read = false;    // `digest`, `target` and `problem` are filled
  Digest digest;        // content; of a link: of the file it leads to, if it leads to one
  std::string target;   // of a link
  FileStat behind;      // of a link: of what it leads to, before that was read
  std::string problem;  // why it could not be read, else empty
  bool common = false;  // it matters to more than those who asked for it as theirs

  // Of the file whose content it is; a link must have been read.
  const FileStat& content_stat() const { return stat.kind == FileKind::kLink ? behind : stat; }
  // "-" unless it is executable by its owner, then "x": other bits depend on the umask of the checkout.
  std::string_view mode_fact() const { return (stat.mode & 0100) != 0 ? "x" : "-"; }
};

// Files that are somebody's outputs: those that match, and of them only the recorded ones if there is a
// record.
struct Exclusion {
  const GlobList* globs = nullptr;
  const std::vector<OutputEntry>* recorded = nullptr;  // sorted by path; null: all

  bool holds(std::string_view path) const;
};

struct FileSelection {
  const GlobList* globs = nullptr;
  const GlobList* ignore = nullptr;  // may be null
  std::vector<Exclusion> excluded;
};

// Where a look led to: to watch for what would make another one come out differently.
struct LookedAt {
  std::vector<std::string> folders;  // absolute; also such as are not there
  std::size_t files = 0;             // of the project
};

// For a seal.
Observation observe(const TreeFile& file);

class Tree {
 public:
  // `memo` and `cursor` outlive the tree.
  Tree(std::string root, DigestMemo& memo);

  // Files and links (not folders) that belong to the selection, sorted by path. Folders behind links are not
  // entered. Thread-safe. Pointers live as long as the tree. Everything that decided about it, folders and
  // files that are not there too, is added to `looked`.
  std::vector<TreeFile*> list(const FileSelection& selection, std::vector<const TreeFile*>& looked);
  // What is in a folder, by name; nothing if it is none. The folder is added to `looked`. Thread-safe; lives
  // as long as the tree.
  std::span<const FolderEntry> entries(const std::string& path, std::vector<const TreeFile*>& looked);
  // One path; `stat.kind` is kAbsent if nothing is there. Thread-safe. An absolute path may be outside the
  // project.
  TreeFile* file(std::string_view path);
  // Fills digests, from the memo or by reading; in parallel inside. Not to be called by two threads at once.
  void read(std::span<TreeFile* const> files);

  // A path that is not an input but matters, with links followed: whether a program is there, what a link
  // leads to.
  FileStat followed(const std::string& path);

  // What common things looked like: programs, and what was followed. To be called when nobody else uses the
  // tree.
  std::vector<Observation> common_observations() const;
  // To be called when nobody else uses the tree.
  LookedAt looked_at() const;
  // Digests that are known already, of files that still look as they do there. To be called first.
  void assume(const std::vector<Observation>& known);

  const std::string& root() const { return root_; }
  // An absolute path relative to the root, if it lies in the project.
  std::string below_root(const std::string& path) const;

 private:
  struct Folder {
    std::mutex mutex;
    bool listed = false;
    TreeFile self;  // its `stat` is from before it was listed
    std::vector<FolderEntry> entries;
    std::vector<std::unique_ptr<TreeFile>> files;  // same order as entries; null for folders
  };

  Folder& folder(std::string_view path);
  Fd list_once(Folder& here, const std::string& path);
  void walk(const std::string& path, const FileSelection& selection, std::vector<TreeFile*>& found,
            std::vector<const TreeFile*>& looked);
  void hash(TreeFile& file);

  std::string root_;
  DigestMemo& memo_;
  DigestMemo::Cursor cursor_;
  std::mutex mutex_;  // guards the maps, not what is in them
  std::unordered_map<std::string, std::unique_ptr<Folder>> folders_;
  std::unordered_map<std::string, std::unique_ptr<TreeFile>> singles_;
  std::unordered_map<std::string, FileStat> followed_;
  std::unordered_map<std::string, Observation> assumed_;
};

}  // namespace devtask
