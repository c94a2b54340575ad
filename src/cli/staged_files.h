// What is staged in git: read, and replaced by something better, in the index and in the work tree. Nothing
// that is not staged gets lost. Unaware of: tasks.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "git/git.h"

namespace devtask {

struct StagedFile {
  std::string path;          // relative to the project's folder
  std::string mode;          // "100644" or "100755"
  std::string id;            // of the object
  std::string content = {};  // as it is in a work tree: git's filters have been applied

  bool is_same_as(const StagedFile& other) const {
    return path == other.path && mode == other.mode && id == other.id;
  }
};

// Files (no links, no submodules) that the next commit adds or changes below git.prefix(), without their
// content, sorted by path. Not those that are to stay out of the work tree (a sparse checkout).
Result<std::vector<StagedFile>> list_staged(const Git& git);
// Fills in the content. `folder` is a place for files; it must not be there.
Result<void> read_staged(const Git& git, const std::string& folder, std::vector<StagedFile>& files);

struct Replacement {
  StagedFile staged;
  std::string content;
};

struct Replaced {
  std::string path;
  bool has_more = false;  // than was staged; it is there still
  std::string left_alone =
      {};  // in the work tree, and why, as a sentence without a subject; "": it was replaced
};

// Puts the contents into the repository, then into the index in one go, and then each into the work tree, if
// that is as it was staged. If it is not, what is not staged is joined with it; where that is not possible
// the file is left alone. Fails if something else has been staged meanwhile: then nothing was changed.
// `folder` is a place for files that is there.
Result<std::vector<Replaced>> replace_staged(const Git& git, const std::string& folder,
                                             const std::vector<Replacement>& files);

}  // namespace devtask
