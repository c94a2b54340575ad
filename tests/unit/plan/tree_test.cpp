#include "plan/tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

class TreeTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view bytes = "") {
    ASSERT_TRUE(make_folders(std::string(parent_folder(folder_ / path))));
    ASSERT_TRUE(write_file(folder_ / path, bytes));
  }
  Strings list(const Strings& patterns, const Strings& ignore = {},
               const std::vector<Strings>& excluded = {}) {
    const GlobList globs = GlobList::parse(patterns).value(), ignored = GlobList::parse(ignore).value();
    std::vector<GlobList> others;
    for (const Strings& each : excluded) others.push_back(GlobList::parse(each).value());
    FileSelection selection{&globs, &ignored, {}};
    for (const GlobList& each : others) selection.excluded.push_back({&each, nullptr});
    Strings paths;
    for (const TreeFile* file : tree_.list(selection, looked_)) paths.push_back(file->path);
    return paths;
  }
  // "mode digest-of target problem"
  std::string facts(const std::string& path, const std::string& content) {
    TreeFile* file = tree_.file(path);
    TreeFile* const files[] = {file};
    tree_.read(files);
    return std::string(file->mode_fact()) + (file->digest == sha256(content) ? " same" : " other") +
           (file->target.empty() ? "" : " -> " + file->target) + (file->problem.empty() ? "" : " problem");
  }

  TemporaryFolder folder_;
  DigestMemo memo_{folder_ / "memo"};
  Tree tree_{folder_.path(), memo_};
  std::vector<const TreeFile*> looked_;
};

TEST_F(TreeTest, ListsWhatMatchesSorted) {
  for (const char* path : {"b.py", "a.py", "a/c.py", "a/d.txt", "a-b/e.py", ".hidden.py"}) write(path);
  EXPECT_EQ(list({"**/*.py"}), (Strings{".hidden.py", "a-b/e.py", "a.py", "a/c.py", "b.py"}));
  EXPECT_EQ(list({"*.py", "!b.py"}), (Strings{".hidden.py", "a.py"}));
  EXPECT_EQ(list({"a/"}), (Strings{"a/c.py", "a/d.txt"}));
  EXPECT_EQ(list({"a/c.py", "a/*.py", "none", "a"}), Strings{"a/c.py"});  // once; no folders
  EXPECT_EQ(list({}), Strings{});
  EXPECT_EQ(list({"none/**"}), Strings{});
}

TEST_F(TreeTest, LeavesOutWhatIsIgnoredOrMadeByTasks) {
  for (const char* path : {"a.py", "__pycache__/a.pyc", "x/__pycache__/b.py", "dist/c.py", "x/d.py"})
    write(path);
  EXPECT_EQ(list({"**"}, {"**/__pycache__/**", "*.toml"}, {{"dist/"}}), (Strings{"a.py", "x/d.py"}));
  EXPECT_EQ(list({"dist/c.py", "__pycache__/a.pyc"}, {"**/__pycache__/**"}, {{"dist/"}}), Strings{});
  EXPECT_EQ(list({"**/*.py"}, {"x/**", "!x/d.py"}), (Strings{"a.py", "dist/c.py", "x/d.py"}));
}

TEST_F(TreeTest, OfRecordedOutputsLeavesOutOnlyThose) {
  for (const char* path : {"dist/a", "dist/b", "dist/created", "elsewhere"}) write(path);
  const GlobList globs = GlobList::parse({"**"}).value(), outputs = GlobList::parse({"dist/"}).value();
  const std::vector<OutputEntry> recorded = {{OutputEntry::Kind::kFile, "dist/a", 0644, {}, 0, {}},
                                             {OutputEntry::Kind::kCreate, "dist/created", 0644, {}, 0, {}},
                                             {OutputEntry::Kind::kFile, "elsewhere", 0644, {}, 0, {}}};
  Strings paths;
  for (const TreeFile* file : tree_.list({&globs, nullptr, {{&outputs, &recorded}}}, looked_))
    paths.push_back(file->path);
  EXPECT_EQ(paths, (Strings{"dist/b", "dist/created", "elsewhere"}));
}

TEST_F(TreeTest, ListsLinksButDoesNotFollowThem) {
  write("real/file", "content");
  ASSERT_TRUE(make_link("real", folder_ / "folder-link"));
  ASSERT_TRUE(make_link("real/file", folder_ / "link"));
  ASSERT_TRUE(make_link(".", folder_ / "real/loop"));
  ASSERT_TRUE(make_link("self", folder_ / "self"));
  ASSERT_TRUE(make_link("/nowhere", folder_ / "dangling"));
  EXPECT_EQ(list({"**"}), (Strings{"dangling", "folder-link", "link", "real/file", "real/loop", "self"}));
  EXPECT_EQ(facts("link", "content"), "x same -> real/file");  // links are rwx for everybody
  EXPECT_EQ(facts("dangling", ""), "x other -> /nowhere");
  EXPECT_EQ(facts("self", ""), "x other -> self");
  EXPECT_EQ(facts("folder-link", ""), "x other -> real");
}

TEST_F(TreeTest, TakesNamesAsBytes) {
  for (const char* path : {"\xff\xfe", "new\nline", "qu\"ote' ", "-x", "\xc3\xa4/b"}) write(path);
  EXPECT_EQ(list({"**"}), (Strings{"-x", "new\nline", "qu\"ote' ", "\xc3\xa4/b", "\xff\xfe"}));
  EXPECT_EQ(list({"\xff*"}), Strings{"\xff\xfe"});
}

TEST_F(TreeTest, LeavesOutWhatIsNeitherFileNorLink) {
  write("file");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(list({"**"}), Strings{"file"});
  EXPECT_EQ(list({"pipe"}), Strings{});
}

TEST_F(TreeTest, ReadsContentAndTheOwnersPermissionToExecute) {
  write("a", "one");
  EXPECT_EQ(facts("a", "one"), "- same");
  write("b", "two");
  ASSERT_TRUE(set_mode(folder_ / "b", 0755));
  EXPECT_EQ(facts("b", "two"), "x same");
  EXPECT_EQ(facts("none", ""), "- other");
  EXPECT_EQ(facts(folder_ / "a", "one"), "- same");  // absolute: a program
}

TEST_F(TreeTest, OneTreeIsOneLook) {
  write("a", "one");
  EXPECT_EQ(list({"*"}), Strings{"a"});
  EXPECT_EQ(facts("a", "one"), "- same");
  write("a", "two");
  write("b", "new");
  EXPECT_EQ(list({"*"}), Strings{"a"});
  EXPECT_EQ(facts("a", "one"), "- same");
  Tree later(folder_.path(), memo_);
  TreeFile* const files[] = {later.file("a")};
  later.read(files);
  EXPECT_EQ(files[0]->digest, sha256("two"));
}

TEST_F(TreeTest, SeesContentThatChangedWithoutItsTimes) {
  write("a", "one");
  const FileStat before = stat_file(folder_ / "a");
  EXPECT_EQ(facts("a", "one"), "- same");
  write("a", "two");
  const timespec times[2] = {{0, UTIME_OMIT},
                             {before.mtime_ns / 1'000'000'000, before.mtime_ns % 1'000'000'000}};
  ASSERT_EQ(::utimensat(-100, (folder_ / "a").c_str(), times, 0), 0);
  Tree later(folder_.path(), memo_);
  TreeFile* const files[] = {later.file("a")};
  later.read(files);
  EXPECT_EQ(files[0]->digest, sha256("two"));
}

TEST_F(TreeTest, ListsForManyAtOnce) {
  for (int folder = 0; folder < 10; ++folder) {
    for (int i = 0; i < 10; ++i) write(fmt::format("d{}/f{}", folder, i));
  }
  const GlobList globs = GlobList::parse({"**"}).value();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        std::vector<const TreeFile*> looked;
        EXPECT_EQ(tree_.list({&globs, nullptr, {}}, looked).size(), 100U);
      });
    }
  }
  EXPECT_EQ(list({"**"}).size(), 100U);
}

TEST_F(TreeTest, SaysWhereItLooked) {
  write("src/deep/a.py");
  write("src/b.py");
  write("other/c.py");
  write("bin/tool");
  ASSERT_TRUE(make_link("../bin/tool", folder_ / "src/link"));
  list({"src/**/*.py", "later/x.py"}, {"src/not/**"});
  (void)tree_.followed("src/link");
  const LookedAt looked = tree_.looked_at();
  std::set<std::string> folders(looked.folders.begin(), looked.folders.end());
  EXPECT_EQ(folders, (std::set<std::string>{folder_ / "src", folder_ / "src/deep", folder_ / "later",
                                            real_path(folder_ / "bin").value()}));
  EXPECT_EQ(looked.files, 2U);
}

}  // namespace
}  // namespace devtask
