#include "migrate/plugin.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

namespace devtask {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::map<std::string, std::string> tree_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().parent_path().filename() != "__pycache__")
      files[fs::relative(entry.path(), folder)] = text_of(entry.path());
  }
  return files;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

class PluginTest : public testing::Test {
 protected:
  PluginTest() {
    std::string pattern = testing::TempDir() + "plugin-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    source_ = tree_of(DEVTASK_TEST_FOLDER "/../src/migrate/plugin");
  }
  ~PluginTest() override { fs::remove_all(folder_); }

  fs::path folder_;
  std::map<std::string, std::string> source_;
};

TEST_F(PluginTest, IsTheFilesOfTheSourceTreeBelowTheirDigest) {
  const auto path = write_plugin(folder_ / "a/b");
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(*path, folder_ / "a/b" / plugin_digest().hex());
  EXPECT_TRUE(source_.contains("sitecustomize.py"));
  EXPECT_TRUE(source_.contains("devtask_migrate/__init__.py"));
  EXPECT_EQ(tree_of(*path), source_);
  EXPECT_EQ(*write_plugin(folder_ / "a/b"), *path);
  EXPECT_EQ(names_in(folder_ / "a/b"), std::vector{plugin_digest().hex()});
}

TEST_F(PluginTest, ThePathIsAbsolute) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const auto path = write_plugin("plugins");
  fs::current_path(before);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(*path, folder_ / "plugins" / plugin_digest().hex());
}

TEST_F(PluginTest, WhatIsSpoiledIsMendedAndTheRestLeftAlone) {
  const fs::path path = *write_plugin(folder_);
  const fs::path request = path / "devtask_migrate/request.py", untouched = path / "devtask_migrate/rules.py";
  std::string other = text_of(request);
  other[0] = '#';
  write(request, other);
  fs::remove(path / "sitecustomize.py");
  write(folder_ / "elsewhere", "x");
  fs::remove(path / "devtask_migrate/work.py");
  fs::create_symlink(folder_ / "elsewhere", path / "devtask_migrate/work.py");
  const auto time = fs::last_write_time(untouched);
  EXPECT_EQ(*write_plugin(folder_), path);
  EXPECT_EQ(tree_of(path), source_);
  EXPECT_EQ(fs::last_write_time(untouched), time);
  EXPECT_EQ(text_of(folder_ / "elsewhere"), "x");
  EXPECT_FALSE(fs::is_symlink(path / "devtask_migrate/work.py"));
}

TEST_F(PluginTest, ManyAtOnce) {
  constexpr int kThreads = 8;
  std::vector<std::string> paths(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::string& path : paths)
      threads.emplace_back([&] {
        path = write_plugin(folder_).value_or("failed");
        if (tree_of(path) != source_) path = "not whole";
      });
  }
  EXPECT_EQ(paths, std::vector<std::string>(kThreads, folder_ / plugin_digest().hex()));
  EXPECT_EQ(names_in(folder_), std::vector{plugin_digest().hex()});
}

TEST_F(PluginTest, WhatAKilledProcessHasLeftIsRemoved) {
  fs::create_directories(folder_ / ".devtask-4194305-7~/devtask_migrate");  // beyond the greatest process id
  ASSERT_TRUE(write_plugin(folder_));
  EXPECT_EQ(names_in(folder_), std::vector{plugin_digest().hex()});
}

TEST_F(PluginTest, NothingIsLeftWhereItCannotBeWritten) {
  write(folder_ / "file", "");
  const auto path = write_plugin(folder_ / "file");
  ASSERT_FALSE(path);
  EXPECT_NE(path.error().message.find("file"), std::string::npos) << path.error().message;
  EXPECT_EQ(names_in(folder_), std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace devtask
