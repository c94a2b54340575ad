// What real runners wrote (samples/), and reports that are odd or broken.
#include "report/junit.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "report/unit_names.h"

namespace devtask {
namespace {

using Outcome = TestCase::Outcome;
using std::chrono::microseconds;

std::string sample(const std::string& name) {
  std::ifstream file(DEVTASK_TEST_FOLDER "/unit/report/samples/" + name, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

JUnitReport read(std::string_view xml) {
  auto report = read_junit(xml);
  EXPECT_TRUE(report) << (report ? "" : report.error().message);
  return report ? std::move(*report) : JUnitReport{};
}

std::string mistake(std::string_view xml) {
  const auto report = read_junit(xml);
  return report ? "none" : report.error().message;
}

std::string_view word(Outcome outcome) {
  constexpr std::string_view kWords[] = {"passed", "failed", "error", "skipped", "xfailed"};
  return kWords[static_cast<std::size_t>(outcome)];
}

// A line for each case: outcome, suite, class, name, file and line, message.
std::string told(const JUnitReport& report) {
  std::string text = report.complete ? "" : "not complete\n";
  for (const TestCase& test : report.cases) {
    const std::string line = test.line > 0 ? ":" + std::to_string(test.line) : "";
    text.append(word(test.outcome)).append(" | ");
    text += test.suite + " | " + test.classname + " | " + test.name;
    if (!test.file.empty()) text += " | " + test.file + line;
    if (!test.message.empty()) text += " | " + test.message;
    text += "\n";
  }
  return text;
}

TEST(JUnit, ReadsThePlugin) {
  EXPECT_EQ("\n" + told(read(sample("plugin.xml"))), R"(
passed | tests/test_a.py | tests.test_a.TestX.TestY | test_p[1] | tests/test_a.py:4
passed | tests/test_a.py | tests.test_a.TestX.TestY | test_p[a b] | tests/test_a.py:4
passed | tests/test_a.py | tests.test_a.TestX.TestY | test_p[x::y] | tests/test_a.py:4
passed | tests/test_a.py | tests.test_a.TestX.TestY | test_p[[z]] | tests/test_a.py:4
passed | tests/test_a.py | tests.test_a.TestX.TestY | test_p[\x1b] | tests/test_a.py:4
failed | tests/test_a.py | tests.test_a.TestX | test_fail | tests/test_a.py:6 | AssertionError: msg
passed | tests/test_a.py | tests.test_a | test_ok | tests/test_a.py:7
skipped | tests/test_a.py | tests.test_a | test_skip | tests/test_a.py:8 | not now
xfailed | tests/test_a.py | tests.test_a | test_xfail | tests/test_a.py:10 | known
failed | tests/test_a.py | tests.test_a | test_xpass | tests/test_a.py:12 | [XPASS(strict)] fixed
error | tests/test_a.py | tests.test_a | test_setup | tests/test_a.py:16 | ValueError: setup
error | tests/test_a.py | tests.test_a | test_teardown | tests/test_a.py:21 | ValueError: teardown
failed | tests/test_a.py | tests.test_a | test_both | tests/test_a.py:22 | assert 1 == 2
)");
}

TEST(JUnit, ReadsWhatPytestWritesByItself) {
  EXPECT_EQ("\n" + told(read(sample("pytest-xunit1.xml"))), R"(
error | pytest |  | tests.test_b | tests/test_b.py | collection failure
skipped | pytest |  | tests.test_c | tests/test_c.py | collection skipped
passed | pytest | tests.sp ace.test_e | test_cd | tests/sp ace/test_e.py:2
passed | pytest | tests.test_a.TestX.TestY | test_p[1] | tests/test_a.py:4
passed | pytest | tests.test_a.TestX.TestY | test_p[a b] | tests/test_a.py:4
passed | pytest | tests.test_a.TestX.TestY | test_p[x::y] | tests/test_a.py:4
passed | pytest | tests.test_a.TestX.TestY | test_p[[z]] | tests/test_a.py:4
passed | pytest | tests.test_a.TestX.TestY | test_p[\x1b] | tests/test_a.py:4
failed | pytest | tests.test_a.TestX | test_fail | tests/test_a.py:6 | AssertionError: msg
passed | pytest | tests.test_a | test_ok | tests/test_a.py:7
skipped | pytest | tests.test_a | test_skip | tests/test_a.py:8 | not now
xfailed | pytest | tests.test_a | test_xfail | tests/test_a.py:10 | known
failed | pytest | tests.test_a | test_xpass | tests/test_a.py:12 | [XPASS(strict)] fixed
error | pytest | tests.test_a | test_setup | tests/test_a.py:16 | failed on setup with "ValueError: setup"
error | pytest | tests.test_a | test_teardown | tests/test_a.py:21 | failed on teardown with "ValueError: teardown"
failed | pytest | tests.test_a | test_both | tests/test_a.py:22 | assert 1 == 2
error | pytest | tests.test_a | test_both | tests/test_a.py:22 | failed on teardown with "ValueError: teardown"
)");
}

TEST(JUnit, ReadsWhatPytestWritesWithoutFiles) {
  EXPECT_EQ("\n" + told(read(sample("pytest-xunit2.xml"))), R"(
error | pytest |  | tests.test_b | collection failure
skipped | pytest |  | tests.test_c | collection skipped
passed | pytest | tests.sp ace.test_e | test_cd
passed | pytest | tests.test_a.TestX.TestY | test_p[1]
passed | pytest | tests.test_a.TestX.TestY | test_p[a b]
passed | pytest | tests.test_a.TestX.TestY | test_p[x::y]
passed | pytest | tests.test_a.TestX.TestY | test_p[[z]]
passed | pytest | tests.test_a.TestX.TestY | test_p[\x1b]
failed | pytest | tests.test_a.TestX | test_fail | AssertionError: msg
passed | pytest | tests.test_a | test_ok
skipped | pytest | tests.test_a | test_skip | not now
xfailed | pytest | tests.test_a | test_xfail | known
failed | pytest | tests.test_a | test_xpass | [XPASS(strict)] fixed
error | pytest | tests.test_a | test_setup | failed on setup with "ValueError: setup"
error | pytest | tests.test_a | test_teardown | failed on teardown with "ValueError: teardown"
failed | pytest | tests.test_a | test_both | assert 1 == 2
error | pytest | tests.test_a | test_both | failed on teardown with "ValueError: teardown"
)");
}

TEST(JUnit, ReadsVitest) {
  EXPECT_EQ("\n" + told(read(sample("vitest.xml"))), R"(
failed | src/broken.test.mjs | src/broken.test.mjs | src/broken.test.mjs | Failed to load url ./nothing (resolved id: ./nothing) in /home/ann/shop/src/broken.test.mjs. Does the file exist?
passed | src/sum.test.mjs | src/sum.test.mjs | sum > adds
failed | src/sum.test.mjs | src/sum.test.mjs | sum > fails <&> ]]> | expected 2 to be 3 // Object.is equality
skipped | src/sum.test.mjs | src/sum.test.mjs | sum > later
skipped | src/sum.test.mjs | src/sum.test.mjs | sum > some day
passed | src/sum.test.mjs | src/sum.test.mjs | sum > is known to fail
failed | src/sum.test.mjs | src/sum.test.mjs | alone | two
)");
}

TEST(JUnit, ReadsJest) {
  EXPECT_EQ("\n" + told(read(sample("jest-junit.xml"))), R"(
passed | sum | sum adds | sum adds
failed | sum | sum fails <&> ]]> | sum fails <&> ]]> | Error: expect(received).toBe(expected) // Object.is equality
skipped | sum | sum later | sum later
passed | sum | sum some day | sum some day
failed | sum |  alone |  alone | Error: two
)");
}

TEST(JUnit, ReadsGoogleTest) {
  EXPECT_EQ("\n" + told(read(sample("gtest.xml"))), R"(
passed | Sum | Sum | Adds | /home/ann/shop/t.cpp:2
failed | Sum | Sum | Fails | /home/ann/shop/t.cpp:3 | Expected equality of these values:
skipped | Sum | Sum | IsSkipped | /home/ann/shop/t.cpp:4 | not here
skipped | Sum | Sum | DISABLED_Later | /home/ann/shop/t.cpp:5
passed | All/P | All/P | Runs/0 | /home/ann/shop/t.cpp:7
passed | All/P | All/P | Runs/1 | /home/ann/shop/t.cpp:7
)");
}

TEST(JUnit, ReadsCTest) {
  EXPECT_EQ("\n" + told(read(sample("ctest.xml"))), R"(
failed | (empty) | test_sum | test_sum
passed | (empty) | test_true | test_true
error | (empty) | test_missing | test_missing | Unable to find executable
skipped | (empty) | test_disabled | test_disabled
skipped | (empty) | test_skips | test_skips | SKIP_RETURN_CODE=77
failed | (empty) | test_slow | test_slow
)");
}

// Each unit and how many of the cases of `name` are its; last those that are nobody's.
std::string whose(const std::string& name, const std::vector<std::string>& units, const std::string& folder) {
  const UnitNames names(units, "/home/ann/shop", folder);
  std::vector<std::size_t> counts(units.size() + 1);
  for (const TestCase& test : read(sample(name)).cases) ++counts[names.find(test).value_or(units.size())];
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i) text += units[i] + " " + std::to_string(counts[i]) + ", ";
  return text + "others " + std::to_string(counts.back());
}

TEST(JUnit, NamesTheUnitsOfRealRunners) {
  const std::vector<std::string> python{"tests/test_a.py", "tests/test_b.py", "tests/sp ace/test_e.py"};
  EXPECT_EQ(whose("plugin.xml", python, ""),
            "tests/test_a.py 13, tests/test_b.py 0, tests/sp ace/test_e.py 0, others 0");
  EXPECT_EQ(whose("plugin-broken.xml", python, ""),
            "tests/test_a.py 0, tests/test_b.py 1, tests/sp ace/test_e.py 0, others 0");
  for (const char* const name : {"pytest-xunit1.xml", "pytest-xunit2.xml"}) {
    // tests/test_c.py is no unit here.
    EXPECT_EQ(whose(name, python, ""),
              "tests/test_a.py 14, tests/test_b.py 1, tests/sp ace/test_e.py 1, others 1");
  }
  EXPECT_EQ(whose("vitest.xml", {"ui/src/broken.test.mjs", "ui/src/sum.test.mjs"}, "ui"),
            "ui/src/broken.test.mjs 1, ui/src/sum.test.mjs 6, others 0");
  EXPECT_EQ(whose("jest-junit-file.xml", {"ui/jt/sum.test.js", "ui/jt/other.test.js"}, "ui"),
            "ui/jt/sum.test.js 5, ui/jt/other.test.js 0, others 0");
  EXPECT_EQ(whose("jest-junit.xml", {"ui/jt/add.test.js", "ui/jt/other.test.js"}, "ui"),  // names no files
            "ui/jt/add.test.js 0, ui/jt/other.test.js 0, others 5");
  EXPECT_EQ(whose("gtest.xml", {"t.cpp", "u.cpp"}, "build"), "t.cpp 6, u.cpp 0, others 0");
  EXPECT_EQ(whose("ctest.xml", {"build/bin/test_sum", "build/bin/test_slow"}, "build"),
            "build/bin/test_sum 1, build/bin/test_slow 1, others 4");
}

TEST(JUnit, GivesPytestTheNamesOfItsTestsBack) {
  std::vector<std::string> ids;
  for (const TestCase& test : read(sample("plugin.xml")).cases) ids.push_back(node_id(test));
  ASSERT_EQ(ids.size(), 13u);
  EXPECT_EQ(ids[2], "tests/test_a.py::TestX::TestY::test_p[x::y]");
  EXPECT_EQ(ids[5], "tests/test_a.py::TestX::test_fail");
  EXPECT_EQ(ids[12], "tests/test_a.py::test_both");
  EXPECT_EQ(node_id(read(sample("plugin-broken.xml")).cases.at(0)), "tests/test_b.py");
}

TEST(JUnit, ReadsTheWholeTextOfFailures) {
  const JUnitReport report = read(sample("gtest.xml"));
  EXPECT_EQ(report.cases.at(1).detail,
            "/home/ann/shop/t.cpp:3\nExpected equality of these values:\n  1 + 1\n    Which is: 2\n  3\n"
            "two\nlines [31m <&>\n"
            "/home/ann/shop/t.cpp:3\nValue of: false\n  Actual: false\nExpected: true");
  const std::string output = read(sample("ctest.xml")).cases.at(0).detail;  // it has nothing else
  EXPECT_NE(output.find("1 FAILED TEST"), std::string::npos) << output;
}

TEST(JUnit, ReadsSuitesInSuites) {
  const JUnitReport report = read(
      "<testsuites><testsuite name='a'><testcase name='1' time='1.5'/><testsuite name='b'>"
      "<properties><property name='devtask.complete' value='false'/></properties>"
      "<testcase name='2' time='-1'/></testsuite><testcase name='3' time='nan'/></testsuite>"
      "<testcase name='4' time='1e300'/></testsuites>");
  EXPECT_EQ(told(report),
            "not complete\npassed | a |  | 1\npassed | b |  | 2\npassed | a |  | 3\npassed |  |  | 4\n");
  EXPECT_EQ(report.cases[0].duration, microseconds(1'500'000));
  for (const std::size_t odd : {1, 2, 3}) EXPECT_EQ(report.cases[odd].duration, microseconds(0));
}

TEST(JUnit, IsNotBrokenByDeepSuites) {
  std::string xml;
  for (int depth = 0; depth < 100'000; ++depth) xml += "<testsuite>";
  xml += "<testcase/>";
  for (int depth = 0; depth < 100'000; ++depth) xml += "</testsuite>";
  EXPECT_EQ(read(xml).cases.size(), 1u);
}

TEST(JUnit, SaysWhatIsBrokenAndWhere) {
  EXPECT_EQ(mistake(""), "not a JUnit report: it is empty");
  EXPECT_EQ(mistake("  \n"), "not a JUnit report: no document element found at line 2, column 1");
  EXPECT_EQ(mistake("<testsuite>\n <testcase name='a'"),
            "not a JUnit report: error parsing start element tag at line 2, column 19");
  EXPECT_EQ(mistake("<testsuite>\n <testcase></testsuite>"),
            "not a JUnit report: start-end tags mismatch at line 2, column 14");
  EXPECT_EQ(mistake("<testsuite>"), "not a JUnit report: start-end tags mismatch at line 1, column 11");
  EXPECT_EQ(mistake("{}"), "not a JUnit report: no document element found at line 1, column 3");
  EXPECT_EQ(
      mistake("<?xml version='1.0'?>\n<html/>"),
      "not a JUnit report: expected `<testsuites>` or `<testsuite>`, found `<html>` at line 2, column 1");
}

TEST(JUnit, WritesWhatItReads) {
  const TestCase passed{"unit",           "a.B", "t[<&\"'>]", "a.py", 3, microseconds(1'234'567),
                        Outcome::kPassed, "",    ""};
  const TestCase failed{
      "unit", "", "t", "", 0, microseconds(0), Outcome::kFailed, "a\tb é", "line\n ]]> \n<&>\n"};
  const TestCase blank{"unit", "", "t", "", 0, microseconds(1), Outcome::kFailed, "", " \n "};
  const TestCase error{"unit", "", "", "a b.py", 0, microseconds(0), Outcome::kError, "", ""};
  const TestCase skipped{"unit", "", "t", "", 0, microseconds(0), Outcome::kSkipped, "why", ""};
  const TestCase expected{"unit", "", "t", "", 0, microseconds(0), Outcome::kExpectedFailure, "bug", ""};
  const std::vector<TestCase> cases{passed, failed, blank, error, skipped, expected};
  const JUnitReport report = read(write_junit("unit", cases));
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.cases, cases);
  EXPECT_EQ(read(write_junit("empty", {})).cases, std::vector<TestCase>{});
}

TEST(JUnit, WritesOnlyWhatXmlAllows) {
  const TestCase odd{"", "", "\x1b[31m\x01", "\xff\xed\xb0\x80", 0, microseconds(0), Outcome::kPassed,
                     "", ""};
  const std::string xml = write_junit("\x02", {odd});
  EXPECT_EQ(told(read(xml)), "passed | #x02 |  | #x1B[31m#x01 | \ufffd\ufffd\ufffd\ufffd\n");
  EXPECT_EQ(xml.find("&#"), std::string::npos) << xml;
}

TEST(JUnit, EndsLinesAlike) {
  const TestCase odd{"", "", "t", "", 0, microseconds(0), Outcome::kFailed, "", "a\r\nb\rc\n"};
  EXPECT_EQ(read(write_junit("", {odd})).cases.at(0).detail, "a\nb\nc\n");
}

TEST(JUnit, MergesReports) {
  const TestCase passed{"x", "", "one", "", 0, microseconds(1'500'000), Outcome::kPassed, "", ""};
  const TestCase failed{"x", "c", "two", "b.py", 7, microseconds(500'000), Outcome::kFailed, "no", "no\nno"};
  const TestCase error{"x", "", "three", "", 0, microseconds(0), Outcome::kError, "", ""};
  const TestCase skipped{"x", "", "four", "", 0, microseconds(0), Outcome::kExpectedFailure, "bug", ""};
  EXPECT_EQ(merge_junit({{"b.py", {{passed, failed}, {}, false}}, {"a.py", {{error, skipped}, {}, true}}}),
            R"(<?xml version="1.0"?>
<testsuites tests="4" failures="1" errors="1" skipped="1" time="2.000000">
 <testsuite name="b.py" tests="2" failures="1" errors="0" skipped="0" time="2.000000">
  <properties>
   <property name="devtask.complete" value="false" />
  </properties>
  <testcase name="one" time="1.500000" />
  <testcase classname="c" name="two" file="b.py" line="7" time="0.500000">
   <failure message="no">no
no</failure>
  </testcase>
 </testsuite>
 <testsuite name="a.py" tests="2" failures="0" errors="1" skipped="1" time="0.000000">
  <testcase name="three" time="0.000000">
   <error message="" />
  </testcase>
  <testcase name="four" time="0.000000">
   <skipped type="pytest.xfail" message="bug" />
  </testcase>
 </testsuite>
</testsuites>
)");
}

}  // namespace
}  // namespace devtask
