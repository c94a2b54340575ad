#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "os/locked_file.h"

namespace devtask {
namespace {

// A process that does nothing until it is let go.
class WaitingChild {
 public:
  // `start` is called in the child first.
  template <class F>
  explicit WaitingChild(F start) {
    std::array<int, 2> ready{}, go{};
    EXPECT_EQ(::pipe(ready.data()), 0);
    EXPECT_EQ(::pipe(go.data()), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(go[1]);
      start();
      char byte = 'r';
      (void)!::write(ready[1], &byte, 1);
      (void)!::read(go[0], &byte, 1);
      ::_exit(0);
    }
    ::close(go[0]);
    go_ = Fd(go[1]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~WaitingChild() { end(); }
  void end() {
    go_.reset();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  int pid_ = -1;
  Fd go_;
};

class FileLockTest : public testing::Test {
 protected:
  bool is_free() {
    auto lock = FileLock::try_acquire(path_);
    EXPECT_TRUE(lock);
    return lock && lock->has_value();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "lock";
};

TEST_F(FileLockTest, IsHeldByOneAtATime) {
  {
    auto lock = FileLock::acquire(path_);
    ASSERT_TRUE(lock);
    EXPECT_FALSE(is_free());
  }
  EXPECT_TRUE(is_free());
  EXPECT_EQ(stat_file(path_).mode, 0600U);
}

TEST_F(FileLockTest, IsHeldAcrossProcesses) {
  WaitingChild child([&] { new FileLock(std::move(FileLock::acquire(path_).value())); });
  EXPECT_FALSE(is_free());
  child.end();
  EXPECT_TRUE(is_free());
}

TEST_F(FileLockTest, AChildThatInheritedItHoldsItAfterItsParent) {
  auto lock = FileLock::acquire(path_);
  ASSERT_TRUE(lock);
  WaitingChild child([] {});
  *lock = FileLock();  // as if this process had been killed
  EXPECT_FALSE(is_free());
  child.end();
  EXPECT_TRUE(is_free());
}

TEST_F(FileLockTest, UnlockingTakesItFromChildrenToo) {
  auto lock = FileLock::acquire(path_);
  ASSERT_TRUE(lock);
  WaitingChild child([] {});
  lock->unlock();
  EXPECT_TRUE(is_free());
  lock->unlock();  // once is enough, twice is fine
}

TEST_F(FileLockTest, Waits) {
  auto lock = FileLock::acquire(path_);
  ASSERT_TRUE(lock);
  std::atomic<bool> released{false};
  std::jthread other([&] {
    const auto second = FileLock::acquire(path_);
    EXPECT_TRUE(second);
    EXPECT_TRUE(released);
  });
  released = true;
  lock->unlock();
}

TEST_F(FileLockTest, HoldsAText) {
  auto lock = FileLock::acquire(path_);
  ASSERT_TRUE(lock->write_content("a long text\n"));
  ASSERT_TRUE(lock->write_content("short\n"));
  EXPECT_EQ(read_file(path_), "short\n");
}

TEST_F(FileLockTest, SaysWhereItCannotBe) {
  const auto lock = FileLock::acquire(folder_ / "none/lock");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().message,
            "cannot open lock `" + (folder_ / "none/lock") + "`: No such file or directory");
  EXPECT_FALSE(FileLock::try_acquire(folder_ / "none/lock"));
}

TEST_F(FileLockTest, ALockedFileIsAppendedToByOneAtATime) {
  constexpr int kLines = 200;
  const auto append = [&](char letter) {
    LockedFile file(path_);
    for (int i = 0; i < kLines; ++i) {
      const auto lock = file.lock();
      ASSERT_TRUE(lock);
      ASSERT_TRUE(file.append(std::string(20, letter) + "\n"));
    }
  };
  { const std::jthread a(append, 'a'), b(append, 'b'); }
  LockedFile file(path_);
  const auto lock = file.lock();
  ASSERT_TRUE(lock);
  EXPECT_EQ(file.size(), 2U * kLines * 21);
  const std::string text = file.read(0, file.size()).value();
  for (std::size_t at = 0; at < text.size(); at += 21) {
    EXPECT_EQ(text.substr(at, 21), std::string(20, text[at]) + "\n");
  }
}

TEST_F(FileLockTest, ALockedFileIsReadAndCutWhereAsked) {
  LockedFile file(path_);
  const auto lock = file.lock();
  ASSERT_TRUE(lock);
  ASSERT_TRUE(file.append("0123456789"));
  EXPECT_EQ(file.read(2, 3), "234");
  EXPECT_EQ(file.read(8, 100), "89");
  EXPECT_EQ(file.read(100, 1), "");
  ASSERT_TRUE(file.truncate(4));
  ASSERT_TRUE(file.append("x"));
  EXPECT_EQ(file.size(), 5U);
  EXPECT_EQ(read_file(path_), "0123x");
  EXPECT_FALSE(LockedFile(folder_.path()).lock());
}

TEST_F(FileLockTest, ALockedFileIsTheOneThatHasTheNameNow) {
  LockedFile old_file(path_);
  auto lock = old_file.lock();
  ASSERT_TRUE(old_file.append("old"));
  std::jthread other([&] {
    LockedFile file(path_);
    const auto held = file.lock();  // waits for the old one, which has lost its name by then
    ASSERT_TRUE(held);
    EXPECT_EQ(file.read(0, 100), "new");
  });
  ASSERT_TRUE(write_file(folder_ / "replacement", "new"));
  ASSERT_TRUE(rename_file(folder_ / "replacement", path_));
  lock = failure("released");
  other.join();
  EXPECT_FALSE(old_file.unchanged());
  lock = old_file.lock();
  ASSERT_TRUE(lock);
  EXPECT_EQ(old_file.read(0, 100), "new");
}

TEST_F(FileLockTest, ALockedFileTellsWhetherOthersHaveChangedIt) {
  LockedFile mine(path_), other(path_);
  EXPECT_FALSE(mine.unchanged());
  {
    const auto lock = mine.lock();
    ASSERT_TRUE(mine.append("mine"));
  }
  EXPECT_TRUE(mine.unchanged());
  {
    const auto lock = other.lock();
    ASSERT_TRUE(other.append("more"));
  }
  EXPECT_FALSE(mine.unchanged());
  { const auto lock = mine.lock(); }
  EXPECT_TRUE(mine.unchanged());
  ASSERT_TRUE(remove_file(path_));
  EXPECT_FALSE(mine.unchanged());
}

}  // namespace
}  // namespace devtask
