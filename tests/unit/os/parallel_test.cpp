#include "os/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "os/machine.h"

namespace devtask {
namespace {

TEST(ParallelTest, DoesEachOnce) {
  for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 1000U}) {
    std::vector<std::atomic<int>> done(count);
    parallel_for(count, 8, [&](std::size_t i) { ++done[i]; });
    for (const auto& each : done) EXPECT_EQ(each, 1);
  }
}

TEST(ParallelTest, KeepsSmallLoopsOnTheCallersThread) {
  const auto self = std::this_thread::get_id();
  parallel_for(15, 8, [&](std::size_t) { EXPECT_EQ(std::this_thread::get_id(), self); });
}

TEST(MachineTest, IsOneLineOfTwoWords) {
  EXPECT_GE(core_count(), 1U);
  const std::string name = machine_name();
  EXPECT_TRUE(name.starts_with("linux ")) << name;
  EXPECT_EQ(name.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace devtask
