// A temporary project on disk, and what load_project says about it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "config/load.h"

namespace devtask {

class ProjectFolder {
 public:
  ProjectFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "devtask-config-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) root_ = name;
    EXPECT_FALSE(root_.empty());
  }
  explicit ProjectFolder(std::string_view tasks_toml) : ProjectFolder() { write("tasks.toml", tasks_toml); }
  ~ProjectFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  ProjectFolder(const ProjectFolder&) = delete;
  ProjectFolder& operator=(const ProjectFolder&) = delete;

  void write(const std::string& path, std::string_view text) const {
    const std::filesystem::path file = std::filesystem::path(root_) / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  const std::string& root() const { return root_; }

  LoadedProject load() const { return load_project(root_); }
  // All of them, as a person would see them.
  std::string complaints() const {
    std::string text;
    for (const Diagnostic& diagnostic : load().diagnostics) text += render(diagnostic, false);
    return text;
  }

 private:
  std::string root_;
};

}  // namespace devtask
