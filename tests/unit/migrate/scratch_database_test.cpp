#include "migrate/scratch_database.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migrate/postgresql_leftovers.h"
#include "unit/migrate/postgresql_fixture.h"

namespace devtask {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class ScratchDatabaseTest : public PostgresqlTest {
 protected:
  Template text(std::string_view url) { return Template::parse(url).value(); }
  std::vector<std::string> places() const { return {place_.path()}; }
  // As if it were somebody else's.
  DatabaseServer shared(const PostgresqlServer& server) {
    return server_at(to_text(server.access().for_tools), programs_).value();
  }
  ScratchDatabase in(const DatabaseServer& server, std::string_view url = "postgresql+asyncpg://{{server}}") {
    auto made = ScratchDatabase::in_server(text(url), server, places(), stop_);
    if (!made) throw std::runtime_error(render(made.error(), false));
    return std::move(*made);
  }
  std::string ask(const DatabaseServer& server, const std::string& database, const std::string& question) {
    const auto answer = server.client.with_database(database).run({question}, stop_);
    return answer ? *answer : render(answer.error(), false);
  }
  std::string databases(const DatabaseServer& server) {
    return ask(server, "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'devtask%'");
  }
  static std::string name_of(const ScratchDatabase& database) {
    return parse_database_url(database.url()).value().database;
  }
};

TEST_F(ScratchDatabaseTest, IsAFileInAFolder) {
  {
    const auto database =
        ScratchDatabase::in_folder(text("sqlite+aiosqlite:///{{scratch}}/db.sqlite"), places(), stop_)
            .value();
    EXPECT_EQ(database.url(), "sqlite+aiosqlite:///" + database.folder() + "/db.sqlite");
    EXPECT_EQ(left().size(), 1U);
  }
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ScratchDatabaseTest, IsNeverOneThatIsThereAlready) {
  const auto file = ScratchDatabase::in_folder(text("sqlite:////home/me/db.sqlite"), places(), stop_);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message, "the URL of a scratch database has no {{scratch}}");
  const DatabaseServer nobodys{{programs_, DatabaseUrl()}, {}, true};
  const auto named = ScratchDatabase::in_server(text("postgresql://me@host/x"), nobodys, places(), stop_);
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().message, "the URL of a scratch database has no {{server}}");
}

TEST_F(ScratchDatabaseTest, IsEmptyAndOfItsOwn) {
  const PostgresqlServer server = start();
  const ScratchDatabase one = in(server.access()), other = in(server.access(), "postgresql://{{server}}?a=b");
  EXPECT_THAT(one.url(), MatchesRegex("postgresql\\+asyncpg://devtask@/devtask_[0-9a-f]+\\?host=/.*/db"));
  EXPECT_THAT(other.url(), MatchesRegex("postgresql://devtask@/devtask_[0-9a-f]+\\?host=/.*/db&a=b"));
  EXPECT_EQ(ask(server.access(), name_of(one), "CREATE TABLE t (x int)"), "");
  EXPECT_THAT(ask(server.access(), name_of(other), "SELECT * FROM t"),
              HasSubstr("relation \"t\" does not exist"));
}

TEST_F(ScratchDatabaseTest, IsReachedOnLoopbackByTools) {
  PostgresqlRequest loopback = request();
  loopback.loopback = true;
  const PostgresqlServer server = start(loopback);
  const ScratchDatabase database = in(server.access());
  EXPECT_THAT(mask_database_url(database.url()),
              MatchesRegex("postgresql\\+asyncpg://devtask:\\*\\*\\*@127.0.0.1:[0-9]+/devtask_[0-9a-f]+"));
  const DatabaseServer tools = server_at(database.url(), programs_).value();
  EXPECT_EQ(ask(tools, name_of(database), "SELECT 1"), "1\n");
}

TEST_F(ScratchDatabaseTest, IsDroppedInAServerOfOthers) {
  const PostgresqlServer server = start();
  const DatabaseServer there = shared(server);
  const std::string before = databases(there);
  {
    const ScratchDatabase database = in(there);
    EXPECT_EQ(databases(there), name_of(database) + "\n");
    stop_.request();  // also then
  }
  StopRequest fresh;
  EXPECT_EQ(
      there.client.run({"SELECT count(*) FROM pg_database WHERE datname LIKE 'devtask%'"}, fresh).value(),
      "0\n");
  EXPECT_EQ(left().size(), 1U);  // the server's
}

TEST_F(ScratchDatabaseTest, OfAKilledProcessIsDroppedTheNextTime) {
  const PostgresqlServer server = start(), another = start();
  const DatabaseServer there = shared(server);
  const pid_t child = ::fork();
  if (child == 0) {
    const ScratchDatabase database = in(there);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_THAT(databases(there), MatchesRegex("devtask_[0-9a-f]+\n"));
  { const ScratchDatabase elsewhere = in(shared(another)); }
  EXPECT_THAT(databases(there), MatchesRegex("devtask_[0-9a-f]+\n"));  // noted still
  const ScratchDatabase next = in(there);
  EXPECT_EQ(databases(there), name_of(next) + "\n");
}

TEST_F(ScratchDatabaseTest, IsRestoredFromAnImage) {
  const PostgresqlServer server = start();
  const DatabaseServer access = server.access();
  const std::string image = place_ / "image";
  ScratchDatabase one = in(access);
  ask(access, name_of(one),
      "CREATE TABLE t (x int PRIMARY KEY, y text DEFAULT 'a'); INSERT INTO t VALUES (42)");
  ask(access, name_of(one), "CREATE EXTENSION pg_trgm");
  ASSERT_TRUE(one.save(image, stop_));
  ScratchDatabase other = in(access);
  const auto restored = other.restore(image, stop_);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(ask(access, name_of(other), "SELECT * FROM public.t"), "42|a\n");
  const std::string again = place_ / "again";
  ASSERT_TRUE(other.save(again, stop_));
  EXPECT_EQ(read_file(image).value(), read_file(again).value());
  // Only into an empty one: all or nothing.
  EXPECT_THAT(other.restore(image, stop_).error().message, HasSubstr("already exists"));
  EXPECT_EQ(ask(access, name_of(other), "SELECT count(*) FROM public.t"), "1\n");
}

TEST_F(ScratchDatabaseTest, IsNotRestoredFromAnotherVersionsImage) {
  const PostgresqlServer server = start();
  const DatabaseServer access = server.access();
  const std::string image = place_ / "image";
  ScratchDatabase database = in(access);
  ASSERT_TRUE(write_file(image, "--\n-- Dumped from database version 99.1 (x)\nCREATE TABLE t (x int);\n"));
  EXPECT_THAT(
      database.restore(image, stop_).error().message,
      HasSubstr("the image was made with version 99 of the server, and this one is " + programs_.version));
  ASSERT_TRUE(write_file(image, "CREATE TABLE t (x int);\n"));
  EXPECT_THAT(database.restore(image, stop_).error().message,
              HasSubstr("is no image of a PostgreSQL database"));
  EXPECT_EQ(ask(access, name_of(database), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
            "0\n");
}

TEST_F(ScratchDatabaseTest, SaysWhatIsWrongWithoutThePassword) {
  const DatabaseServer there =
      server_at("postgresql://me:secret@127.0.0.1:1/x", programs_).value();  // nobody listens
  const auto made = ScratchDatabase::in_server(text("postgresql://{{server}}"), there, places(), stop_);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("Connection refused"));
  EXPECT_THAT(render(made.error(), false), Not(HasSubstr("secret")));
  // What is libpq's in a query is not every driver's.
  EXPECT_EQ(to_text(server_at("postgresql://h?sslmode=require&host=/run", programs_)->for_tools),
            "postgresql://h/postgres?host=/run");
  EXPECT_FALSE(server_at("mysql://me:secret@h/x", programs_));
  EXPECT_THAT(render(server_at("mysql://me:secret@h/x", programs_).error(), false), Not(HasSubstr("secret")));
}

TEST_F(ScratchDatabaseTest, LeavesNoHalfImageOnAFullDisk) {
  const PostgresqlServer server = start();
  const SmallDisk disk(place_ / "disk", 1);
  if (!disk.is_there()) GTEST_SKIP() << "cannot mount here";
  const std::string image = disk.path() + "/image", large = place_ / "large";
  ASSERT_TRUE(write_file(image, "an older one"));

  ScratchDatabase database = in(server.access());
  ask(server.access(), name_of(database),
      "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 3000)");
  EXPECT_THAT(database.save(image, stop_).error().message, HasSubstr("No space left on device"));
  ScratchDatabase file =
      ScratchDatabase::in_folder(text("sqlite:///{{scratch}}/db"), places(), stop_).value();
  sqlite3* content = nullptr;
  ASSERT_EQ(sqlite3_open((file.folder() + "/db").c_str(), &content), SQLITE_OK);
  const char* fill = "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(3000000))";
  ASSERT_EQ(sqlite3_exec(content, fill, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(content);
  EXPECT_THAT(file.save(image, stop_).error().message, HasSubstr("full"));
  EXPECT_EQ(read_file(image).value(), "an older one");
  EXPECT_EQ(list_folder(disk.path()).value().size(), 1U);

  // What is restored is not there by half either.
  ASSERT_TRUE(file.save(large, stop_));
  ScratchDatabase small =
      ScratchDatabase::in_folder(text("sqlite:///{{scratch}}/db"), {disk.path()}, stop_).value();
  EXPECT_THAT(small.restore(large, stop_).error().message, HasSubstr("full"));
  EXPECT_THAT(list_folder(small.folder()).value(), IsEmpty());
}

TEST(SettleDump, GivesTheSameTextForTheSameContent) {
  const std::string one = settle_dump("--\n\n\\restrict abc\n\nCREATE\n\n\\unrestrict abc\n\n"),
                    other = settle_dump("--\n\n\\restrict defghi\n\nCREATE\n\n\\unrestrict defghi\n\n"),
                    different = settle_dump("--\n\n\\restrict abc\n\nDROP\n\n\\unrestrict abc\n\n");
  EXPECT_EQ(one, other);
  EXPECT_THAT(one, MatchesRegex("--\n\n.restrict ([0-9a-f]+)\n\nCREATE\n\n.unrestrict ([0-9a-f]+)\n\n"));
  EXPECT_NE(one.substr(0, 40), different.substr(0, 40));
  for (const std::string text : {"CREATE\n", "\n\\restrict a\n\n\\unrestrict b\n", "\n\\restrict abc", ""})
    EXPECT_EQ(settle_dump(text), text);
}

}  // namespace
}  // namespace devtask
