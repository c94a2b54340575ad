#include "console/file_lines.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

FilesReported sample() {
  FilesReported event;
  event.task = "format --check";
  event.checked = true;
  event.would_change = {{"src/a", "--- a/src/a\n+++ b/src/a\n@@ -1,1 +1,1 @@\n-a\n+\x1b[31mA\n"},
                        {"src/b\n", ""}};
  event.failed = {{"src/c", ""}, {"src/d", "it was removed"}};
  event.clean = 2;
  event.known = 3;
  return event;
}

TEST(FileLinesTest, NameEachFileAndShowWhatWouldChange) {
  EXPECT_EQ(would_change_lines(sample(), false, LineStyle::kRaw),
            "would change: src/a\n--- a/src/a\n+++ b/src/a\n@@ -1,1 +1,1 @@\n-a\n+\x1b[31mA\n"
            "would change: src/b \n");
  EXPECT_EQ(failed_file_lines(sample(), false), "failed: src/c\nfailed: src/d: it was removed\n");
}

TEST(FileLinesTest, NothingInAFileReachesATerminal) {
  EXPECT_EQ(would_change_lines(sample(), false, LineStyle::kCleanNoColor).find('\x1b'), std::string::npos);
}

TEST(FileLinesTest, CountThem) {
  EXPECT_EQ(files_line(sample(), {}),
            "format --check: 2 files would change, 2 failed, 5 clean (3 known before)\n");
  FilesReported event;
  event.task = "format --check";
  event.would_change = {{"a", ""}};
  event.not_run = 4;
  EXPECT_EQ(files_line(event, {}), "format --check: 1 file would change, 4 not looked at, 0 clean\n");
}

TEST(FileLinesTest, AreAnnotationsOnGithub) {
  FilesReported event = sample();
  event.would_change.resize(1);
  event.failed.resize(1);
  EXPECT_EQ(file_annotations(event),
            "::error file=src/a::`format --check` would change it\n"
            "::error file=src/c::`format --check` fails on it\n");
}

}  // namespace
}  // namespace devtask
