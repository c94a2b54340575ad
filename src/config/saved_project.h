// A project as it was read, so that it need not be read again: as long as every file it was read from, every
// folder that was listed for it and the program that read it look the same, it is what they say.
// Unaware of: TOML, what is in a project.
//
// `.devtask/project`: 8 bytes magic | u64 XXH3 of the rest, little-endian | an archive (config/archive.h) of
// the version of devtask, the looks and the Project. What is damaged, of another version or of another
// program is not there.
//
// Only what is older than two seconds is saved: a file system with coarse times could hide a later change.
// What someone has yet to be told, a warning, is not saved either.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/load.h"

namespace devtask {

class SavedProject {
 public:
  // `path`: of the file. `root`: absolute, no slash at the end. `program`: the devtask that reads and writes.
  SavedProject(std::string path, std::string root, std::string program = "/proc/self/exe");

  // Nothing if there is none that is still right.
  std::optional<LoadedProject> read() const;

  // Does nothing if there was something to say or something is too young, or if the file's folder does not
  // exist. `began_ns` is the clock before the project was read.
  void write(const LoadedProject& loaded, std::int64_t began_ns) const;

 private:
  std::string path_, root_, program_;
};

// As load_project(root), but from `path` if it is right; else it is written if `may_write`.
LoadedProject load_project(const std::string& root, const std::string& path, bool may_write);

}  // namespace devtask
