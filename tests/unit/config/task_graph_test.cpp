#include "config/task_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TaskGraph, knows_dependencies_through_others) {
  TaskGraph graph(4);
  graph.add(0, 1, 7);
  graph.add(1, 2, 0);
  EXPECT_TRUE(graph.depends(0, 1));
  EXPECT_TRUE(graph.depends(0, 2));
  EXPECT_FALSE(graph.depends(0, 3));
  EXPECT_FALSE(graph.depends(2, 0));
  graph.add(2, 3, 0);
  EXPECT_TRUE(graph.depends(0, 3));
  EXPECT_EQ(graph.label(0, 1), 7u);
}

TEST(TaskGraph, finds_no_cycle_in_a_diamond) {
  TaskGraph graph(4);
  graph.add(0, 1, 0);
  graph.add(0, 2, 0);
  graph.add(1, 3, 0);
  graph.add(2, 3, 0);
  EXPECT_THAT(graph.cycles(), IsEmpty());
}

TEST(TaskGraph, begins_a_cycle_with_its_first_task) {
  TaskGraph graph(4);
  graph.add(0, 3, 0);
  graph.add(3, 1, 0);
  graph.add(1, 2, 0);
  graph.add(2, 3, 0);
  EXPECT_THAT(graph.cycles(), ElementsAre(ElementsAre(1, 2, 3)));
}

TEST(TaskGraph, follows_chains_longer_than_a_stack) {
  constexpr std::size_t kTasks = 200'000;
  TaskGraph graph(kTasks);
  for (std::size_t i = 0; i + 1 < kTasks; ++i) graph.add(i, i + 1, 0);
  EXPECT_THAT(graph.cycles(), IsEmpty());
  EXPECT_TRUE(graph.depends(0, kTasks - 1));
}

}  // namespace
}  // namespace devtask
