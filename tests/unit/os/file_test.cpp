#include "os/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <thread>

#include "fakes/temporary_folder.h"
#include "os/stream.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

class FileTest : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view bytes) {
    ASSERT_TRUE(write_file(folder_ / name, bytes));
  }
  std::string read(const std::string& name) { return read_file(folder_ / name).value_or("(unreadable)"); }
  Strings names(const std::string& name = ".") {
    Strings found;
    const auto entries = list_folder(folder_ / name).value();
    for (const FolderEntry& entry : entries) found.push_back(entry.name);
    return found;
  }
  template <class T>
  std::string complaint(const Result<T>& result) {
    if (result) return "no complaint";
    std::string text = result.error().message;
    for (std::size_t at; (at = text.find(folder_.path())) != std::string::npos;)
      text.replace(at, folder_.path().size(), "T");
    return text;
  }

  TemporaryFolder folder_;
};

TEST_F(FileTest, WritesAFileWithItsMode) {
  ASSERT_TRUE(write_file(folder_ / "a", "one", 0600));
  EXPECT_EQ(read("a"), "one");
  EXPECT_EQ(stat_file(folder_ / "a").mode, 0600U);
  ASSERT_TRUE(write_file(folder_ / "a", std::string("t\0wo", 4), 0644));
  EXPECT_EQ(read("a"), std::string("t\0wo", 4));
  EXPECT_EQ(names(), Strings{"a"});
}

TEST_F(FileTest, KeepsTheOldFileWhenWritingFails) {
  ASSERT_TRUE(make_folders(folder_ / "taken/x"));
  EXPECT_EQ(complaint(write_file(folder_ / "taken", "new")), "cannot write `T/taken`: Is a directory");
  EXPECT_EQ(names(), Strings{"taken"});  // no temporary file is left
  EXPECT_TRUE(complaint(write_file(folder_ / "no/a", "new")).ends_with("`: No such file or directory"));
}

TEST_F(FileTest, ReadersSeeTheOldOrTheNewContentAndNothingElse) {
  const std::string old_bytes(100'000, 'o'), new_bytes(200'000, 'n');
  write("a", old_bytes);
  const std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ASSERT_TRUE(write_file(folder_ / "a", new_bytes));
      ASSERT_TRUE(write_file(folder_ / "a", old_bytes));
    }
  });
  for (int i = 0; i < 200; ++i) {
    const std::string seen = read("a");
    ASSERT_TRUE(seen == old_bytes || seen == new_bytes) << seen.size();
  }
}

TEST_F(FileTest, ReplacesALinkAndNotWhatItLeadsTo) {
  write("target", "old");
  ASSERT_TRUE(make_link("target", folder_ / "link"));
  write("link", "new");
  EXPECT_EQ(read("target"), "old");
  EXPECT_EQ(stat_file(folder_ / "link").kind, FileKind::kRegular);
}

TEST_F(FileTest, LeavesAFileAloneThatHasTheseBytes) {
  EXPECT_EQ(write_if_changed(folder_ / "a", "x"), true);
  const FileStat before = stat_file(folder_ / "a");
  EXPECT_EQ(write_if_changed(folder_ / "a", "x"), false);
  EXPECT_EQ(stat_file(folder_ / "a"), before);
  EXPECT_EQ(write_if_changed(folder_ / "a", "y"), true);
  EXPECT_EQ(read("a"), "y");
  EXPECT_EQ(write_if_changed(folder_ / "empty", ""), true);  // absent and empty are not the same
  EXPECT_EQ(stat_file(folder_ / "empty").kind, FileKind::kRegular);
}

TEST_F(FileTest, RemovesATreeAndNothingBehindItsLinks) {
  ASSERT_TRUE(make_folders(folder_ / "outside/below"));
  write("outside/file", "keep");
  ASSERT_TRUE(make_folders(folder_ / "tree/a/b/c"));
  write("tree/a/file", "x");
  write("tree/a/\xff\n odd", "x");
  ASSERT_TRUE(make_link("../outside", folder_ / "tree/link"));
  ASSERT_TRUE(make_link("../../outside/file", folder_ / "tree/a/link"));
  ASSERT_TRUE(make_link(".", folder_ / "tree/loop"));
  ASSERT_TRUE(make_link("nowhere", folder_ / "tree/dangling"));
  ASSERT_TRUE(remove_tree(folder_ / "tree"));
  EXPECT_EQ(names(), Strings{"outside"});
  EXPECT_EQ(names("outside"), (Strings{"below", "file"}));

  ASSERT_TRUE(make_link("outside", folder_ / "link"));
  ASSERT_TRUE(remove_tree(folder_ / "link"));
  EXPECT_EQ(names("outside"), (Strings{"below", "file"}));
  EXPECT_TRUE(remove_tree(folder_ / "absent"));
}

TEST_F(FileTest, MakesFoldersOnTheWay) {
  ASSERT_TRUE(make_folders(folder_ / "a/b/c", 0700));
  EXPECT_EQ(stat_file(folder_ / "a/b/c").mode, 0700U);
  EXPECT_TRUE(make_folders(folder_ / "a/b"));
  ASSERT_TRUE(make_link("a", folder_ / "link"));
  EXPECT_TRUE(make_folders(folder_ / "link/d"));
  EXPECT_TRUE(make_folders(folder_ / "link"));
  write("file", "");
  EXPECT_EQ(complaint(make_folders(folder_ / "file")), "cannot create folder `T/file`: File exists");
  EXPECT_EQ(complaint(make_folders(folder_ / "file/x")), "cannot create folder `T/file/x`: Not a directory");
}

TEST_F(FileTest, MakesAndReplacesLinks) {
  ASSERT_TRUE(make_link("one", folder_ / "link"));
  ASSERT_TRUE(make_link("two", folder_ / "link"));
  EXPECT_EQ(read_link(folder_ / "link"), "two");
  EXPECT_EQ(names(), Strings{"link"});
  ASSERT_TRUE(make_folders(folder_ / "folder/x"));
  EXPECT_EQ(complaint(make_link("one", folder_ / "folder")), "cannot create link `T/folder`: Is a directory");
  EXPECT_EQ(names(), (Strings{"folder", "link"}));
  EXPECT_EQ(complaint(read_link(folder_ / "folder")), "cannot read link `T/folder`: Invalid argument");
}

TEST_F(FileTest, RemovesFilesButNoFolders) {
  write("a", "");
  EXPECT_TRUE(remove_file(folder_ / "a"));
  EXPECT_TRUE(remove_file(folder_ / "a"));
  write("file", "");
  EXPECT_TRUE(remove_file(folder_ / "file/below"));
  ASSERT_TRUE(make_folders(folder_ / "folder/x"));
  EXPECT_EQ(complaint(remove_file(folder_ / "folder")), "cannot remove `T/folder`: Is a directory");
  EXPECT_FALSE(remove_folder_if_empty(folder_ / "folder"));
  EXPECT_TRUE(remove_folder_if_empty(folder_ / "folder/x"));
}

TEST_F(FileTest, TellsTheKindsOfFilesApart) {
  write("file", "12345");
  ASSERT_TRUE(set_mode(folder_ / "file", 0751));
  ASSERT_TRUE(make_folders(folder_ / "folder"));
  ASSERT_TRUE(make_link("file", folder_ / "link"));
  ASSERT_TRUE(make_link("loop", folder_ / "loop"));
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(stat_file(folder_ / "file").kind, FileKind::kRegular);
  EXPECT_EQ(stat_file(folder_ / "file").size, 5U);
  EXPECT_EQ(stat_file(folder_ / "file").mode, 0751U);
  EXPECT_EQ(stat_file(folder_ / "folder").kind, FileKind::kFolder);
  EXPECT_EQ(stat_file(folder_ / "link").kind, FileKind::kLink);
  EXPECT_EQ(stat_followed(folder_ / "link").kind, FileKind::kRegular);
  EXPECT_EQ(stat_file(folder_ / "loop").kind, FileKind::kLink);
  EXPECT_EQ(stat_followed(folder_ / "loop").kind, FileKind::kAbsent);
  EXPECT_EQ(stat_file(folder_ / "pipe").kind, FileKind::kOther);
  EXPECT_EQ(stat_file(folder_ / "none"), FileStat());
  EXPECT_EQ(stat_file(folder_ / "file/x"), FileStat());
  const Fd opened = open_folder(folder_.path());
  EXPECT_EQ(stat_file("file", opened.get()), stat_file(folder_ / "file"));
  EXPECT_FALSE(open_folder(folder_ / "file"));
}

TEST_F(FileTest, ListsAFolderSortedByBytes) {
  for (const char* name : {"b", "a", "\xff", "B", ".hidden", "new\nline"}) write(name, "");
  ASSERT_TRUE(make_folders(folder_ / "folder"));
  ASSERT_TRUE(make_link("folder", folder_ / "link"));
  EXPECT_EQ(names(), (Strings{".hidden", "B", "a", "b", "folder", "link", "new\nline", "\xff"}));
  const auto entries = list_folder(folder_.path()).value();
  EXPECT_EQ(entries[4].kind, FileKind::kFolder);
  EXPECT_EQ(entries[5].kind, FileKind::kLink);
  EXPECT_EQ(complaint(list_folder(folder_ / "none")), "cannot list `T/none`: No such file or directory");
  EXPECT_EQ(complaint(list_folder(folder_ / "a")), "cannot list `T/a`: Not a directory");
}

TEST_F(FileTest, ListsManyEntries) {
  ASSERT_TRUE(make_folders(folder_ / "many"));
  Strings expected;
  for (int i = 10'000; i < 12'000; ++i) {
    expected.push_back("a-name-of-some-length-" + std::to_string(i));
    Fd(::creat((folder_ / ("many/" + expected.back())).c_str(), 0600));
  }
  EXPECT_EQ(names("many"), expected);
}

TEST_F(FileTest, ReadsWholeFilesAndHeads) {
  const std::string bytes(600'001, 'x');
  write("big", bytes);
  EXPECT_EQ(read_file(folder_ / "big"), bytes);
  EXPECT_EQ(hash_file(folder_ / "big"), sha256(bytes));
  EXPECT_EQ(read_head(folder_ / "big", 3), "xxx");
  write("empty", "");
  EXPECT_EQ(read_file(folder_ / "empty"), "");
  EXPECT_EQ(hash_file(folder_ / "empty"), sha256(""));
  EXPECT_FALSE(read_file("/proc/self/stat").value().empty());  // its size is said to be 0
  EXPECT_EQ(complaint(read_file(folder_.path())), "cannot read `T`: Is a directory");
  EXPECT_EQ(complaint(hash_file(folder_.path())), "cannot read `T`: Is a directory");
  EXPECT_EQ(hash_file(folder_ / "big"), sha256(bytes));  // a failure leaves nothing behind
  EXPECT_EQ(complaint(read_file(folder_ / "none")), "cannot open `T/none`: No such file or directory");
}

TEST_F(FileTest, MapsFiles) {
  write("a", "bytes");
  write("empty", "");
  auto mapped = MappedFile::open(folder_ / "a");
  ASSERT_TRUE(mapped);
  ASSERT_TRUE(remove_file(folder_ / "a"));
  EXPECT_EQ(mapped->bytes(), "bytes");
  MappedFile moved = std::move(*mapped);
  EXPECT_EQ(moved.bytes(), "bytes");
  EXPECT_EQ(MappedFile::open(folder_ / "empty")->bytes(), "");
  EXPECT_EQ(complaint(MappedFile::open(folder_ / "none")), "cannot open `T/none`: No such file or directory");
}

TEST_F(FileTest, GivesAFileAnotherSecond) {
  write("a", "");
  const std::int64_t now = stat_file(folder_ / "a").mtime_ns;
  make_time_differ(folder_ / "a", now);
  EXPECT_EQ(stat_file(folder_ / "a").mtime_ns, (now / 1'000'000'000 + 1) * 1'000'000'000);
  const FileStat before = stat_file(folder_ / "a");
  make_time_differ(folder_ / "a", now);  // differs already
  EXPECT_EQ(stat_file(folder_ / "a"), before);
}

TEST_F(FileTest, GivesAFileOfWholeSecondsTwoMore) {
  write("a", "");
  constexpr std::int64_t kTime = 1'500'000'000'000'000'000;
  ASSERT_TRUE(set_modified(folder_ / "a", kTime));
  make_time_differ(folder_ / "a", kTime);
  EXPECT_EQ(stat_file(folder_ / "a").mtime_ns, kTime + 2'000'000'000);
}

TEST_F(FileTest, ATimeThatDoesNotFitIsTheLastThatDoes) {
  write("a", "");
  const timespec late[2] = {{0, UTIME_OMIT}, {std::int64_t{1} << 34, 0}};
  if (::utimensat(AT_FDCWD, (folder_ / "a").c_str(), late, 0) != 0) GTEST_SKIP();
  struct stat found {};
  ASSERT_EQ(::stat((folder_ / "a").c_str(), &found), 0);
  if (found.st_mtime < std::int64_t{1} << 34) GTEST_SKIP() << "the file system has no such times";
  EXPECT_EQ(stat_file(folder_ / "a").mtime_ns, std::numeric_limits<std::int64_t>::max());
}

TEST_F(FileTest, ComparesItsClockWithOurs) {
  const auto lag = clock_lag(folder_.path());
  ASSERT_TRUE(lag);
  EXPECT_GE(*lag, 0);
  EXPECT_LT(*lag, 60'000'000'000);
  EXPECT_FALSE(clock_lag(folder_ / "none"));
}

TEST_F(FileTest, LeftoversAreFilesAndLinksOfTheDead) {
  write(".devtask-999999999-1~", "");
  write(fmt::format(".devtask-{}-1~", ::getpid()), "");
  write(".devtask-1~", "");
  ASSERT_TRUE(make_link("nowhere", folder_ / ".devtask-999999999-2~"));
  ASSERT_TRUE(make_folders(folder_ / ".devtask-999999999-3~"));
  remove_leftovers(folder_.path());
  EXPECT_EQ(list_folder(folder_.path())->size(), 3U);
  EXPECT_EQ(stat_file(folder_ / ".devtask-999999999-1~").kind, FileKind::kAbsent);
  EXPECT_EQ(stat_file(folder_ / ".devtask-999999999-2~").kind, FileKind::kAbsent);
}

TEST_F(FileTest, KnowsWhatCanBeExecuted) {
  write("script", "");
  EXPECT_FALSE(is_executable_file(folder_ / "script"));
  ASSERT_TRUE(set_mode(folder_ / "script", 0755));
  ASSERT_TRUE(make_link("script", folder_ / "link"));
  EXPECT_TRUE(is_executable_file(folder_ / "script"));
  EXPECT_TRUE(is_executable_file(folder_ / "link"));
  EXPECT_FALSE(is_executable_file(folder_.path()));
  EXPECT_FALSE(is_executable_file(folder_ / "none"));
}

TEST_F(FileTest, RenamesAndResolves) {
  write("a", "x");
  ASSERT_TRUE(rename_file(folder_ / "a", folder_ / "b"));
  EXPECT_EQ(names(), Strings{"b"});
  EXPECT_EQ(complaint(rename_file(folder_ / "a", folder_ / "b")),
            "cannot rename `T/a`: No such file or directory");
  ASSERT_TRUE(make_link("b", folder_ / "link"));
  EXPECT_EQ(real_path(folder_ / "link").value(), real_path(folder_ / "b").value());
  EXPECT_EQ(complaint(real_path(folder_ / "a")), "cannot resolve `T/a`: No such file or directory");
}

TEST(FdTest, ClosesOnce) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd first(ends[0]), second(ends[1]);
  second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second.get(), ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);  // closed
  second.reset();
  EXPECT_FALSE(second);
}

TEST(PathTest, JoinsAndTakesApart) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(join_path("a", ""), "a");
  EXPECT_EQ(join_path("a", "/b"), "/b");
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(parent_folder("a/b/c"), "a/b");
  EXPECT_EQ(parent_folder("a"), "");
  EXPECT_EQ(parent_folder("/a"), "");
  EXPECT_EQ(file_name("a/b/c"), "c");
  EXPECT_EQ(file_name("c"), "c");
  EXPECT_EQ(file_name("c/"), "");
}

TEST(PathTest, NamesTemporaryFilesInTheSameFolderAndOnce) {
  const std::string one = temporary_name("/some/folder/file"), two = temporary_name("/some/folder/file");
  EXPECT_EQ(parent_folder(one), "/some/folder");
  EXPECT_NE(one, two);
  EXPECT_EQ(parent_folder(temporary_name("/file")), "");
  EXPECT_TRUE(temporary_name("/file").starts_with("/."));
  EXPECT_FALSE(temporary_name("file").starts_with("/"));
  EXPECT_LT(file_name(temporary_name(std::string(255, 'x'))).size(), 255U);
}

TEST_F(FileTest, MakesAFolderOfItsOwn) {
  const std::string one = make_unique_folder(folder_ / "name-").value(),
                    other = make_unique_folder(folder_ / "name-").value();
  EXPECT_NE(one, other);
  EXPECT_TRUE(one.starts_with(folder_ / "name-"));
  EXPECT_EQ(stat_file(one).mode, 0700U);
  EXPECT_EQ(complaint(make_unique_folder(folder_ / "none/x")),
            "cannot create folder `T/none/x*`: No such file or directory");
  EXPECT_GT(free_bytes(folder_.path()), 0U);
  EXPECT_EQ(free_bytes(folder_ / "none"), 0U);
}

}  // namespace
}  // namespace devtask
