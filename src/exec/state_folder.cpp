#include "exec/state_folder.h"

#include "exec/out_file.h"
#include "os/file.h"

namespace devtask {

Result<void> StateFolder::check() const {
  switch (stat_file(path).kind) {
    case FileKind::kAbsent:
      return {};
    case FileKind::kFolder:
      if (is_own(path)) return {};
      return failure(error("cannot use `{}`, a folder of another user: Permission denied", path)
                         .advise("remove it, or run devtask as that user"));
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
    if (auto made = make_folders(folder, 0700); !made) return made;
  }
  mend_time(path + "/out");
  const std::string ignore = path + "/.gitignore";
  if (stat_file(ignore).kind != FileKind::kAbsent) return {};
  return write_file(ignore, "*\n");
}

}  // namespace devtask
