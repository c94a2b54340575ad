// Tells what changes in folders, by inotify: something is made, written, moved, removed, or looks different.
// Nothing is lost between two calls; what did change, and whether it matters, is for others to find out.
// Unaware of: globs, what is to be ignored (callers say which folders). For one thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "os/stop.h"

namespace devtask {

class FolderWatch {
 public:
  // Whether to enter a folder below the top of a tree. Links to folders are never entered.
  using Enter = std::function<bool(const std::string& path)>;

  // Fails if the system has no more of them.
  static Result<FolderWatch> start();

  // Watches what is in a folder, not what is below. If there is none, the nearest one above, where it would
  // appear. True: what is there now was not watched before, so look at it again. Fails if the limit of
  // watches is reached.
  Result<bool> add(const std::string& folder);
  // Watches a folder and those below, also those that are made later: what is in them when they are found is
  // told as changed.
  Result<void> add_tree(const std::string& folder, Enter enter);

  struct Changes {
    std::set<std::string> paths;
    bool everything = false;  // more happened than the system keeps: anything may have changed

    bool any() const { return everything || !paths.empty(); }
  };
  // What has happened since the last call. Does not wait: poll fd(), which is readable while there is
  // something. Fails if the limit is reached in a new folder; what it should have watched is not watched.
  Result<Changes> take();
  // Something has happened since.
  bool has_more() const;

  // Waits for a change, and then until nothing else has changed for `quiet`, at most `most` in all. What
  // changes again and again does not prolong it. Nothing, if it was asked to stop, or there was none for so
  // long as `patience`.
  Result<Changes> next(const StopRequest& stop, std::chrono::milliseconds quiet,
                       std::chrono::milliseconds most,
                       std::optional<std::chrono::milliseconds> patience = {});

  int fd() const { return inotify_.get(); }
  std::size_t folders() const { return watched_.size(); }

 private:
  static constexpr int kNoTree = -1;
  struct Watched {
    std::string path;
    int tree = kNoTree;
  };
  struct Tree {
    std::string top;
    Enter enter;
  };
  struct Event;

  Result<int> watch(const std::string& folder, int tree, bool follow);  // -1: it is not there, or not ours
  Result<void> enter(const std::string& folder, int tree, Changes* found);
  Result<void> handle(const Event& event, Changes& changes);
  void forget(int watch);
  void leave(const std::string& folder);  // with all below

  Fd inotify_;
  std::vector<Tree> trees_;
  std::unordered_map<int, Watched> watched_;
  std::map<std::string, int> by_path_;  // several may lead to one folder
};

}  // namespace devtask
