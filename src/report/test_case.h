// One result of a test, as a runner told it, and how many there are of each kind.
// Unaware of: XML, which file a test belongs to, what is cached.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace devtask {

struct TestCase {
  enum class Outcome : std::uint8_t { kPassed, kFailed, kError, kSkipped, kExpectedFailure };

  std::string suite;  // name of its <testsuite>, the innermost
  std::string classname;
  std::string name;
  std::string file;  // as written, "" if not
  int line = 0;      // from 1; 0: not known
  std::chrono::microseconds duration{0};
  Outcome outcome = Outcome::kPassed;
  std::string message;  // first line of a failure, reason of a skip
  std::string detail;   // the whole text of a failure

  bool operator==(const TestCase&) const = default;
};

struct TestCounts {
  std::size_t passed = 0;
  std::size_t failed = 0;             // and errors
  std::size_t skipped = 0;            // and expected failures
  std::size_t expected_failures = 0;  // of the skipped

  void add(const TestCase& test);
  TestCounts& operator+=(const TestCounts& other);
  std::size_t total() const { return passed + failed + skipped; }
  bool operator==(const TestCounts&) const = default;
};

TestCounts count_tests(const std::vector<TestCase>& cases);

// "tests/test_flows.py::TestX::test_y[a]": how pytest is told to run just this one. The file as it is written
// in `test`; what stands before its name in the class (pytest names it from its own root) does not matter.
std::string node_id(const TestCase& test);

}  // namespace devtask
