#include "plan/shards.h"

#include <gtest/gtest.h>

#include <vector>

namespace devtask {
namespace {

using std::chrono::seconds;

TEST(Shards, EachUnitIsInOnePartWhateverElseThereIs) {
  const Shards shards(5, {});
  std::vector<int> parts(6);
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "tests/test_" + std::to_string(i) + ".py";
    ASSERT_GE(shards.part_of(name), 1U);
    ASSERT_LE(shards.part_of(name), 5U);
    EXPECT_EQ(shards.part_of(name), Shards(5, {}).part_of(name));
    ++parts[shards.part_of(name)];
  }
  for (int part = 1; part <= 5; ++part) EXPECT_GT(parts[static_cast<std::size_t>(part)], 150);
}

TEST(Shards, KnownDurationsAreDealtAndTheRestGoesByName) {
  const UnitDurations durations{
      {"a", seconds(5)}, {"b", seconds(4)}, {"c", seconds(3)}, {"d", seconds(3)}, {"e", seconds(3)}};
  const Shards shards(2, durations);
  EXPECT_EQ(shards.part_of("a"), 1U);
  EXPECT_EQ(shards.part_of("b"), 2U);
  EXPECT_EQ(shards.part_of("c"), 2U);
  EXPECT_EQ(shards.part_of("d"), 1U);
  EXPECT_EQ(shards.part_of("e"), 2U);
  EXPECT_EQ(shards.part_of("unknown"), Shards(2, {}).part_of("unknown"));
}

TEST(Shards, OnePartIsEverything) {
  EXPECT_EQ(Shards(1, {}).part_of("a"), 1U);
  EXPECT_EQ(Shards(1, {{"a", seconds(1)}}).part_of("a"), 1U);
}

}  // namespace
}  // namespace devtask
