// Counts how often files are completed: closed after something was written (not only opened for it, as some
// tools do that replace a file), or moved into place. By inotify, which does not say who did it. Unaware of:
// who may write, and how often. For one thread.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "os/file.h"

namespace devtask {

class WriteWatch {
 public:
  // Absolute folders, for the files in them, not for those below. One that cannot be watched is not: then
  // nothing is ever told of its files.
  explicit WriteWatch(const std::set<std::string>& folders);

  // What has happened until now is counted. False: so much that not all of it is known.
  bool count();
  // Of a file in one of the folders, as far as it was counted.
  std::size_t times(const std::string& path) const;

 private:
  struct File {
    std::size_t times = 0;
    bool modified = false;  // since it was last closed
  };

  Fd inotify_;
  std::unordered_map<int, std::string> folders_;
  std::map<std::string, File> files_;
};

}  // namespace devtask
