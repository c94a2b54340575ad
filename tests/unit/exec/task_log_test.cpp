#include "exec/task_log.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fakes/memory_store.h"
#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

class TaskLogTest : public testing::Test {
 protected:
  // Lines with a number, each of ten bytes.
  static std::string lines(std::size_t first, std::size_t last) {
    std::string text;
    for (std::size_t i = first; i <= last; ++i) text += fmt::format("{:9}\n", i);
    return text;
  }
  static constexpr std::size_t kMany = 2 * TaskLog::kInMemory / 10;

  // In pieces of a size that divides nothing.
  TaskLog written(const std::string& text) const {
    TaskLog log(path_);
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view piece = rest.substr(0, 4099);
      log.append(piece);
      rest.remove_prefix(piece.size());
    }
    return log;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder_ / "logs")) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "logs"))
      names.push_back(entry.path().filename());
    return names;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "logs/t";
  MemoryStore store_;
};

TEST_F(TaskLogTest, AShortOneIsKeptWholeAndNeedsNoFile) {
  for (const std::string& text : {std::string(), std::string("a\nb"), std::string(TaskLog::kInMemory, 'x')}) {
    TaskLog log = written(text);
    EXPECT_EQ(log.empty(), text.empty());
    EXPECT_EQ(log.put(store_), sha256(text));
    const TaskLog::Excerpt kept = std::move(log).keep();
    EXPECT_TRUE(kept.text == text);
    EXPECT_EQ(kept.left_out, 0U);
    EXPECT_EQ(kept.path, "");
  }
  EXPECT_EQ(files(), std::vector<std::string>());
}

TEST_F(TaskLogTest, ALongOneIsStoredWhole) {
  const std::string text = lines(1, kMany);
  {
    const TaskLog log = written(text);
    EXPECT_EQ(log.put(store_), sha256(text));
    EXPECT_TRUE(store_.get_bytes(sha256(text)) == text);
  }
  EXPECT_EQ(files(), std::vector<std::string>());
}

TEST_F(TaskLogTest, OfALongOneTheLastLinesAreRepeatedAndTheFileStays) {
  const std::string text = lines(1, kMany);
  TaskLog::Excerpt kept = written(text).keep();
  EXPECT_LE(kept.text.size(), TaskLog::kRepeated);
  EXPECT_GE(kept.text.size(), TaskLog::kRepeated - 10);
  EXPECT_TRUE(kept.text == lines(kMany + 1 - kept.text.size() / 10, kMany));
  EXPECT_EQ(kept.left_out, text.size() - kept.text.size());
  EXPECT_EQ(kept.path, path_);
  EXPECT_TRUE(read_file(path_) == text);
  EXPECT_EQ(stat_file(path_).mode, 0600U);
  EXPECT_EQ(stat_file(folder_ / "logs").mode, 0700U);
  EXPECT_EQ(files(), std::vector<std::string>{"t"});
  // The next attempt begins without it.
  TaskLog next(path_);
  EXPECT_EQ(files(), std::vector<std::string>());
}

TEST_F(TaskLogTest, ALongLineIsCut) {
  const std::string text(3 * TaskLog::kInMemory, 'x');
  const TaskLog::Excerpt kept = written(text).keep();
  EXPECT_EQ(kept.text.size(), TaskLog::kRepeated);
  EXPECT_EQ(kept.left_out, text.size() - kept.text.size());
}

TEST_F(TaskLogTest, WithoutAFileTheEndIsThereAndNothingIsStored) {
  ASSERT_TRUE(write_file(folder_ / "logs", "in the way"));
  TaskLog log = written(lines(1, kMany));
  EXPECT_FALSE(log.put(store_));
  const TaskLog::Excerpt kept = std::move(log).keep();
  EXPECT_TRUE(kept.text.ends_with(lines(kMany, kMany)));
  EXPECT_GT(kept.left_out, 0U);
  EXPECT_EQ(kept.path, "");
}

}  // namespace
}  // namespace devtask
