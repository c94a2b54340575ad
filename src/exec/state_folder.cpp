#include "exec/state_folder.h"

#include "os/file.h"

namespace devtask {

Result<void> StateFolder::create() const {
  if (auto made = make_folders(path, 0700); !made) return made;
  for (const std::string& folder : {path + "/out", path + "/locks", runs()}) {
    if (auto made = make_folders(folder, 0700); !made) return made;
  }
  const std::string ignore = path + "/.gitignore";
  if (stat_file(ignore).kind != FileKind::kAbsent) return {};
  return write_file(ignore, "*\n");
}

}  // namespace devtask
