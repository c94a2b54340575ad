#include "migrate/migration_base.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "os/process.h"

namespace devtask {
namespace {

class MigrationBaseTest : public ::testing::Test {
 protected:
  MigrationBaseTest() {
    dialect_.name = "sqlite";
    dialect_.versions = "app/versions/sqlite";
    for (const auto& [list, text] :
         {std::pair(&migrations_.models, "app/models.py"), std::pair(&migrations_.inputs, "app/env.py")}) {
      list->written.push_back({text, {}});
      list->globs = *GlobList::parse({text});
    }
    run("git init -q -b main .");
    write("app/models.py", "one");
    write("app/env.py", "env");
    write("other.txt", "x");
    write("app/versions/sqlite/1.py", "one");
  }

  void run(const std::string& command) const {
    const std::string whole = "cd '" + folder_.path() +
                              "' && GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 && export "
                              "GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM && " +
                              command;
    ASSERT_EQ(std::system(whole.c_str()), 0) << command;
  }
  void write(const std::string& path, const std::string& text) const {
    ASSERT_TRUE(make_folders(folder_ / std::string(parent_folder(path))));
    ASSERT_TRUE(write_file(folder_ / path, text));
  }
  void commit(const std::string& subject) const {
    run("git add -A && git -c user.name=a -c user.email=a@example.org commit -q -m '" + subject + "'");
  }
  Git git(const std::string& below = "") const {
    auto opened = Git::open(to_variables(own_environment()), join_path(folder_.path(), below));
    EXPECT_TRUE(opened) << opened.error().message;
    return *opened;
  }
  std::optional<MigrationBase> base(const std::string& wanted = "") const {
    const Git here = git();
    auto found = find_base(&here, dialect_, wanted);
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }

  TemporaryFolder folder_;
  Migrations migrations_;
  Dialect dialect_;
};

TEST_F(MigrationBaseTest, is_the_last_commit_that_changed_the_revisions) {
  EXPECT_FALSE(base()) << "before the first commit";
  commit("first");
  write("other.txt", "y");
  commit("other");
  ASSERT_TRUE(base());
  EXPECT_NE(base()->shown.find("(first)"), std::string::npos) << base()->shown;
  EXPECT_FALSE(base()->is_cut);
  write("app/versions/sqlite/2.py", "two");
  EXPECT_NE(base()->shown.find("(first)"), std::string::npos) << "not committed yet";
  commit("second");
  EXPECT_NE(base()->shown.find("(second)"), std::string::npos);
  EXPECT_EQ(base("HEAD~2")->commit, base("main~2")->commit);
}

TEST_F(MigrationBaseTest, is_none_without_a_repository_or_revisions) {
  EXPECT_FALSE(find_base(nullptr, dialect_, "").value());
  EXPECT_FALSE(find_base(nullptr, dialect_, "main"));
  commit("first");
  dialect_.versions = "app/versions/other";
  EXPECT_FALSE(base());
  const Git here = git();
  const auto unknown = find_base(&here, dialect_, "--all");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "there is no commit `--all`");
}

TEST_F(MigrationBaseTest, tells_what_has_changed_since) {
  commit("first");
  const Git here = git();
  const auto changed = [&] { return changed_since(here, migrations_, dialect_, *base()).value(); };
  EXPECT_TRUE(changed().empty());
  write("other.txt", "z");
  write("app/new.py", "new");
  EXPECT_TRUE(changed().empty());
  write("app/versions/sqlite/2.py", "two");
  EXPECT_EQ(changed(), std::vector<std::string>{"app/versions/sqlite/2.py"});
  write("app/models.py", "two");
  run("git add -A");
  EXPECT_EQ(changed(), (std::vector<std::string>{"app/models.py", "app/versions/sqlite/2.py"}));
  EXPECT_EQ(revisions_of(here, dialect_, *base()).value(), std::vector<std::string>{"1.py"});
}

TEST_F(MigrationBaseTest, has_the_paths_of_a_project_in_a_subfolder) {
  commit("first");
  dialect_.versions = "versions/sqlite";
  migrations_.models.globs = *GlobList::parse({"models.py"});
  const Git here = git("app");
  const auto found = find_base(&here, dialect_, "");
  ASSERT_TRUE(found && *found);
  write("app/models.py", "two");
  EXPECT_EQ(changed_since(here, migrations_, dialect_, **found).value(),
            std::vector<std::string>{"models.py"});
  EXPECT_EQ(revisions_of(here, dialect_, **found).value(), std::vector<std::string>{"1.py"});
}

TEST_F(MigrationBaseTest, may_be_another_one_where_the_history_is_cut) {
  commit("first");
  write("other.txt", "y");
  commit("other");
  run("git clone -q --depth 1 'file://" + folder_.path() + "' clone");
  auto cut = Git::open(to_variables(own_environment()), folder_ / "clone");
  ASSERT_TRUE(cut);
  const auto found = find_base(&*cut, dialect_, "");
  ASSERT_TRUE(found && *found);
  EXPECT_TRUE((*found)->is_cut);
}

}  // namespace
}  // namespace devtask
