#include "report/test_case.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

using Outcome = TestCase::Outcome;

TestCase named(const std::string& file, const std::string& classname, const std::string& name) {
  TestCase test;
  test.file = file;
  test.classname = classname;
  test.name = name;
  return test;
}

TEST(TestCounts, CountsErrorsAsFailedAndExpectedFailuresAsSkipped) {
  TestCounts counts;
  for (const Outcome outcome : {Outcome::kPassed, Outcome::kPassed, Outcome::kFailed, Outcome::kError,
                                Outcome::kSkipped, Outcome::kExpectedFailure}) {
    TestCase test;
    test.outcome = outcome;
    counts.add(test);
  }
  EXPECT_EQ(counts, (TestCounts{2, 2, 2, 1}));
  EXPECT_EQ(counts.total(), 6u);
  counts += TestCounts{1, 2, 3, 2};
  EXPECT_EQ(counts, (TestCounts{3, 4, 5, 3}));
}

TEST(NodeId, IsWhatPytestTakes) {
  EXPECT_EQ(node_id(named("tests/test_a.py", "tests.test_a", "test_x")), "tests/test_a.py::test_x");
  EXPECT_EQ(node_id(named("tests/test_a.py", "tests.test_a.TestX.TestY", "test_p[x::y.z]")),
            "tests/test_a.py::TestX::TestY::test_p[x::y.z]");
  EXPECT_EQ(node_id(named("test_a.py", "test_a.TestX", "test_x")), "test_a.py::TestX::test_x");
  EXPECT_EQ(node_id(named("README.md", "README.md", "README.md")), "README.md::README.md");
}

TEST(NodeId, OfAFileThatCouldNotBeCollected) {
  EXPECT_EQ(node_id(named("tests/test_a.py", "", "tests.test_a")), "tests/test_a.py");
}

TEST(NodeId, FromAnotherFolderThanPytestsRoot) {
  EXPECT_EQ(node_id(named("tests/sub/test_a.py", "sub.test_a.TestX", "t")), "tests/sub/test_a.py::TestX::t");
  EXPECT_EQ(node_id(named("test_a.py", "tests.test_a.TestX", "t")), "test_a.py::TestX::t");
  EXPECT_EQ(node_id(named("../x/test_a.py", "...x.test_a.TestX", "t")), "../x/test_a.py::TestX::t");
  EXPECT_EQ(node_id(named("../x/test_a.py", "x.test_a.TestX", "t")), "../x/test_a.py::TestX::t");
  EXPECT_EQ(node_id(named("../x/test_a.py", "...x.test_a", "t")), "../x/test_a.py::t");
}

}  // namespace
}  // namespace devtask
