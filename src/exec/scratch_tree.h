// A second tree of the project in which a tool can rewrite files without touching the checkout. The given
// files are real copies, the folders above them are real, everything else is a link to the original: what a
// tool looks for upward or beside its files (configuration, node_modules, modules of the same project) is
// where it is in the project. `.git` is an empty folder, so that tools take the tree's top for the project's;
// `.devtask` is left out.
//
// A given file that is a link is copied as the file that it leads to: nothing is written through it.
// Unaware of: tasks, git.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "os/file.h"

namespace devtask {

struct ScratchFile {
  std::string path;                         // relative to the root, a file's
  std::optional<std::string> content = {};  // absent: what is on disk
  std::uint32_t mode = 0644;                // with `content`
};

class ScratchTree {
 public:
  // `folder` is absolute and becomes the tree; what is there (of a devtask that was killed) is removed.
  // `folders`: relative to the root; these are real as well. Fails if a file cannot be read, or is none.
  static Result<ScratchTree> make(const std::string& root, const std::string& folder,
                                  std::vector<ScratchFile> files,
                                  const std::vector<std::string>& folders = {});
  ScratchTree(ScratchTree&& other) noexcept;
  ScratchTree& operator=(ScratchTree&&) = delete;
  ~ScratchTree();  // removes it

  const std::string& path() const { return folder_; }

  struct Change {
    std::string path;                  // relative to the root
    std::string before;                // what was copied
    std::optional<std::string> after;  // absent: the copy was removed
    std::uint32_t mode = 0;            // permission bits after
  };
  // Copies that are not what they were, sorted by path. Fails if a file in the project is no longer what was
  // copied and its copy has changed: nobody knows what the tool would make of it now.
  Result<std::vector<Change>> changes() const;

  Result<void> remove();

 private:
  struct Copy {
    ScratchFile file;
    Digest digest;  // of what was copied
    FileStat stat;  // of the copy, when it was made
  };

  ScratchTree(std::string root, std::string folder) : root_(std::move(root)), folder_(std::move(folder)) {}
  Result<void> make_folder(const std::string& path, const std::vector<std::string>& real_folders) const;
  Result<void> copy(Copy& copy) const;
  Result<std::optional<Change>> change_of(const Copy& copy) const;

  std::string root_, folder_;
  std::vector<Copy> copies_;  // sorted by path
};

}  // namespace devtask
