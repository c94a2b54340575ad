#include "exec/outputs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "fakes/memory_store.h"
#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;
using Kind = OutputEntry::Kind;

class OutputsTest : public testing::Test {
 protected:
  OutputsTest() { EXPECT_TRUE(make_folders(root_)); }

  void write(const std::string& path, std::string_view bytes, std::uint32_t mode = 0644) {
    ASSERT_TRUE(make_folders(std::string(parent_folder(root_ + "/" + path))));
    ASSERT_TRUE(write_file(root_ + "/" + path, bytes, mode));
  }
  void link(const std::string& target, const std::string& path) {
    ASSERT_TRUE(make_folders(std::string(parent_folder(root_ + "/" + path))));
    ASSERT_TRUE(make_link(target, root_ + "/" + path));
  }
  void folder(const std::string& path) { ASSERT_TRUE(make_folders(root_ + "/" + path)); }
  std::vector<OutputEntry> scan(const Strings& patterns) {
    return scan_outputs(root_, GlobList::parse(patterns).value());
  }
  void remove(const Strings& patterns, const std::vector<OutputEntry>& entries) {
    const GlobList globs = GlobList::parse(patterns).value();
    remove_outputs(root_, entries, globs);
  }
  ActionResult take(const Strings& patterns) {
    auto taken = take_outputs(root_, scan(patterns), &store_);
    EXPECT_TRUE(taken);
    ActionResult result;
    result.outputs = taken->entries;
    return result;
  }
  // `owned`: as from the task's record; what was no output of it is left out before.
  std::string restore(const ActionResult& result, const ActionResult* previous = nullptr) {
    std::vector<OutputEntry> owned;
    if (previous != nullptr) owned = previous->outputs;
    std::erase_if(owned, [](const OutputEntry& entry) { return !entry.is_owned(); });
    const auto restored = restore_outputs(root_, GlobList::parse({"**"}).value(), result, owned, store_);
    return restored ? "restored" : restored.error().message;
  }

  static std::string shown(const std::vector<OutputEntry>& entries) {
    std::string text;
    for (const OutputEntry& entry : entries) {
      switch (entry.kind) {
        case Kind::kFile:
          text += fmt::format("file {:o} {} {}\n", entry.mode, entry.size, entry.path);
          break;
        case Kind::kLink:
          text += "link " + entry.path + (entry.target.empty() ? "" : " -> " + entry.target) + "\n";
          break;
        case Kind::kDir:
          text += "dir " + entry.path + "\n";
          break;
        case Kind::kCreate:
          text += "create " + entry.path + "\n";
          break;
      }
    }
    return text;
  }
  // The whole disk below the temporary folder: "path = content", "path/", "path -> target".
  std::string disk(const std::string& below = "root") {
    Strings lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / below)) {
      const std::string path = entry.path().string().substr((folder_ / below).size() + 1);
      if (entry.is_symlink()) {
        lines.push_back(path + " -> " + read_link(entry.path()).value());
      } else if (entry.is_directory()) {
        if (list_folder(entry.path())->empty()) lines.push_back(path + "/");
      } else {
        lines.push_back(path + " = " + read_file(entry.path()).value());
      }
    }
    std::sort(lines.begin(), lines.end());
    return fmt::format("{}", fmt::join(lines, "\n"));
  }

  TemporaryFolder folder_;
  std::string root_ = folder_ / "root";
  MemoryStore store_;
};

TEST_F(OutputsTest, FindsFilesLinksAndEmptyFolders) {
  write("dist/a.js", "123");
  write("dist/sub/tool", "x", 0700);
  folder("dist/empty/below");
  link("a.js", "dist/link");
  link("sub", "dist/folder-link");
  ASSERT_EQ(::mkfifo((root_ + "/dist/pipe").c_str(), 0600), 0);
  write("one.txt", "1");
  write("other.txt", "2");
  EXPECT_EQ(shown(scan({"dist/", "one.txt", "none.txt"})),
            "file 644 3 dist/a.js\ndir dist/empty/below\nlink dist/folder-link\nlink dist/link\nfile 755 1 "
            "dist/sub/tool\n"
            "file 644 1 one.txt\n");
  EXPECT_EQ(shown(scan({"dist/*.js", "dist/a.js", "!**/sub/**"})), "file 644 3 dist/a.js\n");
  EXPECT_EQ(shown(scan({"nowhere/"})), "");
}

TEST_F(OutputsTest, AnEmptyFolderIsAnOutputToo) {
  folder("dist");
  EXPECT_EQ(shown(scan({"dist/"})), "dir dist\n");
}

TEST_F(OutputsTest, TakesContentAndTargets) {
  write("dist/a", "content");
  link("a", "dist/link");
  auto taken = take_outputs(root_, scan({"dist/"}), &store_);
  ASSERT_TRUE(taken);
  EXPECT_EQ(shown(taken->entries), "file 644 7 dist/a\nlink dist/link -> a\n");
  EXPECT_EQ(taken->entries[0].digest, sha256("content"));
  EXPECT_TRUE(store_.contains(sha256("content")));
  EXPECT_TRUE(taken->stored);
  EXPECT_FALSE(taken->names_checkout);
  EXPECT_FALSE(taken->leaves_project);

  auto digests = take_outputs(root_, scan({"dist/"}), nullptr);
  EXPECT_EQ(digests->entries, taken->entries);
  EXPECT_FALSE(digests->stored);
}

TEST_F(OutputsTest, NoticesTextThatNamesTheCheckout) {
  const auto names = [&](std::string_view text) {
    write("f", text);
    return take_outputs(root_, scan({"f"}), &store_)->names_checkout;
  };
  EXPECT_TRUE(names("in " + root_ + "/src"));
  EXPECT_TRUE(names(root_));
  EXPECT_FALSE(names(root_ + "less"));  // another folder
  EXPECT_FALSE(names(root_ + "-2"));
  EXPECT_TRUE(names(root_ + "-2 " + root_ + "\n"));
  EXPECT_FALSE(names(std::string("\0", 1) + root_));  // binary
  EXPECT_FALSE(names("relative/path"));
}

TEST_F(OutputsTest, NoticesLinksThatLeadOut) {
  const auto leaves = [&](const std::string& target) {
    link(target, "dist/sub/link");
    return take_outputs(root_, scan({"dist/"}), &store_)->leaves_project;
  };
  EXPECT_TRUE(leaves("/etc/passwd"));
  EXPECT_TRUE(leaves("../../../outside"));
  EXPECT_TRUE(leaves("../../../root/dist"));
  EXPECT_FALSE(leaves("../../src/a"));
  EXPECT_TRUE(leaves("./x/../y"));  // x may be a link, and then its parent is anywhere
  EXPECT_FALSE(leaves("none"));
}

TEST_F(OutputsTest, RestoresWhatWasTaken) {
  write("dist/a", "one");
  write("dist/tool", "two", 0755);
  folder("dist/empty");
  link("a", "dist/link");
  write("single", "three");
  const std::string before = disk();
  const ActionResult result = take({"dist/", "single"});
  ASSERT_TRUE(remove_tree(root_ + "/dist"));
  ASSERT_TRUE(remove_file(root_ + "/single"));
  EXPECT_EQ(restore(result), "restored");
  EXPECT_EQ(disk(), before);
  EXPECT_EQ(stat_file(root_ + "/dist/tool").mode, 0755U);
  EXPECT_EQ(stat_file(root_ + "/dist/a").mode, 0644U);
}

TEST_F(OutputsTest, LeavesAloneWhatIsRightAndPutsRightWhatIsNot) {
  write("dist/a", "one");
  write("dist/b", "two");
  link("a", "dist/link");
  const ActionResult result = take({"dist/"});
  const FileStat untouched = stat_file(root_ + "/dist/a");
  write("dist/b", "edited");
  link("b", "dist/link");
  write("dist/own", "of the user");
  EXPECT_EQ(restore(result), "restored");
  EXPECT_EQ(disk(), "dist/a = one\ndist/b = two\ndist/link -> a\ndist/own = of the user");
  EXPECT_EQ(stat_file(root_ + "/dist/a"), untouched);
  ASSERT_TRUE(set_mode(root_ + "/dist/a", 0755));
  EXPECT_EQ(restore(result), "restored");
  EXPECT_EQ(stat_file(root_ + "/dist/a").mode, 0644U);
}

TEST_F(OutputsTest, RemovesWhatOnlyThePreviousResultHad) {
  write("dist/a", "one");
  write("dist/old/b", "two");
  folder("dist/old-empty");
  const ActionResult previous = take({"dist/"});
  ASSERT_TRUE(remove_tree(root_ + "/dist"));
  write("dist/a", "new");
  const ActionResult result = take({"dist/"});
  EXPECT_EQ(restore(previous), "restored");
  write("dist/own", "of the user");
  EXPECT_EQ(restore(result, &previous), "restored");
  EXPECT_EQ(disk(), "dist/a = new\ndist/own = of the user");
}

TEST_F(OutputsTest, AKindMayChange) {
  write("x", "file");
  const ActionResult file = take({"x"});
  ASSERT_TRUE(remove_file(root_ + "/x"));
  link("elsewhere", "x");
  const ActionResult linked = take({"x"});
  EXPECT_EQ(restore(file, &linked), "restored");
  EXPECT_EQ(disk(), "x = file");
  EXPECT_EQ(restore(linked, &file), "restored");
  EXPECT_EQ(disk(), "x -> elsewhere");
  ASSERT_TRUE(remove_file(root_ + "/x"));
  folder("x");
  EXPECT_EQ(restore(file), "restored");  // an empty folder is no loss
  EXPECT_EQ(disk(), "x = file");
}

TEST_F(OutputsTest, WritesWhatATaskCreatesOnlyWhereNothingIs) {
  ActionResult result;
  result.outputs = {{Kind::kCreate, "migrations/1.py", 0644, store_.put_bytes("generated").value(), 9, {}}};
  write("migrations/1.py", "edited by hand");
  EXPECT_EQ(restore(result), "restored");
  EXPECT_EQ(disk(), "migrations/1.py = edited by hand");
  ASSERT_TRUE(remove_file(root_ + "/migrations/1.py"));
  EXPECT_EQ(restore(result), "restored");
  EXPECT_EQ(disk(), "migrations/1.py = generated");
  const ActionResult nothing;
  EXPECT_EQ(restore(nothing, &result), "restored");  // and never takes it away
  EXPECT_EQ(disk(), "migrations/1.py = generated");
}

TEST_F(OutputsTest, NeverRestoresThroughALink) {
  write("dist/a", "inside");
  write("dist/sub/b", "inside");
  const ActionResult result = take({"dist/"});
  ASSERT_TRUE(remove_tree(root_ + "/dist"));
  ASSERT_TRUE(make_folders(folder_ / "outside/sub"));
  ASSERT_TRUE(write_file(folder_ / "outside/a", "outside"));
  link("../outside", "dist");
  EXPECT_EQ(restore(result), "`dist` is in the way: a folder was expected");
  EXPECT_EQ(disk("outside"), "a = outside\nsub/");
}

TEST_F(OutputsTest, NeverRemovesThroughALink) {
  write("dist/a", "inside");
  write("dist/sub/b", "inside");
  folder("dist/sub/empty");
  const ActionResult previous = take({"dist/"});
  ASSERT_TRUE(remove_tree(root_ + "/dist"));
  ASSERT_TRUE(make_folders(folder_ / "outside/sub/empty"));
  ASSERT_TRUE(write_file(folder_ / "outside/a", "outside"));
  ASSERT_TRUE(write_file(folder_ / "outside/sub/b", "outside"));
  link("../outside", "dist");
  remove({"dist/"}, previous.outputs);
  EXPECT_EQ(disk("outside"), "a = outside\nsub/b = outside\nsub/empty/");
  EXPECT_EQ(restore(ActionResult(), &previous), "restored");
  EXPECT_EQ(disk("outside"), "a = outside\nsub/b = outside\nsub/empty/");
}

TEST_F(OutputsTest, RefusesALinkThatLeadsOut) {
  ActionResult result;
  result.outputs = {{Kind::kLink, "dist/link", 0, {}, 0, "../../outside"}};
  EXPECT_EQ(restore(result), "the link `dist/link` leads out of the project");
  EXPECT_EQ(disk(), "dist/");
  result.outputs[0].target = "../dist";
  EXPECT_EQ(restore(result), "restored");
  // `other` may be a link, and then its parent is anywhere.
  result.outputs = {{Kind::kLink, "dist/next", 0, {}, 0, "other/../x"}};
  EXPECT_EQ(restore(result), "the link `dist/next` leads out of the project");
}

TEST_F(OutputsTest, DoesNotClearAwayAFolderOrAFileInTheWay) {
  write("x", "file");
  const ActionResult file = take({"x"});
  ASSERT_TRUE(remove_file(root_ + "/x"));
  write("x/own", "of the user");
  EXPECT_EQ(restore(file), "the folder `x` is in the way of a file");
  EXPECT_EQ(disk(), "x/own = of the user");

  ActionResult below;
  below.outputs = {{Kind::kFile, "y/z", 0644, sha256("file"), 4, {}}};
  write("y", "of the user");
  EXPECT_EQ(restore(below), "`y` is in the way: a folder was expected");
  ActionResult empty;
  empty.outputs = {{Kind::kDir, "y", 0755, {}, 0, {}}};
  EXPECT_NE(restore(empty), "restored");
  EXPECT_EQ(disk(), "x/own = of the user\ny = of the user");
}

TEST_F(OutputsTest, SaysWhenTheCacheIsBroken) {
  write("a", "one");
  const ActionResult result = take({"a"});
  ASSERT_TRUE(remove_file(root_ + "/a"));
  store_.damage(sha256("one"));
  EXPECT_EQ(restore(result), "blob " + sha256("one").hex() + " of the cache is broken");
  EXPECT_EQ(disk(), "");
}

TEST_F(OutputsTest, RemovesFilesAndTheFoldersThatBecomeEmpty) {
  write("dist/a/b/c", "1");
  write("dist/a/own", "of the user");
  write("dist/d/e", "2");
  folder("dist/f/empty");
  const Strings patterns{"dist/a/b/", "dist/d/", "dist/f/"};
  const auto entries = scan(patterns);
  folder("dist/d/e-not");
  remove(patterns, entries);
  EXPECT_EQ(disk(), "dist/a/own = of the user\ndist/d/e-not/");
  remove(patterns, entries);  // nothing is there: fine
  EXPECT_EQ(disk(), "dist/a/own = of the user\ndist/d/e-not/");
}

// Another task may be about to write into the others.
TEST_F(OutputsTest, RemovesOnlyFoldersThatThePatternsCover) {
  for (const char* path : {"out/a.txt", "out/all/x/y", "out/some/z.o"}) write(path, "");
  const Strings patterns{"out/a.txt", "out/all/", "out/some/*.o"};
  remove(patterns, scan(patterns));
  EXPECT_EQ(disk(), "out/some/");
}

TEST_F(OutputsTest, DoesNotRemoveAFolderThatTookTheNameOfAFile) {
  write("x", "file");
  const auto entries = scan({"x"});
  ASSERT_TRUE(remove_file(root_ + "/x"));
  write("x/own", "of the user");
  remove({"x"}, entries);
  EXPECT_EQ(disk(), "x/own = of the user");
}

TEST_F(OutputsTest, NamesAreBytes) {
  write("dist/new\nline", "1");
  write("dist/\xff", "2");
  const ActionResult result = take({"dist/"});
  const std::string before = disk();
  remove({"dist/"}, result.outputs);
  EXPECT_EQ(disk(), "");
  EXPECT_EQ(restore(result), "restored");
  EXPECT_EQ(disk(), before);
}

TEST_F(OutputsTest, SaysWhichDeclaredOutputsAreMissing) {
  const auto missing = [&](const Strings& patterns) {
    Patterns outputs;
    for (const std::string& pattern : patterns) outputs.written.push_back({pattern, {}});
    std::string text;
    for (const Diagnostic& each : missing_outputs(root_, "t", outputs)) text += render(each, false);
    return text;
  };
  write("there", "");
  write("full/x", "");
  link("nowhere", "link");
  EXPECT_EQ(missing({"there", "full/", "link", "*.log", "full/*.js", "!none"}), "");
  EXPECT_EQ(
      missing({"none", "none/"}),
      "error: task `t` did not make its output `none`\nerror: task `t` did not make its output `none/`\n");
  EXPECT_EQ(missing({"full"}),
            "error: output `full` of task `t` is a folder\n  help: write `full/` for everything in it\n");
}

}  // namespace
}  // namespace devtask
