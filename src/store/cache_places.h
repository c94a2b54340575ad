// Whether the folders that the cache consists of can be what they are meant to be. Unaware of: what is in
// them.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"

namespace devtask {

// Something else is in the place of a folder, or the folder cannot be read.
struct WrongPlace {
  std::string path;
  Diagnostic problem;    // and what to do
  bool is_ours = false;  // a file among devtask's own: it may be removed
};

// `folder`: of the whole cache. A place where nothing is, is fine. Links to folders are, too.
std::vector<WrongPlace> wrong_places(const std::string& folder);

// Makes a folder of the cache, and those above it. The failure names what is in its place.
Result<void> make_place(const std::string& path);

}  // namespace devtask
