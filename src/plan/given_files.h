// Contents of files that tasks work on instead of those on disk (what is staged in git). Thread-safe.
// Unaware of: where they come from, and where they go.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace devtask {

class GivenFiles {
 public:
  struct File {
    std::string content;
    std::uint32_t mode = 0644;
    Digest digest = {};  // of the content
  };
  struct Known {
    std::string path;
    Digest digest;
    std::uint32_t mode;
  };

  // `path`: relative to the root. A file that is there already keeps its mode.
  void put(const std::string& path, std::string content, std::uint32_t mode = 0644) {
    const std::scoped_lock lock(mutex_);
    File& file = files_.try_emplace(path, File{{}, mode}).first->second;
    file.digest = sha256(content);
    file.content = std::move(content);
  }
  std::optional<File> find(std::string_view path) const {
    const std::scoped_lock lock(mutex_);
    const auto found = files_.find(path);
    return found == files_.end() ? std::nullopt : std::optional<File>(found->second);
  }
  std::vector<Known> all() const {  // sorted by path
    const std::scoped_lock lock(mutex_);
    std::vector<Known> all;
    for (const auto& [path, file] : files_) all.push_back({path, file.digest, file.mode});
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace devtask
