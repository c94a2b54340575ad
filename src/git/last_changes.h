// Which commit last changed some paths: git is asked once, and answers are kept. A file for each list of
// paths has one line: "DTCOMM01 HEAD CUT ANSWER SHA256", the last of what is before it. HEAD and CUT are as
// in LastChangeQuestion, CUT is "-" if there is none. Unaware of: tasks, what the answers are for.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/result.h"
#include "plan/commit.h"
#include "plan/environment.h"

namespace devtask {

class LastChanges {
 public:
  // `folder`: absolute, of the files. `read_only`: none is written.
  LastChanges(Variables environment, std::string folder, bool read_only)
      : environment_(std::move(environment)), folder_(std::move(folder)), read_only_(read_only) {}

  // As AskLastChange. Fails if git does; a file that cannot be read or written costs time only.
  Result<std::string> ask(const LastChangeQuestion& question);

 private:
  const Variables environment_;
  const std::string folder_;
  const bool read_only_;
  std::mutex mutex_;
  std::map<std::string, std::string> lines_;  // of the files, by name, as they are or would be
};

}  // namespace devtask
