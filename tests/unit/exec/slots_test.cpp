#include "exec/slots.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"

namespace devtask {
namespace {

TEST(Slots, TheLowestThatIsFree) {
  TemporaryFolder folder;
  Slots slots(folder / "slots");
  const Slots::Slot first = slots.take();
  {
    const Slots::Slot second = slots.take();
    EXPECT_EQ(second.number(), 1U);
  }
  const Slots::Slot again = slots.take();
  EXPECT_EQ(first.number(), 0U);
  EXPECT_EQ(again.number(), 1U);
}

TEST(Slots, NeverTheNumberOfAnotherDevtask) {
  TemporaryFolder folder;
  Slots slots(folder / "slots"), others(folder / "slots"), elsewhere(folder / "other");
  const Slots::Slot mine = slots.take();
  {
    const Slots::Slot theirs = others.take();
    EXPECT_EQ(theirs.number(), 1U);
    EXPECT_EQ(slots.take().number(), 2U);
  }
  EXPECT_EQ(slots.take().number(), 1U);
  EXPECT_EQ(elsewhere.take().number(), 0U);
}

TEST(Slots, AFolderThatCannotBeUsedIsNoReasonToFail) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "slots", ""));
  Slots slots(folder / "slots");
  const Slots::Slot first = slots.take(), second = slots.take();
  EXPECT_EQ(first.number(), 0U);
  EXPECT_EQ(second.number(), 1U);
}

}  // namespace
}  // namespace devtask
