#include "plan/seal.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr std::int64_t kLater_ns = 10'000'000'000;

// A project with two files and a folder, sealed as if the looking had happened ten seconds from now.
class SealTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_folders(root_ + "/src"));
    ASSERT_TRUE(write_file(root_ + "/src/a", "a"));
    ASSERT_TRUE(write_file(root_ + "/src/b", "b"));
    ASSERT_TRUE(seal_.write(look(), {7, 1234}, now_ns() + kLater_ns));
    ASSERT_TRUE(seal_.check());
  }

  std::vector<Observation> look() const {
    std::vector<Observation> seen;
    for (const std::string path : {"src", "src/a", "src/b", "src/absent"}) {
      seen.push_back({path, false, stat_file(root_ + "/" + path)});
    }
    seen.push_back({"/bin/sh", true, stat_followed(std::string("/bin/sh"))});
    return seen;
  }
  std::string seal_file() const { return folder_.path() + "/seals/" + question_.hex().substr(0, 16); }

  TemporaryFolder folder_;
  std::string root_ = folder_.path() + "/project";
  Digest question_ = sha256("question");
  Seal seal_{folder_.path() + "/seals", root_, question_};
};

TEST_F(SealTest, GivesTheOutcomeBack) {
  const auto outcome = seal_.check();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->tasks, 7U);
  EXPECT_EQ(outcome->saved_ms, 1234);
}

TEST_F(SealTest, BreaksWhenAFileChanges) {
  ASSERT_TRUE(write_file(root_ + "/src/a", "c"));
  EXPECT_FALSE(seal_.check());
}

TEST_F(SealTest, BreaksWhenAModeChanges) {
  ASSERT_TRUE(set_mode(root_ + "/src/b", 0755));
  EXPECT_FALSE(seal_.check());
}

TEST_F(SealTest, BreaksWhenSomethingAppears) {
  ASSERT_TRUE(write_file(root_ + "/src/absent", ""));
  EXPECT_FALSE(seal_.check());
}

TEST_F(SealTest, BreaksWhenSomethingIsGone) {
  ASSERT_TRUE(remove_file(root_ + "/src/b"));
  EXPECT_FALSE(seal_.check());
}

TEST_F(SealTest, AnswersItsOwnQuestionOnly) {
  EXPECT_FALSE(Seal(folder_.path() + "/seals", root_, sha256("another")).check());
}

TEST_F(SealTest, IsNoSealWhenAnyByteIsDamagedOrMissing) {
  const auto bytes = read_file(seal_file());
  ASSERT_TRUE(bytes);
  for (std::size_t i = 0; i < bytes->size(); ++i) {
    std::string damaged = *bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ASSERT_TRUE(write_file(seal_file(), damaged));
    EXPECT_FALSE(seal_.check()) << "byte " << i;
    ASSERT_TRUE(write_file(seal_file(), bytes->substr(0, i)));
    EXPECT_FALSE(seal_.check()) << "cut at " << i;
  }
}

TEST_F(SealTest, IsNotMadeOfWhatIsYoung) {
  const Seal young(folder_.path() + "/seals", root_, sha256("young"));
  ASSERT_TRUE(young.write(look(), {1, 1}, now_ns()));
  EXPECT_FALSE(young.check());
}

TEST_F(SealTest, KeepsAFew) {
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(Seal(folder_.path() + "/seals", root_, sha256(std::to_string(i)))
                    .write(look(), {1, 1}, now_ns() + kLater_ns));
  }
  EXPECT_LE(list_folder(folder_.path() + "/seals")->size(), 8U);
}

}  // namespace
}  // namespace devtask
