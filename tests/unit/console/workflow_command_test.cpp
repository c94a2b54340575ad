#include "console/workflow_command.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

TEST(WorkflowCommand, IsOneLine) {
  EXPECT_EQ(workflow_command("group", {}, "build-ui"), "::group::build-ui\n");
  EXPECT_EQ(workflow_command("endgroup", {}, ""), "::endgroup::\n");
  EXPECT_EQ(workflow_command("error", {{"file", "a.toml"}, {"line", "3"}, {"title", ""}}, "bad"),
            "::error file=a.toml,line=3::bad\n");
}

TEST(WorkflowCommand, EscapesWhatTheRunnerWouldRead) {
  EXPECT_EQ(workflow_command("error", {{"title", "flows:a,b 5%"}}, "100%: a,b\r\nc"),
            "::error title=flows%3Aa%2Cb 5%25::100%25: a,b%0D%0Ac\n");
}

}  // namespace
}  // namespace devtask
