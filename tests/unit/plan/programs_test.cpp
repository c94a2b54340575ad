#include "plan/programs.h"

#include <gtest/gtest.h>

#include "fakes/test_project.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

TEST(ProgramsOfScriptTest, FindsTheFirstWordOfEachCommand) {
  const std::pair<std::string, Strings> table[] = {
      {"", {}},
      {"npm run build", {"npm"}},
      {"npm ci && npm test || node x; tsc & wait", {"node", "npm", "tsc"}},
      {"a | b |& c\nd", {"a", "b", "c", "d"}},
      {"./configure && ../tools/gen x", {"../tools/gen", "./configure"}},
      {"python3.11 -m pip", {"python3.11"}},
      {"g++ a.cc", {"g++"}},
      // Not started: builtins, keywords, assignments, expansions.
      {"cd ui && echo hi && export A=b && set -x && [ -e x ] && test -e y && : && true && . ./env", {}},
      {"A=1 B='two words' tool", {"tool"}},
      {"A=1", {}},
      {"PATH+=:x tool", {"tool"}},
      {"$TOOL x; \"$TOOL\" y; \"${1}\" z", {}},
      {"if a; then b; elif c; then d; else e; fi", {"a", "b", "c", "d", "e"}},
      {"while a; do b; done; until c; do d; done", {"a", "b", "c", "d"}},
      {"for x in one two; do tool $x; done", {"tool"}},
      {"case $x in one) a;; *) b;; esac", {"a", "b"}},
      {"! a", {"a"}},
      {"time a", {"a"}},
      {"{ a; }; (b; c)", {"a", "b", "c"}},
      {"x=$(a b) c", {"a", "c"}},
      {"echo $(a) `b`", {"a", "b"}},
      // Words that start another program.
      {"exec a", {"a"}},
      {"command a", {"a"}},
      {"env A=1 -i a b", {"a", "env"}},
      {"nohup a", {"a", "nohup"}},
      {"ls | xargs -0 a", {"a", "ls", "xargs"}},
      // Quotes, comments, redirections.
      {"'a' x; \"b\" y; to\\ol", {"a", "b", "tool"}},
      {"echo 'x; a' \"y | b\"", {}},
      {"a # && b", {"a"}},
      {"a#b", {}},
      {"a >b <c 2>&1 >>d && e > f", {"a", "e"}},
      {"> out a", {"a"}},
      {"a \\\n  && b", {"a", "b"}},
      {"\t a\n\n  b\n", {"a", "b"}},
      {"'a b'", {}},  // a program's name with a blank: not worth a guess
  };
  for (const auto& [script, expected] : table) {
    EXPECT_EQ(programs_of_script(script), expected) << script;
  }
}

class ProgramsTest : public testing::Test {
 protected:
  ProgramsTest() {
    EXPECT_TRUE(make_folders(folder_ / "first"));
    EXPECT_TRUE(make_folders(folder_ / "second"));
  }
  void program(const std::string& name, std::string_view text) {
    ASSERT_TRUE(make_folders(std::string(parent_folder(folder_ / name))));
    ASSERT_TRUE(write_file(folder_ / name, text, 0755));
  }
  Strings folders() const { return {folder_ / "first", folder_ / "second"}; }
  // From a fresh look.
  std::string identity(const std::string& name, const std::vector<const GlobList*>& made = {},
                       const std::string& working_folder = {}) {
    DigestMemo memo(folder_ / "memo");
    Tree tree(folder_.path(), memo);
    ProgramIdentities identities;
    return Programs(tree, folder_ / "home", identities)
        .identity(name, folders(), working_folder.empty() ? folder_.path() : working_folder, made);
  }

  TemporaryFolder folder_;
};

TEST_F(ProgramsTest, FindsTheFirstInTheSearchPath) {
  program("second/a", "2");
  EXPECT_EQ(find_program("a", folders(), folder_.path()), folder_ / "second/a");
  program("first/a", "1");
  EXPECT_EQ(find_program("a", folders(), folder_.path()), folder_ / "first/a");
  ASSERT_TRUE(set_mode(folder_ / "first/a", 0644));
  EXPECT_EQ(find_program("a", folders(), folder_.path()), folder_ / "second/a");
  EXPECT_EQ(find_program("./first/../second/a", {}, folder_.path()), folder_ / "./first/../second/a");
  EXPECT_EQ(find_program("second", {folder_.path()}, folder_.path()), "");  // a folder
  EXPECT_EQ(find_program("b", folders(), folder_.path()), "");
}

TEST_F(ProgramsTest, AProgramIsItsContent) {
  EXPECT_EQ(identity("a"), "");
  program("second/a", "2");
  const std::string second = identity("a");
  EXPECT_EQ(second, sha256("2").hex());
  program("first/a", "1");
  EXPECT_EQ(identity("a"), sha256("1").hex());
  ASSERT_TRUE(make_link("../second/a", folder_ / "first/a"));
  EXPECT_EQ(identity("a"), second);
}

TEST_F(ProgramsTest, AScriptIsItsInterpreterToo) {
  program("first/python", "py");
  program("second/other", "o");
  program("first/a", "#!/usr/bin/env python\n");
  program("first/b", "#!/usr/bin/env -S X=1 python -u\n");
  program("first/c", "#! " + (folder_ / "second/other") + " -x\n");
  program("first/d", "#!/none\n");
  program("first/e", "#!/usr/bin/env a\n");  // a script of a script
  const auto of = [&](const std::string& name) { return sha256(read_file(folder_ / name).value()).hex(); };
  EXPECT_EQ(identity("a"), of("first/a") + " " + of("first/python"));
  EXPECT_EQ(identity("b"), of("first/b") + " " + of("first/python"));
  EXPECT_EQ(identity("c"), of("first/c") + " " + of("second/other"));
  EXPECT_EQ(identity("d"), of("first/d"));
  EXPECT_EQ(identity("e"), of("first/e") + " " + of("first/a") + " " + of("first/python"));
}

TEST_F(ProgramsTest, AScriptThatIsItsOwnInterpreterEnds) {
  program("first/a", "#!/usr/bin/env a\n");
  EXPECT_TRUE(identity("a").starts_with(sha256("#!/usr/bin/env a\n").hex()));
}

TEST_F(ProgramsTest, WhatADependencyMadeIsKnownThroughIt) {
  program("first/a", "made");
  const GlobList made = GlobList::parse({"first/"}).value();
  EXPECT_EQ(identity("a", {&made}), "");
  EXPECT_EQ(identity("first/a", {&made}), "");
  program("second/a", "of the system");
  EXPECT_EQ(identity("a", {&made}), sha256("of the system").hex());
}

TEST_F(ProgramsTest, AShimOfPyenvIsTheVersionItChooses) {
  program("pyenv/shims/python", "shim");
  program("pyenv/versions/3.11/bin/python", "three eleven");
  program("pyenv/versions/3.12/bin/python", "three twelve");
  ASSERT_TRUE(write_file(folder_ / "pyenv/version", "3.11\n"));
  ASSERT_TRUE(make_folders(folder_ / "project/below"));
  const auto of = [&](const std::string& working_folder) {
    return identity(folder_ / "pyenv/shims/python", {}, folder_ / working_folder);
  };
  EXPECT_EQ(of("project"), sha256("shim").hex() + " pyenv:3.11:" + sha256("three eleven").hex());
  ASSERT_TRUE(write_file(folder_ / "project/.python-version", "3.12 \nignored\n"));
  EXPECT_EQ(of("project/below"), sha256("shim").hex() + " pyenv:3.12:" + sha256("three twelve").hex());
}

TEST_F(ProgramsTest, AShimOfAsdfDependsOnTheFilesThatChoose) {
  program("asdf/shims/node", "shim");
  const auto now = [&] { return identity(folder_ / "asdf/shims/node"); };
  const std::string before = now();
  ASSERT_TRUE(write_file(folder_ / ".tool-versions", "nodejs 20\n"));
  const std::string twenty = now();
  EXPECT_NE(twenty, before);
  ASSERT_TRUE(write_file(folder_ / ".tool-versions", "nodejs 22\n"));
  EXPECT_NE(now(), twenty);
}

}  // namespace
}  // namespace devtask
