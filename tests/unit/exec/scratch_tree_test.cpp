#include "exec/scratch_tree.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

class ScratchTreeTest : public testing::Test {
 protected:
  void put(const std::string& path, std::string_view text, std::uint32_t mode = 0644) {
    ASSERT_TRUE(make_folders(std::string(parent_folder(folder_ / path))));
    ASSERT_TRUE(write_file(folder_ / path, text, mode));
  }
  Result<ScratchTree> make(const std::vector<std::string>& paths) {
    std::vector<ScratchFile> files;
    for (const std::string& path : paths) files.push_back({path});
    return ScratchTree::make(folder_.path(), tree_folder(), files);
  }
  std::string tree_folder() const { return folder_ / ".devtask/scratch/1"; }
  // "file", "folder", "link" or "nothing".
  std::string kind(const std::string& path) const {
    switch (stat_file(tree_folder() + "/" + path).kind) {
      case FileKind::kAbsent:
        return "nothing";
      case FileKind::kRegular:
        return "file";
      case FileKind::kFolder:
        return "folder";
      case FileKind::kLink:
        return "link";
      default:
        return "other";
    }
  }
  std::string in_tree(const std::string& path) const { return tree_folder() + "/" + path; }

  TemporaryFolder folder_;
};

TEST_F(ScratchTreeTest, GivenFilesAreCopiesAndEverythingElseIsALink) {
  put("src/a.py", "a");
  put("src/b.py", "b");
  put("src/deep/c.py", "c");
  put("src/other/d.py", "d");
  put("node_modules/x/y", "y");
  put("pyproject.toml", "p");
  put(".git/config", "git");
  put(".devtask/journal", "j");
  const auto tree = make({"src/a.py", "src/deep/c.py"});
  ASSERT_TRUE(tree);
  EXPECT_EQ(kind("src"), "folder");
  EXPECT_EQ(kind("src/a.py"), "file");
  EXPECT_EQ(kind("src/b.py"), "link");
  EXPECT_EQ(kind("src/deep"), "folder");
  EXPECT_EQ(kind("src/deep/c.py"), "file");
  EXPECT_EQ(kind("src/other"), "link");
  EXPECT_EQ(kind("node_modules"), "link");
  EXPECT_EQ(kind("pyproject.toml"), "link");
  EXPECT_EQ(kind(".git"), "folder");
  EXPECT_EQ(kind(".git/config"), "nothing");
  EXPECT_EQ(kind(".devtask"), "nothing");
  EXPECT_EQ(read_file(in_tree("node_modules/x/y")), "y");
  EXPECT_EQ(read_file(in_tree("src/a.py")), "a");
}

TEST_F(ScratchTreeTest, WhatAToolDoesToCopiesIsToldAndTheProjectIsAsItWas) {
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) put(std::string("src/") + name, name);
  auto tree = make({"src/a", "src/b", "src/c", "src/d", "src/e"});
  ASSERT_TRUE(tree);
  ASSERT_TRUE(write_file(in_tree("src/b"), "B"));  // by renaming
  ASSERT_TRUE(write_file(in_tree("src/c"), "c"));  // the same again
  ASSERT_TRUE(remove_file(in_tree("src/d")));
  const int fd = ::truncate(in_tree("src/e").c_str(), 0);  // in place
  EXPECT_EQ(fd, 0);
  const auto changes = tree->changes();
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 3U);
  EXPECT_EQ(changes->at(0).path, "src/b");
  EXPECT_EQ(changes->at(0).before, "b");
  EXPECT_EQ(changes->at(0).after, "B");
  EXPECT_EQ(changes->at(1).path, "src/d");
  EXPECT_EQ(changes->at(1).after, std::nullopt);
  EXPECT_EQ(changes->at(2).path, "src/e");
  EXPECT_EQ(changes->at(2).after, "");
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    EXPECT_EQ(read_file(folder_ / ("src/" + std::string(name))), name);
}

TEST_F(ScratchTreeTest, GivenContentNeedsNoFileAndNoFolder) {
  put("src/a", "on disk");
  const auto tree = ScratchTree::make(folder_.path(), tree_folder(),
                                      {{"src/a", "staged"}, {"gone/deep/b", "also staged", 0755}});
  ASSERT_TRUE(tree);
  EXPECT_EQ(read_file(in_tree("src/a")), "staged");
  EXPECT_EQ(read_file(in_tree("gone/deep/b")), "also staged");
  EXPECT_EQ(stat_file(in_tree("gone/deep/b")).mode, 0755U);
  ASSERT_TRUE(write_file(in_tree("src/a"), "formatted"));
  put("src/a", "changed meanwhile, which does not matter");
  const auto changes = tree->changes();
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 1U);
  EXPECT_EQ(changes->at(0).before, "staged");
  EXPECT_EQ(changes->at(0).after, "formatted");
}

TEST_F(ScratchTreeTest, AFileThatChangedMeanwhileIsNamed) {
  put("a", "1");
  put("b", "1");
  const auto tree = make({"a", "b"});
  ASSERT_TRUE(tree);
  put("b", "2");  // its copy was not changed: nobody asks
  ASSERT_TRUE(tree->changes());
  ASSERT_TRUE(write_file(in_tree("a"), "formatted"));
  put("a", "2");
  const auto changes = tree->changes();
  ASSERT_FALSE(changes);
  EXPECT_EQ(changes.error().message, "`a` changed while a tool worked on a copy of it");
}

TEST_F(ScratchTreeTest, ModesAndTimesAreKept) {
  put("read-only", "1", 0444);
  put("program", "1", 0755);
  const auto tree = make({"read-only", "program"});
  ASSERT_TRUE(tree);
  EXPECT_EQ(stat_file(in_tree("read-only")).mode, 0444U);
  EXPECT_EQ(stat_file(in_tree("program")).mode, 0755U);
  EXPECT_EQ(stat_file(in_tree("program")).mtime_ns, stat_file(folder_ / "program").mtime_ns);
  ASSERT_TRUE(set_mode(in_tree("program"), 0644));
  const auto changes = tree->changes();
  ASSERT_EQ(changes.value().size(), 1U);
  EXPECT_EQ(changes->at(0).mode, 0644U);
}

TEST_F(ScratchTreeTest, NothingIsWrittenThroughALink) {
  put("real", "1");
  put("elsewhere/real", "2");
  ASSERT_TRUE(make_link("real", folder_ / "link"));
  ASSERT_TRUE(make_link("elsewhere", folder_ / "folder"));
  const auto tree = make({"link", "folder/real"});
  ASSERT_TRUE(tree);
  EXPECT_EQ(kind("link"), "file");
  EXPECT_EQ(kind("folder"), "folder");
  ASSERT_EQ(::truncate(in_tree("link").c_str(), 0), 0);
  ASSERT_EQ(::truncate(in_tree("folder/real").c_str(), 0), 0);
  EXPECT_EQ(read_file(folder_ / "real"), "1");
  EXPECT_EQ(read_file(folder_ / "elsewhere/real"), "2");
  EXPECT_EQ(tree->changes().value().size(), 2U);
}

TEST_F(ScratchTreeTest, WhatIsNoFileIsRefused) {
  put("folder/x", "1");
  ASSERT_TRUE(make_link("nowhere", folder_ / "broken"));
  for (const std::string path : {"folder", "broken", "absent"}) {
    const auto tree = make({path});
    ASSERT_FALSE(tree) << path;
    EXPECT_EQ(tree.error().message, "cannot copy `" + path + "`: it is not a file");
    EXPECT_EQ(stat_file(tree_folder()).kind, FileKind::kAbsent) << "what was made is removed";
  }
}

TEST_F(ScratchTreeTest, OddNames) {
  const std::vector<std::string> names = {"-dash", "a b/c\nd", "\xff\xfe", "src-x", "src/a", "src.b/c"};
  for (const std::string& name : names) put(name, name);
  const auto tree = make(names);
  ASSERT_TRUE(tree);
  for (const std::string& name : names) EXPECT_EQ(read_file(in_tree(name)), name);
}

TEST_F(ScratchTreeTest, IsRemovedInTheEndAndReplacesWhatAKilledOneLeft) {
  put("a", "1");
  put(".devtask/scratch/1/old", "1");
  {
    const auto tree = make({"a"});
    ASSERT_TRUE(tree);
    EXPECT_EQ(kind("old"), "nothing");
  }
  EXPECT_EQ(stat_file(tree_folder()).kind, FileKind::kAbsent);
  EXPECT_EQ(read_file(folder_ / "a"), "1");
  auto tree = make({"a"});
  ASSERT_TRUE(tree);
  EXPECT_TRUE(tree->remove());
  EXPECT_EQ(stat_file(tree_folder()).kind, FileKind::kAbsent);
}

TEST_F(ScratchTreeTest, NamedFoldersAreRealSoThatNothingLeadsOut) {
  put("src/a", "1");
  put("tools/deep/b", "1");
  const auto tree = ScratchTree::make(folder_.path(), tree_folder(), {{"src/a"}}, {"tools/deep", "", "none"});
  ASSERT_TRUE(tree);
  EXPECT_EQ(kind("tools/deep"), "folder");
  EXPECT_EQ(kind("tools/deep/b"), "link");
  ASSERT_TRUE(write_file(in_tree("tools/deep/../../src/a"), "2"));
  EXPECT_EQ(read_file(folder_ / "src/a"), "1");
}

TEST_F(ScratchTreeTest, ThousandsOfFiles) {
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i) {
    names.push_back("src/" + std::to_string(i % 50) + "/" + std::to_string(i));
    put(names.back(), "text");
  }
  const auto tree = make(names);
  ASSERT_TRUE(tree);
  ASSERT_TRUE(write_file(in_tree(names[1234]), "other"));
  EXPECT_EQ(tree->changes().value().size(), 1U);
}

}  // namespace
}  // namespace devtask
