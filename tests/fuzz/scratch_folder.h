// A folder for the files of one fuzzer, kept while the process lives. Set TMPDIR to a file system in memory
// for speed.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "os/file.h"
#include "require.h"

namespace devtask {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "devtask-fuzz.XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
    path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return join_path(path_, name); }

  // With the folders above it.
  void write(std::string_view name, std::string_view bytes) const {
    const std::string path = *this / name;
    require(make_folders(std::string(parent_folder(path))).has_value(), "folders can be made", path);
    require(write_file(path, bytes).has_value(), "a file can be written", path);
  }
  void clear() const {
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      std::filesystem::remove_all(entry.path());
  }

 private:
  std::string path_;
};

}  // namespace devtask
