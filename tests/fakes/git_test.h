// Repositories of git below a temporary folder, with nothing of this machine's configuration.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "fakes/temporary_folder.h"
#include "os/process.h"

namespace devtask {

class GitTest : public testing::Test {
 protected:
  // In a folder below the temporary one; what it writes.
  std::string sh(const std::string& script, const std::string& folder = "") {
    std::string said;
    ProcessRequest request;
    request.program = "/bin/sh";
    request.argv = {"sh", "-euc", script};
    request.env = {"PATH=/usr/local/bin:/usr/bin:/bin",
                   "HOME=" + above_.path(),
                   "GIT_CONFIG_GLOBAL=/dev/null",
                   "GIT_CONFIG_NOSYSTEM=1",
                   "GIT_CONFIG_COUNT=1",
                   "GIT_CONFIG_KEY_0=init.defaultBranch",
                   "GIT_CONFIG_VALUE_0=main",
                   "GIT_AUTHOR_NAME=A",
                   "GIT_AUTHOR_EMAIL=a@example.org",
                   "GIT_COMMITTER_NAME=A",
                   "GIT_COMMITTER_EMAIL=a@example.org"};
    request.folder = above_ / folder;
    request.output = [&](std::string_view bytes) { said += bytes; };
    StopRequest stop;
    const auto outcome = run_process(request, stop);
    EXPECT_TRUE(outcome && outcome->exit_status == 0) << script << "\n" << said;
    while (said.ends_with('\n')) said.pop_back();
    return said;
  }
  void commit(const std::string& folder) { sh("git commit -q --allow-empty -m x", folder); }
  std::string head(const std::string& folder) { return sh("git rev-parse HEAD", folder); }
  void start(const std::string& folder = "p", const std::string& words = "") {
    sh("git init -q " + words + " " + folder);
    commit(folder);
  }

  TemporaryFolder above_;
};

}  // namespace devtask
