#include "os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{30};
constexpr milliseconds kForEver{3'600'000};

bool always() { return true; }

class ProcessTest : public testing::Test {
 protected:
  // What a test leaves running must not become somebody else's.
  ProcessTest() { adopt_orphans(); }
  ~ProcessTest() override { kill_descendants(); }

  ProcessRequest shell(const std::string& script) {
    ProcessRequest request;
    request.program = "/bin/sh";
    request.argv = {"sh", "-c", script};
    request.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    request.folder = folder_.path();
    request.grace = kForEver;
    request.output = [this](std::string_view bytes) { output_ += bytes; };
    request.started = [this](int group) { group_ = group; };
    return request;
  }
  ProcessOutcome run(const ProcessRequest& request) {
    auto outcome = run_process(request, stop_);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome.value_or(ProcessOutcome{-1});
  }
  ProcessOutcome run(const std::string& script) { return run(shell(script)); }
  // Calls `then` once the process has written a line.
  template <class F>
  ProcessRequest after_first_line(const std::string& script, F then) {
    ProcessRequest request = shell(script);
    request.output = [this, then](std::string_view bytes) {
      const bool had_line = output_.find('\n') != std::string::npos;
      output_ += bytes;
      if (!had_line && output_.find('\n') != std::string::npos) then();
    };
    return request;
  }
  bool group_is_gone() const { return ::kill(-group_, 0) != 0 && errno == ESRCH; }

  TemporaryFolder folder_;
  StopRequest stop_;
  std::string output_;
  int group_ = -1;
};

TEST_F(ProcessTest, TellsTheExitStatus) {
  EXPECT_EQ(run("exit 0").exit_status, 0);
  EXPECT_EQ(run("exit 3").exit_status, 3);
  EXPECT_EQ(run("kill -TERM $$").exit_status, 128 + SIGTERM);
  EXPECT_EQ(run("kill -KILL $$").exit_status, 128 + SIGKILL);
  const ProcessOutcome outcome = run("exit 0");
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_FALSE(outcome.stopped);
}

TEST_F(ProcessTest, MixesBothStreamsInOrder) {
  run("echo one; echo two >&2; echo three; printf four >&2");
  EXPECT_EQ(output_, "one\ntwo\nthree\nfour");
}

TEST_F(ProcessTest, PassesOnMoreThanAPipeHolds) {
  run("head -c 1000000 /dev/zero | tr '\\0' x");
  EXPECT_EQ(output_, std::string(1'000'000, 'x'));
}

TEST_F(ProcessTest, GivesTheProcessItsSurroundingsAndNothingElse) {
  ProcessRequest request = shell("pwd -P; env | grep -v '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=' | sort; cat");
  request.env.push_back("A=two\nlines");
  run(request);
  EXPECT_EQ(output_,
            real_path(folder_.path()).value() + "\nA=two\nPATH=/usr/local/bin:/usr/bin:/bin\nlines\n");
}

TEST_F(ProcessTest, OpensNothingForTheProcessButTheStandardStreams) {
  const Fd ours(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::size_t inherited = 0;  // by this test from whoever started it, and so by its children
  const auto open_now = list_folder("/proc/self/fd").value();
  for (const FolderEntry& entry : open_now) {
    const int fd = std::stoi(entry.name), flags = ::fcntl(fd, F_GETFD);
    if (fd > 2 && flags >= 0 && (flags & FD_CLOEXEC) == 0) ++inherited;
  }
  run("ls /proc/self/fd | wc -l");  // `ls` itself has the folder open
  EXPECT_EQ(output_, std::to_string(inherited + 4) + "\n");
}

TEST_F(ProcessTest, StartsItWithSignalsAsUsual) {
  StopRequest unused;
  const auto watch = SignalWatch::start(unused);  // blocks some, ignores SIGPIPE
  run("sed -n 's/^Sig\\(Blk\\|Ign\\):.//p' /proc/self/status");
  ::signal(SIGPIPE, SIG_DFL);
  for (const std::size_t line : {0U, 17U}) {
    // Those above 31 are not ours to set: glibc keeps two of them for itself.
    EXPECT_EQ(std::stoull(output_.substr(line, 16), nullptr, 16) & 0x7fffffff, 0U) << output_;
  }
}

TEST_F(ProcessTest, PutsItInAGroupOfItsOwn) {
  run("echo $$; cut -d' ' -f5 /proc/$$/stat");
  const std::string leader = std::to_string(group_);
  EXPECT_EQ(output_, leader + "\n" + leader + "\n");
}

TEST_F(ProcessTest, SaysWhenItCannotStart) {
  ProcessRequest request = shell("exit 0");
  request.folder = folder_ / "none";
  EXPECT_EQ(run_process(request, stop_).error().message,
            "cannot start `/bin/sh` in `" + (folder_ / "none") + "`: No such file or directory");
  request.folder = folder_.path();
  request.argv.push_back(std::string(1u << 20, 'x'));
  EXPECT_EQ(run_process(request, stop_).error().message,
            "the command line or the environment of `/bin/sh` is too long");
}

TEST_F(ProcessTest, SaysWhenThereIsNoSuchProgram) {
  ProcessRequest request = shell("");
  request.program = folder_ / "none";
  EXPECT_EQ(run_process(request, stop_).error().message, "cannot start `" + (folder_ / "none") + "` in `" +
                                                             folder_.path() + "`: No such file or directory");
}

TEST_F(ProcessTest, EndsAtItsTimeLimit) {
  ProcessRequest request = shell("echo before; exec sleep 3600");
  request.timeout = kShort;
  const ProcessOutcome outcome = run(request);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_FALSE(outcome.stopped);
  EXPECT_EQ(outcome.exit_status, 128 + SIGTERM);
  EXPECT_GE(outcome.duration, kShort);
  EXPECT_TRUE(group_is_gone());
}

TEST_F(ProcessTest, LetsItCleanUpAtItsTimeLimit) {
  ProcessRequest request = shell("trap 'echo cleaned; exit 7' TERM; echo ready; sleep 3600 & wait");
  request.timeout = milliseconds(300);
  const ProcessOutcome outcome = run(request);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_status, 7);
  EXPECT_EQ(output_, "ready\ncleaned\n");
}

TEST_F(ProcessTest, KillsWhatIgnoresTerm) {
  ProcessRequest request = shell("trap '' TERM; while :; do sleep 3600; done");
  request.timeout = milliseconds(300);
  request.grace = kShort;
  const ProcessOutcome outcome = run(request);
  EXPECT_EQ(outcome.exit_status, 128 + SIGKILL);
  EXPECT_TRUE(group_is_gone());
}

TEST_F(ProcessTest, EndsAStoppedProcess) {
  ProcessRequest request = shell("kill -STOP $$");
  request.timeout = milliseconds(300);
  EXPECT_TRUE(run(request).timed_out);
  EXPECT_TRUE(group_is_gone());
}

TEST_F(ProcessTest, EndsWhatItLeavesRunning) {
  ProcessRequest request = shell("sleep 3600 & echo started; exit 4");
  const ProcessOutcome outcome = run(request);
  EXPECT_EQ(outcome.exit_status, 4);
  EXPECT_EQ(output_, "started\n");
  EXPECT_TRUE(group_is_gone());
}

TEST_F(ProcessTest, EndsGrandchildrenThatIgnoreTerm) {
  ProcessRequest request = shell(
      "(trap '' TERM; echo ready > ready; while :; do sleep 3600; done) & while ! [ -s ready ]; do sleep "
      "0.01; done");
  request.grace = kShort;
  EXPECT_EQ(run(request).exit_status, 0);
  EXPECT_TRUE(group_is_gone());
}

TEST_F(ProcessTest, StopsWhenAsked) {
  const ProcessOutcome outcome =
      run(after_first_line("echo ready; exec sleep 3600", [this] { stop_.request(); }));
  EXPECT_TRUE(outcome.stopped);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_status, 128 + SIGTERM);
}

TEST_F(ProcessTest, StopsAtOnceWhenAskedTwice) {
  ProcessRequest request = after_first_line("trap '' TERM; echo ready; while :; do sleep 3600; done", [this] {
    stop_.request();
    stop_.request();
  });
  const ProcessOutcome outcome = run(request);  // the period of grace is an hour
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.exit_status, 128 + SIGKILL);
  EXPECT_TRUE(group_is_gone());
}

TEST_F(ProcessTest, DoesNotOutliveAStopThatCameBeforeIt) {
  stop_.request();
  EXPECT_TRUE(run("exec sleep 3600").stopped);
}

TEST_F(ProcessTest, EndsByQuitWhatWantsThat) {
  ProcessRequest request = after_first_line(
      "trap 'echo cleaned; exit 7' QUIT; trap '' TERM; echo ready; "
      "while :; do sleep 0.01; done",
      [this] { stop_.request(); });
  request.ends_by_quit = true;
  EXPECT_EQ(run(request).exit_status, 7);
  EXPECT_TRUE(output_.ends_with("cleaned\n")) << output_;
}

TEST_F(ProcessTest, GetsQuitWhenTheThreadThatStartedItEnds) {
  ProcessRequest request =
      shell("trap 'echo cleaned > end; exit' QUIT; echo $$ > pid; while :; do sleep 0.01; done");
  request.ends_by_quit = true;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto process = BackgroundProcess::start(request);
    while (stat_file(folder_ / "pid").size == 0) ::usleep(1000);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const int left = std::stoi(read_file(folder_ / "pid").value());
  ::waitpid(left, nullptr, 0);  // adopted
  EXPECT_EQ(read_file(folder_ / "end").value_or(""), "cleaned\n");
}

TEST_F(ProcessTest, HasAnothersRightsAndStillEndsWithUs) {
  const auto account = unprivileged_account().value();
  if (!account) GTEST_SKIP() << "only root can give other rights";
  ProcessRequest request =
      shell("grep -E '^(Uid|Gid|Groups):' /proc/$$/status; cat /proc/1/environ || echo no");
  request.folder = "/";
  request.account = account;
  run(request);
  const std::string u = std::to_string(account->user), g = std::to_string(account->group);
  EXPECT_EQ(output_.substr(0, output_.find("cat:")), "Uid:\t" + u + "\t" + u + "\t" + u + "\t" + u +
                                                         "\nGid:\t" + g + "\t" + g + "\t" + g + "\t" + g +
                                                         "\nGroups:\t \n");
  EXPECT_TRUE(output_.ends_with("no\n")) << output_;
  EXPECT_EQ(::geteuid(), 0U);
  EXPECT_TRUE(read_file("/proc/self/environ"));  // what we may has not changed

  ProcessRequest lasting = shell("exec sleep 3600");
  lasting.folder = "/";
  lasting.account = account;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    lasting.started = [&](int pid) {
      (void)!::write(ends[1], &pid, sizeof pid);
      ::kill(::getpid(), SIGKILL);
    };
    StopRequest stop;
    (void)run_process(lasting, stop);
  }
  int left = 0;
  ASSERT_EQ(::read(ends[0], &left, sizeof left), static_cast<ssize_t>(sizeof left));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  int status = 0;
  ASSERT_EQ(::waitpid(left, &status, 0), left);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(ProcessTest, FindsWhatLeftItsGroup) {
  run("setsid sh -c 'trap \"\" TERM; echo $$ > pid; while :; do sleep 3600; done' &"
      "while ! [ -s pid ]; do sleep 0.01; done");
  const int escaped = std::stoi(read_file(folder_ / "pid").value());
  EXPECT_TRUE(group_is_gone());
  EXPECT_TRUE(process_alive(escaped));
  kill_descendants();
  int status = 0;
  EXPECT_EQ(::waitpid(escaped, &status, 0), escaped);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

TEST_F(ProcessTest, FindsProcessesByWhatTheyWereStartedWith) {
  const auto start = [&](const std::vector<std::string>& environment) {
    ProcessRequest request = shell("echo up; exec sleep 3600");
    request.env.insert(request.env.end(), environment.begin(), environment.end());
    auto process = BackgroundProcess::start(request);
    EXPECT_EQ(read_available(process->output_fd()), "up\n");
    return std::move(*process);
  };
  const std::string mark = "TEST_MARK=" + folder_.path();
  auto one = start({mark}), both = start({mark, "TEST_TASK=t"}), other = start({mark + "x", "TEST_TASK=t"});
  bool asked = false;
  kill_marked({mark, "TEST_TASK=t"}, [&] {
    asked = true;
    return false;
  });
  EXPECT_TRUE(asked);
  EXPECT_FALSE(wait_readable(both.output_fd(), milliseconds(0)));
  kill_marked({}, always);
  kill_marked({mark, "TEST_TASK=t"}, always);
  EXPECT_EQ(both.wait(), 128 + SIGKILL);
  EXPECT_FALSE(
      wait_readable(one.output_fd(), milliseconds(0)));  // still there: nothing more to read, not even an end
  EXPECT_FALSE(wait_readable(other.output_fd(), milliseconds(0)));
}

TEST_F(ProcessTest, FindsWhoHoldsAFile) {
  const std::string path = folder_ / "lock";
  FileLock lock = FileLock::acquire(path).value();
  ProcessRequest request = shell("echo up; exec sleep 3600");
  auto other = BackgroundProcess::start(request);
  request.inherited_fd = lock.fd();
  auto holder = BackgroundProcess::start(request);
  EXPECT_EQ(read_available(other->output_fd()), "up\n");
  EXPECT_EQ(read_available(holder->output_fd()), "up\n");
  kill_holders(path, [] { return false; });
  EXPECT_FALSE(wait_readable(holder->output_fd(), milliseconds(0)));
  kill_holders(path, always);
  EXPECT_EQ(holder->wait(), 128 + SIGKILL);
  EXPECT_FALSE(wait_readable(other->output_fd(), milliseconds(0)));
}

TEST_F(ProcessTest, KeepsALockWhileItRuns) {
  const std::string path = folder_ / "lock";
  FileLock lock = FileLock::acquire(path).value();
  ProcessRequest request = after_first_line("echo ready; while ! [ -e go ]; do sleep 0.01; done", [&] {
    lock = FileLock();  // as if this process had been killed: the child still has it
    EXPECT_FALSE(FileLock::try_acquire(path).value());
    ASSERT_TRUE(write_file(folder_ / "go", "\n"));
  });
  request.inherited_fd = lock.fd();
  EXPECT_EQ(run(request).exit_status, 0);
  EXPECT_TRUE(FileLock::try_acquire(path).value());
}

TEST_F(ProcessTest, UnlocksThoughAnEscapedProcessStillHasTheDescriptor) {
  const std::string path = folder_ / "lock";
  FileLock lock = FileLock::acquire(path).value();
  ProcessRequest request = shell(
      "setsid sh -c 'echo > up; while :; do sleep 3600; done' & while ! [ -e up ]; do sleep 0.01; done");
  request.inherited_fd = lock.fd();
  run(request);
  EXPECT_FALSE(FileLock::try_acquire(path).value());
  lock.unlock();
  EXPECT_TRUE(FileLock::try_acquire(path).value());
}

TEST_F(ProcessTest, AnInteractiveProcessStaysInOurGroupAndUncaptured) {
  ProcessRequest request = shell("cut -d' ' -f5 /proc/$$/stat > group; exit 5");
  request.interactive = true;
  EXPECT_EQ(run(request).exit_status, 5);
  EXPECT_EQ(group_, 0);
  EXPECT_EQ(output_, "");
  EXPECT_EQ(read_file(folder_ / "group"), std::to_string(::getpgrp()) + "\n");
}

TEST_F(ProcessTest, DiesWithUs) {
  std::array<int, 2> alive{};
  ASSERT_EQ(::pipe2(alive.data(), O_CLOEXEC), 0);
  const Fd alive_read(alive[0]);
  Fd alive_write(alive[1]);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ProcessRequest request =
        after_first_line("echo ready; exec sleep 3600", [] { ::kill(::getpid(), SIGKILL); });
    request.inherited_fd = alive_write.get();
    (void)run_process(request, stop_);
    ::_exit(1);
  }
  alive_write.reset();
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(read_available(alive_read.get()),
            std::nullopt);  // end of file: nobody has the other end any more
}

TEST_F(ProcessTest, RunsInTheBackground) {
  auto process = BackgroundProcess::start(shell("echo out; echo err >&2; exit 6"));
  ASSERT_TRUE(process);
  std::string said;
  while (const auto piece = read_available(process->output_fd())) said += *piece;
  EXPECT_EQ(said, "out\nerr\n");
  EXPECT_EQ(process->wait(), 6);
}

TEST_F(ProcessTest, ABackgroundProcessEndsWithItsObject) {
  int pid = 0;
  {
    auto process = BackgroundProcess::start(shell("echo $$; trap '' TERM; while :; do sleep 3600; done"));
    ASSERT_TRUE(process);
    const BackgroundProcess moved = std::move(*process);
    pid = std::stoi(read_available(moved.output_fd()).value());
    EXPECT_TRUE(process_alive(pid));
  }
  EXPECT_FALSE(process_alive(pid));
}

TEST_F(ProcessTest, EndsAForeignGroup) {
  auto process = BackgroundProcess::start(shell("trap '' TERM; echo $$; while :; do sleep 3600; done"));
  ASSERT_TRUE(process);
  const int group = std::stoi(read_available(process->output_fd()).value());
  end_process_group(group, kShort);
  EXPECT_FALSE(process_alive(group));
  end_process_group(group, kForEver);  // nobody is left to wait for
}

TEST_F(ProcessTest, TellsAProcessFromALaterOneWithItsNumber) {
  EXPECT_GT(process_start(::getpid()), 0U);
  EXPECT_EQ(process_start(::getpid()), process_start(own_process_id()));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(process_start(child), 0U);
  EXPECT_FALSE(process_alive(child));
  EXPECT_TRUE(process_alive(::getpid()));
}

TEST_F(ProcessTest, BecomesAnotherProgram) {
  const pid_t child = ::fork();
  if (child == 0) {
    (void)become_program("/bin/sh", {"sh", "-c", "[ \"$(pwd -P)\" = / ] && exit 9"}, "/");
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 9);
  EXPECT_EQ(become_program("/none", {"none"}, ".").message,
            "cannot start `/none`: No such file or directory");
  EXPECT_EQ(become_program("/bin/sh", {"sh"}, folder_ / "none").message,
            "cannot enter `" + (folder_ / "none") + "`: No such file or directory");
}

}  // namespace
}  // namespace devtask
