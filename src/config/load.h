// Reads tasks.toml, its includes and its members. All mistakes are reported in one go.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/project.h"
#include "os/file.h"

namespace devtask {

// How a file or folder looked just before it was read; links were followed.
struct Look {
  std::string path;  // relative to the root, "" is the root
  FileStat stat;
};

struct LoadedProject {
  Project project;                      // usable only if ok()
  std::vector<Diagnostic> diagnostics;  // errors and warnings, sorted by place, in the order of the files
  std::vector<Look> looks;              // at project.files and project.folders

  bool ok() const;  // no error; there may be warnings
};

// `root` is the absolute folder that holds tasks.toml.
LoadedProject load_project(const std::string& root);

struct ProjectPlace {
  std::string root;    // of the project, absolute
  std::string member;  // folder of the member that it was found from, relative to the root; "" for none
  std::string folder;  // that it was found from, relative to the root, "" for the root itself
};

// The project that `start` (absolute) lies in: the nearest folder at or above it that holds a tasks.toml. If
// a project above that names the folder as a member, that project. Fails with an offer of `devtask init`.
Result<ProjectPlace> find_project(const std::string& start);

}  // namespace devtask
