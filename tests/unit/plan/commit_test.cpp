#include "plan/commit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fakes/git_test.h"

namespace devtask {
namespace {

class CommitTest : public GitTest {
 protected:
  // With `root` below the temporary folder as the root; a failure as it is told.
  std::string found(const std::string& root, const std::string& folder = "") {
    root_ = above_ / root;
    looked_ns_ = now_ns();
    seen_.clear();
    Tree tree(root_, memo_);
    std::vector<const TreeFile*> looked;
    const auto commit = checked_out_commit(tree, folder, looked);
    for (const TreeFile* file : looked) seen_.push_back(observe(*file));
    std::ranges::move(tree.common_observations(), std::back_inserter(seen_));
    // As if time had passed since: the tests change files within the two seconds that are distrusted.
    for (Observation& each : seen_) looked_ns_ = std::max({looked_ns_, each.stat.ctime_ns + 3'000'000'000});
    if (commit) return *commit;
    std::string said = commit.error().message;
    for (std::size_t at = 0; (at = said.find(above_.path() + "/")) != std::string::npos;)
      said.erase(at, above_.path().size() + 1);
    return said + (commit.error().help.empty() ? "" : "\n" + commit.error().help);
  }
  // What the last found() looked at is as it was.
  bool holds() const {
    const Fd root = open_folder(root_);
    return std::ranges::all_of(
        seen_, [&](const Observation& each) { return still_holds(each, root, root_, looked_ns_); });
  }

  DigestMemo memo_{above_ / "memo"};
  std::string root_;
  std::vector<Observation> seen_;
  std::int64_t looked_ns_ = 0;
};

TEST_F(CommitTest, IsNoneOutsideOfRepositoriesAndBeforeTheFirstCommit) {
  sh("mkdir p");
  EXPECT_EQ(found("p"), "none");
  EXPECT_TRUE(holds());
  sh("git init -q p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), "none");
  commit("p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), head("p"));
}

TEST_F(CommitTest, IsOfTheBranchOrDetached) {
  start();
  const std::string first = head("p");
  EXPECT_EQ(found("p"), first);
  sh("git status; echo x >x; git add x; git tag t; git branch other; git gc -q", "p");
  EXPECT_EQ(found("p"), first);
  sh("git status; git tag t2; git branch another; echo y >x; git add x", "p");
  EXPECT_TRUE(holds()) << "nothing of this moves HEAD";
  commit("p");
  EXPECT_FALSE(holds());
  const std::string second = head("p");
  EXPECT_EQ(found("p"), second);
  sh("git checkout -q --detach HEAD~1", "p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), first);
  sh("git checkout -q main", "p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), second);
  sh("git commit -q --amend -m other", "p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), head("p"));
  sh("git checkout -q --orphan new", "p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), "none");
}

TEST_F(CommitTest, PackedReferencesCount) {
  start();
  sh("git checkout -q -b a/b", "p");
  commit("p");
  const std::string first = head("p");
  EXPECT_EQ(found("p"), first);
  sh("git tag -a -m x tag; git pack-refs --all --prune", "p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(stat_file(above_ / "p/.git/refs/heads/a/b").kind, FileKind::kAbsent);
  EXPECT_EQ(found("p"), first);
  EXPECT_TRUE(holds());
  commit("p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), head("p"));
}

TEST_F(CommitTest, AWorkTreeHasItsOwn) {
  start();
  const std::string first = head("p");
  sh("git worktree add -q ../w -b side", "p");
  commit("p");
  EXPECT_EQ(found("w"), first);
  sh("git pack-refs --all", "p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("w"), first);
  commit("w");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("w"), head("w"));
  EXPECT_EQ(found("p"), head("p"));
  sh("git bisect start -q; git bisect bad; git checkout -q --detach HEAD~1", "w");
  EXPECT_EQ(found("w"), first);
}

TEST_F(CommitTest, ASubmoduleHasItsOwn) {
  start("library");
  start();
  sh("git -c protocol.file.allow=always submodule --quiet add ../library sub", "p");
  commit("p");
  commit("p/sub");
  EXPECT_EQ(found("p/sub"), head("p/sub"));
  EXPECT_EQ(found("p", "sub"), head("p/sub"));
  EXPECT_EQ(found("p"), head("p"));
  EXPECT_NE(head("p"), head("p/sub"));
}

TEST_F(CommitTest, TheRepositoryMayBeginAbove) {
  start();
  sh("mkdir -p a/b a/.git", "p");
  EXPECT_EQ(found("p/a/b"), head("p")) << "an empty folder is no repository";
  EXPECT_TRUE(holds());
  commit("p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p/a/b"), head("p"));
  EXPECT_EQ(found("p", "a/b"), head("p"));
  sh("git init -q b", "p/a");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p/a/b"), "none");
}

TEST_F(CommitTest, LinksAreFollowed) {
  start();
  const std::string first = head("p");
  sh("mkdir w v; ln -s ../p/.git w/.git; git init -q v; rm -r v/.git/refs; cp p/.git/HEAD v/.git;"
     "ln -s ../../p/.git/refs ../../p/.git/packed-refs v/.git; cd p/.git; ln -sf refs/heads/main HEAD");
  EXPECT_EQ(found("p"), first) << "HEAD as git wrote it once";
  EXPECT_EQ(found("w"), first);
  sh("git pack-refs --all", "p");
  EXPECT_EQ(found("v"), first);
  EXPECT_TRUE(holds());
  commit("p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("v"), head("p"));
  EXPECT_EQ(found("w"), head("p"));
}

TEST_F(CommitTest, SymbolicReferencesAreFollowed) {
  start();
  sh("git symbolic-ref refs/heads/alias refs/heads/main; git symbolic-ref HEAD refs/heads/alias", "p");
  EXPECT_EQ(found("p"), head("p"));
  commit("p");
  EXPECT_FALSE(holds());
  EXPECT_EQ(found("p"), head("p"));
  sh("echo 'ref: refs/heads/alias' >.git/refs/heads/main", "p");
  EXPECT_EQ(found("p"), "`p/.git/HEAD` leads to a branch that leads to itself");
}

TEST_F(CommitTest, IdsMayBeLonger) {
  start("p", "--object-format=sha256");
  EXPECT_EQ(found("p"), head("p"));
  EXPECT_EQ(found("p").size(), 64U);
}

TEST_F(CommitTest, WhatIsNotUnderstoodIsNotTakenForNone) {
  const auto told = [&](const std::string& script) {
    sh("rm -rf p");
    start();
    sh(script, "p");
    return found("p");
  };
  EXPECT_EQ(told("echo 'ref: refs/heads/.invalid' >.git/HEAD"),
            "`p/.git/HEAD` is of a repository that keeps its branches in another format than files\n"
            "`git refs migrate --ref-format=files` changes that");
  EXPECT_EQ(told(": >.git/HEAD"), "`p/.git/HEAD` is empty");
  EXPECT_EQ(told("echo 0123 >.git/HEAD"), "`p/.git/HEAD` names neither a branch nor a commit");
  EXPECT_EQ(told("echo 'ref: refs/../../x' >.git/HEAD"), "`p/.git/HEAD` names neither a branch nor a commit");
  EXPECT_EQ(told("echo 'ref: HEAD' >.git/HEAD"), "`p/.git/HEAD` names neither a branch nor a commit");
  EXPECT_EQ(told(": >.git/refs/heads/main"), "`p/.git/refs/heads/main` is empty");
  EXPECT_EQ(told("git pack-refs --all; sed -i 's/^[0-9a-f]* /12 /' .git/packed-refs"),
            "`p/.git/packed-refs` names neither a branch nor a commit");
  EXPECT_EQ(told("rm -r .git; echo x >.git"), "`p/.git` does not say where the repository is");
  EXPECT_EQ(told("rm -r .git; echo 'gitdir: ../gone' >.git"),
            "`p/.git` leads to `p/../gone`, which is no repository");
  EXPECT_TRUE(holds());
  sh("git init -q --bare gone");
  EXPECT_FALSE(holds());
}

}  // namespace
}  // namespace devtask
