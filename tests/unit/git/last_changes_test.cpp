#include "git/last_changes.h"

#include <algorithm>
#include <cstdlib>

#include "fakes/git_test.h"
#include "os/file.h"
#include "store/digest_memo.h"

namespace devtask {
namespace {

using Paths = std::vector<std::string>;

class LastChangesTest : public GitTest {
 protected:
  void SetUp() override {
    sh("mkdir bin state; ln -s \"$(command -v git)\" bin/git");
    sh("git init -q p");
    write("versions/1.py", "1");
    first_ = write("models.py", "1");
  }

  // And commits it.
  std::string write(const std::string& path, const std::string& text) {
    sh("mkdir -p $(dirname " + path + "); printf %s '" + text + "' >" + path +
           "; git add -A; git commit -q -m " + path,
       "p");
    return head("p");
  }

  // Of a devtask that begins now.
  std::string found(const Paths& paths = {"versions"}, const std::string& root = "p",
                    const std::string& folder = "", bool read_only = false) {
    LastChanges changes({{"PATH", above_ / "bin"}}, above_ / "state/commits", read_only);
    return found(changes, paths, root, folder);
  }
  std::string found(LastChanges& changes, const Paths& paths = {"versions"}, const std::string& root = "p",
                    const std::string& folder = "") {
    root_ = above_ / root;
    looked_ns_ = now_ns();
    Tree tree(root_, memo_);
    std::vector<const TreeFile*> looked;
    const auto commit = last_change(
        tree, folder, paths, [&](const auto& each) { return changes.ask(each); }, looked);
    seen_.clear();
    for (const TreeFile* file : looked) seen_.push_back(observe(*file));
    for (Observation& each : seen_) looked_ns_ = std::max({looked_ns_, each.stat.ctime_ns + 3'000'000'000});
    return commit ? *commit : "failed: " + commit.error().message;
  }
  bool holds() const {
    const Fd root = open_folder(root_);
    return std::ranges::all_of(
        seen_, [&](const Observation& each) { return still_holds(each, root, root_, looked_ns_); });
  }
  void take_git_away() { sh("rm bin/git"); }
  void give_git_back() { sh("ln -s \"$(command -v git)\" bin/git"); }
  std::size_t kept() const {
    const auto files = list_folder(above_ / "state/commits");
    return files ? files->size() : 0;
  }

  DigestMemo memo_{above_ / "memo"};
  std::string first_, root_;
  std::vector<Observation> seen_;
  std::int64_t looked_ns_ = 0;
};

TEST_F(LastChangesTest, TheLastCommitThatChangedAPathCounts) {
  const std::string versions = sh("git rev-parse HEAD~1", "p");
  EXPECT_EQ(found(), versions);
  EXPECT_EQ(found({"models.py"}), first_);
  EXPECT_EQ(found({"versions", "models.py"}), first_);
  EXPECT_EQ(found({"versions/1.py"}), versions);
  EXPECT_EQ(found({"version"}), "none");
  EXPECT_EQ(found({"versions/*"}), "none") << "no pattern";
  EXPECT_EQ(found({""}), first_) << "the folder itself";
  const std::string second = write("versions/2.py", "2");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found(), second);
  sh("git rm -qr versions; git commit -qm gone", "p");
  EXPECT_EQ(found(), head("p")) << "which removed it";
  commit("p");
  EXPECT_EQ(found(), sh("git rev-parse HEAD~1", "p"));
}

TEST_F(LastChangesTest, NoneOutsideOfARepositoryAndBeforeTheFirstCommitWithoutGit) {
  take_git_away();
  sh("mkdir q");
  EXPECT_EQ(found({"x"}, "q"), "none");
  sh("git init -q q");
  EXPECT_EQ(found({"x"}, "q"), "none");
}

TEST_F(LastChangesTest, AMergeIsTheLastChangeIfItIsLikeNeitherOfItsParents) {
  sh("git checkout -q -b side", "p");
  const std::string side = write("versions/2.py", "side");
  sh("git checkout -q main", "p");
  write("models.py", "2");
  sh("git merge -q --no-edit side", "p");
  EXPECT_EQ(found(), side);
  sh("git checkout -q side", "p");
  write("versions/2.py", "other");
  sh("git checkout -q main", "p");
  write("versions/1.py", "main");
  sh("git merge -q --no-edit side", "p");
  EXPECT_EQ(found(), head("p"));
}

TEST_F(LastChangesTest, AnAnswerThatIsWhereTheHistoryIsCutSaysSo) {
  const std::string versions = found();
  write("models.py", "2");
  const std::string clone = "git clone -q --depth 1 \"file://$PWD/p\" c";
  sh(clone);
  EXPECT_EQ(found({"versions"}, "c"), head("p") + " (cut)");
  EXPECT_EQ(found({"models.py"}, "c"), head("p") + " (cut)");
  EXPECT_EQ(found({"gone"}, "c"), "none");
  sh("git fetch -q --deepen 1", "c");
  EXPECT_FALSE(holds()) << "HEAD is the same, and its parent is here now";
  EXPECT_EQ(found({"models.py"}, "c"), head("p"));
  EXPECT_EQ(found({"versions"}, "c"), first_ + " (cut)");
  sh("git worktree add -q ../w", "c");
  EXPECT_EQ(found({"versions"}, "w"), first_ + " (cut)");
  sh("git fetch -q --unshallow", "c");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found({"versions"}, "c"), versions);
  EXPECT_EQ(found({"versions"}, "w"), versions);
}

TEST_F(LastChangesTest, PathsAreOfTheRepositoryThatHasTheFolder) {
  const std::string part = write("part/versions/1.py", "1");
  commit("p");
  EXPECT_EQ(found({"versions"}, "p/part"), part) << "below the top of the work tree";
  EXPECT_EQ(found({"part/versions"}, "p", "part"), part);
  EXPECT_EQ(found({"versions"}, "p", "part"), sh("git rev-parse HEAD~3", "p"));
  sh("git init -q inner; cd inner; echo 1 >f; git add f; git commit -qm x", "p");
  EXPECT_EQ(found({"inner/f"}, "p", "inner"), head("p/inner"));
  EXPECT_EQ(found({"versions"}, "p", "inner"), "failed: `" + above_.path() +
                                                   "/p/versions` is not in the work tree `" + above_.path() +
                                                   "/p/inner` of git");
}

TEST_F(LastChangesTest, GitIsAskedOnceForEachHead) {
  const std::string versions = found();
  EXPECT_EQ(found({"models.py"}), first_);
  EXPECT_EQ(kept(), 2U);
  take_git_away();
  EXPECT_EQ(found(), versions);
  EXPECT_EQ(found({"models.py"}), first_);
  EXPECT_EQ(found({"models.py", "versions"}), "failed: cannot find `git`");
  give_git_back();
  commit("p");
  EXPECT_EQ(found(), versions);
  EXPECT_EQ(kept(), 2U);
  take_git_away();
  EXPECT_EQ(found(), versions);
  EXPECT_EQ(found({"models.py"}), "failed: cannot find `git`") << "of another HEAD";
}

TEST_F(LastChangesTest, AFileThatIsDamagedOrCannotBeWrittenCostsTimeOnly) {
  const std::string versions = found();
  const std::string file = above_ / ("state/commits/" + list_folder(above_ / "state/commits")->front().name);
  const std::string line = read_file(file).value();
  for (std::size_t at = 0; at < line.size(); ++at) {
    std::string damaged = line;
    damaged[at] = damaged[at] == '0' ? '1' : '0';
    ASSERT_TRUE(write_file(file, damaged));
    EXPECT_EQ(found(), versions) << at;
    EXPECT_EQ(read_file(file).value(), line) << at;
    ASSERT_TRUE(write_file(file, line.substr(0, at)));
    EXPECT_EQ(found(), versions) << at;
  }
  sh("rm -r state; echo x >state");
  EXPECT_EQ(found(), versions);
}

TEST_F(LastChangesTest, ReadingOnlyItRemembersByItself) {
  LastChanges changes({{"PATH", above_ / "bin"}}, above_ / "state/commits", true);
  const std::string versions = found(changes);
  EXPECT_EQ(kept(), 0U);
  take_git_away();
  EXPECT_EQ(found(changes), versions);
  EXPECT_EQ(found({"versions"}, "p", "", true), "failed: cannot find `git`");
}

TEST_F(LastChangesTest, AFailureOfGitIsNotTakenForNone) {
  sh("rm bin/git; printf '#!/bin/sh\necho broken >&2; exit 1\n' >bin/git; chmod +x bin/git");
  EXPECT_TRUE(found().starts_with("failed: ")) << found();
  sh("rm bin/git");
  give_git_back();
  sh("rm -r .git/objects; mkdir .git/objects", "p");
  EXPECT_EQ(found(), "failed: `git rev-list` ended with exit status 128");
  EXPECT_EQ(kept(), 0U);
}

}  // namespace
}  // namespace devtask
