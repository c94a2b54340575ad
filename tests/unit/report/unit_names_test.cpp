#include "report/unit_names.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

constexpr const char* kNone = "none";

class Units : public testing::Test {
 protected:
  std::string unit(std::optional<std::size_t> found) { return found ? units_.at(*found) : kNone; }
  // The unit of a case that has these.
  std::string of(const std::string& file, const std::string& suite = "", const std::string& classname = "",
                 const std::string& name = "") {
    TestCase test;
    test.file = file;
    test.suite = suite;
    test.classname = classname;
    test.name = name;
    const UnitNames names(units_, "/home/ann/shop", folder_);
    return unit(names.find(test));
  }
  std::string of_class(const std::string& classname) { return of("", "pytest", classname, "test_x"); }

  std::vector<std::string> units_{"tests/test_flows.py",   "tests/server/test_flows.py",
                                  "tests/test_tasks.py",   "ui/src/sum.test.ts",
                                  "build/bin/test_plan",   "test_root.py",
                                  "tests/sp ace/test_é.py"};
  std::string folder_;
};

TEST_F(Units, AreFoundByTheirPath) {
  EXPECT_EQ(of("tests/test_flows.py"), "tests/test_flows.py");
  EXPECT_EQ(of("./tests/../tests/server/test_flows.py"), "tests/server/test_flows.py");
  EXPECT_EQ(of("/home/ann/shop/tests/sp ace/test_é.py"), "tests/sp ace/test_é.py");
  EXPECT_EQ(of("/home/ann/shop2/tests/test_flows.py"), kNone);
  EXPECT_EQ(of("../shop/tests/test_tasks.py"), kNone);
  EXPECT_EQ(of("", "ui/src/sum.test.ts", "x", "y"), "ui/src/sum.test.ts");
}

TEST_F(Units, AreFoundFromTheFolderOfTheRunner) {
  folder_ = "tests";
  EXPECT_EQ(of("test_flows.py"), "tests/test_flows.py");
  EXPECT_EQ(of("../test_root.py"), "test_root.py");
  EXPECT_EQ(of("tests/test_flows.py"), "tests/test_flows.py");
  EXPECT_EQ(of_class("server.test_flows.TestX"), "tests/server/test_flows.py");
  folder_ = "ui";
  EXPECT_EQ(of("", "src/sum.test.ts", "src/sum.test.ts", "sum > adds"), "ui/src/sum.test.ts");
}

TEST_F(Units, AreFoundByTheirModule) {
  EXPECT_EQ(of_class("tests.test_flows"), "tests/test_flows.py");
  EXPECT_EQ(of_class("tests.test_flows.TestX.TestY"), "tests/test_flows.py");
  EXPECT_EQ(of_class("tests.server.test_flows.TestX"), "tests/server/test_flows.py");
  EXPECT_EQ(of_class("tests.sp ace.test_é"), "tests/sp ace/test_é.py");
  EXPECT_EQ(of("", "pytest", "", "tests.test_tasks"), "tests/test_tasks.py");  // could not be collected
}

TEST_F(Units, AreNotFoundByTheSuiteIfTheFileIsAnother) {
  EXPECT_EQ(of("tests/other/tasks.py", "test_tasks"), kNone);
  EXPECT_EQ(of("tests/other/tasks.py", "", "", "test_tasks"), kNone);
  EXPECT_EQ(of("test_tasks.py", "test_tasks"), "tests/test_tasks.py");
  EXPECT_EQ(of("src/plan_test.cpp", "test_plan"), "build/bin/test_plan");
  // pytest's own report has the file in which an inherited test is written.
  EXPECT_EQ(of("tests/base.py", "pytest", "tests.test_tasks.TestX", "test_x"), "tests/test_tasks.py");
}

TEST_F(Units, AreFoundByTheEndOfTheirPathIfNoOtherHasIt) {
  EXPECT_EQ(of("test_tasks.py"), "tests/test_tasks.py");
  EXPECT_EQ(of("server/test_flows.py"), "tests/server/test_flows.py");
  EXPECT_EQ(of("test_flows.py"), kNone);
  EXPECT_EQ(of("other/test_tasks.py"), kNone);
  EXPECT_EQ(of_class("test_tasks.TestX"), "tests/test_tasks.py");
  EXPECT_EQ(of("", "sum", "sum adds", "sum adds"), "ui/src/sum.test.ts");
  EXPECT_EQ(of("", "(empty)", "test_plan", "test_plan"), "build/bin/test_plan");
}

TEST_F(Units, AreNotGuessed) {
  EXPECT_EQ(of(""), kNone);
  EXPECT_EQ(of("tests/test_other.py", "tests/test_other.py", "tests.test_other", "test_tasks"), kNone);
  EXPECT_EQ(of("", "Sum", "Sum", "test_plan"), kNone);
  EXPECT_EQ(of_class("tests"), kNone);
  EXPECT_EQ(of_class("..."), kNone);
  EXPECT_EQ(of("/"), kNone);
}

TEST_F(Units, TheFileDecidesBeforeTheRest) {
  EXPECT_EQ(of("tests/test_flows.py", "tests/test_tasks.py", "tests.test_tasks"), "tests/test_flows.py");
  EXPECT_EQ(of("src/t.cpp", "Sum", "test_plan", "test_plan"), "build/bin/test_plan");
}

TEST_F(Units, AreFoundByTheNameOfAReport) {
  const UnitNames names(units_, "/home/ann/shop", "");
  EXPECT_EQ(unit(names.find("test_plan")), "build/bin/test_plan");
  EXPECT_EQ(unit(names.find("tests/test_flows.py")), "tests/test_flows.py");
  EXPECT_EQ(unit(names.find("report")), kNone);
}

}  // namespace
}  // namespace devtask
