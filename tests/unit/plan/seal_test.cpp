#include "plan/seal.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>

#include "fakes/temporary_folder.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr std::int64_t kLater_ns = 10'000'000'000;

// A project with two files and a folder, sealed as if the looking had happened ten seconds from now. Task
// "one" has src/a as its input, "two" src/b and something that is not there as its outputs; the rest is
// common.
class SealTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_folders(root_ + "/src"));
    ASSERT_TRUE(write_file(root_ + "/src/a", "a"));
    ASSERT_TRUE(write_file(root_ + "/src/b", "b"));
    ASSERT_TRUE(write_file(root_ + "/journal", "journal"));
    ASSERT_TRUE(write_seal(place_, contents(), now_ns() + kLater_ns));
    ASSERT_TRUE(holds());
  }

  SealContents contents() const {
    SealContents contents;
    contents.outcome = {7, 1234, true};
    contents.journal = stat_file(root_ + "/journal");
    for (const std::string path : {"src", "src/a", "src/b", "src/absent"}) {
      contents.observations.push_back({path, false, false, stat_file(root_ + "/" + path), std::nullopt});
    }
    contents.observations[1].digest = sha256("a");
    contents.observations[0].kind_only = true;
    contents.observations.push_back(
        {"/bin/sh", true, false, stat_followed(std::string("/bin/sh")), std::nullopt});
    contents.tasks = {{"one", sha256("key"), sha256("seen"), {1}, {}, {}},
                      {"two", sha256("other"), std::nullopt, {}, {2, 3}, {}}};
    return contents;
  }
  bool holds() const {
    const auto seal = Seal::compare(place_);
    return seal && seal->holds();
  }

  TemporaryFolder folder_;
  std::string root_ = folder_.path() + "/project";
  SealPlace place_{folder_.path() + "/seals", root_, root_ + "/journal", sha256("question")};
};

TEST_F(SealTest, GivesTheOutcomeBack) {
  const auto seal = Seal::compare(place_);
  ASSERT_TRUE(seal);
  EXPECT_EQ(seal->outcome().tasks, 7U);
  EXPECT_EQ(seal->outcome().saved_ms, 1234);
  ASSERT_NE(seal->task(0, "one"), nullptr);
  EXPECT_EQ(seal->task(0, "one")->key, sha256("key"));
  EXPECT_EQ(seal->task(0, "one")->seen, sha256("seen"));
  EXPECT_EQ(seal->task(1, "two")->seen, std::nullopt);
  EXPECT_EQ(seal->task(0, "two"), nullptr);
  EXPECT_EQ(seal->task(2, "two"), nullptr);
  EXPECT_FALSE(seal->is_worn());
}

TEST_F(SealTest, AChangeConcernsTheTasksThatLookedAtIt) {
  ASSERT_TRUE(write_file(root_ + "/src/a", "c"));
  const auto seal = Seal::compare(place_);
  ASSERT_TRUE(seal);
  EXPECT_FALSE(seal->holds());
  EXPECT_FALSE(seal->task(0, "one")->inputs_hold);
  EXPECT_TRUE(seal->task(0, "one")->outputs_hold);
  EXPECT_TRUE(seal->task(1, "two")->inputs_hold);
  EXPECT_TRUE(seal->task(1, "two")->outputs_hold);
}

TEST_F(SealTest, AFileWithTheSameContentIsTheSame) {
  ASSERT_TRUE(write_file(root_ + "/src/a", "a"));
  const auto seal = Seal::compare(place_);
  ASSERT_TRUE(seal);
  EXPECT_TRUE(seal->holds());
  ASSERT_EQ(seal->read_again().size(), 1U);
  EXPECT_EQ(seal->read_again()[0].path, "src/a");
  EXPECT_EQ(seal->read_again()[0].stat, stat_file(root_ + "/src/a"));
  EXPECT_EQ(seal->contents().observations[1].stat, stat_file(root_ + "/src/a"));
}

TEST_F(SealTest, ButNotIfItBecameExecutable) {
  ASSERT_TRUE(set_mode(root_ + "/src/a", 0755));
  EXPECT_FALSE(holds());
}

TEST_F(SealTest, WithoutItsContentKnownAFileHasToLookTheSame) {
  ASSERT_TRUE(write_file(root_ + "/src/b", "b"));
  const auto seal = Seal::compare(place_);
  ASSERT_TRUE(seal);
  EXPECT_FALSE(seal->task(1, "two")->outputs_hold);
  EXPECT_TRUE(seal->task(1, "two")->inputs_hold);
}

TEST_F(SealTest, BreaksWhenSomethingAppears) {
  ASSERT_TRUE(write_file(root_ + "/src/absent", ""));
  EXPECT_FALSE(holds());
}

TEST_F(SealTest, BreaksWhenSomethingIsGone) {
  ASSERT_TRUE(remove_file(root_ + "/src/b"));
  EXPECT_FALSE(holds());
}

TEST_F(SealTest, BreaksWhenTheJournalGoesOn) {
  ASSERT_TRUE(write_file(root_ + "/journal", "journal and more"));
  const auto seal = Seal::compare(place_);
  ASSERT_TRUE(seal);
  EXPECT_FALSE(seal->holds());
  EXPECT_TRUE(seal->task(0, "one")->inputs_hold);
}

TEST_F(SealTest, IsOfNoUseWhenSomethingCommonChanges) {
  SealContents with_common = contents();
  with_common.tasks[0].inputs.clear();
  ASSERT_TRUE(write_seal(place_, with_common, now_ns() + kLater_ns));
  ASSERT_TRUE(holds());
  ASSERT_TRUE(write_file(root_ + "/src/a", "c"));
  EXPECT_FALSE(Seal::compare(place_));
}

TEST_F(SealTest, WithTasksThatAlwaysRunItAnswersNothing) {
  SealContents with_more = contents();
  with_more.outcome.nothing_to_do = false;
  ASSERT_TRUE(write_seal(place_, with_more, now_ns() + kLater_ns));
  EXPECT_FALSE(holds());
  EXPECT_TRUE(Seal::compare(place_)->task(0, "one")->inputs_hold);
}

TEST_F(SealTest, AnswersItsOwnQuestionOnly) {
  SealPlace another = place_;
  another.question = sha256("another");
  ASSERT_TRUE(write_file(another.path(), *read_file(place_.path())));
  EXPECT_FALSE(Seal::compare(another));
}

TEST_F(SealTest, IsNoSealWhenAnyByteIsDamagedOrMissing) {
  const auto bytes = read_file(place_.path());
  ASSERT_TRUE(bytes);
  for (std::size_t i = 0; i < bytes->size(); ++i) {
    std::string damaged = *bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ASSERT_TRUE(write_file(place_.path(), damaged));
    EXPECT_FALSE(Seal::compare(place_)) << "byte " << i;
    ASSERT_TRUE(write_file(place_.path(), bytes->substr(0, i)));
    EXPECT_FALSE(Seal::compare(place_)) << "cut at " << i;
  }
}

// What only someone who means it can write: a small file whose lists, taken together, are huge.
TEST_F(SealTest, IsNoSealWhenItsPiecesDoNotMakeItUp) {
  constexpr std::size_t kChecksumAt = 8, kCheckedFrom = 16, kFirstTask = 136 + 5 * 96, kTaskBytes = 152;
  const auto bytes = read_file(place_.path());
  ASSERT_TRUE(bytes);
  const auto with = [&](std::size_t at, std::uint32_t number) {
    std::string changed = *bytes;
    std::memcpy(changed.data() + at, &number, sizeof number);
    const std::uint64_t checksum = XXH3_64bits(changed.data() + kCheckedFrom, changed.size() - kCheckedFrom);
    std::memcpy(changed.data() + kChecksumAt, &checksum, sizeof checksum);
    return write_file(place_.path(), changed).has_value();
  };
  const std::size_t second = kFirstTask + kTaskBytes;
  const std::size_t inputs_first = second + 16, inputs_count = second + 20, id_offset = second;
  ASSERT_TRUE(with(inputs_first, 1));
  EXPECT_TRUE(Seal::compare(place_)) << "as it was";
  for (const std::uint32_t count : {2U, 0xffff'ffffU}) {
    ASSERT_TRUE(with(inputs_count, count));
    EXPECT_FALSE(Seal::compare(place_)) << count;
  }
  const std::size_t outputs_count = second + 28;
  ASSERT_TRUE(with(outputs_count, 1));
  EXPECT_FALSE(Seal::compare(place_)) << "one is nobody's";
  ASSERT_TRUE(with(id_offset, 0));
  EXPECT_FALSE(Seal::compare(place_));
}

TEST_F(SealTest, IsNotMadeOfWhatIsYoung) {
  SealPlace young = place_;
  young.question = sha256("young");
  ASSERT_TRUE(write_seal(young, contents(), now_ns()));
  EXPECT_FALSE(Seal::compare(young));
}

TEST_F(SealTest, KeepsAFew) {
  for (int i = 0; i < 30; ++i) {
    SealPlace other = place_;
    other.question = sha256(std::to_string(i));
    ASSERT_TRUE(write_seal(other, contents(), now_ns() + kLater_ns));
  }
  EXPECT_LE(list_folder(place_.folder)->size(), 8U);
}

}  // namespace
}  // namespace devtask
