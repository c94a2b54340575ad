#include "plan/distributions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

class DistributionsTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view bytes = "") {
    ASSERT_TRUE(make_folders(std::string(parent_folder(folder_ / path))));
    ASSERT_TRUE(write_file(folder_ / path, bytes));
  }
  Distributions installed(const std::string& folder) {
    Tree tree(folder_.path(), memo_);
    std::vector<const TreeFile*> looked;
    Distributions found = installed_distributions(tree, folder, looked);
    looked_.clear();
    for (const TreeFile* file : looked) looked_.push_back(file->path);
    return found;
  }

  TemporaryFolder folder_;
  DigestMemo memo_{folder_ / "memo"};
  std::vector<std::string> looked_;
};

TEST_F(DistributionsTest, AreNamesAndVersionsOfSitePackages) {
  write(".venv/pyvenv.cfg", "home = /nowhere/bin\ninclude-system-site-packages = false\n");
  const std::string packages = ".venv/lib/python3.11/site-packages/";
  for (const char* path :
       {"black-23.1.0.dist-info/METADATA", "Zope.Interface-5.0-py3.11.egg-info/PKG-INFO", "my_tool.egg-info",
        "~lack-22.0.dist-info/METADATA", "black/__init__.py", "README"})
    write(packages + path);
  write(".venv/lib64/python3.11/site-packages/native-1.0.dist-info/METADATA");
  EXPECT_EQ(installed(".venv"),
            (Distributions{"black 23.1.0", "my-tool", "native 1.0", "zope-interface 5.0"}));
  EXPECT_NE(std::ranges::find(looked_, ".venv/lib/python3.11/site-packages"), looked_.end());
  EXPECT_NE(std::ranges::find(looked_, ".venv/lib"), looked_.end());
  EXPECT_NE(std::ranges::find(looked_, ".venv/pyvenv.cfg"), looked_.end());
}

TEST_F(DistributionsTest, OfTheBaseCountIfTheEnvironmentSeesThem) {
  write("base/lib/python3.11/site-packages/pip-23.0.dist-info/METADATA");
  const std::string settings = "home = " + (folder_ / "base/bin") + "\ninclude-system-site-packages = ";
  write("env/pyvenv.cfg", settings + "false\n");
  EXPECT_EQ(installed("env"), Distributions());
  write("env/pyvenv.cfg", settings + "true\r\n");
  EXPECT_EQ(installed("env"), Distributions{"pip 23.0"});
  EXPECT_EQ(installed("none"), Distributions());
}

TEST_F(DistributionsTest, ChangesAreNamed) {
  const std::string head = "devtask-installed 1\nkey\n";
  EXPECT_TRUE(is_installed_text(head));
  EXPECT_EQ(installed_changes(head + "a 1\nb 1\nc 1\n", head + "a 1\nb 2\nd\n"),
            "b 1 → 2, c 1 removed, d added");
  EXPECT_EQ(installed_changes(head + "a 1\n", head + "a 1\n"), "");
}

}  // namespace
}  // namespace devtask
