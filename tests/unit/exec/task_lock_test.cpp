#include "exec/task_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "fakes/temporary_folder.h"
#include "os/process.h"

namespace devtask {
namespace {

class TaskLockTest : public testing::Test {
 protected:
  TaskLockTest() { adopt_orphans(); }
  ~TaskLockTest() override { kill_descendants(); }
  Result<TaskLock> acquire() {
    return TaskLock::acquire(path_, {}, stop_, [this](int pid) { waited_for_ = pid; });
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "lock";
  StopRequest stop_;
  int waited_for_ = 0;
};

TEST_F(TaskLockTest, NamesItsHolder) {
  auto lock = acquire();
  ASSERT_TRUE(lock);
  EXPECT_FALSE(lock->waited());
  const std::string self = fmt::format("{} {}", own_process_id(), process_start(own_process_id()));
  EXPECT_EQ(read_file(path_), self + "\n");
  {
    const TaskLock moved = std::move(*lock);
    EXPECT_EQ(read_file(path_), self + "\n");
  }
  EXPECT_EQ(read_file(path_), "");  // only who was killed stays named
}

TEST_F(TaskLockTest, IsHeldByOneAtATime) {
  std::atomic<int> inside{0}, most{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto lock = TaskLock::acquire(path_, {}, stop_, {});
      ASSERT_TRUE(lock);
      most = std::max(most.load(), ++inside);
      --inside;
    });
  }
  threads.clear();
  EXPECT_EQ(most, 1);
}

TEST_F(TaskLockTest, TellsForWhomItWaitsAndStopsWhenAsked) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    auto held = acquire();
    (void)!::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto lock = TaskLock::acquire(path_, {}, stop_, [&](int pid) {
    waited_for_ = pid;
    stop_.request();
  });
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().message, "interrupted");
  EXPECT_EQ(waited_for_, other);
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(TaskLockTest, EndsWhatADeadDevtaskLeftRunning) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t dead = ::fork();
  if (dead == 0) {
    auto held = acquire();
    const pid_t task = ::fork();  // inherits the lock, as a task's processes do
    if (task == 0) {
      ::setsid();
      ::fcntl(held->fd(), F_SETFD, 0);
      (void)!::write(ready[1], "x", 1);
      ::execlp("sleep", "sleep", "1000", nullptr);
      ::_exit(0);
    }
    (void)!::write(ready[1], "x", 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(dead, SIGKILL);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const auto lock = acquire();
  ASSERT_TRUE(lock);
  EXPECT_TRUE(lock->waited());
  EXPECT_EQ(waited_for_, 0);  // nobody to speak of
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(TaskLockTest, SaysWhereItCannotBe) {
  const auto lock = TaskLock::acquire(folder_ / "none/lock", {}, stop_, {});
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().message,
            "cannot open lock `" + (folder_ / "none/lock") + "`: No such file or directory");
}

}  // namespace
}  // namespace devtask
