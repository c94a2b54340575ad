#include "report/pytest_plugin.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace devtask {
namespace {

TEST(PytestPlugin, IsTheFileBesideIt) {
  std::ifstream file(DEVTASK_TEST_FOLDER "/../src/report/devtask_pytest.py", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(pytest_plugin(), text.str());
  EXPECT_NE(text.str(), "");
}

}  // namespace
}  // namespace devtask
