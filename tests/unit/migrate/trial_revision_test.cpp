#include "migrate/trial_revision.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

TEST(TrialRevision, takes_its_token_out_however_a_tool_writes_names) {
  for (const char* name : {"add_x_devtask_0a1b2c3d.sql", "add_x-devtask-0a1b2c3d.sql",
                           "add_x_DEVTASK_0A1B2C3D.sql", "add_xDevtask0a1b2c3d.sql"})
    EXPECT_EQ(TrialRevision::without_token(name, "0a1b2c3d"), "add_x.sql");
}

TEST(TrialRevision, leaves_any_other_token) {
  EXPECT_EQ(TrialRevision::without_token("add_x_devtask_00000000.sql", "0a1b2c3d"),
            "add_x_devtask_00000000.sql");
  EXPECT_EQ(TrialRevision::without_token("add_0a1b2c3d.sql", "0a1b2c3d"), "add_0a1b2c3d.sql");
}

}  // namespace
}  // namespace devtask
