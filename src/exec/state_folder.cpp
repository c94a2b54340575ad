#include "exec/state_folder.h"

#include "exec/out_file.h"
#include "os/file.h"

namespace devtask {

Result<void> StateFolder::check() const {
  switch (stat_file(path).kind) {
    case FileKind::kAbsent:
      return {};
    case FileKind::kFolder:
      if (!is_own(path))
        return failure(error("cannot use `{}`, a folder of another user: Permission denied", path)
                           .advise("remove it, or run devtask as that user"));
      if (const FileKind kind = stat_followed(journal()).kind;
          kind != FileKind::kRegular && kind != FileKind::kAbsent)
        return failure(error("`{}` is not a file: nothing can be remembered", journal())
                           .advise("remove it; the cache still has the results"));
      return {};
    default:
      return failure("cannot create folder `{}`: something else is in its place", path);
  }
}

Result<void> StateFolder::create() const {
  if (auto usable = check(); !usable) return usable;
  if (auto made = make_folders(path, 0700); !made) return made;
  if (stat_file(path).mode != 0700) {
    if (auto closed = set_mode(path, 0700); !closed) return closed;
  }
  for (const std::string& folder : {path + "/out", path + "/locks", runs()}) {
    if (auto made = make_folders(folder, 0700); !made) {
      if (stat_file(folder).kind == FileKind::kAbsent) return made;
      return failure(std::move(made.error()).advise("remove what is in its place"));
    }
  }
  mend_time(path + "/out");
  const std::string ignore = path + "/.gitignore";
  if (stat_file(ignore).kind != FileKind::kAbsent) return {};
  return write_file(ignore, "*\n");
}

}  // namespace devtask
