// Reports of tests. What is read is text that XML allows, written and read again it is the same, and a unit
// is found or not.
#include "input.h"
#include "report/junit.h"
#include "report/unit_names.h"
#include "require.h"

namespace devtask {
namespace {

void check(std::string_view xml) {
  const auto report = read_junit(xml);
  if (!report) {
    require(report.error().message.find("not a JUnit report: ") == 0, "a mistake is explained");
    return;
  }
  std::vector<TestCase> cases = report->cases;
  for (TestCase& test : cases) test.suite = "unit";
  const auto again = read_junit(write_junit("unit", cases));
  require(again && again->complete, "what is written can be read");
  require(again->cases == cases, "what is written is read again");
  const auto merged = read_junit(merge_junit({{"unit", *report}}));
  require(merged && merged->cases == cases && merged->complete == report->complete, "and what is merged");

  TestCounts counts;
  const UnitNames names({"a.py", "tests/test_a.py", "ui/a.test.ts"}, "/home/ann/shop", "ui");
  for (const TestCase& test : cases) {
    counts.add(test);
    (void)names.find(test);
    require(node_id(test).starts_with(test.file), "a node begins with its file");
  }
  require(counts.total() == cases.size(), "every case counts");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
