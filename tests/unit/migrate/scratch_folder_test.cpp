#include "migrate/scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/temporary_folder.h"
#include "os/process.h"

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> names(const std::string& folder) {
  std::vector<std::string> found;
  const auto entries = list_folder(folder).value();
  for (const FolderEntry& entry : entries) found.push_back(entry.name);
  return found;
}

TEST(ScratchFolder, IsPrivateAndGoneInTheEnd) {
  const TemporaryFolder place;
  {
    const ScratchFolder folder = ScratchFolder::make({place.path()}, {}).value();
    EXPECT_THAT(folder.path(), StartsWith(place.path() + "/devtask-"));
    EXPECT_EQ(stat_file(folder.path()).mode, 0700U);
    EXPECT_EQ(stat_file(std::string(parent_folder(folder.path()))).mode, 0700U);
    ASSERT_TRUE(write_file(folder.path() + "/some", "bytes"));
  }
  EXPECT_THAT(names(place.path()), IsEmpty());
}

TEST(ScratchFolder, IsWhereItCanBe) {
  const TemporaryFolder place;
  const std::string spaced = place / "with a space", deep = place / std::string(80, 'x');
  ASSERT_TRUE(make_folders(spaced));
  ASSERT_TRUE(make_folders(deep));
  const ScratchFolder folder = ScratchFolder::make({place / "none", spaced, deep, place.path()}, {}).value();
  EXPECT_EQ(parent_folder(parent_folder(folder.path())), place.path());
  const auto nowhere = ScratchFolder::make({place / "none", spaced, deep}, {});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message, "there is no place for a scratch database");
  EXPECT_THAT(nowhere.error().notes,
              ElementsAre(HasSubstr("No such file"), HasSubstr("a URL would have to encode"),
                          HasSubstr("too long for a socket")));
}

TEST(ScratchFolder, HasRoomForTheNameOfASocket) {
  const TemporaryFolder place;
  std::string folder;
  for (std::size_t length = place.path().size() + 2; length < 120; ++length) {
    const std::string at = place.path() + "/" + std::string(length - place.path().size() - 1, 'y');
    ASSERT_TRUE(make_folders(at));
    if (auto made = ScratchFolder::make({at}, {})) folder = made->path();
  }
  EXPECT_EQ((folder + "/.s.PGSQL.65535.lock").size(), 107U);
}

TEST(ScratchFolder, BelongsToAnotherUserWhoCanEnterIt) {
  const auto account = unprivileged_account().value();
  if (!account) GTEST_SKIP() << "only root can give a folder away";
  const TemporaryFolder closed;  // mode 0700
  EXPECT_FALSE(ScratchFolder::make({closed.path()}, account));
  const ScratchFolder folder = ScratchFolder::make({closed.path(), "/tmp"}, account).value();
  EXPECT_THAT(folder.path(), StartsWith("/tmp/devtask-"));
  struct stat inside {};
  ASSERT_EQ(::stat(folder.path().c_str(), &inside), 0);
  EXPECT_EQ(inside.st_uid, account->user);
  EXPECT_EQ(inside.st_mode & 07777, 0700U);
}

TEST(ScratchFolder, OfALivingProcessIsNoLeftover) {
  const TemporaryFolder place;
  const ScratchFolder folder = ScratchFolder::make({place.path()}, {}).value();
  EXPECT_THAT(ScratchFolder::leftovers({place.path()}), IsEmpty());
  ASSERT_TRUE(make_folders(place / "devtask-others"));  // not one of these
  EXPECT_THAT(ScratchFolder::leftovers({place.path()}), IsEmpty());
  EXPECT_EQ(stat_file(folder.path()).kind, FileKind::kFolder);
}

TEST(ScratchFolder, OfAKilledProcessGoesWithWhatItLeftRunning) {
  const TemporaryFolder place;
  const std::string pid_file = place / "pid";
  const pid_t child = ::fork();
  if (child == 0) {
    const ScratchFolder folder = ScratchFolder::make({place.path()}, {}).value();
    if (::fork() == 0) {
      const int held = ::dup(folder.held());  // without the flag that closes it
      ::execl("/bin/sh", "sh", "-c", "echo $$ > \"$0\"; exec sleep 3600", pid_file.c_str(), nullptr);
      ::_exit(held);
    }
    while (stat_file(pid_file).size == 0) ::usleep(1000);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const int left = std::stoi(read_file(pid_file).value());
  ASSERT_TRUE(process_alive(left));
  {
    const auto leftovers = ScratchFolder::leftovers({place.path()});
    EXPECT_EQ(leftovers.size(), 1U);
  }
  EXPECT_FALSE(process_alive(left));
  EXPECT_THAT(names(place.path()), ElementsAre("pid"));
}

}  // namespace
}  // namespace devtask
