#include "migrate/postgresql_server.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migrate/postgresql_client.h"
#include "unit/migrate/postgresql_fixture.h"

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PostgresqlServerTest : public PostgresqlTest {
 protected:
  std::string ask(const DatabaseUrl& url, const std::string& question) {
    const auto answer = PostgresqlClient(programs_, url).run({question}, stop_);
    return answer ? *answer : render(answer.error(), false);
  }
};

TEST_F(PostgresqlServerTest, AnswersForAsLongAsItLives) {
  int pid = 0;
  {
    const PostgresqlServer server = start();
    pid = server.process_id();
    EXPECT_TRUE(server.check());
    EXPECT_EQ(ask(server.url(), "SELECT 6 * 7"), "42\n");
    EXPECT_EQ(ask(server.url(), "SHOW listen_addresses"), "\n");
    EXPECT_EQ(ask(server.url(), "SHOW server_version_num").substr(0, major_version(programs_.version).size()),
              major_version(programs_.version));
    EXPECT_FALSE(server.loopback_url());
    EXPECT_EQ(left().size(), 1U);
  }
  EXPECT_FALSE(process_alive(pid));
  EXPECT_THAT(processes(), IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(PostgresqlServerTest, IsNotRoots) {
  const PostgresqlServer server = start();
  const std::string status = read_file("/proc/" + std::to_string(server.process_id()) + "/status").value();
  EXPECT_THAT(status, Not(HasSubstr("Uid:\t0")));
  EXPECT_THAT(status, Not(HasSubstr("Gid:\t0")));
  if (::geteuid() == 0) {
    EXPECT_THAT(status, HasSubstr("Groups:\t \n"));
  }
}

TEST_F(PostgresqlServerTest, ListensOnLoopbackIfAskedWithAPassword) {
  PostgresqlRequest loopback = request();
  loopback.loopback = true;
  const PostgresqlServer server = start(loopback);
  DatabaseUrl url = server.loopback_url().value();
  EXPECT_EQ(url.host, "127.0.0.1");
  EXPECT_EQ(ask(url, "SELECT inet_server_addr()"), "127.0.0.1\n");
  EXPECT_EQ(ask(server.url(), "SHOW listen_addresses"), "127.0.0.1\n");
  url.password = "another";
  EXPECT_THAT(ask(url, "SELECT 1"), HasSubstr("password authentication failed"));
  url.password.reset();
  EXPECT_THAT(ask(url, "SELECT 1"), HasSubstr("no password supplied"));
}

TEST_F(PostgresqlServerTest, KeepsWhatInitdbMade) {
  const TemporaryFolder clusters;
  PostgresqlRequest own = request();
  own.clusters = clusters.path();
  { start(own); }
  const auto kept = list_folder(clusters.path()).value();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].name, "postgresql-" + programs_.version + "-1");
  // It is what is used: with a program that cannot run it is not made again.
  const std::string hidden = clusters / kept[0].name + "/PG_VERSION";
  const std::string version = read_file(hidden).value();
  ASSERT_TRUE(write_file(clusters / kept[0].name + "/mark", "kept"));
  {
    const PostgresqlServer server = start(own);
    EXPECT_EQ(ask(server.url(), "SELECT pg_read_file('mark')"), "kept\n");
  }
  // One of another version, or a damaged one, is made anew.
  ASSERT_TRUE(write_file(hidden, "9.6\n"));
  {
    const PostgresqlServer server = start(own);
    EXPECT_EQ(ask(server.url(), "SELECT 1"), "1\n");
  }
  EXPECT_EQ(read_file(hidden).value(), version);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(PostgresqlServerTest, RunsBesideOthers) {
  const PostgresqlServer one = start(), other = start();
  EXPECT_NE(one.url(), other.url());
  EXPECT_EQ(ask(one.url(), "CREATE DATABASE x") + ask(other.url(), "CREATE DATABASE x"), "");
}

TEST_F(PostgresqlServerTest, SaysWhenItHasDied) {
  const PostgresqlServer server = start();
  ::kill(server.process_id(), SIGKILL);
  while (server.check()) ::usleep(1000);
  EXPECT_EQ(server.check().error().message, "the PostgreSQL server ended, with exit status 137");
  EXPECT_THAT(server.check().error().notes, testing::Contains(HasSubstr("ready to accept connections")));
  EXPECT_THAT(ask(server.url(), "SELECT 1"), HasSubstr("connection to server on socket"));
}

TEST_F(PostgresqlServerTest, LeavesNothingWhenStoppedWhileItStarts) {
  stop_.request();
  const auto server = PostgresqlServer::start(request(), stop_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().message, "interrupted");
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_THAT(processes(), IsEmpty());
}

TEST_F(PostgresqlServerTest, LeavesNothingWhenItCannotStart) {
  // A program that says something and fails, in place of the server's.
  const TemporaryFolder broken;
  ASSERT_TRUE(set_mode(broken.path(), 0755));
  ASSERT_TRUE(write_file(broken / "initdb", "#!/bin/sh\necho one; echo cannot do it >&2; exit 3\n", 0755));
  PostgresqlRequest other{{broken.path(), "15.18"}, {place_.path()}, "", false};
  const auto server = PostgresqlServer::start(other, stop_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().message, "`initdb` of PostgreSQL 15.18 failed with exit status 3");
  EXPECT_THAT(server.error().notes, ElementsAre("one", "cannot do it"));
  ASSERT_TRUE(write_file(broken / "initdb", "#!/bin/sh\nmkdir data\n", 0755));
  ASSERT_TRUE(write_file(broken / "postgres", "#!/bin/sh\necho FATAL: no; exit 1\n", 0755));
  const auto ended = PostgresqlServer::start(other, stop_);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().message, "the PostgreSQL server ended, with exit status 1");
  EXPECT_THAT(ended.error().notes, ElementsAre("FATAL: no"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(PostgresqlServerTest, DoesNotOutliveAKilledProcess) {
  start();  // the cluster is there
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    StopRequest stop;
    const auto server = PostgresqlServer::start(request(), stop);
    const int pid = server ? server->process_id() : 0;
    (void)!::write(ends[1], &pid, sizeof pid);
    ::kill(::getpid(), SIGKILL);
  }
  int pid = 0;
  ASSERT_EQ(::read(ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  while (process_alive(pid)) ::usleep(1000);
  EXPECT_EQ(left().size(), 1U);  // its folder
  {
    const PostgresqlServer next = start();
    EXPECT_EQ(left().size(), 1U);  // its own
  }
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_THAT(processes(), IsEmpty());
}

}  // namespace
}  // namespace devtask
