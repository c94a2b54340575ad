#include "action/action_result.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace devtask {
namespace {

using Kind = OutputEntry::Kind;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

Digest digest_of(const std::string& hex) { return Digest::from_hex(hex).value(); }

ActionResult everything() {
  ActionResult result;
  result.exit_status = 3;
  result.duration = std::chrono::milliseconds(1234);
  result.log = digest_of(kA);
  result.witness.emplace();
  result.witness->path = ".venv/pyvenv.cfg";
  result.witness->digest = digest_of(kB);
  result.outputs = {
      {Kind::kDir, "dist/empty", 0755, {}, 0, {}},
      {Kind::kFile, "dist/index.html", 0644, digest_of(kA), 17, {}},
      {Kind::kLink, "dist/latest", 0, {}, 0, "a b\tc"},
      {Kind::kFile, "dist/line\nbreak", 0755, digest_of(kB), 0, {}},
      {Kind::kCreate, "notes/1 .md", 0644, digest_of(kB), 5, {}},
  };
  return result;
}

const std::string kEverything =
    "devtask-result 1\n"
    "exit 3\n"
    "duration-ms 1234\n"
    "log " +
    kA +
    "\n"
    "witness " +
    kB +
    " .venv/pyvenv.cfg\n"
    "dir 0755 dist/empty\n"
    "file 0644 " +
    kA +
    " 17 dist/index.html\n"
    "link a b\\tc\tdist/latest\n"
    "file 0755 " +
    kB +
    " 0 dist/line\\nbreak\n"
    "create 0644 " +
    kB + " 5 notes/1 .md\n";

TEST(ActionResultText, ShowsEverything) { EXPECT_EQ(to_text(everything()), kEverything); }

TEST(ActionResultText, ReadsBackWhatItWrote) {
  const auto result = result_from_text(kEverything);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, everything());
}

TEST(ActionResultText, OfAResultWithNothingIsThreeLines) {
  EXPECT_EQ(to_text({}), "devtask-result 1\nexit 0\nduration-ms 0\n");
  EXPECT_EQ(result_from_text("devtask-result 1\nexit 0\nduration-ms 0\n").value(), ActionResult{});
}

TEST(ActionResultText, DoesNotDependOnTheOrderOfTheOutputs) {
  ActionResult result = everything();
  std::reverse(result.outputs.begin(), result.outputs.end());
  EXPECT_EQ(to_text(result), kEverything);
  EXPECT_EQ(result.outputs_digest(), everything().outputs_digest());
}

TEST(ActionResultText, KeepsBytesThatAreNoText) {
  ActionResult result;
  result.outputs = {{Kind::kFile, "caf\xc3\xa9 \xff\x01\\", 0644, digest_of(kA), 1, {}}};
  EXPECT_EQ(result_from_text(to_text(result)).value(), result);
}

TEST(ActionResultText, IsRefusedWhenCutAnywhere) {
  for (std::size_t length = 0; length < kEverything.size(); ++length) {
    const auto result = result_from_text(std::string_view(kEverything).substr(0, length));
    if (!result) continue;
    // Only between two lines, where it is the text of another result; the checksum around it notices that.
    EXPECT_EQ(kEverything[length - 1], '\n') << length;
    EXPECT_EQ(to_text(*result), kEverything.substr(0, length));
  }
}

TEST(ActionResultText, WithAFlippedBitIsRefusedOrSaysWhatItSays) {
  for (std::size_t i = 0; i < kEverything.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string text = kEverything;
      text[i] = static_cast<char>(text[i] ^ (1 << bit));
      const auto result = result_from_text(text);
      if (!result) continue;
      for (const OutputEntry& entry : result->outputs) EXPECT_TRUE(is_safe_relative_path(entry.path));
    }
  }
}

TEST(ActionResultText, IsRefusedWhenItLeavesTheProjectOrIsUnknown) {
  const std::string head = "devtask-result 1\nexit 0\nduration-ms 0\n";
  const std::string file = "file 0644 " + kA + " 1 ";
  const std::string bad[] = {
      "",
      "devtask-result 2\nexit 0\nduration-ms 0\n",
      "devtask-result 1\nduration-ms 0\n",
      "devtask-result 1\nexit zero\nduration-ms 0\n",
      "devtask-result 1\nexit 99999999999\nduration-ms 0\n",
      head + "socket 0644 x\n",
      head + file + "/etc/passwd\n",
      head + file + "../x\n",
      head + file + "a/../../x\n",
      head + file + "a//b\n",
      head + file + "a/\n",
      head + file + "./a\n",
      head + file + "\n",
      head + file + "a\\x00b\n",
      head + file + "a\\q\n",
      head + file + "a\n" + file + "a\n",
      head + file + "b\n" + file + "a\n",
      head + "file 10000 " + kA + " 1 a\n",
      head + "file 0648 " + kA + " 1 a\n",
      head + "file 4755 " + kA + " 1 a\n",
      head + "file 0666 " + kA + " 1 a\n",
      head + "file 0000 " + kA + " 1 a\n",
      head + "dir 0777 a\n",
      head + "file 0644 " + kA + " -1 a\n",
      head + "file 0644 " + kA.substr(1) + " 1 a\n",
      head + "file 0644 " + std::string(64, 'A') + " 1 a\n",
      head + "link \ta\n",
      head + "link target a\n",
      head + "log " + kA + "\nlog " + kA + "\n",
      // Restoring this would write outside.
      head + "link /etc\ta\n" + file + "a/passwd\n",
      head + "link /etc\ta\n" + file + "a-b\n" + file + "a/x/passwd\n",
  };
  for (const std::string& text : bad) EXPECT_FALSE(result_from_text(text)) << text;
}

TEST(ActionResultText, MayLinkOutOfTheProject) {
  EXPECT_TRUE(
      result_from_text("devtask-result 1\nexit 0\nduration-ms 0\nlink /usr/bin/python3\t.venv/bin/python\n"));
}

TEST(OutputsDigest, DependsOnWhatDependentsSee) {
  const Digest digest = everything().outputs_digest();
  ActionResult other = everything();
  other.exit_status = 0;
  other.duration = std::chrono::milliseconds(1);
  other.log.reset();
  other.witness.reset();
  other.outputs.pop_back();  // the file of `creates`
  EXPECT_EQ(other.outputs_digest(), digest);

  other.outputs[0].mode = 0644;
  EXPECT_NE(other.outputs_digest(), digest);
  other = everything();
  other.outputs[1].digest = digest_of(kB);
  EXPECT_NE(other.outputs_digest(), digest);
  other = everything();
  other.outputs[2].target = "elsewhere";
  EXPECT_NE(other.outputs_digest(), digest);
  other = everything();
  other.outputs[1].path = "dist/index.htm";
  EXPECT_NE(other.outputs_digest(), digest);
}

TEST(BlobsOf, AreTheLogAndTheFilesThatAreRestored) {
  EXPECT_EQ(blobs_of(everything()), (std::vector<Digest>{digest_of(kA), digest_of(kA), digest_of(kB)}));
}

TEST(SafeRelativePath, StaysBelowTheRoot) {
  for (const char* path :
       {"a", "a/b", ".a", "..a", "...", "a/.b", "a/..b", "a/...", "a b", ".venv/bin/x", "a/b.."}) {
    EXPECT_TRUE(is_safe_relative_path(path)) << path;
  }
  for (const char* path :
       {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b"}) {
    EXPECT_FALSE(is_safe_relative_path(path)) << path;
  }
  EXPECT_FALSE(is_safe_relative_path(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace devtask
