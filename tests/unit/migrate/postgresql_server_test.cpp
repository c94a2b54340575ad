#include "migrate/postgresql_server.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "migrate/postgresql_client.h"
#include "unit/migrate/postgresql_fixture.h"

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PostgresqlServerTest : public PostgresqlTest {
 protected:
  static std::string segments() { return read_file("/proc/sysvipc/shm").value(); }
  std::string ask(const PostgresqlServer& server, const std::string& question) {
    return ask(server.access().client.url(), question);
  }
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
    EXPECT_EQ(ask(server, "SELECT 6 * 7"), "42\n");
    EXPECT_EQ(ask(server, "SHOW listen_addresses"), "\n");
    EXPECT_EQ(ask(server, "SHOW server_version_num").substr(0, major_version(programs_.version).size()),
              major_version(programs_.version));
    EXPECT_EQ(server.access().for_tools, server.access().client.url());
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
  DatabaseUrl url = server.access().for_tools;
  EXPECT_EQ(url.host, "127.0.0.1");
  EXPECT_EQ(ask(url, "SELECT inet_server_addr()"), "127.0.0.1\n");
  EXPECT_EQ(ask(server, "SHOW listen_addresses"), "127.0.0.1\n");
  url.password = "another";
  EXPECT_THAT(ask(url, "SELECT 1"), HasSubstr("password authentication failed"));
  url.password.reset();
  EXPECT_THAT(ask(url, "SELECT 1"), HasSubstr("no password supplied"));
}

TEST_F(PostgresqlServerTest, KeepsWhatInitdbMade) {
  const TemporaryFolder clusters;
  PostgresqlRequest own = request();
  own.clusters = clusters.path();
  const std::string major(major_version(programs_.version)), older = "postgresql-" + major + ".0-1";
  ASSERT_TRUE(make_folders(clusters / older + "/global"));
  ASSERT_TRUE(make_folders(clusters / "postgresql-9.6-1"));
  ASSERT_TRUE(make_folders(clusters / "another"));
  { start(own); }
  EXPECT_EQ(stat_file(clusters / older).kind, FileKind::kAbsent);
  ASSERT_TRUE(remove_tree(clusters / "postgresql-9.6-1"));
  ASSERT_TRUE(remove_tree(clusters / "another"));
  const auto kept = list_folder(clusters.path()).value();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].name, "postgresql-" + programs_.version + "-1");
  // It is what is used: with a program that cannot run it is not made again.
  const std::string hidden = clusters / kept[0].name + "/PG_VERSION";
  const std::string version = read_file(hidden).value();
  ASSERT_TRUE(write_file(clusters / kept[0].name + "/mark", "kept"));
  {
    const PostgresqlServer server = start(own);
    EXPECT_EQ(ask(server, "SELECT pg_read_file('mark')"), "kept\n");
  }
  // One of another version, or a damaged one, is made anew.
  ASSERT_TRUE(write_file(hidden, "9.6\n"));
  {
    const PostgresqlServer server = start(own);
    EXPECT_EQ(ask(server, "SELECT 1"), "1\n");
  }
  EXPECT_EQ(read_file(hidden).value(), version);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(PostgresqlServerTest, RunsBesideOthers) {
  const PostgresqlServer one = start(), other = start();
  EXPECT_NE(one.access().for_tools, other.access().for_tools);
  EXPECT_EQ(ask(one, "CREATE DATABASE x") + ask(other, "CREATE DATABASE x"), "");
}

TEST_F(PostgresqlServerTest, SaysWhenItHasDied) {
  const PostgresqlServer server = start();
  ::kill(server.process_id(), SIGKILL);
  while (server.check()) ::usleep(1000);
  EXPECT_EQ(server.check().error().message, "the PostgreSQL server ended, with exit status 137");
  EXPECT_THAT(server.check().error().notes, testing::Contains(HasSubstr("ready to accept connections")));
  EXPECT_THAT(ask(server, "SELECT 1"), HasSubstr("connection to server on socket"));
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

TEST_F(PostgresqlServerTest, LeavesNoMemoryWhenItIsKilled) {
  std::string id;
  {
    const PostgresqlServer server = start();
    const std::string where = "/proc/" + std::to_string(server.process_id()) + "/cwd/postmaster.pid";
    const std::string note = read_file(where).value();
    std::istringstream lines(note);
    for (int line = 0; line < 7; ++line) std::getline(lines, id);
    id = id.substr(id.rfind(' '));
    EXPECT_THAT(segments(), HasSubstr(id + " "));
    ::kill(server.process_id(), SIGKILL);
    while (server.check()) ::usleep(1000);
  }
  EXPECT_THAT(processes(), IsEmpty());
  EXPECT_THAT(segments(), Not(HasSubstr(id + " ")));
  EXPECT_THAT(left(), IsEmpty());
}

// Scripts in the place of the server's programs.
class ReplacedProgramsTest : public PostgresqlServerTest {
 protected:
  ReplacedProgramsTest() {
    (void)set_mode(folder_.path(), 0755);
    for (const char* program : {"initdb", "postgres"}) replace(program, "");
    EXPECT_TRUE(make_link(programs_.path("psql"), folder_ / "psql"));
    request_ = {{folder_.path(), programs_.version}, {place_.path()}, clusters_of_tests(), false};
  }
  // Does that first, then what it does otherwise.
  void replace(const std::string& program, const std::string& before) {
    EXPECT_TRUE(write_file(folder_ / program,
                           "#!/bin/sh\n" + before + "\nexec '" + programs_.path(program) + "' \"$@\"\n",
                           0755));
  }
  // Its standard output becomes readable once it does that.
  std::string wait_at(const std::string& mark) { return ": > '" + mark + "'; exec sleep 3600"; }
  // Asks for a stop once the file is there; the start fails then.
  void stop_at(const std::string& mark) {
    std::jthread stopper([&] {
      while (stat_file(mark).kind == FileKind::kAbsent) ::usleep(1000);
      stop_.request();
    });
    const auto server = PostgresqlServer::start(request_, stop_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().message, "interrupted");
    EXPECT_THAT(left(), IsEmpty());
    EXPECT_THAT(processes(), IsEmpty());
  }

  TemporaryFolder folder_;
  PostgresqlRequest request_;
};

TEST_F(ReplacedProgramsTest, AreStoppedWhileTheyMakeACluster) {
  ASSERT_TRUE(set_mode(folder_.path(), 0777));
  request_.clusters = "";
  replace("initdb", wait_at(folder_ / "here"));
  stop_at(folder_ / "here");
}

TEST_F(ReplacedProgramsTest, AreStoppedBeforeTheyAnswer) {
  ASSERT_TRUE(set_mode(folder_.path(), 0777));
  replace("postgres", wait_at(folder_ / "here"));
  stop_at(folder_ / "here");
}

TEST_F(ReplacedProgramsTest, LeaveNoMemoryWhenTheyCrash) {
  const int id = ::shmget(IPC_PRIVATE, 56, 0600), other = ::shmget(IPC_PRIVATE, 56, 0600);
  ASSERT_GE(id, 0);
  const auto exists = [](int segment) {
    shmid_ds found{};
    return ::shmctl(segment, IPC_STAT, &found) == 0;
  };
  request_.clusters = "";
  const auto crash = [&](unsigned key, int segment) {
    replace("initdb",
            fmt::format(
                "mkdir data; printf '1\\n2\\n3\\n4\\n5\\n\\n %d %d\\n' {} {} > data/postmaster.pid; exit 1",
                key, segment));
    EXPECT_FALSE(PostgresqlServer::start(request_, stop_));
  };
  crash(0, id);  // the key that a private one has
  EXPECT_FALSE(exists(id));
  crash(4711, other);  // not the one that was meant
  EXPECT_TRUE(exists(other));
  ::shmctl(other, IPC_RMID, nullptr);
}

TEST_F(ReplacedProgramsTest, AreStartedAgainWhenAPortWasTaken) {
  ASSERT_TRUE(set_mode(folder_.path(), 0777));
  request_.loopback = true;
  replace("postgres", "[ -e '" + (folder_ / "tried") + "' ] || { : > '" + (folder_ / "tried") +
                          "'; echo 'LOG:  could not bind IPv4 address: Address already in use'; exit 1; }");
  const PostgresqlServer server = start(request_);
  EXPECT_EQ(stat_file(folder_ / "tried").kind, FileKind::kRegular);
  EXPECT_EQ(ask(server.access().for_tools, "SELECT 1"), "1\n");
  EXPECT_EQ(left().size(), 1U);
}

TEST_F(ReplacedProgramsTest, AreGivenUpWhenNoPortIsFree) {
  request_.loopback = true;
  request_.clusters = "";
  replace("initdb", "exit 0");
  replace("postgres", "echo 'LOG:  could not bind IPv4 address: Address already in use'; exit 1");
  const auto server = PostgresqlServer::start(request_, stop_);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().notes, ElementsAre(HasSubstr("Address already in use")));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(PostgresqlServerTest, IsMadeByTwoAtOnce) {
  const TemporaryFolder clusters;
  PostgresqlRequest own = request();
  own.clusters = clusters.path();
  std::string answers[2];
  {
    std::jthread one([&] { answers[0] = ask(start(own), "SELECT 1"); });
    std::jthread other([&] { answers[1] = ask(start(own), "SELECT 1"); });
  }
  EXPECT_THAT(answers, ElementsAre("1\n", "1\n"));
  EXPECT_THAT(left(), IsEmpty());
  const auto kept = list_folder(clusters.path()).value();
  EXPECT_EQ(kept.size(), 1U);
}

TEST_F(PostgresqlServerTest, LeavesNothingOnAFullDisk) {
  start();  // the cluster is there
  for (const int megabytes : {1, 8, 24, 30}) {
    const SmallDisk disk(place_ / "disk", megabytes);
    if (!disk.is_there()) GTEST_SKIP() << "cannot mount here";
    PostgresqlRequest small = request();
    small.places = {disk.path()};
    for (const std::string& kept : {clusters_of_tests(), std::string()}) {
      small.clusters = kept;
      const auto server = PostgresqlServer::start(small, stop_);
      if (!server) {
        EXPECT_THAT(render(server.error(), false), HasSubstr("No space left on device")) << megabytes;
      } else {
        EXPECT_GT(megabytes, 24);
      }
    }
    EXPECT_THAT(list_folder(disk.path()).value(), IsEmpty());
  }
  EXPECT_THAT(processes(), IsEmpty());
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
