// Counts how often files are completed: closed after something was written (not only opened for it, as some
// tools do that replace a file), or moved into place. By inotify, which does not say who did it. A thread
// reads along, since the system keeps only so much. Unaware of: who may write, and how often. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>

#include "os/file.h"

namespace devtask {

class WriteWatch {
 public:
  // Absolute folders, for the files in them, not for those below.
  explicit WriteWatch(const std::set<std::string>& folders);
  WriteWatch(const WriteWatch&) = delete;
  WriteWatch& operator=(const WriteWatch&) = delete;
  ~WriteWatch();

  // Of a file in one of the folders, until now. nullopt: nobody knows, because the folder cannot be watched
  // or more happened than the system keeps.
  std::optional<std::size_t> times(const std::string& path);

 private:
  struct File {
    std::size_t times = 0;
    bool modified = false;  // since it was last closed
  };
  void read_along();
  void count();

  Fd inotify_, ending_;
  std::mutex mutex_;  // guards what follows
  bool lost_ = false;
  std::unordered_map<int, std::string> folders_;
  std::set<std::string, std::less<>> watched_;
  std::map<std::string, File> files_;
  std::jthread reader_;
};

}  // namespace devtask
