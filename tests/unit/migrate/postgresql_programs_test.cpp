#include "migrate/postgresql_programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "os/file.h"

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PostgresqlProgramsTest : public testing::Test {
 protected:
  std::string server(const std::string& folder, const std::string& script = "exit 1") {
    const std::string at = root_ + folder;
    EXPECT_TRUE(make_folders(at));
    for (const char* program : {"/postgres", "/initdb"})
      EXPECT_TRUE(write_file(at + program, "#!/bin/sh\n" + script + "\n", 0755));
    return at;
  }

  TemporaryFolder folder_;
  std::string root_ = real_path(folder_.path()).value();
  StopRequest stop_;
};

TEST_F(PostgresqlProgramsTest, ComeFromPathThenFromTheUsualFoldersNewestFirst) {
  const std::string nine = server("/usr/lib/postgresql/9.6/bin"), ten = server("/usr/lib/postgresql/10/bin"),
                    own = server("/own"), red = server("/usr/pgsql-16/bin");
  ASSERT_TRUE(make_folders(root_ + "/usr/lib/postgresql/17/bin"));  // a client alone
  EXPECT_THAT(postgresql_folders("relative:" + own + ":" + root_ + "/none", root_, {"postgres", "initdb"}),
              ElementsAre(own, ten, nine, red));
}

TEST_F(PostgresqlProgramsTest, AreBesideTheRealFile) {
  const std::string real = server("/usr/lib/postgresql/15/bin");
  ASSERT_TRUE(make_folders(root_ + "/bin"));
  ASSERT_TRUE(make_link(real + "/postgres", root_ + "/bin/postgres"));
  EXPECT_THAT(postgresql_folders(root_ + "/bin", root_, {"postgres", "initdb"}), ElementsAre(real));
  EXPECT_THAT(postgresql_folders("", root_ + "/none", {"postgres"}), IsEmpty());
}

TEST_F(PostgresqlProgramsTest, TellTheirVersion) {
  EXPECT_EQ(postgresql_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), "15.18");
  EXPECT_EQ(postgresql_version("postgres (PostgreSQL) 17beta1\n"), "17beta1");
  EXPECT_EQ(postgresql_version("postgres (PostgreSQL) ../x\n"), "");
  EXPECT_EQ(postgresql_version("nothing"), "");
  EXPECT_EQ(major_version("15.18"), "15");
  EXPECT_EQ(major_version("17beta1"), "17");
}

TEST_F(PostgresqlProgramsTest, MustBeAbleToStart) {
  const std::string broken = server("/broken", "echo cannot load a library >&2; exit 127"),
                    good = server("/good", "echo 'postgres (PostgreSQL) 15.18'");
  const auto found = find_postgresql(broken + ":" + good, stop_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->path("psql"), good + "/psql");
  EXPECT_EQ(found->version, "15.18");
}

TEST_F(PostgresqlProgramsTest, AreNamedByTheirPackageWhenTheyAreMissing) {
  const auto missing = find_postgresql("/nowhere", stop_, root_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "there is no PostgreSQL server on this machine");
  EXPECT_THAT(missing.error().help, HasSubstr("the package `postgresql` of Debian and Ubuntu"));
  const std::string broken = server("/broken", "echo cannot load a library >&2; exit 127");
  const auto useless = find_postgresql(broken, stop_, root_);
  ASSERT_FALSE(useless);
  EXPECT_THAT(useless.error().notes, ElementsAre("`" + broken + "/postgres` does not tell its version"));
}

TEST_F(PostgresqlProgramsTest, AreFewerForAServerElsewhere) {
  EXPECT_EQ(find_postgresql_client("", root_).error().message,
            "there is no `psql` and `pg_dump` on this machine");
  const std::string folder = root_ + "/usr/lib/postgresql/15/bin";
  ASSERT_TRUE(make_folders(folder));
  for (const char* program : {"/psql", "/pg_dump"}) ASSERT_TRUE(write_file(folder + program, "", 0755));
  EXPECT_EQ(find_postgresql_client("", root_)->folder, folder);
}

}  // namespace
}  // namespace devtask
