#include "report/test_case.h"

#include <algorithm>
#include <string_view>

namespace devtask {
namespace {

// `text` is `end`, or ends with it after a dot.
bool ends_with_name(std::string_view text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  return text.size() == end.size() || text[text.size() - end.size() - 1] == '.';
}

// Of "tests.test_flows.TestX", with the module `file`, "TestX". pytest names classes from its root, which
// may lie above or below the folder that `file` is relative to.
std::string_view class_within(std::string_view classname, std::string_view file) {
  std::string module(file.ends_with(".py") ? file.substr(0, file.size() - 3) : file);
  std::replace(module.begin(), module.end(), '/', '.');
  for (std::size_t end = 0; end < classname.size(); ++end) {
    end = std::min(classname.find('.', end), classname.size());
    const std::string_view name = classname.substr(0, end);
    if (name.empty() || name.ends_with('.')) continue;
    if (ends_with_name(name, module) || ends_with_name(module, name)) {
      return classname.substr(std::min(end + 1, classname.size()));
    }
  }
  return classname;
}

}  // namespace

void TestCounts::add(const TestCase& test) {
  using Outcome = TestCase::Outcome;
  switch (test.outcome) {
    case Outcome::kPassed:
      ++passed;
      break;
    case Outcome::kFailed:
    case Outcome::kError:
      ++failed;
      break;
    case Outcome::kExpectedFailure:
      ++expected_failures;
      ++skipped;
      break;
    case Outcome::kSkipped:
      ++skipped;
      break;
  }
}

TestCounts& TestCounts::operator+=(const TestCounts& other) {
  passed += other.passed;
  failed += other.failed;
  skipped += other.skipped;
  expected_failures += other.expected_failures;
  return *this;
}

TestCounts count_tests(const std::vector<TestCase>& cases) {
  TestCounts counts;
  for (const TestCase& test : cases) counts.add(test);
  return counts;
}

std::string node_id(const TestCase& test) {
  // A file that could not be collected is a case without a class, named as a module.
  if (test.classname.empty()) return test.file;
  std::string id = test.file;
  std::string_view classes = class_within(test.classname, test.file);
  while (!classes.empty()) {
    const std::size_t end = std::min(classes.find('.'), classes.size());
    id.append("::").append(classes.substr(0, end));
    classes.remove_prefix(std::min(end + 1, classes.size()));
  }
  return id + "::" + test.name;
}

}  // namespace devtask
