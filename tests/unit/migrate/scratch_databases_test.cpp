#include "migrate/scratch_databases.h"

#include <gmock/gmock.h>
#include <signal.h>

#include "unit/migrate/postgresql_fixture.h"

namespace devtask {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ScratchDatabasesTest : public PostgresqlTest {
 protected:
  ScratchKind kind(std::string_view url, std::string server, bool loopback = false) {
    return {Template::parse(url).value(), std::move(server), loopback};
  }
  ScratchDatabase make(const ScratchKind& wanted) {
    auto made = databases_.make(wanted, stop_);
    if (!made) throw std::runtime_error(render(made.error(), false));
    return std::move(*made);
  }

  ScratchDatabases databases_{{place_.path()}, clusters_of_tests(), "/usr/bin"};
};

TEST_F(ScratchDatabasesTest, StartNoServerForFiles) {
  {
    const ScratchDatabase file = make(kind("sqlite:///{{scratch}}/x.db", ""));
    EXPECT_THAT(processes(), IsEmpty());
    EXPECT_TRUE(databases_.check());
  }
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ScratchDatabasesTest, ShareAServer) {
  const ScratchKind wanted = kind("postgresql://{{server}}", "postgresql");
  const ScratchDatabase one = make(wanted), other = make(wanted);
  const DatabaseUrl first = parse_database_url(one.url()).value(),
                    second = parse_database_url(other.url()).value();
  EXPECT_EQ(first.query, second.query);
  EXPECT_NE(first.database, second.database);
  const ScratchDatabase loopback = make(kind("postgresql+pg8000://{{server}}", "postgresql", true));
  EXPECT_EQ(parse_database_url(loopback.url()).value().host, "127.0.0.1");
  // Somebody else's, so to speak.
  const ScratchDatabase there = make(kind("postgresql://{{server}}", one.url()));
  EXPECT_EQ(parse_database_url(there.url()).value().query, first.query);
  EXPECT_THAT(parse_database_url(there.url()).value().database, StartsWith("devtask_"));
}

TEST_F(ScratchDatabasesTest, TellOfAServerThatHasDied) {
  const ScratchKind wanted = kind("postgresql://{{server}}", "postgresql");
  const ScratchDatabase one = make(wanted);
  for (const int pid : processes()) ::kill(pid, SIGKILL);
  while (databases_.check()) ::usleep(1000);
  EXPECT_THAT(databases_.check().error().message, HasSubstr("the PostgreSQL server ended"));
  EXPECT_EQ(databases_.make(wanted, stop_).error().message, databases_.check().error().message);
}

TEST_F(ScratchDatabasesTest, SayWhichServersThereAre) {
  EXPECT_EQ(databases_.make(kind("mysql://{{server}}", "mysql"), stop_).error().message,
            "what should name a database server is no URL");
  EXPECT_THAT(databases_.make(kind("mysql://{{server}}", "mysql://me:secret@h"), stop_).error().message,
              HasSubstr("`mysql://me:***@h` is not the URL of a PostgreSQL server"));
}

}  // namespace
}  // namespace devtask
