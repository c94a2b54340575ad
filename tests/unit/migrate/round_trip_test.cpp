#include "migrate/round_trip.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "migrate/python_package.h"
#include "os/file.h"

namespace devtask {
namespace {

TEST(RevisionOfFile, is_the_number_in_front_or_the_name) {
  EXPECT_EQ(revision_of_file("versions/sqlite/0003_add_isbn.sql"), "0003");
  EXPECT_EQ(revision_of_file("20240101120000_x.up.sql"), "20240101120000");
  EXPECT_EQ(revision_of_file("add_isbn.sql"), "add_isbn");
  EXPECT_EQ(revision_of_file("V3__isbn.sql"), "V3__isbn");
}

class Revisions : public ::testing::Test {
 protected:
  void add(const std::string& name) { ASSERT_TRUE(write_file(folder_ / name, "")); }
  TemporaryFolder folder_;
};

TEST_F(Revisions, are_in_the_order_of_their_names) {
  EXPECT_EQ(newest_revision(folder_.path()), "");
  EXPECT_EQ(revision_before(folder_.path(), ""), "base");
  for (const char* name : {"0002_b.sql", "0010_c.sql", "0001_a.sql", ".hidden"}) add(name);
  EXPECT_EQ(newest_revision(folder_.path()), "0010");
  EXPECT_EQ(revision_before(folder_.path(), ""), "0002");
  EXPECT_EQ(revision_before(folder_.path(), "v/0002_b.sql"), "0001");
  EXPECT_EQ(revision_before(folder_.path(), "0001_a.sql"), "base");
  EXPECT_EQ(revision_before(folder_.path(), "none.sql"), "base");
}

TEST_F(Revisions, of_python_are_known_to_alembic_alone) {
  add("__init__.py");
  EXPECT_EQ(newest_revision(folder_.path()), "");
  add("2024_x.py");
  EXPECT_EQ(newest_revision(folder_.path()), "head");
}

TEST(RevisionsOfNoFolder, are_none) { EXPECT_EQ(newest_revision("/nowhere/at/all"), ""); }

Patterns patterns(const std::vector<std::string>& texts) {
  Patterns made;
  for (const std::string& each : texts) made.written.push_back({each, {}});
  return made;
}

TEST(PackageRoot, is_above_the_topmost_package) {
  TemporaryFolder folder;
  ASSERT_TRUE(make_folders(folder / "src/flows/database"));
  for (const char* name : {"src/flows/__init__.py", "src/flows/database/__init__.py"})
    ASSERT_TRUE(write_file(folder / name, ""));
  EXPECT_EQ(package_root(folder.path(), patterns({"src/flows/database/models.py"})), folder / "src");
  EXPECT_EQ(package_root(folder.path(), patterns({"!x/**", "src/flows/**/*.py"})), folder / "src");
  EXPECT_EQ(package_root(folder.path(), patterns({"models.py"})), folder.path());
}

}  // namespace
}  // namespace devtask
