#include "exec/unit_outcomes.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

using End = ExecutionResult::End;
using Is = TestCase::Outcome;

TestCase test(const std::string& file, const std::string& name, Is outcome = Is::kPassed) {
  TestCase one;
  one.file = file;
  one.name = name;
  one.outcome = outcome;
  return one;
}

JUnitReport report(std::vector<TestCase> cases, std::vector<std::string> suites = {}, bool complete = true) {
  JUnitReport one;
  one.cases = std::move(cases);
  one.suites = std::move(suites);
  one.complete = complete;
  return one;
}

// "a.py: passed 1\nb.py: not run (why) 0": the number is of its tests. Then the strangers.
std::string said(const std::vector<std::string>& names, const BatchReport& batch) {
  const BatchOutcomes outcomes = judge_batch(names, "/root", "", batch);
  EXPECT_EQ(outcomes.units.size(), names.size());
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const UnitOutcome& unit = outcomes.units[i];
    text += names[i] + (unit.what == UnitOutcome::What::kPassed   ? ": passed"
                        : unit.what == UnitOutcome::What::kFailed ? ": failed"
                                                                  : ": not run");
    if (!unit.reason.empty()) text += " (" + unit.reason + ")";
    text += " " + std::to_string(unit.cases.size()) + "\n";
  }
  for (const std::string& stranger : outcomes.strangers) text += "stranger " + stranger + "\n";
  return text;
}

TEST(UnitOutcomes, EachFileHasItsOwn) {
  const BatchReport batch{
      "",
      {report({test("a.py", "one"), test("b.py", "one", Is::kFailed), test("a.py", "two")}),
       report({test("c.py", "one", Is::kSkipped), test("d.py", "one", Is::kError)})},
      End::kFailed,
      1};
  EXPECT_EQ(said({"a.py", "b.py", "c.py", "d.py"}, batch),
            "a.py: passed 2\nb.py: failed 1\nc.py: passed 1\nd.py: failed 1\n");
}

TEST(UnitOutcomes, AFileThatNoReportNamesHasNotRun) {
  BatchReport batch{"", {report({test("a.py", "one")})}, End::kSucceeded, 0};
  EXPECT_EQ(said({"a.py", "b.py"}, batch),
            "a.py: passed 1\nb.py: not run (no report has a result of it) 0\n");
  batch.end = End::kFailed;
  batch.exit_status = 3;
  EXPECT_EQ(said({"a.py", "b.py"}, batch),
            "a.py: passed 1\nb.py: not run (the process ended with exit status 3) 0\n");
  batch.exit_status = 137;
  EXPECT_EQ(said({"a.py", "b.py"}, batch),
            "a.py: passed 1\nb.py: not run (the process was ended by signal 9) 0\n");
  batch.end = End::kTimedOut;
  EXPECT_EQ(said({"a.py", "b.py"}, batch),
            "a.py: passed 1\nb.py: not run (the process exceeded the task's time limit) 0\n");
  batch.end = End::kStopped;
  EXPECT_EQ(said({"a.py", "b.py"}, batch), "a.py: passed 1\nb.py: not run (interrupted) 0\n");
}

TEST(UnitOutcomes, ASuiteWithoutTestsIsAResult) {
  const BatchReport batch{"", {report({}, {"a.py"})}, End::kFailed, 5};
  EXPECT_EQ(said({"a.py"}, batch), "a.py: passed 0\n");
}

TEST(UnitOutcomes, WhatWasCutShortHasNotRun) {
  const BatchReport batch{"", {report({test("a.py", "one")}, {"a.py"}, false)}, End::kFailed, 1};
  EXPECT_EQ(said({"a.py"}, batch), "a.py: not run (the run ended before it did) 1\n");
  const BatchReport failed{
      "", {report({test("a.py", "one", Is::kFailed)}, {"a.py"}, false)}, End::kFailed, 1};
  EXPECT_EQ(said({"a.py"}, failed), "a.py: failed 1\n");
}

TEST(UnitOutcomes, AReportThatCannotBeReadIsTheReason) {
  const BatchReport batch{"its report `x.xml` cannot be read: no", {}, End::kSucceeded, 0};
  EXPECT_EQ(said({"a.py"}, batch), "a.py: not run (its report `x.xml` cannot be read: no) 0\n");
}

TEST(UnitOutcomes, WhereThereIsNoReportTheEndOfTheProcessIsTheReason) {
  BatchReport batch{"", {}, End::kSucceeded, 0};
  EXPECT_EQ(said({"a.py"}, batch), "a.py: not run (the runner wrote no report) 0\n");
  batch.end = End::kFailed;
  batch.exit_status = 4;
  EXPECT_EQ(said({"a.py"}, batch),
            "a.py: not run (the runner wrote no report, and ended with exit status 4) 0\n");
  batch.exit_status = 139;
  EXPECT_EQ(said({"a.py"}, batch), "a.py: not run (the process was ended by signal 11) 0\n");
  batch.end = End::kTimedOut;
  batch.problem = "its report `x.xml` cannot be read: cut off";
  EXPECT_EQ(said({"a.py"}, batch), "a.py: not run (the process exceeded the task's time limit) 0\n");
  batch.end = End::kStopped;
  EXPECT_EQ(said({"a.py"}, batch), "a.py: not run (interrupted) 0\n");
}

TEST(UnitOutcomes, ThatSomethingIsNotThereIsKnownOfAllThatDidNotRunForIt) {
  JUnitReport missing = report({}, {""});
  missing.not_found = true;
  const BatchOutcomes outcomes =
      judge_batch({"a.py::nope", "b.py"}, "/root", "", {"", {missing}, End::kFailed, 4});
  for (const UnitOutcome& unit : outcomes.units) {
    EXPECT_EQ(unit.what, UnitOutcome::What::kNotRun);
    EXPECT_TRUE(unit.not_found);
  }
}

TEST(UnitOutcomes, AnExitStatusThatNobodyExplainsCountsAgainstAll) {
  const BatchReport batch{"", {report({test("a.py", "one"), test("b.py", "one")})}, End::kFailed, 3};
  EXPECT_EQ(said({"a.py", "b.py"}, batch),
            "a.py: not run (the process ended with exit status 3, although no test failed) 1\n"
            "b.py: not run (the process ended with exit status 3, although no test failed) 1\n");
}

TEST(UnitOutcomes, ResultsOfOtherFilesAreTold) {
  const BatchReport batch{
      "", {report({test("a.py", "one"), test("z.py", "one"), test("z.py", "two")})}, End::kSucceeded, 0};
  EXPECT_EQ(said({"a.py"}, batch), "a.py: passed 1\nstranger z.py\n");
}

TEST(UnitOutcomes, PartsOfAFileHaveTheirOwnTests) {
  TestCase in_class = test("a.py", "one", Is::kFailed);
  in_class.classname = "a.TestX";
  TestCase other = test("a.py", "two[1]");
  other.classname = "a";
  const BatchReport batch{"", {report({in_class, other})}, End::kFailed, 1};
  EXPECT_EQ(said({"a.py::TestX", "a.py::two"}, batch), "a.py::TestX: failed 1\na.py::two: passed 1\n");
  EXPECT_EQ(said({"a.py::TestX"}, batch), "a.py::TestX: failed 2\n");
}

TEST(UnitOutcomes, NoReportAndNothingGiven) { EXPECT_EQ(said({}, {"", {}, End::kSucceeded, 0}), ""); }

}  // namespace
}  // namespace devtask
