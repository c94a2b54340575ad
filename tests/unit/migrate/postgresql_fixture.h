// A real PostgreSQL server for tests, and what there is of its processes and folders.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "fakes/temporary_folder.h"
#include "migrate/postgresql_server.h"
#include "migrate/scratch_folder.h"
#include "os/file.h"
#include "os/process.h"

namespace devtask {

// Kept beside the tests' programs, for those that come after: `initdb` takes a second, and each test may be a
// process.
inline std::string clusters_of_tests() {
  return join_path(parent_folder(parent_folder(own_executable())), "postgresql-clusters");
}

// A file system of its own, which is full soon. Only root can make one.
class SmallDisk {
 public:
  SmallDisk(std::string path, int megabytes) : path_(std::move(path)) {
    const std::string mount = fmt::format(
        "mkdir -p '{0}' && mount -t tmpfs -o size={1}m,mode=711 tests '{0}' 2>&1", path_, megabytes);
    there_ = ::system(mount.c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (there_ && ::system(("umount -l '" + path_ + "'").c_str()) != 0)
      ADD_FAILURE() << "still mounted: " << path_;
  }

  bool is_there() const { return there_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool there_ = false;
};

class PostgresqlTest : public testing::Test {
 protected:
  PostgresqlTest() {
    // Others enter it: as root, the server is somebody else's.
    (void)set_mode(place_.path(), 0711);
    const std::vector<std::string> environment = own_environment();
    std::string path = "/usr/bin:/bin";
    for (const std::string& each : environment) {
      if (each.starts_with("PATH=")) path = each.substr(5);
    }
    auto found = find_postgresql(path, stop_);
    if (found) programs_ = std::move(*found);
    missing_ = found ? "" : found.error().message;
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
  }

  PostgresqlRequest request() const { return {programs_, {place_.path()}, clusters_of_tests(), false}; }
  PostgresqlServer start(const PostgresqlRequest& request) {
    auto server = PostgresqlServer::start(request, stop_);
    if (!server) throw std::runtime_error(render(server.error(), false));
    return std::move(*server);
  }
  PostgresqlServer start() { return start(request()); }

  // What a test leaves in the place of its scratch folders.
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    const auto entries = list_folder(place_.path()).value();
    for (const FolderEntry& entry : entries) names.push_back(entry.name);
    return names;
  }
  // Of processes that have the place in their command line.
  std::vector<int> processes() const {
    std::vector<int> found;
    const auto entries = list_folder("/proc").value();
    for (const FolderEntry& entry : entries) {
      if (entry.name.find_first_not_of("0123456789") != std::string::npos) continue;
      const auto line = read_file("/proc/" + entry.name + "/cmdline");
      if (line && line->find(place_.path()) != std::string::npos) found.push_back(std::stoi(entry.name));
    }
    return found;
  }

  const TemporaryFolder place_{scratch_places("")[0]};  // in memory: a server writes some megabytes
  StopRequest stop_;
  PostgresqlPrograms programs_;
  std::string missing_;
};

}  // namespace devtask
